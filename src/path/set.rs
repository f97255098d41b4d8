//! A part of a tree: some paths and all below them, but for others and all below those.

use super::RepoPath;

/// Which paths of a tree belong to a part of it: of the rules for a path and for what is above it the one
/// for the longest path decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathSet {
    /// Whether paths without a rule are in it.
    all: bool,
    /// Ascending by path; none says what would hold without it. The root has none.
    rules: Vec<(RepoPath, bool)>,
}

impl PathSet {
    /// Everything.
    pub const ALL: Self = Self { all: true, rules: Vec::new() };

    /// These paths and all below them; the root is everything.
    pub fn of(paths: impl IntoIterator<Item = RepoPath>) -> Self {
        let mut paths: Vec<RepoPath> = paths.into_iter().collect();
        if paths.iter().any(RepoPath::is_root) {
            return Self::ALL;
        }
        paths.sort();
        // A path comes right before what is below it.
        let mut rules: Vec<(RepoPath, bool)> = Vec::with_capacity(paths.len());
        for path in paths {
            if !rules.last().is_some_and(|(top, _)| path.starts_with(top)) {
                rules.push((path, true));
            }
        }
        Self { all: false, rules }
    }

    /// What [`PathSet::rules`] gave.
    pub fn from_rules(all: bool, rules: impl IntoIterator<Item = (RepoPath, bool)>) -> Self {
        let mut set = Self { all, rules: Vec::new() };
        let mut rules: Vec<_> = rules.into_iter().collect();
        rules.sort();
        for (path, is_in) in rules {
            if set.has(&path) != is_in {
                set.rules.push((path, is_in));
            }
        }
        set
    }

    /// The same with a path and all below it in it, or out of it.
    pub fn with(mut self, path: RepoPath, is_in: bool) -> Self {
        self.rules.retain(|(rule, _)| !rule.starts_with(&path));
        if path.is_root() {
            self.all = is_in;
        } else if self.has(&path) != is_in {
            let at = self.rules.partition_point(|(rule, _)| *rule < path);
            self.rules.insert(at, (path, is_in));
        }
        self
    }

    /// Whether everything is in it.
    pub fn is_all(&self) -> bool {
        self.all && self.rules.is_empty()
    }

    /// Whether a path is in it.
    pub fn has(&self, path: &RepoPath) -> bool {
        if self.rules.is_empty() {
            return self.all;
        }
        let mut above = Some(path.clone());
        while let Some(path) = above.filter(|path| !path.is_root()) {
            if let Ok(at) = self.rules.binary_search_by(|(rule, _)| rule.cmp(&path)) {
                return self.rules[at].1;
            }
            above = path.parent();
        }
        self.all
    }

    /// Whether a path and all below it are in it.
    pub fn has_whole(&self, path: &RepoPath) -> bool {
        self.has(path) && self.below(path).is_empty()
    }

    /// Whether a folder is in it, or something below the folder is.
    pub fn touches(&self, folder: &RepoPath) -> bool {
        self.has(folder) || self.below(folder).iter().any(|(_, is_in)| *is_in)
    }

    /// The rules for paths below a folder: which of them are in it and which are not.
    pub fn below(&self, folder: &RepoPath) -> &[(RepoPath, bool)] {
        let start = self.rules.partition_point(|(rule, _)| rule <= folder);
        let is_below = |(rule, _): &&(RepoPath, bool)| rule.starts_with(folder);
        &self.rules[start..start + self.rules[start..].iter().take_while(is_below).count()]
    }

    /// Whether paths without a rule are in it, and the rules, ascending by path.
    pub fn rules(&self) -> (bool, &[(RepoPath, bool)]) {
        (self.all, &self.rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).expect("a path")
    }

    fn set(texts: &[&str]) -> PathSet {
        PathSet::of(texts.iter().map(|text| path(text)))
    }

    #[test]
    fn a_set_has_its_paths_and_what_is_below_them() {
        let set = set(&["b/c", "a", "a/x", "b-d", "b/c/d"]);
        assert_eq!(set.rules().1.len(), 3);
        for inside in ["a", "a/x/y", "b/c", "b/c/e", "b-d/1"] {
            assert!(set.has_whole(&path(inside)), "{inside}");
        }
        for outside in ["b", "b/d", "ab", "b-", "c"] {
            assert!(!set.has(&path(outside)), "{outside}");
        }
        assert_eq!(set.below(&path("b")), [(path("b/c"), true)]);
        assert_eq!(set.below(&RepoPath::root()).len(), 3);
        assert!(set.touches(&path("b")) && !set.touches(&path("c")));
    }

    #[test]
    fn what_is_taken_out_is_not_in_it_and_may_be_put_in_again() {
        let all = PathSet::ALL.with(path("a/b"), false);
        assert!(all.has(&path("a")) && !all.has_whole(&path("a")) && !all.is_all());
        assert!(!all.has(&path("a/b/c")) && all.has_whole(&path("a/bc")));
        let some = all.clone().with(path("a/b/c"), true);
        assert!(some.has(&path("a/b/c/d")) && !some.has(&path("a/b/d")));
        assert!(some.touches(&path("a/b")) && !all.touches(&path("a/b")));
        assert!(some.with(path("a"), true).is_all());
        let none = set(&["a"]).with(path("a"), false);
        assert_eq!(none, set(&[]));
    }

    #[test]
    fn nothing_and_everything_differ() {
        let nothing = set(&[]);
        assert!(!nothing.is_all() && !nothing.has(&path("a")) && !nothing.has(&RepoPath::root()));
        let all = PathSet::of([RepoPath::root(), path("a")]);
        assert!(all.is_all() && all.has_whole(&path("b")) && all.below(&path("b")).is_empty());
        assert!(all.touches(&RepoPath::root()));
        assert_eq!(all.with(RepoPath::root(), false), nothing);
    }
}
