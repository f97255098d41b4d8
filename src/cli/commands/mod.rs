//! The commands: each file holds its arguments, whose texts are the help, and its run.

use clap::Subcommand;
use esker::ops::{Context, OpError, split_rev_path};

use super::report::{Exit, Failure};
use super::ui::Ui;

mod add;
mod annotate;
mod branch;
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
mod fetch;
mod find;
mod forget;
mod fsck;
mod gc;
mod generate;
mod hash;
mod help;
mod init;
mod log;
mod ls;
mod ls_remote;
mod merge;
mod mv;
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
mod show;
mod stash;
mod stats;
mod status;
mod switch;
mod tag;

/// Every command, in the order of the help.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(init::Args),
    Add(add::Args),
    Status(status::Args),
    Commit(commit::Args),
    Diff(diff::Args),
    Log(log::Args),
    Show(show::Args),
    Annotate(annotate::Args),
    Ls(ls::Args),
    Du(du::Args),
    Find(find::Args),
    Cat(cat::Args),
    Checkout(checkout::Args),
    Restore(restore::Args),
    Branch(branch::Args),
    Switch(switch::Args),
    Tag(tag::Args),
    Reset(reset::Args),
    Stash(stash::Args),
    Reflog(reflog::Args),
    Rm(rm::Args),
    Mv(mv::Args),
    Clean(clean::Args),
    CheckIgnore(check_ignore::Args),
    Roots(roots::Args),
    Clone(clone::Args),
    Remote(remote::Args),
    Push(push::Args),
    Fetch(fetch::Args),
    Pull(pull::Args),
    LsRemote(ls_remote::Args),
    Merge(merge::Args),
    Revert(revert::Args),
    CherryPick(cherry_pick::Args),
    Hash(hash::Args),
    Stats(stats::Args),
    Fsck(fsck::Args),
    Gc(gc::Args),
    Forget(forget::Args),
    Purge(purge::Args),
    Repack(repack::Args),
    Config(config::Args),
    Demo(demo::Args),
    Doctor(doctor::Args),
    Help(help::Args),
    #[command(hide = true)]
    Complete(complete::Args),
    #[command(hide = true)]
    Generate(generate::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        match self {
            Self::Init(args) => args.run(context, ui),
            Self::Add(args) => args.run(context, ui),
            Self::Status(args) => args.run(context, ui),
            Self::Commit(args) => args.run(context, ui),
            Self::Diff(args) => args.run(context, ui),
            Self::Log(args) => args.run(context, ui),
            Self::Show(args) => args.run(context, ui),
            Self::Annotate(args) => args.run(context, ui),
            Self::Ls(args) => args.run(context, ui),
            Self::Du(args) => args.run(context, ui),
            Self::Find(args) => args.run(context, ui),
            Self::Cat(args) => args.run(context, ui),
            Self::Checkout(args) => args.run(context, ui),
            Self::Restore(args) => args.run(context, ui),
            Self::Branch(args) => args.run(context, ui),
            Self::Switch(args) => args.run(context, ui),
            Self::Tag(args) => args.run(context, ui),
            Self::Reset(args) => args.run(context, ui),
            Self::Stash(args) => args.run(context, ui),
            Self::Reflog(args) => args.run(context, ui),
            Self::Rm(args) => args.run(context, ui),
            Self::Mv(args) => args.run(context, ui),
            Self::Clean(args) => args.run(context, ui),
            Self::CheckIgnore(args) => args.run(context, ui),
            Self::Roots(args) => args.run(context, ui),
            Self::Clone(args) => args.run(context, ui),
            Self::Remote(args) => args.run(context, ui),
            Self::Push(args) => args.run(context, ui),
            Self::Fetch(args) => args.run(context, ui),
            Self::Pull(args) => args.run(context, ui),
            Self::LsRemote(args) => args.run(context, ui),
            Self::Merge(args) => args.run(context, ui),
            Self::Revert(args) => args.run(context, ui),
            Self::CherryPick(args) => args.run(context, ui),
            Self::Hash(args) => args.run(context, ui),
            Self::Stats(args) => args.run(context, ui),
            Self::Fsck(args) => args.run(context, ui),
            Self::Gc(args) => args.run(context, ui),
            Self::Forget(args) => args.run(context, ui),
            Self::Purge(args) => args.run(context, ui),
            Self::Repack(args) => args.run(context, ui),
            Self::Config(args) => args.run(context, ui),
            Self::Demo(args) => args.run(context, ui),
            Self::Doctor(args) => args.run(context, ui),
            Self::Help(args) => args.run(context, ui),
            Self::Complete(args) => args.run(context, ui),
            Self::Generate(args) => args.run(context, ui),
        }
    }
}

/// Revision and path of `REV:PATH`, of `REV PATH`, or of one argument that is either: it stands in the
/// place of the revision.
fn rev_and_path(
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
