//! The commands: each file holds its arguments, whose texts are the help, and its run.

use clap::{Args as _, Subcommand};
use esker::ops::{Context, OpError, split_rev_path};

use super::report::{Exit, Failure};
use super::ui::Ui;

mod add;
mod annotate;
mod branch;
mod cache_key;
mod cat;
mod check_ignore;
mod checkout;
mod cherry_pick;
mod clean;
mod clone;
mod commit;
mod complete;
mod config;
mod demo;
mod diff;
mod doctor;
mod du;
mod evict;
mod fetch;
mod find;
mod forget;
mod fsck;
mod gc;
mod generate;
mod get;
mod hash;
mod help;
mod init;
mod log;
mod ls;
mod ls_remote;
mod merge;
mod mirror;
mod mv;
mod pin;
mod pull;
mod purge;
mod push;
mod reflog;
mod remote;
mod repack;
mod reset;
mod restore;
mod revert;
mod rm;
mod roots;
mod sequence;
mod show;
mod sparse;
mod stash;
mod stats;
mod status;
mod store;
mod switch;
mod tag;
mod update;
mod verify;
mod worktree;

/// From one list, in the order of the help: what verbs are for, the enum, its run, and the definition of
/// one command alone.
macro_rules! commands {
    ($($group:literal {
        $($(#[$attribute:meta])* $variant:ident: $module:ident = $name:literal,)*
    })*) => {
        /// Every command.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(
                $(#[$attribute])*
                #[command(name = $name)]
                $variant($module::Args),
            )*)*
        }

        /// What commands are for, and those that are; in the order of the help.
        pub const GROUPS: &[(&str, &[&str])] = &[$(($group, &[$($name),*])),*];

        impl Command {
            /// Adds the definition of this command alone, if there is such a command.
            pub fn define(root: clap::Command, name: &str) -> Option<clap::Command> {
                let command = match name {
                    $($($name => $module::Args::augment_args(clap::Command::new($name)),)*)*
                    _ => return None,
                };
                Some(root.subcommand(command))
            }

            /// Runs the command.
            pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
                match self {
                    $($(Self::$variant(args) => args.run(context, ui),)*)*
                }
            }
        }
    };
}

commands! {
    "Start" {
        Init: init = "init",
        Clone: clone = "clone",
        Demo: demo = "demo",
    }
    "Record" {
        Add: add = "add",
        Rm: rm = "rm",
        Mv: mv = "mv",
        Commit: commit = "commit",
        Roots: roots = "roots",
        Sparse: sparse = "sparse",
    }
    "Look" {
        Status: status = "status",
        Diff: diff = "diff",
        Log: log = "log",
        Show: show = "show",
        Annotate: annotate = "annotate",
        Ls: ls = "ls",
        Cat: cat = "cat",
        Du: du = "du",
        Find: find = "find",
        CheckIgnore: check_ignore = "check-ignore",
        Hash: hash = "hash",
        Stats: stats = "stats",
    }
    "Branch" {
        Branch: branch = "branch",
        Switch: switch = "switch",
        Checkout: checkout = "checkout",
        Tag: tag = "tag",
        Merge: merge = "merge",
        CherryPick: cherry_pick = "cherry-pick",
        Worktree: worktree = "worktree",
    }
    "Undo" {
        Restore: restore = "restore",
        Reset: reset = "reset",
        Revert: revert = "revert",
        Stash: stash = "stash",
        Clean: clean = "clean",
        Reflog: reflog = "reflog",
    }
    "Share" {
        Remote: remote = "remote",
        Push: push = "push",
        Fetch: fetch = "fetch",
        Pull: pull = "pull",
        LsRemote: ls_remote = "ls-remote",
        Mirror: mirror = "mirror",
        Get: get = "get",
        Pin: pin = "pin",
        Update: update = "update",
        Verify: verify = "verify",
        CacheKey: cache_key = "cache-key",
    }
    "Upkeep" {
        Fsck: fsck = "fsck",
        Gc: gc = "gc",
        Evict: evict = "evict",
        Repack: repack = "repack",
        Forget: forget = "forget",
        Purge: purge = "purge",
        Store: store = "store",
        Config: config = "config",
        Doctor: doctor = "doctor",
        Help: help = "help",
    }
    "Hidden" {
        #[command(hide = true)] Complete: complete = "complete",
        #[command(hide = true)] Generate: generate = "generate",
    }
}

impl Command {
    /// Whether the system may end it at any moment with nothing left behind: it reads, or it moves a ref
    /// or a setting, which happens at once.
    pub fn may_be_ended(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::Diff(_)
                | Self::Log(_)
                | Self::Show(_)
                | Self::Annotate(_)
                | Self::Ls(_)
                | Self::Du(_)
                | Self::Find(_)
                | Self::Cat(_)
                | Self::Branch(_)
                | Self::Tag(_)
                | Self::Reflog(_)
                | Self::CheckIgnore(_)
                | Self::Roots(_)
                | Self::Stats(_)
                | Self::Config(_)
                | Self::Help(_)
                | Self::Complete(_)
        )
    }
}

/// Revision and path of `REV:PATH`, of `REV PATH`, or of one argument that is either: it stands in the
/// place of the revision.
pub fn rev_and_path(
    what: Option<&str>,
    path: Option<&str>,
) -> Result<(Option<String>, Option<String>), OpError> {
    let text = what.unwrap_or_default();
    let (revision, path) = match (split_rev_path(text), path) {
        // `:PATH` names no revision.
        ((None, Some(what)), path) if !text.starts_with(':') => (Some(what), path),
        ((revision, path), None) | ((revision, None), path) => (revision, path),
        _ => {
            return Err(OpError::Usage {
                message: "a path was given twice".to_string(),
                hint: Some("write it once, as REV:PATH".to_string()),
            });
        }
    };
    Ok((revision.map(str::to_string), path.map(str::to_string)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_two_arguments_name_revision_and_path() {
        let split = |what: &str, path: Option<&str>| {
            let what = Some(what).filter(|what| !what.is_empty());
            rev_and_path(what, path).expect("good usage")
        };
        let some = |text: &str| Some(text.to_string());
        assert_eq!(split("", None), (None, None));
        assert_eq!(split("main", None), (some("main"), None));
        assert_eq!(split("main:a/b", None), (some("main"), some("a/b")));
        assert_eq!(split("main:", Some("a")), (some("main"), some("a")));
        assert_eq!(split("main", Some("a")), (some("main"), some("a")));
        assert_eq!(split(":a", None), (None, some("a")));
        assert!(rev_and_path(Some("main:a"), Some("b")).is_err());
    }
}
