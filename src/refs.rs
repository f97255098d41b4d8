//! Names of refs, what they and HEAD point at, and the log that outlives the database.
//!
//! The moves themselves are made in `db`, under compare-and-set. What is here is pure, except for
//! [`log`], which appends to and reads `refs.log`.

pub mod log;

use crate::id::{CommitId, TagId};
use crate::path::escape;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

pub use log::{LogRecord, Replay, replay};

/// Longest ref name in bytes.
pub const MAX_NAME_BYTES: usize = 1024;

/// Below it lies a ref for each stash, named by a rising number.
pub const STASHES: &str = "refs/stash/";

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";
const REMOTES: &str = "refs/remotes/";
/// Below it a remote has refs that are no branches and no tags: what they reach is kept.
const KEEPS: &str = "refs/keep/";

/// A ref name that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a valid ref name: {rule}", escape(.name))]
pub struct RefNameError {
    /// The name as given.
    pub name: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

/// Checks a full ref name: git's rules, and nothing that would have to be escaped when shown.
pub fn check_ref_name(name: &str) -> Result<(), RefNameError> {
    match broken_rule(name) {
        Some(rule) => Err(RefNameError { name: name.into(), rule }),
        None => Ok(()),
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    let Some(rest) = name.strip_prefix("refs/") else { return Some("it must start with refs/") };
    if name.len() > MAX_NAME_BYTES {
        return Some("it is longer than 1024 bytes");
    }
    if !rest.contains('/') {
        return Some("it needs a kind and a name after refs/");
    }
    if name.contains("..") || name.contains("@{") {
        return Some("it must not hold '..' or '@{', which revisions use");
    }
    if name.chars().any(|c| c.is_whitespace() || "~^:?*[".contains(c)) {
        return Some("it must not hold spaces or any of ~^:?*[");
    }
    if matches!(escape(name), Cow::Owned(_)) {
        return Some("it must not hold '\\', control or invisible characters");
    }
    rest.split('/').find_map(broken_component_rule).or_else(|| broken_branch_rule(name))
}

fn broken_component_rule(component: &str) -> Option<&'static str> {
    match component {
        "" => Some("no part of it may be empty"),
        c if c.starts_with('.') || c.ends_with('.') => Some("no part may start or end with '.'"),
        c if c.ends_with(".lock") => Some("no part may end with '.lock'"),
        _ => None,
    }
}

/// Short names that a command line or a revision would take for something else.
fn broken_branch_rule(name: &str) -> Option<&'static str> {
    let short = name.strip_prefix(BRANCHES).or_else(|| name.strip_prefix(TAGS))?;
    match short {
        "HEAD" | "@" => Some("'HEAD' and '@' already mean something"),
        s if s.starts_with('-') => Some("it must not start with '-', which starts an option"),
        _ => None,
    }
}

/// The name nearest to `short` that a branch or tag can have, if there is one.
pub fn allowed_name(short: &str) -> Option<String> {
    let is_bad = |c: char| c.is_whitespace() || "~^:?*[\\@{".contains(c) || escape_changes(c);
    let plain: String = short.trim().chars().map(|c| if is_bad(c) { '-' } else { c }).collect();
    let part = |part: &str| {
        let part = part.trim_matches(['.', '-']).trim_end_matches(".lock");
        let pieces: Vec<&str> = part.split(['-', '.']).filter(|piece| !piece.is_empty()).collect();
        // Dots stay where one stands alone.
        if part.contains("..") || part.contains("--") { pieces.join("-") } else { part.to_owned() }
    };
    let parts: Vec<String> = plain.split('/').map(part).filter(|part| !part.is_empty()).collect();
    let name = parts.join("/");
    branch_ref(&name).is_ok().then_some(name)
}

fn escape_changes(c: char) -> bool {
    matches!(escape(c.encode_utf8(&mut [0; 4])), Cow::Owned(_))
}

/// A full ref name that keeps the rules of [`check_ref_name`], such as `refs/heads/main`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(Box<str>);

impl RefName {
    /// Takes a full name.
    pub fn new(full: &str) -> Result<Self, RefNameError> {
        check_ref_name(full)?;
        Ok(Self(full.into()))
    }

    /// Names the tag `short`.
    pub fn tag(short: &str) -> Result<Self, RefNameError> {
        Self::new(&format!("{TAGS}{short}"))
    }

    /// Names the keep `short`: a ref of a remote that nobody follows, and from which nothing is collected.
    pub fn keep(short: &str) -> Result<Self, RefNameError> {
        Self::new(&format!("{KEEPS}{short}"))
    }

    /// Names what `remote` had as its branch `short`.
    pub fn remote_branch(remote: &str, short: &str) -> Result<Self, RefNameError> {
        Self::new(&format!("{REMOTES}{remote}/{short}"))
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name people use: without `refs/heads/`, `refs/tags/`, `refs/remotes/`, `refs/keep/` or `refs/`.
    pub fn short(&self) -> &str {
        let prefixes = [BRANCHES, TAGS, REMOTES, KEEPS, "refs/"];
        prefixes.iter().find_map(|p| self.0.strip_prefix(p)).unwrap_or(&self.0)
    }

    /// Whether it is a branch, `refs/heads/…`.
    pub fn is_branch(&self) -> bool {
        self.0.starts_with(BRANCHES)
    }

    /// Whether it is a tag, `refs/tags/…`.
    pub fn is_tag(&self) -> bool {
        self.0.starts_with(TAGS)
    }

    /// Whether it is a keep, `refs/keep/…`.
    pub fn is_keep(&self) -> bool {
        self.0.starts_with(KEEPS)
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RefName {
    type Err = RefNameError;

    fn from_str(full: &str) -> Result<Self, RefNameError> {
        Self::new(full)
    }
}

/// Names the branch `short`: `branch_ref("main")` is `refs/heads/main`.
pub fn branch_ref(short: &str) -> Result<RefName, RefNameError> {
    RefName::new(&format!("{BRANCHES}{short}"))
}

/// Names the stash that follows `last`, the one of the highest name.
pub fn next_stash(last: Option<&RefName>) -> RefName {
    let number = last.and_then(|name| name.as_str().strip_prefix(STASHES)?.parse::<u32>().ok());
    // Eight digits sort as numbers do.
    let name = format!("{STASHES}{:08}", number.unwrap_or(0).saturating_add(1));
    RefName::new(&name).expect("digits keep the rules")
}

/// What a ref points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefTarget {
    /// A commit: every branch, every lightweight tag.
    Commit(CommitId),
    /// A tag object, which names the commit: annotated tags.
    Tag(TagId),
}

impl RefTarget {
    /// The commit, unless a tag object stands between.
    pub fn commit(self) -> Option<CommitId> {
        match self {
            Self::Commit(id) => Some(id),
            Self::Tag(_) => None,
        }
    }
}

impl From<CommitId> for RefTarget {
    fn from(id: CommitId) -> Self {
        Self::Commit(id)
    }
}

impl From<TagId> for RefTarget {
    fn from(id: TagId) -> Self {
        Self::Tag(id)
    }
}

/// One move of a ref: from what it was expected to be to what it becomes; `None` is "no such ref".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// The ref.
    pub name: RefName,
    /// What it pointed at.
    pub old: Option<RefTarget>,
    /// What it points at now.
    pub new: Option<RefTarget>,
}

/// Which worktree of a repository; each has its own HEAD and stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorktreeId(pub u32);

impl WorktreeId {
    /// The worktree the repository was made with.
    pub const MAIN: Self = Self(0);
}

/// What the HEAD of a worktree holds: a branch, born or not, or a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadTarget {
    /// A branch by name.
    Branch(RefName),
    /// A commit: HEAD is detached.
    Commit(CommitId),
}

/// The HEAD of a worktree with its branch looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// On a branch; `target` is `None` until its first commit.
    Branch {
        /// The branch's full name.
        name: RefName,
        /// The commit it points at.
        target: Option<CommitId>,
    },
    /// On a commit and no branch.
    Detached(CommitId),
}

impl Head {
    /// The commit HEAD stands on, if there is one yet.
    pub fn commit(&self) -> Option<CommitId> {
        match self {
            Self::Branch { target, .. } => *target,
            Self::Detached(id) => Some(*id),
        }
    }

    /// The branch HEAD is on, unless it is detached.
    pub fn branch(&self) -> Option<&RefName> {
        match self {
            Self::Branch { name, .. } => Some(name),
            Self::Detached(_) => None,
        }
    }

    /// What is stored: the branch's name or the commit.
    pub fn to_target(&self) -> HeadTarget {
        match self {
            Self::Branch { name, .. } => HeadTarget::Branch(name.clone()),
            Self::Detached(id) => HeadTarget::Commit(*id),
        }
    }
}

/// Who moved a ref, when and why, for the reflog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefNote {
    /// Name and address of the person, as in commits.
    pub who: String,
    /// Unix seconds.
    pub time: i64,
    /// Offset of local time from UTC in minutes.
    pub tz_minutes: i32,
    /// What was done, such as "commit: more places".
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_people_use_are_accepted() {
        for name in ["main", "feature/x", "größe", "v1.0", "a@b", "x-y_z", "9", "a{b}"] {
            assert!(branch_ref(name).is_ok(), "{name}");
            assert!(RefName::tag(name).is_ok(), "{name}");
        }
        assert!(check_ref_name("refs/keep/pin/abc").is_ok());
    }

    #[test]
    fn names_that_break_a_rule_are_refused() {
        let long = "x".repeat(MAX_NAME_BYTES);
        let bad = [
            "",
            "/",
            "a//b",
            "/a",
            "a/",
            ".a",
            "a/.b",
            "a.",
            "a.lock",
            "a.lock/b",
            "a..b",
            "a@{1}",
            "a b",
            "a\tb",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "[a",
            "a\\b",
            "a\u{7f}",
            "HEAD",
            "@",
            "-a",
            "a\u{202e}b",
            "a\u{a0}b",
            &long,
        ];
        for name in bad {
            assert!(branch_ref(name).is_err(), "{name:?}");
        }
        for name in ["main", "refs/", "refs/heads", "refs/heads/", "heads/main", "HEAD"] {
            assert!(check_ref_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn short_names_drop_the_kind() {
        assert_eq!(branch_ref("a/b").expect("valid").short(), "a/b");
        assert_eq!(RefName::tag("v1").expect("valid").short(), "v1");
        assert_eq!(RefName::remote_branch("o", "main").expect("valid").short(), "o/main");
        assert_eq!(RefName::new("refs/keep/x").expect("valid").short(), "x");
    }

    #[test]
    fn a_name_that_cannot_be_has_a_neighbour_that_can() {
        for (bad, good) in [
            ("my branch", Some("my-branch")),
            ("a..b", Some("a-b")),
            ("-x", Some("x")),
            (" v1.2.lock ", Some("v1.2")),
            ("data//new:2024*", Some("data/new-2024")),
            ("HEAD", None),
            ("...", None),
            ("a\u{202e}b", Some("a-b")),
        ] {
            assert_eq!(allowed_name(bad).as_deref(), good, "{bad}");
        }
    }
}
