use esker::ops::Context;
use esker::ops::fetch::{self, FetchOptions};

use crate::cli::help::after_help;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Bring commits from a remote
///
/// Brings what branches and tags of the remote reach and moves origin/main and its like; the worktree
/// and your own branches stay as they are. Data that is here already is not read again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker fetch" "esker fetch origin main" "esker fetch --prune" "esker fetch -n";
    "  5" "data on the remote is damaged", " 10" "no repository"
    , " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// The remote; the branch's own, or origin, by default
    remote: Option<String>,

    /// Branches and tags; all by default
    #[arg(value_name = "REF")]
    refs: Vec<String>,

    /// Forget branches that are gone from the remote
    #[arg(short, long)]
    prune: bool,

    /// Bring the history that `clone --depth` left out, too
    #[arg(long, conflicts_with = "dry_run")]
    unshallow: bool,

    /// Bring all files of all versions that are not here: the clone is whole then
    #[arg(long)]
    all_data: bool,

    /// Only say what would be brought
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { remote, refs, prune, unshallow, all_data, dry_run } = self;
        let options = FetchOptions { remote, refs, prune, dry_run, unshallow, all_data };
        let outcome = fetch::run(context, &options)?;
        ui.summary(&outcome, remotes::fetch)?;
        Ok(Exit::Done)
    }
}
