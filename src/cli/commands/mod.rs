//! The commands: each file holds its arguments, whose texts are the help, and its run.

use clap::Subcommand;
use esker::ops::Context;

use super::report::{Exit, Failure};
use super::ui::Ui;

mod add;
mod branch;
mod cat;
mod check_ignore;
mod checkout;
mod clean;
mod commit;
mod config;
mod demo;
mod fsck;
mod hash;
mod init;
mod log;
mod ls;
mod mv;
mod reflog;
mod reset;
mod restore;
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
    Log(log::Args),
    Show(show::Args),
    Ls(ls::Args),
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
    Hash(hash::Args),
    Stats(stats::Args),
    Fsck(fsck::Args),
    Config(config::Args),
    Demo(demo::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        match self {
            Self::Init(args) => args.run(context, ui),
            Self::Add(args) => args.run(context, ui),
            Self::Status(args) => args.run(context, ui),
            Self::Commit(args) => args.run(context, ui),
            Self::Log(args) => args.run(context, ui),
            Self::Show(args) => args.run(context, ui),
            Self::Ls(args) => args.run(context, ui),
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
            Self::Hash(args) => args.run(context, ui),
            Self::Stats(args) => args.run(context, ui),
            Self::Fsck(args) => args.run(context, ui),
            Self::Config(args) => args.run(context, ui),
            Self::Demo(args) => args.run(context, ui),
        }
    }
}
