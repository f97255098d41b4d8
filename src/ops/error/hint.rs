//! What to do about each error, by what it is about.

use std::borrow::Cow;
use std::io;

use super::OpError;
use super::words::quoted;
use crate::path::escape;

type Hint = Option<Cow<'static, str>>;

impl OpError {
    /// What to do about it: words, and the exact command to run where there is one.
    pub fn hint(&self) -> Option<String> {
        let of_areas = [
            Self::hint_of_names,
            Self::hint_of_paths,
            Self::hint_of_work,
            Self::hint_of_commits,
            Self::hint_of_stored,
            Self::hint_of_remotes,
            Self::hint_of_rest,
        ];
        of_areas.iter().find_map(|of_area| of_area(self)).map(Cow::into_owned)
    }

    /// Of branches, tags and revisions.
    fn hint_of_names(&self) -> Hint {
        Some(match self {
            Self::UnknownRevision { suggestion: Some(name), .. }
            | Self::UnknownThere { suggestion: Some(name), .. }
            | Self::NoSuchRef { suggestion: Some(name), .. }
            | Self::NoReflog { suggestion: Some(name), .. } => {
                format!("did you mean '{}'?", escape(name)).into()
            }
            Self::UnknownRevision { .. } => "see what there is: esker log --oneline".into(),
            Self::UnknownThere { url, .. } => {
                format!("see what there is: esker ls-remote {}", quoted(url)).into()
            }
            Self::AmbiguousRevision { .. } => {
                "give more digits, or the full name of the ref".into()
            }
            Self::NoSuchRef { kind, .. } => format!("see what there is: esker {kind}").into(),
            Self::RefExists { kind: "tag", name } => {
                let name = escape(name);
                format!("tags stay where they are; if it must move: esker tag --force {name} REV")
                    .into()
            }
            Self::RefExists { name, .. } => {
                format!("move it there: esker branch -f {} REV", escape(name)).into()
            }
            Self::NotABranch { text } => {
                let text = quoted(text);
                format!("look at it without a branch: esker switch --detach {text}").into()
            }
            Self::CheckedOut { at: Some(_), .. } => {
                "work there, or make a branch of your own: esker switch -c NAME".into()
            }
            Self::CheckedOut { .. } => "switch to another one first: esker switch NAME".into(),
            Self::NotMerged { branch } => {
                format!("delete it nevertheless: esker branch -D {}", escape(branch)).into()
            }
            Self::NoReflog { .. } => "see all names: esker reflog --names".into(),
            Self::NoSuchReflogEntry { name, .. } => {
                format!("see where it was: esker reflog {}", escape(name)).into()
            }
            Self::NoPreviousBranch { .. } => "see all branches: esker branch".into(),
            Self::NoUpstream { .. } => "name the branch itself, such as origin/main".into(),
            Self::NoSuchMessage { .. } => "see what there is: esker log --oneline".into(),
            Self::NoCommonCommit { left, right } => {
                let (left, right) = (quoted(left), quoted(right));
                format!("compare them as they are: esker diff {left} {right}").into()
            }
            _ => return None,
        })
    }

    /// Of paths that were named.
    fn hint_of_paths(&self) -> Hint {
        Some(match self {
            Self::NoSuchPath { revision: Some(revision), .. } => {
                format!("see what is there: esker ls -R {}", escape(revision)).into()
            }
            Self::NoSuchPath { revision: None, .. } => "see what there is: esker status".into(),
            Self::NotTracked { .. } => {
                "see what is tracked: esker ls -R, and what is not: esker status".into()
            }
            Self::DeletionStaged { path } => {
                let path = quoted(path);
                format!("bring it back: esker restore --staged --worktree {path}").into()
            }
            Self::Exists { is_folder: true, .. } => {
                "choose another name, or move what is there first".into()
            }
            Self::Exists { .. } => "replace it: repeat the command with --force".into(),
            Self::PathOutside { .. } => {
                "only paths below the folder that holds .esker can be used".into()
            }
            Self::OutsideRoots { .. } => "name the data folder: esker add data".into(),
            Self::InGitIndex { path } => {
                let path = quoted(path);
                format!("take it out of git first: git rm -r --cached {path}").into()
            }
            Self::BadName { .. } => "rename it, or name it in .eskerignore".into(),
            Self::NotAFile { found: "directory", path } => {
                format!("see what is in it: esker ls {}", quoted(path)).into()
            }
            Self::NotAFile { .. } => "only files, links and folders can be stored".into(),
            _ => return None,
        })
    }

    /// Of what would lose work, and of work put aside.
    fn hint_of_work(&self) -> Hint {
        Some(match self {
            Self::NoSuchStash { count: 0, .. } => "put work aside: esker stash push".into(),
            Self::NoSuchStash { .. } | Self::NotAStash { .. } => "see all: esker stash list".into(),
            Self::StashConflicts { stash, .. } => format!(
                "nothing was changed; bring it back where it was made: \
                     esker switch --detach {stash}^ && esker stash pop {stash}"
            )
            .into(),
            Self::NotPutAside { .. } => {
                "put them aside too: esker stash push --include-untracked".into()
            }
            Self::ChangedMeanwhile { .. } => "see what is there: esker status".into(),
            Self::WouldOverwrite { .. } => {
                "save them first: esker add -A && esker commit; or drop them with --force".into()
            }
            Self::OthersThere { .. } => {
                "replace them: repeat the command with --force; or choose another place: -o DIR"
                    .into()
            }
            Self::MovedMeanwhile { .. } => {
                "see how it is now: esker status; then run the command again".into()
            }
            _ => return None,
        })
    }

    /// Of commits, and of merges and their like that wait to be finished.
    fn hint_of_commits(&self) -> Hint {
        Some(match self {
            Self::AuthorMissing => "esker config --global user.name \"Your Name\" && \
                 esker config --global user.email you@example.org"
                .into(),
            Self::NothingToCommit => "commit without a change: esker commit --allow-empty".into(),
            Self::NothingStaged => {
                "stage all changes first: esker add -A, or use esker commit -a".into()
            }
            Self::EmptyMessage => "say what changed: esker commit -m \"what changed\"".into(),
            Self::InTheWay { .. } => {
                "save them first: esker add -A && esker commit; or put them aside: esker stash"
                    .into()
            }
            Self::InProgress { verb } => {
                format!("finish it: esker {verb} --continue; or give it up: esker {verb} --abort")
                    .into()
            }
            Self::NotInProgress { .. } => "see where things stand: esker status".into(),
            Self::OpenConflicts { paths, .. } => {
                let path = quoted(paths.first().map_or("PATH", |path| path));
                format!(
                    "take a side: esker checkout --theirs -- {path} (or --ours); or edit it, then: \
                     esker add {path}"
                )
                .into()
            }
            Self::NotFastForward { name } => {
                format!("merge it: esker merge {}", quoted(name)).into()
            }
            Self::Unrelated { name } => {
                let name = quoted(name);
                format!("if that is meant: esker merge --allow-unrelated-histories {name}").into()
            }
            _ => return None,
        })
    }

    /// Of the repository and what it stores.
    fn hint_of_stored(&self) -> Hint {
        Some(match self {
            Self::NoRepository { .. } => "make one: esker init".into(),
            Self::NewerFormat { .. } => "install a newer esker; nothing was changed".into(),
            Self::Worktree { hint, .. } => (*hint).into(),
            Self::Store { hint, .. } => hint.clone().into(),
            Self::IsEmptyRepository => {
                "make the first one: esker add . && esker commit -m \"first version\"".into()
            }
            Self::Forgotten { .. } => {
                "see which commits have theirs: esker log --oneline; or clone them from a remote"
                    .into()
            }
            Self::Damaged { .. } => "see what is affected: esker fsck".into(),
            Self::NeedsRebuild { .. } => "make it anew: esker fsck --rebuild".into(),
            Self::Locked { .. } => "wait until it is done, then run the command again".into(),
            _ => return None,
        })
    }

    /// Of what is elsewhere.
    fn hint_of_remotes(&self) -> Hint {
        Some(match self {
            Self::DamagedThere { .. } => {
                "see what is affected: esker fsck --remote, in a repository that has the remote"
                    .into()
            }
            Self::NotHere { .. } | Self::Offline { .. } => {
                "run the command again without --offline".into()
            }
            Self::Shallow { .. } => "fetch it: esker fetch --unshallow".into(),
            Self::PromiseBroken { .. } => {
                "push them again from a clone that has them: esker push".into()
            }
            Self::Remote { hint, .. } => return hint.clone().map(Into::into),
            _ => return None,
        })
    }

    /// Of the system, settings and the request itself.
    fn hint_of_rest(&self) -> Hint {
        Some(match self {
            Self::BadDate { .. } => "write it as 2024-05-31T14:00:00Z or 2024-05-31 14:00".into(),
            Self::Pin(pin) => return Some(pin.hint()),
            Self::Unread { .. } => "mend what is named, then run the command again".into(),
            Self::Full { .. } => "free some space, then run the command again: it goes on".into(),
            Self::ReadOnly { .. } => "nothing can be written there; work in a copy".into(),
            Self::Permission { .. } => "check its owner and mode: ls -ld".into(),
            Self::Interrupted => "nothing is lost; run the command again to go on".into(),
            Self::Config { .. } => {
                "see where each setting comes from: esker config --show-origin".into()
            }
            Self::Usage { hint, .. } => return hint.clone().map(Into::into),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check how it is spelled: ls".into()
            }
            Self::Io { source, .. } if is_too_many(source) => {
                "allow more open files: ulimit -n 4096; then run the command again".into()
            }
            Self::Io { .. } => {
                "nothing stored is lost; once that works, run the command again".into()
            }
            _ => return None,
        })
    }
}

/// Whether the system has no more descriptors for this process, or for any.
fn is_too_many(e: &io::Error) -> bool {
    use rustix::io::Errno;
    cfg!(unix) && matches!(Errno::from_io_error(e), Some(Errno::MFILE | Errno::NFILE))
}
