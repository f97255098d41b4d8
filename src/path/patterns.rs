//! Which paths a person means: plain ones with all below them, and patterns in gitignore's syntax.
//!
//! The one rule for patterns on the command line: `*` and `?` stay within a folder, `**` does not, a
//! pattern counts from the folder that it is written in, and one that takes a folder takes all below it.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{PathError, RepoPath};

/// Whether a path that does not exist is meant as a pattern.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// The folder that it begins with cannot be in a repository.
    #[error("{source}")]
    Path {
        /// The pattern as given.
        text: String,
        /// Why.
        source: PathError,
    },
}

/// One pattern, as it was written and ready to be compared.
#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    /// The folder that its first names lead to, which hold nothing to be matched.
    base: RepoPath,
    glob: Gitignore,
}

impl Pattern {
    /// A pattern that counts from `folder`.
    fn anchored(folder: &RepoPath, text: &str, ignore_case: bool) -> Result<Self, PatternError> {
        let names: Vec<&str> = text.split('/').collect();
        let plain = names.iter().take_while(|name| !is_pattern(name) && !name.contains('\\'));
        // The last name is part of what is matched, whatever it is.
        let plain = plain.count().min(names.len() - 1);
        let base = match plain {
            0 => folder.clone(),
            _ => RepoPath::from_user(folder, &format!("{}/.", names[..plain].join("/")))
                .map_err(|source| PatternError::Path { text: text.to_owned(), source })?,
        };
        let glob = compiled(&format!("/{}", names[plain..].join("/")), ignore_case)?;
        Ok(Self { text: text.to_owned(), base, glob })
    }

    /// A pattern of names, anywhere below `folder`.
    fn of_names(folder: &RepoPath, text: &str, ignore_case: bool) -> Result<Self, PatternError> {
        let glob = compiled(text, ignore_case)?;
        Ok(Self { text: text.to_owned(), base: folder.clone(), glob })
    }

    fn is_match(&self, path: &RepoPath, is_dir: bool) -> bool {
        if path == &self.base || !path.starts_with(&self.base) {
            return false;
        }
        let below = path.as_str()[self.base.as_str().len()..].trim_start_matches('/');
        self.glob.matched(below, is_dir).is_ignore()
    }
}

fn compiled(line: &str, ignore_case: bool) -> Result<Gitignore, PatternError> {
    let bad = |e: ignore::Error| PatternError::Unreadable(e.to_string());
    // A pattern never takes back what another took, and is never a comment.
    let line = match line.starts_with(['!', '#']) {
        true => format!("\\{line}"),
        false => line.to_owned(),
    };
    let mut builder = GitignoreBuilder::new("");
    builder.case_insensitive(ignore_case).map_err(bad)?;
    builder.add_line(None, &line).map_err(bad)?;
    builder.build().map_err(bad)
}

/// Some patterns.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Patterns that count from `folder`.
    pub fn anchored(folder: &RepoPath, texts: &[String]) -> Result<Self, PatternError> {
        let pattern = |text: &String| Pattern::anchored(folder, text, false);
        Ok(Self(texts.iter().map(pattern).collect::<Result<_, _>>()?))
    }

    /// As find takes them: of names anywhere, or of paths from `folder` on where they have a slash.
    pub fn of_names_or_paths(
        folder: &RepoPath,
        texts: &[String],
        ignore_case: bool,
    ) -> Result<Self, PatternError> {
        let pattern = |text: &String| match text.contains('/') {
            true => Pattern::anchored(folder, text, ignore_case),
            false => Pattern::of_names(&RepoPath::root(), text, ignore_case),
        };
        Ok(Self(texts.iter().map(pattern).collect::<Result<_, _>>()?))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their texts, each with the folder below which it can match.
    pub fn bases(&self) -> impl Iterator<Item = (&str, &RepoPath)> {
        self.0.iter().map(|pattern| (pattern.text.as_str(), &pattern.base))
    }

    /// The texts of those that match a path itself.
    pub fn matching(&self, path: &RepoPath, is_dir: bool) -> impl Iterator<Item = &str> {
        let found = self.0.iter().filter(move |pattern| pattern.is_match(path, is_dir));
        found.map(|pattern| pattern.text.as_str())
    }

    /// Whether one matches a path itself.
    pub fn matches(&self, path: &RepoPath, is_dir: bool) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(path, is_dir))
    }

    /// Whether one matches a path, or a folder above it.
    pub fn takes(&self, path: &RepoPath, is_dir: bool) -> bool {
        self.matches(path, is_dir) || path.parent().is_some_and(|parent| self.takes(&parent, true))
    }
}

/// What a person named: nothing is everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    plain: Vec<RepoPath>,
    patterns: Patterns,
    bounds: Vec<RepoPath>,
}

impl Selection {
    /// These paths and all below them, and what the patterns take.
    pub fn new(plain: Vec<RepoPath>, patterns: Patterns) -> Self {
        let bases = patterns.bases().map(|(_, base)| base.clone());
        let mut bounds = without_inner(plain.iter().cloned().chain(bases).collect());
        if plain.iter().any(RepoPath::is_root) {
            return Self::default();
        }
        if patterns.is_empty() {
            bounds.retain(|path| !path.is_root());
        }
        Self { plain, patterns, bounds }
    }

    /// These paths and all below them.
    pub fn of(plain: Vec<RepoPath>) -> Self {
        Self::new(plain, Patterns::default())
    }

    /// Paths below which all lies that is selected; none is everywhere.
    pub fn bounds(&self) -> &[RepoPath] {
        &self.bounds
    }

    /// Whether all below the bounds is selected.
    pub fn is_whole(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a path is selected.
    pub fn takes(&self, path: &RepoPath, is_dir: bool) -> bool {
        (self.plain.is_empty() && self.patterns.is_empty())
            || self.plain.iter().any(|plain| path.starts_with(plain))
            || self.patterns.takes(path, is_dir)
    }
}

/// Paths in order, without those that lie below another.
pub fn without_inner(mut paths: Vec<RepoPath>) -> Vec<RepoPath> {
    paths.sort();
    let mut kept: Vec<RepoPath> = Vec::new();
    for path in paths {
        // What lies below a path follows it at once.
        if !kept.last().is_some_and(|last| path.starts_with(last)) {
            kept.push(path);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).expect("a valid path")
    }

    fn takes(folder: &str, pattern: &str, of: &str) -> bool {
        let folder = if folder.is_empty() { RepoPath::root() } else { path(folder) };
        let patterns = Patterns::anchored(&folder, &[pattern.to_owned()]).expect("a pattern");
        patterns.takes(&path(of), false)
    }

    #[test]
    fn stars_stay_within_a_folder_and_folders_take_what_is_in_them() {
        assert!(takes("", "*.csv", "a.csv") && !takes("", "*.csv", "d/a.csv"));
        assert!(takes("", "data/*.csv", "data/a.csv") && !takes("", "data/*.csv", "data/d/a.csv"));
        assert!(takes("", "data/**/*.csv", "data/d/e/a.csv"));
        assert!(takes("", "d*", "data/d/a.csv"), "a folder takes all below it");
        assert!(takes("", "d?ta/[ab].csv", "data/b.csv") && !takes("", "data/*/", "data/a"));
        assert!(takes("", "!a*", "!a.csv") && takes("", "#*", "#1"));
    }

    #[test]
    fn patterns_count_from_the_folder_they_are_written_in() {
        assert!(takes("sub", "*.csv", "sub/a.csv") && !takes("sub", "*.csv", "a.csv"));
        assert!(takes("sub", "../*.csv", "a.csv") && takes("sub", "./x/../*.csv", "sub/a.csv"));
        assert!(!takes("sub", "../other/*.csv", "sub/other/a.csv"));
        assert!(!takes("a[b", "*", "ab/x") && takes("a[b", "*", "a[b/x"));
        let out = Patterns::anchored(&RepoPath::root(), &["../*.csv".to_owned()]);
        assert!(matches!(out, Err(PatternError::Path { source: PathError::Outside(_), .. })));
        let bad = Patterns::anchored(&RepoPath::root(), &["{a*".to_owned()]);
        assert!(matches!(bad, Err(PatternError::Unreadable(_))));
    }

    #[test]
    fn a_selection_is_bounded_by_the_folders_its_patterns_begin_with() {
        let patterns = |text: &str| {
            Patterns::anchored(&RepoPath::root(), &[text.to_owned()]).expect("a pattern")
        };
        let some = Selection::new(vec![path("a"), path("data/x")], patterns("data/*.csv"));
        assert_eq!(some.bounds(), [path("a"), path("data")]);
        assert!(some.takes(&path("a/b"), false) && some.takes(&path("data/1.csv"), false));
        assert!(!some.takes(&path("data/1.txt"), false) && !some.is_whole());
        assert_eq!(Selection::new(Vec::new(), patterns("*.csv")).bounds(), [RepoPath::root()]);
        let all = Selection::new(vec![RepoPath::root()], patterns("*.csv"));
        assert!(all.bounds().is_empty() && all.is_whole() && all.takes(&path("x"), false));
        assert!(Selection::default().takes(&path("x"), false));
        assert_eq!(without_inner(vec![path("b"), path("a/c"), path("a"), path("a.b")]).len(), 3);
    }
}
