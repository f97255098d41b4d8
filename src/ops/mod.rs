//! The verbs: options in, outcome out. Nothing here prints, and no verb calls another.
//!
//! Each module has an `XOptions`, an `XOutcome` and a `run` that takes a [`Context`]: everything a
//! verb may know of the process it runs in. Outcomes serialise to the documents that `--json`
//! prints; ids become hexadecimal text.

use std::path::PathBuf;
use std::sync::Arc;

use crate::progress::{Cancel, Progress};

pub mod accept_history;
pub mod add;
mod add_to;
pub mod annotate;
pub mod branch;
mod bring;
pub mod cache_key;
pub mod cat;
mod change;
pub mod check_ignore;
pub mod checkout;
pub mod cherry_pick;
pub mod clean;
pub mod clone;
pub mod commit;
pub mod complete;
pub mod config;
mod connect;
mod context;
mod convert;
pub mod demo;
mod desk;
pub mod diff;
pub mod doctor;
pub mod du;
mod encode;
mod error;
pub mod evict;
mod evicting;
pub mod fetch;
pub mod find;
pub mod forget;
pub mod fsck;
pub mod gc;
pub mod get;
pub mod hash;
mod head;
pub mod init;
mod integrate;
mod joining;
mod keeping;
pub mod keeps;
mod listing;
mod locate;
mod locked;
pub mod log;
mod loose;
pub mod ls;
pub mod ls_remote;
pub mod merge;
pub mod mirror;
pub mod mv;
mod names;
mod part;
mod person;
pub mod pin;
mod plans;
pub mod pull;
pub mod purge;
pub mod push;
mod ref_line;
pub mod reflog;
mod refspec;
pub mod remote;
pub mod remote_fsck;
pub mod remote_gc;
pub mod repack;
mod replay;
pub mod reset;
pub mod restore;
pub mod revert;
pub mod rm;
pub mod roots;
mod sending;
mod sequence;
mod sharing;
pub mod show;
mod similar;
mod source;
pub mod sparse;
mod starts;
pub mod stash;
pub mod stats;
pub mod status;
pub mod store;
mod supply;
pub mod switch;
pub mod tag;
mod there;
pub mod update;
mod upkeep;
pub mod verify;
mod whereabouts;
pub mod worktree;

pub use crate::date::Now;
pub use bring::Brought;
pub use change::{Change, ChangeKind, Skipped};
pub use error::{ErrorKind, OpError, PinError};
pub use head::LeftBehind;
pub use integrate::{ConflictEntry, MadeCommit, MergeOutcome, MergeResult};
pub use listing::{ChangeTotals, FileChange, FileState, Patch};
pub use names::DeletedRef;
pub use part::SparseCounts;
pub use plans::LostWork;
pub use ref_line::{RefChange, RefLine};
pub use sharing::SharedBy;
pub use similar::similar;
pub use supply::FetchedData;
pub use there::{LocationFlags, RemoteCost, RemotePlace, Target, find_target, target};
pub use upkeep::{KeptBy, UnseenRepository};
pub use whereabouts::{Amount, RemoteWhereabouts, Whereabouts};

/// What a verb knows of the process it runs in.
#[derive(Clone)]
pub struct Context {
    /// Where the verb starts to look for a repository; paths given by a person are relative to it.
    pub start_dir: PathBuf,
    /// The repository's `.esker`, where it is not to be searched for.
    pub esker_dir: Option<PathBuf>,
    /// Environment variables that settings and defaults come from.
    pub env: Vec<(String, String)>,
    /// Settings given for this run only, as key and value.
    pub flags: Vec<(String, String)>,
    /// The time that new commits and reflog entries carry.
    pub now: Now,
    /// Told how the work moves.
    pub progress: Arc<dyn Progress>,
    /// Asks the work to stop.
    pub cancel: Cancel,
    /// How many threads work at once; 0 for as many as there are cores.
    pub threads: usize,
    /// Ask no remote for anything.
    pub offline: bool,
}

impl Context {
    /// The value of an environment variable that was handed in.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Splits `REV:path` at its first `:` outside `@{…}` and `^{…}`; without one, all of it is the path.
/// `:/TEXT` is a revision and never has a path.
///
/// An empty side is `None`: no revision stands for HEAD, no path for the root.
pub fn split_rev_path(text: &str) -> (Option<&str>, Option<&str>) {
    let (revision, path) = match revision_end(text) {
        _ if text.starts_with(MESSAGE) => (text, ""),
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => ("", text),
    };
    (Some(revision).filter(|r| !r.is_empty()), Some(path).filter(|p| !p.is_empty()))
}

/// Begins a revision that is found by its message, and ends with the text.
const MESSAGE: &str = ":/";

/// Whether a text is `REV:path`, not a revision alone.
fn has_path(text: &str) -> bool {
    !text.starts_with(MESSAGE) && revision_end(text).is_some()
}

fn revision_end(text: &str) -> Option<usize> {
    let mut in_braces = false;
    text.char_indices().find_map(|(at, c)| {
        match c {
            '{' if text[..at].ends_with(['@', '^']) => in_braces = true,
            '}' => in_braces = false,
            _ => {}
        }
        (c == ':' && !in_braces).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::split_rev_path;

    #[test]
    fn revision_and_path_split_at_the_first_colon() {
        assert_eq!(split_rev_path("main:a/b"), (Some("main"), Some("a/b")));
        assert_eq!(split_rev_path("main:a:b"), (Some("main"), Some("a:b")));
        assert_eq!(split_rev_path("main:"), (Some("main"), None));
        assert_eq!(split_rev_path(":a"), (None, Some("a")));
        assert_eq!(split_rev_path("a/b"), (None, Some("a/b")));
        assert_eq!(
            split_rev_path("main@{2024-01-01 10:00}:a"),
            (Some("main@{2024-01-01 10:00}"), Some("a"))
        );
        assert_eq!(split_rev_path("main^{/a: b}:c"), (Some("main^{/a: b}"), Some("c")));
        assert_eq!(split_rev_path(":/a: b"), (Some(":/a: b"), None));
        assert_eq!(split_rev_path(""), (None, None));
    }
}
