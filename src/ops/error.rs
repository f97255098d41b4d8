//! What can go wrong in a verb, as a person meets it: one message, one hint, one kind.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::path::escape;

/// The kinds of failure that a caller can tell apart; each has an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Anything that has no kind of its own.
    Failed,
    /// The request itself makes no sense.
    Usage,
    /// Going on would lose work, or needs a decision.
    Conflict,
    /// Stored data is damaged.
    Damaged,
    /// There is no repository.
    NoRepository,
    /// Another process holds a lock.
    Locked,
    /// A remote refused or cannot be reached.
    Remote,
    /// The work was asked to stop.
    Interrupted,
}

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
    /// There is no lock file.
    #[error("no esker.lock in {} or above it", shown(.start))]
    NoLock {
        /// Where the search began.
        start: PathBuf,
    },
    /// A merge left the lock file with both sides.
    #[error("{}, line {line}: a conflict of a merge is not resolved", shown(.path))]
    LockConflict {
        /// The lock file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// The lock file is not written as one is.
    #[error("{}: {why}", shown(.path))]
    BadLock {
        /// The lock file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A newer esker wrote the lock file.
    #[error("{} has format {found}, which this esker does not know", shown(.path))]
    NewerLock {
        /// The lock file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// The lock file has no such pin.
    #[error("nothing is pinned as '{}'", escape(.dest))]
    NotPinned {
        /// The path as given.
        dest: String,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// The remote of a pin holds another repository than the pin's.
    #[error("'{}' is pinned in another repository than the one at {}", escape(.dest), escape(.url))]
    PinnedElsewhere {
        /// Where the pin's data goes.
        dest: String,
        /// The remote.
        url: String,
    },
    /// The commit of a pin is not on its remote.
    #[error("'{}' is pinned at commit {commit}, which is not at {}", escape(.dest), escape(.url))]
    PinnedUnknown {
        /// Where the pin's data goes.
        dest: String,
        /// The commit's first digits.
        commit: String,
        /// The remote.
        url: String,
    },
    /// A pin's commit does not have what the pin says.
    #[error("the pin of '{}' contradicts itself: commit {commit} has something else at its path", escape(.dest))]
    PinContradicts {
        /// Where the pin's data goes.
        dest: String,
        /// The commit's first digits.
        commit: String,
    },
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

impl OpError {
    /// Which kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoRepository { .. } => ErrorKind::NoRepository,
            Self::BadDate { .. } | Self::Usage { .. } => ErrorKind::Usage,
            Self::WouldOverwrite { .. }
            | Self::StashConflicts { .. }
            | Self::NotPutAside { .. }
            | Self::Exists { .. }
            | Self::OthersThere { .. }
            | Self::LockConflict { .. }
            | Self::InTheWay { .. }
            | Self::InProgress { .. }
            | Self::OpenConflicts { .. } => ErrorKind::Conflict,
            Self::Damaged { .. } | Self::DamagedThere { .. } | Self::NeedsRebuild { .. } => {
                ErrorKind::Damaged
            }
            Self::Locked { .. } => ErrorKind::Locked,
            Self::PinContradicts { .. } => ErrorKind::Damaged,
            Self::PinnedElsewhere { .. } | Self::PinnedUnknown { .. } => ErrorKind::Remote,
            Self::Remote { .. }
            | Self::NotHere { .. }
            | Self::PromiseBroken { .. }
            | Self::Offline { .. } => ErrorKind::Remote,
            Self::Interrupted => ErrorKind::Interrupted,
            _ => ErrorKind::Failed,
        }
    }

    /// What to do about it: words, and the exact command to run where there is one.
    pub fn hint(&self) -> Option<String> {
        let fixed = match self {
            Self::NoRepository { .. } => "make one: esker init",
            Self::NewerFormat { .. } => "install a newer esker; nothing was changed",
            Self::UnknownRevision { suggestion: Some(name), .. }
            | Self::UnknownThere { suggestion: Some(name), .. }
            | Self::NoSuchRef { suggestion: Some(name), .. }
            | Self::NoReflog { suggestion: Some(name), .. } => {
                return Some(format!("did you mean '{}'?", escape(name)));
            }
            Self::UnknownRevision { .. } => "see what there is: esker log --oneline",
            Self::UnknownThere { url, .. } => {
                return Some(format!("see what there is: esker ls-remote {}", quoted(url)));
            }
            Self::AmbiguousRevision { .. } => "give more digits, or the full name of the ref",
            Self::NoSuchRef { kind, .. } => {
                return Some(format!("see what there is: esker {kind}"));
            }
            Self::RefExists { kind: "tag", name } => {
                let name = escape(name);
                return Some(format!(
                    "tags stay where they are; if it must move: esker tag --force {name} REV"
                ));
            }
            Self::RefExists { name, .. } => {
                return Some(format!("move it there: esker branch -f {} REV", escape(name)));
            }
            Self::NotABranch { text } => {
                let text = quoted(text);
                return Some(format!("look at it without a branch: esker switch --detach {text}"));
            }
            Self::CheckedOut { at: Some(_), .. } => {
                "work there, or make a branch of your own: esker switch -c NAME"
            }
            Self::CheckedOut { .. } => "switch to another one first: esker switch NAME",
            Self::Worktree { hint, .. } => hint,
            Self::Store { hint, .. } => return Some(hint.clone()),
            Self::NotMerged { branch } => {
                return Some(format!("delete it nevertheless: esker branch -D {}", escape(branch)));
            }
            Self::NoSuchStash { count: 0, .. } => "put work aside: esker stash push",
            Self::NoSuchStash { .. } | Self::NotAStash { .. } => "see all: esker stash list",
            Self::StashConflicts { stash, .. } => {
                return Some(format!(
                    "nothing was changed; bring it back where it was made: \
                     esker switch --detach {stash}^ && esker stash pop {stash}"
                ));
            }
            Self::NotPutAside { .. } => "put them aside too: esker stash push --include-untracked",
            Self::ChangedMeanwhile { .. } => "see what is there: esker status",
            Self::NoReflog { .. } => "see all names: esker reflog --names",
            Self::NoSuchReflogEntry { name, .. } => {
                return Some(format!("see where it was: esker reflog {}", escape(name)));
            }
            Self::NoPreviousBranch { .. } => "see all branches: esker branch",
            Self::NoUpstream { .. } => "name the branch itself, such as origin/main",
            Self::NoSuchMessage { .. } => "see what there is: esker log --oneline",
            Self::NoCommonCommit { left, right } => {
                let (left, right) = (quoted(left), quoted(right));
                return Some(format!("compare them as they are: esker diff {left} {right}"));
            }
            Self::NoSuchPath { revision: Some(revision), .. } => {
                return Some(format!("see what is there: esker ls -R {}", escape(revision)));
            }
            Self::NoSuchPath { revision: None, .. } => "see what there is: esker status",
            Self::NotTracked { .. } => {
                "see what is tracked: esker ls -R, and what is not: esker status"
            }
            Self::DeletionStaged { path } => {
                let path = quoted(path);
                return Some(format!("bring it back: esker restore --staged --worktree {path}"));
            }
            Self::Exists { is_folder: true, .. } => {
                "choose another name, or move what is there first"
            }
            Self::Exists { .. } => "replace it: repeat the command with --force",
            Self::PathOutside { .. } => "only paths below the folder that holds .esker can be used",
            Self::OutsideRoots { .. } => "name the data folder: esker add data",
            Self::InGitIndex { path } => {
                let path = quoted(path);
                return Some(format!("take it out of git first: git rm -r --cached {path}"));
            }
            Self::AuthorMissing => {
                "esker config --global user.name \"Your Name\" && \
                 esker config --global user.email you@example.org"
            }
            Self::NothingToCommit => "commit without a change: esker commit --allow-empty",
            Self::NothingStaged => "stage all changes first: esker add -A, or use esker commit -a",
            Self::EmptyMessage => "say what changed: esker commit -m \"what changed\"",
            Self::BadDate { .. } => "write it as 2024-05-31T14:00:00Z or 2024-05-31 14:00",
            Self::BadName { .. } => "rename it, or name it in .eskerignore",
            Self::WouldOverwrite { .. } => {
                "save them first: esker add -A && esker commit; or drop them with --force"
            }
            Self::OthersThere { .. } => {
                "replace them: repeat the command with --force; or choose another place: -o DIR"
            }
            Self::InTheWay { .. } => {
                "save them first: esker add -A && esker commit; or put them aside: esker stash"
            }
            Self::InProgress { verb } => {
                return Some(format!(
                    "finish it: esker {verb} --continue; or give it up: esker {verb} --abort"
                ));
            }
            Self::NotInProgress { .. } => "see where things stand: esker status",
            Self::OpenConflicts { paths, .. } => {
                let path = quoted(paths.first().map_or("PATH", |path| path));
                return Some(format!(
                    "take a side: esker checkout --theirs -- {path} (or --ours); or edit it, then: \
                     esker add {path}"
                ));
            }
            Self::NotFastForward { name } => {
                return Some(format!("merge it: esker merge {}", quoted(name)));
            }
            Self::Unrelated { name } => {
                let name = quoted(name);
                return Some(format!(
                    "if that is meant: esker merge --allow-unrelated-histories {name}"
                ));
            }
            Self::NotAFile { found: "directory", path } => {
                return Some(format!("see what is in it: esker ls {}", quoted(path)));
            }
            Self::IsEmptyRepository => {
                "make the first one: esker add . && esker commit -m \"first version\""
            }
            Self::Forgotten { .. } => {
                "see which commits have theirs: esker log --oneline; or clone them from a remote"
            }
            Self::Damaged { .. } => "see what is affected: esker fsck",
            Self::DamagedThere { .. } => {
                "see what is affected: esker fsck --remote, in a repository that has the remote"
            }
            Self::NotHere { .. } | Self::Offline { .. } => {
                "run the command again without --offline"
            }
            Self::Shallow { .. } => "fetch it: esker fetch --unshallow",
            Self::PromiseBroken { .. } => "push them again from a clone that has them: esker push",
            Self::NoLock { .. } => "pin something first: esker pin PATH",
            Self::LockConflict { .. } => {
                "take one side of each pin, as in: git checkout --theirs esker.lock; then: \
                 esker get --locked"
            }
            Self::BadLock { .. } => "bring it back as it was committed: git checkout -- esker.lock",
            Self::NewerLock { .. } => "install a newer esker; nothing was changed",
            Self::NotPinned { suggestion: Some(name), .. } => {
                return Some(format!("did you mean '{}'?", escape(name)));
            }
            Self::NotPinned { dest, .. } => {
                return Some(format!("pin it: esker pin {}", quoted(dest)));
            }
            Self::PinnedElsewhere { dest, .. } => {
                return Some(format!(
                    "mend remote in esker.lock, or pin what is there: esker pin URL:PATH -o {}",
                    quoted(dest)
                ));
            }
            Self::PinnedUnknown { dest, .. } => {
                return Some(format!(
                    "push it from where it was pinned: esker push; or take what is there: \
                     esker update {}",
                    quoted(dest)
                ));
            }
            Self::PinContradicts { dest, .. } => {
                return Some(format!("pin it anew: esker update {}", quoted(dest)));
            }
            Self::Unread { .. } => "mend what is named, then run the command again",
            Self::NeedsRebuild { .. } => "make it anew: esker fsck --rebuild",
            Self::MovedMeanwhile { .. } => {
                "see how it is now: esker status; then run the command again"
            }
            Self::Locked { .. } => "wait until it is done, then run the command again",
            Self::Full { .. } => "free some space, then run the command again: it goes on",
            Self::ReadOnly { .. } => "nothing can be written there; work in a copy",
            Self::Permission { .. } => "check its owner and mode: ls -ld",
            Self::Interrupted => "nothing is lost; run the command again to go on",
            Self::Config { .. } => "see where each setting comes from: esker config --show-origin",
            Self::Usage { hint, .. } | Self::Remote { hint, .. } => return hint.clone(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check how it is spelled: ls"
            }
            Self::NotAFile { .. } => "only files, links and folders can be stored",
            Self::Io { source, .. } if is_too_many(source) => {
                "allow more open files: ulimit -n 4096; then run the command again"
            }
            Self::Io { .. } => "nothing stored is lost; once that works, run the command again",
            Self::Other(_) => return None,
        };
        Some(fixed.to_string())
    }
}

fn shown(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    let escaped = escape(&text);
    if cfg!(windows) { escaped.replace(r"\\", r"\") } else { escaped.into_owned() }
}

/// Whether the system has no more descriptors for this process, or for any.
fn is_too_many(e: &io::Error) -> bool {
    use rustix::io::Errno;
    cfg!(unix) && matches!(Errno::from_io_error(e), Some(Errno::MFILE | Errno::NFILE))
}

/// A path as an argument that can be pasted into a shell.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,=@".contains(c);
    if path.chars().all(is_plain) && !path.is_empty() {
        return path.to_string();
    }
    format!("'{}'", escape(path).replace('\'', r"'\''"))
}

fn in_folder(folder: &Option<String>) -> String {
    folder.as_ref().map(|folder| format!(" in {}", escape(folder))).unwrap_or_default()
}

fn stashes(count: usize) -> String {
    match count {
        0 => "nothing was put aside".to_owned(),
        1 => "there is 1 stash".to_owned(),
        n => format!("there are {n} stashes"),
    }
}

fn list(paths: &[String]) -> String {
    let shown: Vec<_> = paths.iter().map(|path| escape(path)).collect();
    shown.join(", ")
}

fn count_of(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn and_more(more: u64) -> String {
    if more == 0 { String::new() } else { format!(" and {more} more") }
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
