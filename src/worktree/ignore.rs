//! Which files of a folder are left out: `.eskerignore` files in gitignore syntax.
//!
//! Only files inside the scanned folder count: no rules of the user, of folders above, or of git.
//! So a folder has the same content on every machine. Deeper files come before shallower ones,
//! later lines before earlier ones, `!` takes a rule back. An ignored directory is never entered,
//! hence nothing below it can be taken back.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::ignore::Match;
use ::ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::path::RepoPath;

/// The name of the files that hold rules.
pub const IGNORE_FILE: &str = ".eskerignore";

/// The largest file of rules that is read, in bytes.
pub const MAX_IGNORE_FILE_BYTES: u64 = 1 << 20;

/// The line that decided about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The folder whose `.eskerignore` holds the line, relative to the scanned folder.
    pub dir: RepoPath,
    /// Number of the line, from 1.
    pub line: u64,
    /// The line as written.
    pub text: String,
    /// False for a line that begins with `!` and so keeps the path.
    pub ignores: bool,
}

impl Rule {
    /// The path of the file that holds the line.
    pub fn file(&self) -> String {
        match self.dir.as_str() {
            "" => IGNORE_FILE.to_owned(),
            dir => format!("{dir}/{IGNORE_FILE}"),
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (file, text) = (self.file(), crate::path::escape(&self.text));
        write!(f, "{}:{}:{text}", crate::path::escape(&file), self.line)
    }
}

/// A line that is no rule, and why; it is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Number of the line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub detail: String,
}

/// Why a file of rules could not be used.
#[derive(Debug, thiserror::Error)]
pub enum IgnoreError {
    /// It is a symlink, a directory or something else that is no regular file.
    #[error("{IGNORE_FILE} is not a regular file")]
    NotRegular,
    /// It is larger than [`MAX_IGNORE_FILE_BYTES`].
    #[error("{IGNORE_FILE} is larger than 1 MiB")]
    TooLarge,
    /// The operating system refused.
    #[error("cannot read {IGNORE_FILE}")]
    Io(#[from] io::Error),
}

/// The rules that hold in one folder: those of its own file and of all files above it.
///
/// Cheap to clone; the folders below share it.
#[derive(Clone, Debug, Default)]
pub struct Ignore(Option<Arc<Level>>);

#[derive(Debug)]
struct Level {
    above: Ignore,
    dir: RepoPath,
    rules: Gitignore,
}

impl Ignore {
    /// No rules at all.
    pub fn none() -> Ignore {
        Ignore(None)
    }

    /// Whether no rule holds, so that nothing needs to be matched.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The rules below `dir`, whose own file has this text.
    ///
    /// Lines that are no rules are passed over, as git does, and handed back.
    pub fn enter(&self, dir: &RepoPath, text: &[u8]) -> (Ignore, Vec<BadLine>) {
        let (rules, bad) = parse(text);
        if rules.is_empty() {
            return (self.clone(), bad);
        }
        let level = Level { above: self.clone(), dir: dir.clone(), rules };
        (Ignore(Some(Arc::new(level))), bad)
    }

    /// Whether the rules leave out `path`, which lies in the folder these rules were made for.
    ///
    /// `path` is relative to the scanned folder. The folders above it are taken as not ignored.
    pub fn is_ignored(&self, path: &str, is_dir: bool) -> bool {
        self.find(path, is_dir).is_some_and(|(_, matched)| matched.is_ignore())
    }

    /// The line that decides about `path`; None when no line speaks of it.
    pub fn matched(&self, path: &str, is_dir: bool) -> Option<Rule> {
        let (level, matched) = self.find(path, is_dir)?;
        let glob = matched.inner()?;
        let line = glob.from().and_then(Path::to_str).and_then(|text| text.parse().ok());
        Some(Rule {
            dir: level.dir.clone(),
            line: line.unwrap_or(0),
            text: glob.original().to_owned(),
            ignores: matched.is_ignore(),
        })
    }

    fn find(
        &self,
        path: &str,
        is_dir: bool,
    ) -> Option<(&Level, Match<&::ignore::gitignore::Glob>)> {
        let mut next = &self.0;
        while let Some(level) = next {
            let matched = level.rules.matched(below(path, level.dir.as_str()), is_dir);
            if !matched.is_none() {
                return Some((level, matched));
            }
            next = &level.above.0;
        }
        None
    }
}

/// `path` relative to `dir`, which is one of its parents or the root.
fn below<'a>(path: &'a str, dir: &str) -> &'a str {
    match path.strip_prefix(dir) {
        Some(rest) if !dir.is_empty() => rest.strip_prefix('/').unwrap_or(rest),
        _ => path,
    }
}

/// Reads rules line by line; a byte-order mark before the first is dropped.
fn parse(text: &[u8]) -> (Gitignore, Vec<BadLine>) {
    // Under the root "." the crate takes paths as they are and strips nothing from them.
    let mut builder = GitignoreBuilder::new(".");
    let mut bad = Vec::new();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    for (line, bytes) in (1u64..).zip(text.split(|byte| *byte == b'\n')) {
        let result =
            std::str::from_utf8(bytes).map_err(|error| error.to_string()).and_then(|rule| {
                // The crate keeps a source path with every rule; the number of the line goes there.
                let source = Some(PathBuf::from(line.to_string()));
                let rule = rule.strip_suffix('\r').unwrap_or(rule);
                builder.add_line(source, rule).map(|_| ()).map_err(|error| error.to_string())
            });
        if let Err(detail) = result {
            bad.push(BadLine { line, detail });
        }
    }
    match builder.build() {
        Ok(rules) => (rules, bad),
        Err(error) => {
            bad.push(BadLine { line: 0, detail: error.to_string() });
            (Gitignore::empty(), bad)
        }
    }
}

/// Reads the file of rules of a folder on disk; None when it has none.
///
/// A symlink is refused: it could name a file outside the scanned folder.
pub fn read_file(disk_dir: &Path) -> Result<Option<Vec<u8>>, IgnoreError> {
    let path = disk_dir.join(IGNORE_FILE);
    let metadata = match fs::symlink_metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if !metadata.is_file() {
        return Err(IgnoreError::NotRegular);
    }
    let mut text = Vec::new();
    File::open(&path)?.take(MAX_IGNORE_FILE_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_IGNORE_FILE_BYTES {
        return Err(IgnoreError::TooLarge);
    }
    Ok(Some(text))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Says which line decides about one path, reading only the files of the folders above it.
///
/// When a folder above is ignored, the line that ignores it is the answer. Lines that are no
/// rules are passed over. None: no line speaks of the path, so it is not ignored.
pub fn check(root: &Path, path: &RepoPath, is_dir: bool) -> Result<Option<Rule>, IgnoreError> {
    let mut rules = Ignore::none();
    let mut here = RepoPath::root();
    let mut disk = root.to_path_buf();
    let mut names = path.components().peekable();
    while let Some(name) = names.next() {
        if let Some(text) = read_file(&disk)? {
            rules = rules.enter(&here, &text).0;
        }
        here = here.join(name).expect("a part of a checked path is a valid name");
        disk.push(name);
        let is_last = names.peek().is_none();
        let rule = rules.matched(here.as_str(), is_dir || !is_last);
        if is_last || rule.as_ref().is_some_and(|rule| rule.ignores) {
            return Ok(rule);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).expect("valid path")
    }

    fn rules(text: &str) -> Ignore {
        Ignore::none().enter(&RepoPath::root(), text.as_bytes()).0
    }

    #[test]
    fn gitignore_syntax_holds() {
        let rules = rules("# comment\n*.tmp\n/top\nbuild/\n!keep.tmp\ndoc/**/x\n\\#hash\n");
        for (path, is_dir, ignored) in [
            ("a.tmp", false, true),
            ("d/e/a.tmp", false, true),
            ("keep.tmp", false, false),
            ("d/keep.tmp", false, false),
            ("top", false, true),
            ("d/top", false, false),
            ("build", true, true),
            ("d/build", true, true),
            ("build", false, false),
            ("doc/a/b/x", false, true),
            ("doc/x", false, true),
            ("#hash", false, true),
            ("# comment", false, false),
        ] {
            assert_eq!(rules.is_ignored(path, is_dir), ignored, "{path}");
        }
    }

    #[test]
    fn the_deciding_line_is_named() {
        let outer = rules("*.bin\r\n\r\n*.log\r\n");
        let (inner, bad) = outer.enter(&path("a/b"), b"!big.bin\n");
        assert_eq!(bad, []);
        let rule = inner.matched("a/b/big.bin", false).expect("a rule");
        assert_eq!(rule.to_string(), "a/b/.eskerignore:1:!big.bin");
        assert!(!rule.ignores);
        let rule = inner.matched("a/b/x.log", false).expect("a rule");
        assert_eq!(rule.to_string(), ".eskerignore:3:*.log");
        assert!(rule.ignores);
        assert_eq!(inner.matched("a/b/x.txt", false), None);
    }

    #[test]
    fn rules_are_anchored_at_their_own_folder() {
        let (inner, _) = Ignore::none().enter(&path("a"), b"/x\n/a\n");
        assert!(inner.is_ignored("a/x", false));
        assert!(inner.is_ignored("a/a", true));
        assert!(!inner.is_ignored("a/b/x", false));
    }

    #[test]
    fn bad_lines_are_told_and_passed_over() {
        let (rules, bad) = Ignore::none().enter(&RepoPath::root(), b"ok\n{a\n\xff\nalso\n");
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3]);
        assert!(rules.is_ignored("ok", false) && rules.is_ignored("also", false));
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        let (rules, bad) = Ignore::none().enter(&RepoPath::root(), b"\xef\xbb\xbfx\n");
        assert!(bad.is_empty() && rules.is_ignored("x", false));
    }

    #[test]
    fn check_reads_the_files_above_and_stops_at_an_ignored_folder() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let root = dir.path();
        fs::create_dir_all(root.join("a/b")).expect("folders");
        fs::write(root.join(".eskerignore"), "b/\n").expect("write");
        fs::write(root.join("a/b/.eskerignore"), "!f\n").expect("write");
        let rule = check(root, &path("a/b/f"), false).expect("readable").expect("a rule");
        assert_eq!((rule.file().as_str(), rule.line, rule.ignores), (".eskerignore", 1, true));
        assert_eq!(check(root, &path("a/f"), false).expect("readable"), None);
        assert_eq!(check(root, &path("no/such"), false).expect("readable"), None);
    }

    #[test]
    fn only_regular_files_of_moderate_size_are_read() {
        let dir = tempfile::tempdir().expect("temporary folder");
        assert!(read_file(dir.path()).expect("absent is fine").is_none());
        let file = dir.path().join(IGNORE_FILE);
        fs::create_dir(&file).expect("folder");
        assert!(matches!(read_file(dir.path()), Err(IgnoreError::NotRegular)));
        fs::remove_dir(&file).expect("remove");
        fs::write(&file, vec![b'\n'; MAX_IGNORE_FILE_BYTES as usize + 1]).expect("write");
        assert!(matches!(read_file(dir.path()), Err(IgnoreError::TooLarge)));
        #[cfg(unix)]
        {
            fs::remove_file(&file).expect("remove");
            std::os::unix::fs::symlink("/dev/zero", &file).expect("symlink");
            assert!(matches!(read_file(dir.path()), Err(IgnoreError::NotRegular)));
        }
    }
}
