use esker::ops::Context;
use esker::ops::push::{self, PushOptions};

use crate::cli::help::after_help;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Send commits to a remote
///
/// Sends what the remote lacks and nothing that the pushed branches do not reach, then moves them, all
/// or none. Anyone may push at the same time: whoever comes second is told, or goes on by itself where
/// nothing is in the way. A push that was stopped goes on when it is run again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker push" "esker push origin main v1" "esker push -u origin HEAD"
    "esker push --delete origin old-branch" "esker push -n" "esker push --resume";
    " 10" "no repository", " 11" "another push from here is under way"
    , " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// The remote; the branch's own, or origin, by default
    remote: Option<String>,

    /// Branches, tags, or LOCAL:REMOTE; the current branch by default
    #[arg(value_name = "REF")]
    refs: Vec<String>,

    /// Push all branches
    #[arg(long)]
    all: bool,

    /// Push all tags
    #[arg(long)]
    tags: bool,

    /// Delete the named branches or tags on the remote
    #[arg(short, long, requires = "refs", conflicts_with_all = ["all", "tags"])]
    delete: bool,

    /// Replace what is there, even if commits are left behind
    #[arg(short, long)]
    force: bool,

    /// Replace what is there if it is what was last seen, or REF:REVISION
    #[arg(
        long,
        value_name = "REF[:REVISION]",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with = "force"
    )]
    force_with_lease: Option<String>,

    /// Remember the remote as the branch's own
    #[arg(short = 'u', long)]
    set_upstream: bool,

    /// Go on with the push that was cut short, with the refs that were named then
    #[arg(
        long,
        conflicts_with_all = ["refs", "all", "tags", "delete", "force", "force_with_lease"]
    )]
    resume: bool,

    /// Once it is there, let go of the repository's copy of what HEAD holds; files on disk stay
    #[arg(long, conflicts_with_all = ["dry_run", "delete"])]
    evict: bool,

    /// Only say what would be sent
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = PushOptions {
            remote: self.remote,
            refs: self.refs,
            all: self.all,
            tags: self.tags,
            delete: self.delete,
            force: self.force,
            force_with_lease: self.force_with_lease,
            set_upstream: self.set_upstream,
            resume: self.resume,
            evict: self.evict,
            dry_run: self.dry_run,
        };
        let outcome = push::run(context, &options)?;
        ui.summary(&outcome, remotes::push)?;
        Ok(Exit::Done)
    }
}
