//! What can go wrong in a verb, as a person meets it: one message, one hint, one kind.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::path::escape;

mod hint;
mod kind;
mod pins;
pub(super) mod words;

pub use kind::ErrorKind;
pub use pins::PinError;
use words::{and_more, count_of, in_folder, list, shown, stashes};

/// A verb that failed: what, and on what.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// No repository in the start directory or above it.
    #[error("no esker repository in {} or above it", shown(.start))]
    NoRepository {
        /// Where the search began.
        start: PathBuf,
    },
    /// The repository was written by a newer esker.
    #[error("the repository has format {found}, this esker reads up to {supported}")]
    NewerFormat {
        /// The repository's format.
        found: u32,
        /// The newest one this program knows.
        supported: u32,
    },
    /// A revision names nothing.
    #[error("unknown revision '{}'", escape(.text))]
    UnknownRevision {
        /// The revision as given.
        text: String,
        /// A branch, tag or commit that was probably meant.
        suggestion: Option<String>,
    },
    /// A revision names nothing on a remote.
    #[error("unknown revision '{}' at {}", escape(.text), escape(.url))]
    UnknownThere {
        /// The revision as given.
        text: String,
        /// The remote.
        url: String,
        /// A branch or tag that was probably meant.
        suggestion: Option<String>,
    },
    /// A revision names several objects.
    #[error("'{}' is ambiguous: {}", escape(.text), .candidates.join(", "))]
    AmbiguousRevision {
        /// The revision as given.
        text: String,
        /// What it could be.
        candidates: Vec<String>,
    },
    /// A ref was at no commit at the moment asked for.
    #[error("'{}' was at no commit then: {why}", escape(.name))]
    NoSuchReflogEntry {
        /// The ref's short name, or HEAD.
        name: String,
        /// What its reflog says.
        why: String,
    },
    /// HEAD has not moved between so many branches.
    #[error("there is no @{{-{number}}}: HEAD has not switched that often")]
    NoPreviousBranch {
        /// How many branches ago.
        number: u32,
    },
    /// A branch follows no branch of a remote.
    #[error("branch '{}' has no upstream branch", escape(.branch))]
    NoUpstream {
        /// The branch.
        branch: String,
    },
    /// No commit has this text in its message.
    #[error("no commit has '{}' in its message", escape(.text))]
    NoSuchMessage {
        /// The text as given.
        text: String,
    },
    /// There is no branch or tag of this name.
    #[error("there is no {kind} '{}'", escape(.name))]
    NoSuchRef {
        /// "branch" or "tag".
        kind: &'static str,
        /// The name as given.
        name: String,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// There is a branch or tag of this name already.
    #[error("there is a {kind} '{}' already", escape(.name))]
    RefExists {
        /// "branch" or "tag".
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A branch was needed and another revision was given.
    #[error("'{}' is no branch", escape(.text))]
    NotABranch {
        /// The revision as given.
        text: String,
    },
    /// A worktree is on the branch.
    #[error("branch '{}' is checked out{}", escape(.branch), in_folder(.at))]
    CheckedOut {
        /// The branch.
        branch: String,
        /// The folder of the worktree, where it is another.
        at: Option<String>,
    },
    /// A further worktree and its repository do not fit together.
    #[error("{message}")]
    Worktree {
        /// What does not fit.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// A shared store and a repository do not fit together.
    #[error("{message}")]
    Store {
        /// What does not fit.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A branch is to be deleted that has commits HEAD does not have.
    #[error("branch '{}' has commits that HEAD does not have", escape(.branch))]
    NotMerged {
        /// The branch.
        branch: String,
    },
    /// There are not so many stashes.
    #[error("there is no stash@{{{number}}}: {}", stashes(*.count))]
    NoSuchStash {
        /// The number asked for.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// A stash was needed and another revision was given.
    #[error("'{}' is no stash", escape(.text))]
    NotAStash {
        /// The revision as given.
        text: String,
    },
    /// Both a stash and HEAD changed some files.
    #[error("the stash and HEAD both changed {}", list(.paths))]
    StashConflicts {
        /// The files.
        paths: Vec<String>,
        /// The stash, as a revision.
        stash: String,
    },
    /// Files that the stage does not know would be overwritten with what HEAD has.
    #[error("unsaved changes would be lost: {}", list(.paths))]
    NotPutAside {
        /// The files.
        paths: Vec<String>,
    },
    /// Files changed while they were put aside; the stash has what they were.
    #[error("the stash is saved, but some files changed meanwhile and stay: {}", list(.paths))]
    ChangedMeanwhile {
        /// The files.
        paths: Vec<String>,
    },
    /// No ref of this name was ever moved.
    #[error("nothing of the name '{}' was ever moved", escape(.name))]
    NoReflog {
        /// The name as given.
        name: String,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// Two revisions share no history.
    #[error("'{}' and '{}' have no commit in common", escape(.left), escape(.right))]
    NoCommonCommit {
        /// One revision as given.
        left: String,
        /// The other one.
        right: String,
    },
    /// A path is in neither the worktree nor the tree asked for.
    #[error("no '{}' in {}", escape(.path), .revision.as_deref().unwrap_or("the worktree or the stage"))]
    NoSuchPath {
        /// The path as given.
        path: String,
        /// The revision that was searched; `None` for worktree and stage.
        revision: Option<String>,
    },
    /// A path is in no version and not staged.
    #[error("'{}' is not tracked", escape(.path))]
    NotTracked {
        /// The path as given.
        path: String,
    },
    /// The next commit is to have a path no more.
    #[error("the deletion of '{}' is staged", escape(.path))]
    DeletionStaged {
        /// The path.
        path: String,
    },
    /// Something stands where something else is to be put.
    #[error("'{}' exists", escape(.path))]
    Exists {
        /// The path.
        path: String,
        /// Whether a folder is involved, which is never replaced.
        is_folder: bool,
    },
    /// A path leaves the repository.
    #[error("'{}' is outside the repository", escape(.path))]
    PathOutside {
        /// The path as given.
        path: String,
    },
    /// A path is outside the data roots, in a git checkout.
    #[error("'{}' is not a data folder of this git checkout", escape(.path))]
    OutsideRoots {
        /// The path as given.
        path: String,
    },
    /// A path belongs to git.
    #[error("'{}' is tracked by git", escape(.path))]
    InGitIndex {
        /// The path.
        path: String,
    },
    /// No author is configured.
    #[error("no author: set a name and an e-mail address")]
    AuthorMissing,
    /// The worktree and the stage equal HEAD.
    #[error("nothing to commit, the worktree is clean")]
    NothingToCommit,
    /// The stage equals HEAD, but the worktree does not.
    #[error("nothing is staged to be committed")]
    NothingStaged,
    /// The commit message is empty.
    #[error("the commit message is empty")]
    EmptyMessage,
    /// A date could not be read.
    #[error("cannot read the date '{}'", escape(.text))]
    BadDate {
        /// The date as given.
        text: String,
    },
    /// A name breaks the rule for names.
    #[error("'{}' cannot be stored: {reason}", escape(.path))]
    BadName {
        /// The path that ends in the name.
        path: String,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// Work that is saved nowhere would be lost.
    #[error("unsaved changes would be lost: {}{}", list(.paths), and_more(*.more))]
    WouldOverwrite {
        /// Some of the files.
        paths: Vec<String>,
        /// How many there are beyond those.
        more: u64,
    },
    /// Where files are to be put there are others.
    #[error("other files are there already: {}{}", list(.paths), and_more(*.more))]
    OthersThere {
        /// Some of the files.
        paths: Vec<String>,
        /// How many there are beyond those.
        more: u64,
    },
    /// Work that is saved nowhere is where a merge, revert or cherry-pick has to write.
    #[error("unsaved changes would be lost: {}{}", list(.paths), and_more(*.more))]
    InTheWay {
        /// Some of the files.
        paths: Vec<String>,
        /// How many there are beyond those.
        more: u64,
    },
    /// A merge, revert or cherry-pick waits to be finished.
    #[error("a {verb} is under way")]
    InProgress {
        /// The verb.
        verb: &'static str,
    },
    /// There is nothing to go on with, or to give up.
    #[error("no {verb} is under way")]
    NotInProgress {
        /// The verb.
        verb: &'static str,
    },
    /// Paths are in conflict.
    #[error("conflicts are not resolved: {}{}", list(.paths), and_more(*.more))]
    OpenConflicts {
        /// Some of the paths.
        paths: Vec<String>,
        /// How many there are beyond those.
        more: u64,
    },
    /// The branch cannot just move on.
    #[error("cannot fast-forward: the current branch has commits that '{}' has not", escape(.name))]
    NotFastForward {
        /// What was to be merged.
        name: String,
    },
    /// Two histories share no commit.
    #[error("'{}' has no commit in common with the current branch", escape(.name))]
    Unrelated {
        /// What was to be merged.
        name: String,
    },
    /// A file was needed and something else was found.
    #[error("'{}' is a {found}, not a file", escape(.path))]
    NotAFile {
        /// The path.
        path: String,
        /// What it is, in words.
        found: &'static str,
    },
    /// The files of a commit were let go on purpose.
    #[error("the files of commit {commit} were forgotten")]
    Forgotten {
        /// The commit.
        commit: String,
    },
    /// The repository has no commits yet.
    #[error("the repository has no commits yet")]
    IsEmptyRepository,
    /// Stored data is damaged or missing.
    #[error("{what} is damaged: {why}")]
    Damaged {
        /// The object or file, in words.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// What can be made again from packs and `refs.log` is lost or damaged.
    #[error("{what} is lost or damaged: {why}")]
    NeedsRebuild {
        /// The file, in words.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another process moved a ref, HEAD or the stage after this one had read it.
    #[error("{what} meanwhile")]
    MovedMeanwhile {
        /// What was moved, in words.
        what: String,
    },
    /// What lies on a remote is not what it must be.
    #[error("{what} on the remote is damaged: {why}")]
    DamagedThere {
        /// The key or object.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another process holds the lock.
    #[error("the repository is locked by {holder}")]
    Locked {
        /// Who, in words.
        holder: String,
    },
    /// The disk is full.
    #[error("no space left to write {}", shown(.path))]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// The file system cannot be written.
    #[error("{} is on a read-only file system", shown(.path))]
    ReadOnly {
        /// What was to be written.
        path: PathBuf,
    },
    /// The system denies access.
    #[error("no permission to use {}", shown(.path))]
    Permission {
        /// What was to be read or written.
        path: PathBuf,
    },
    /// The work was asked to stop, and stopped.
    #[error("interrupted")]
    Interrupted,
    /// A file operation failed.
    #[error("cannot {op} {}: {source}", shown(.path))]
    Io {
        /// What was tried, a verb.
        op: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A setting or a settings file is wrong.
    #[error("{at}: {detail}")]
    Config {
        /// The key, file or variable.
        at: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A remote refused, cannot be reached, or holds what it must not.
    #[error("{message}")]
    Remote {
        /// What failed, and where.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// Contents of files are missing here, and must not be fetched.
    #[error("not here but at {}: {} of {}", escape(.remote), count_of(*.files, "file"), count_of(*.bytes, "byte"))]
    NotHere {
        /// How many different contents.
        files: u64,
        /// Their bytes.
        bytes: u64,
        /// The remote that has them.
        remote: String,
    },
    /// Contents of files are missing here, and the remote that promised them has them no more.
    #[error("neither here nor at {}: {} of {}", list(.remotes), count_of(*.files, "file"), count_of(*.bytes, "byte"))]
    PromiseBroken {
        /// How many different contents.
        files: u64,
        /// Their bytes.
        bytes: u64,
        /// The remotes that promised them.
        remotes: Vec<String>,
    },
    /// What came before a commit was not fetched, and is needed.
    #[error("the history before commit {commit} was not fetched")]
    Shallow {
        /// The commit.
        commit: String,
    },
    /// A remote is needed, and must not be asked.
    #[error("{} would have to be asked, and this is offline", escape(.place))]
    Offline {
        /// The remote.
        place: String,
    },
    /// A pin, or the file that has them, cannot be used.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// A file could not be read, so that nothing can be said.
    #[error("'{path}' {reason}")]
    Unread {
        /// The file, as it is shown.
        path: String,
        /// Why.
        reason: String,
    },
    /// The request makes no sense.
    #[error("{message}")]
    Usage {
        /// What is wrong with it.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// Anything else.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_what_failed_and_hints_what_to_run() {
        let error = OpError::WouldOverwrite { paths: vec!["a".into(), "b\n".into()], more: 3 };
        assert_eq!(error.to_string(), r"unsaved changes would be lost: a, b\n and 3 more");
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let error = OpError::InGitIndex { path: "my data/it's".into() };
        let hint = error.hint().expect("hint");
        assert_eq!(hint, r"take it out of git first: git rm -r --cached 'my data/it'\''s'");
        let error = OpError::NoRepository { start: "/tmp/x".into() };
        assert_eq!(error.to_string(), "no esker repository in /tmp/x or above it");
    }
}
