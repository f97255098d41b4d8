//! Names of directory entries and paths inside a repository.
//!
//! Owns the one rule for which names a tree may hold ([`check_name`]) and the path type made of
//! such names ([`RepoPath`]). A name that passed the rule cannot leave its folder, and can spell
//! neither `.esker` nor `.git` on any file system in use: what is written under a checked path is
//! data, never something that a tool would run.

pub mod patterns;
mod set;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

pub use set::PathSet;

/// The longest name of an entry, in bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// The longest target of a symbolic link, in bytes.
pub const MAX_TARGET_BYTES: usize = 4095;

/// Why bytes cannot be the name of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// The name has no bytes.
    #[error("the name is empty")]
    Empty,
    /// The name has more than [`MAX_NAME_BYTES`] bytes.
    #[error("the name is longer than {MAX_NAME_BYTES} bytes")]
    TooLong,
    /// The name is not UTF-8.
    #[error("the name is not UTF-8")]
    NotUtf8,
    /// The name contains `/`.
    #[error("the name contains '/'")]
    Slash,
    /// The name contains a NUL byte.
    #[error("the name contains a NUL byte")]
    Nul,
    /// The name is `.` or `..`.
    #[error("the name is '.' or '..'")]
    Dot,
    /// Some file system takes the name for `.esker`.
    #[error("the name is a spelling of .esker")]
    Esker,
    /// Some file system takes the name for `.git`.
    #[error("the name is a spelling of .git")]
    Git,
}

/// Why bytes cannot be the target of a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The target has no bytes.
    #[error("the target is empty")]
    Empty,
    /// The target has more than [`MAX_TARGET_BYTES`] bytes.
    #[error("the target is longer than {MAX_TARGET_BYTES} bytes")]
    TooLong,
    /// The target is not UTF-8.
    #[error("the target is not UTF-8")]
    NotUtf8,
    /// The target contains a NUL byte.
    #[error("the target contains a NUL byte")]
    Nul,
}

/// Checks that bytes may name an entry of a tree, and returns them as text.
///
/// Names are kept as given, never normalised. What one machine cannot hold (device names, `\`, `:`,
/// names that differ only in case) is valid here; whoever writes files has to look at that.
pub fn check_name(name: &[u8]) -> Result<&str, NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong);
    }
    let text = std::str::from_utf8(name).map_err(|_| NameError::NotUtf8)?;
    for byte in name {
        match byte {
            b'/' => return Err(NameError::Slash),
            0 => return Err(NameError::Nul),
            _ => {}
        }
    }
    if text == "." || text == ".." {
        return Err(NameError::Dot);
    }
    check_reserved(text)?;
    Ok(text)
}

/// Code points that HFS+ leaves out when it compares names.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}'
        | '\u{feff}')
}

/// Refuses every spelling of `.esker` and `.git`.
fn check_reserved(name: &str) -> Result<(), NameError> {
    // Nearly every name ends here: a reserved one begins so, or with an ignorable code point.
    if name.as_bytes()[0].is_ascii() && !b".gGeE".contains(&name.as_bytes()[0]) {
        return Ok(());
    }
    // Windows drops dots and spaces at the end.
    let kept = name.trim_end_matches(|c| c == '.' || c == ' ' || is_ignorable(c));
    let mut folded = [0u8; 8];
    let mut len = 0;
    for c in kept.chars().filter(|&c| !is_ignorable(c)) {
        let byte = match c {
            // Code points outside ASCII that some file systems fold to a letter of these names.
            '\u{131}' => b'i',
            '\u{17f}' => b's',
            '\u{212a}' => b'k',
            c if c.is_ascii() => (c as u8).to_ascii_lowercase(),
            _ => return Ok(()),
        };
        if len == folded.len() {
            return Ok(());
        }
        folded[len] = byte;
        len += 1;
    }
    match &folded[..len] {
        b".esker" => Err(NameError::Esker),
        b".git" => Err(NameError::Git),
        other if is_short_form(other, b"esker", b"es") => Err(NameError::Esker),
        other if is_short_form(other, b"git", b"gi") => Err(NameError::Git),
        _ => Ok(()),
    }
}

/// Whether `name` is an 8.3 short form: `GIT~1`, or `GI12AB~1` once those are taken.
fn is_short_form(name: &[u8], base: &[u8], first_two: &[u8]) -> bool {
    let Some(tilde) = name.iter().position(|&b| b == b'~') else { return false };
    let (stem, number) = (&name[..tilde], &name[tilde + 1..]);
    let hashed = stem.len() == 6
        && stem.starts_with(first_two)
        && stem[2..].iter().all(u8::is_ascii_hexdigit);
    (stem == base || hashed) && !number.is_empty() && number.iter().all(u8::is_ascii_digit)
}

/// Checks that bytes may be the target of a symbolic link, and returns them as text.
///
/// The target is data: it is never followed, and may point anywhere.
pub fn check_symlink_target(target: &[u8]) -> Result<&str, TargetError> {
    if target.is_empty() {
        return Err(TargetError::Empty);
    }
    if target.len() > MAX_TARGET_BYTES {
        return Err(TargetError::TooLong);
    }
    if target.contains(&0) {
        return Err(TargetError::Nul);
    }
    std::str::from_utf8(target).map_err(|_| TargetError::NotUtf8)
}

/// Makes text safe to show: control characters, line separators, invisible marks, overrides of the
/// writing direction and `\` become escapes.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(must_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if must_escape(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn must_escape(c: char) -> bool {
    c == '\\'
        || c.is_control()
        || is_ignorable(c)
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2069}')
}

/// Why text is not a path inside the repository.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// A component breaks the rule for names.
    #[error("'{}': {source}", escape(.component))]
    Name {
        /// The component as given.
        component: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// The path leads above the root of the repository.
    #[error("'{}' is outside the repository", escape(.0))]
    Outside(String),
    /// The text is empty.
    #[error("the path is empty")]
    Empty,
}

/// A path inside a repository: checked names joined by `/`; empty for the root.
///
/// Paths order component by component, as trees do: `a/b` comes before `a.b`.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct RepoPath(Box<str>);

impl RepoPath {
    /// The root of the repository.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads the normal form: names joined by single slashes, or nothing for the root.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if !text.is_empty() {
            text.split('/').try_for_each(check_component)?;
        }
        Ok(Self(text.into()))
    }

    /// Reads what a person typed in the folder `cwd`: resolves `.`, `..`, doubled and trailing
    /// slashes. A leading slash is outside the repository.
    pub fn from_user(cwd: &RepoPath, text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.starts_with('/') {
            return Err(PathError::Outside(text.to_owned()));
        }
        let mut path = cwd.0.to_string();
        for component in text.split('/') {
            match component {
                "" | "." => {}
                ".." if path.is_empty() => return Err(PathError::Outside(text.to_owned())),
                ".." => path.truncate(path.rfind('/').unwrap_or(0)),
                name => {
                    check_component(name)?;
                    push_component(&mut path, name);
                }
            }
        }
        Ok(Self(path.into()))
    }

    /// The path of the entry `name` in this directory.
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        check_component(name)?;
        let mut path = String::with_capacity(self.0.len() + 1 + name.len());
        path.push_str(&self.0);
        push_component(&mut path, name);
        Ok(Self(path.into()))
    }

    /// The directory that holds this path; none for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0[..self.0.rfind('/').unwrap_or(0)].into()))
    }

    /// The last component; none for the root.
    pub fn name(&self) -> Option<&str> {
        self.0.rsplit('/').next().filter(|name| !name.is_empty())
    }

    /// The names from the root down; nothing for the root.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// Whether this is `dir` or lies below it.
    pub fn starts_with(&self, dir: &RepoPath) -> bool {
        match self.0.strip_prefix(&*dir.0) {
            Some(rest) => dir.is_root() || rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }

    /// Whether this is the root of the repository.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The normal form as text, as it is: not safe to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_component(name: &str) -> Result<(), PathError> {
    match check_name(name.as_bytes()) {
        Ok(_) => Ok(()),
        Err(source) => Err(PathError::Name { component: name.to_owned(), source }),
    }
}

fn push_component(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(name);
}

impl Ord for RepoPath {
    fn cmp(&self, other: &Self) -> Ordering {
        // No name holds NUL: with the slash in its place bytes order as component lists do.
        let key = |byte: u8| if byte == b'/' { 0 } else { byte };
        self.0.bytes().map(key).cmp(other.0.bytes().map(key))
    }
}

impl PartialOrd for RepoPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&escape(&self.0))
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).expect("a valid path")
    }

    #[test]
    fn names_that_could_leave_the_folder_are_refused() {
        assert_eq!(check_name(b""), Err(NameError::Empty));
        assert_eq!(check_name(b"."), Err(NameError::Dot));
        assert_eq!(check_name(b".."), Err(NameError::Dot));
        assert_eq!(check_name(b"a/b"), Err(NameError::Slash));
        assert_eq!(check_name(b"a\0b"), Err(NameError::Nul));
        assert_eq!(check_name(b"\xff"), Err(NameError::NotUtf8));
        assert_eq!(check_name(&[b'a'; 256]), Err(NameError::TooLong));
        assert!(check_name(&[b'a'; 255]).is_ok());
    }

    #[test]
    fn every_letter_case_and_ending_of_the_reserved_names_is_refused() {
        for (name, error) in [(".esker", NameError::Esker), (".git", NameError::Git)] {
            for mask in 0..1u32 << name.len() {
                let cased: String = name
                    .chars()
                    .enumerate()
                    .map(|(i, c)| if mask >> i & 1 == 1 { c.to_ascii_uppercase() } else { c })
                    .collect();
                for end in ["", ".", " ", ". .", "\u{200d}", " \u{feff}."] {
                    assert_eq!(check_name(format!("{cased}{end}").as_bytes()), Err(error));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn ignorable_code_points_hide_nothing(
            at in 0usize..=4,
            marks in "[\u{200c}-\u{200f}\u{202a}-\u{202e}\u{206a}-\u{206f}\u{feff}]{1,40}",
        ) {
            let mut name = ".git".to_owned();
            name.insert_str(at, &marks);
            prop_assert_eq!(check_name(name.as_bytes()), Err(NameError::Git));
        }

        #[test]
        fn order_is_that_of_component_lists(a in "[a/.\u{1}]{0,6}", b in "[a/.\u{1}]{0,6}") {
            if let (Ok(a), Ok(b)) = (RepoPath::parse(&a), RepoPath::parse(&b)) {
                let lists = a.components().map(str::as_bytes).cmp(b.components().map(str::as_bytes));
                prop_assert_eq!(a.cmp(&b), lists);
            }
        }

        #[test]
        fn what_a_person_types_never_leaves_the_root(text in "[a./]{0,12}") {
            if let Ok(p) = RepoPath::from_user(&path("x/y"), &text) {
                prop_assert_eq!(RepoPath::parse(p.as_str()), Ok(p));
            }
        }
    }

    #[test]
    fn escaping_leaves_plain_text_alone() {
        assert!(matches!(escape("naïve name.csv"), Cow::Borrowed(_)));
        assert_eq!(escape("a\nb\\c\u{202e}d\u{9b}"), "a\\nb\\\\c\\u{202e}d\\u{9b}");
        assert_eq!(path("a\u{1b}[1m").to_string(), "a\\u{1b}[1m");
    }

    #[test]
    fn paths_take_apart_and_join() {
        let p = path("a/b/c");
        assert_eq!(p.components().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!((p.name(), p.parent()), (Some("c"), Some(path("a/b"))));
        assert_eq!(path("a").parent(), Some(RepoPath::root()));
        assert_eq!((RepoPath::root().parent(), RepoPath::root().name()), (None, None));
        assert_eq!(RepoPath::root().components().count(), 0);
        assert_eq!(RepoPath::root().join("a"), Ok(path("a")));
        assert!(p.join("..").is_err() && p.join("x/y").is_err());
        assert!(p.starts_with(&path("a/b")) && p.starts_with(&p));
        assert!(p.starts_with(&RepoPath::root()) && !path("ab").starts_with(&path("a")));
        assert!(
            ["/a", "a/", "a//b", "./a", "a/.git/x"].iter().all(|t| RepoPath::parse(t).is_err())
        );
    }

    #[test]
    fn user_paths_resolve_from_the_folder() {
        let user = |text| RepoPath::from_user(&path("d/e"), text);
        assert_eq!(user("."), Ok(path("d/e")));
        assert_eq!(user("../x//y/"), Ok(path("d/x/y")));
        assert_eq!(user("../.."), Ok(RepoPath::root()));
        assert_eq!(user("../../d/./e/f"), Ok(path("d/e/f")));
        assert!(matches!(user("../../.."), Err(PathError::Outside(_))));
        assert!(matches!(user("/d"), Err(PathError::Outside(_))));
        assert!(matches!(user(".GIT/config"), Err(PathError::Name { .. })));
        assert_eq!(user(""), Err(PathError::Empty));
    }

    #[test]
    fn link_targets_have_bounds() {
        assert!(check_symlink_target(b"../../anywhere").is_ok());
        assert!(check_symlink_target(&[b'a'; 4095]).is_ok());
        assert_eq!(check_symlink_target(b""), Err(TargetError::Empty));
        assert_eq!(check_symlink_target(&[b'a'; 4096]), Err(TargetError::TooLong));
        assert_eq!(check_symlink_target(b"a\0"), Err(TargetError::Nul));
        assert_eq!(check_symlink_target(b"\xc3"), Err(TargetError::NotUtf8));
    }
}
