//! A part of a tree: some paths and all below them, or everything.

use super::RepoPath;

/// Some paths and all below them, or everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathSet {
    /// Ascending, none below another; `None` is everything.
    tops: Option<Vec<RepoPath>>,
}

impl PathSet {
    /// Everything.
    pub const ALL: Self = Self { tops: None };

    /// These paths and all below them; the root is everything.
    pub fn of(paths: impl IntoIterator<Item = RepoPath>) -> Self {
        let mut paths: Vec<RepoPath> = paths.into_iter().collect();
        if paths.iter().any(RepoPath::is_root) {
            return Self::ALL;
        }
        paths.sort();
        // A path comes right before what is below it, whatever else there is.
        let mut tops: Vec<RepoPath> = Vec::with_capacity(paths.len());
        for path in paths {
            if !tops.last().is_some_and(|top| path.starts_with(top)) {
                tops.push(path);
            }
        }
        Self { tops: Some(tops) }
    }

    /// Whether everything is in it.
    pub fn is_all(&self) -> bool {
        self.tops.is_none()
    }

    /// Whether a path is one of them or below one.
    pub fn has(&self, path: &RepoPath) -> bool {
        let Some(tops) = &self.tops else { return true };
        let after = tops.partition_point(|top| top <= path);
        after > 0 && path.starts_with(&tops[after - 1])
    }

    /// The paths of the set that lie below a folder which is not in it itself.
    pub fn below(&self, folder: &RepoPath) -> &[RepoPath] {
        let Some(tops) = &self.tops else { return &[] };
        let start = tops.partition_point(|top| top <= folder);
        let count = tops[start..].iter().take_while(|top| top.starts_with(folder)).count();
        &tops[start..start + count]
    }

    /// Whether a folder is in it, or something below the folder is.
    pub fn touches(&self, folder: &RepoPath) -> bool {
        self.has(folder) || !self.below(folder).is_empty()
    }

    /// The paths, ascending; `None` is everything.
    pub fn tops(&self) -> Option<&[RepoPath]> {
        self.tops.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).expect("a path")
    }

    #[test]
    fn a_set_has_its_paths_and_what_is_below_them() {
        let set = PathSet::of(["b/c", "a", "a/x", "b-d", "b/c/d"].map(path));
        assert_eq!(set.tops().expect("not all"), ["a", "b/c", "b-d"].map(path));
        for inside in ["a", "a/x/y", "b/c", "b/c/e", "b-d/1"] {
            assert!(set.has(&path(inside)), "{inside}");
        }
        for outside in ["b", "b/d", "ab", "b-", "c"] {
            assert!(!set.has(&path(outside)), "{outside}");
        }
        assert_eq!(set.below(&path("b")), ["b/c"].map(path));
        assert_eq!(set.below(&RepoPath::root()).len(), 3);
        assert!(set.touches(&path("b")) && !set.touches(&path("c")));
    }

    #[test]
    fn nothing_and_everything_differ() {
        let nothing = PathSet::of([]);
        assert!(!nothing.is_all() && !nothing.has(&path("a")) && !nothing.has(&RepoPath::root()));
        let all = PathSet::of([RepoPath::root(), path("a")]);
        assert!(all.is_all() && all.has(&path("b")) && all.below(&path("b")).is_empty());
        assert!(all.touches(&RepoPath::root()));
    }
}
