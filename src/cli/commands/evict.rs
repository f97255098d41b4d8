use esker::ops::Context;
use esker::ops::evict::{self, EvictOptions};

use crate::cli::help::after_help;
use crate::cli::render::upkeep;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Let go of data here that a remote has
///
/// Takes files off this disk, and all their versions out of this repository, as far as the remote was seen
/// to have them; every version names them as before, and they are fetched again when they are wanted. First
/// the remote is made to keep the commit, whatever becomes of its branches. Files that were changed stay.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker evict images/2023" "esker evict -n ." "esker evict --keep-files models";
    "  4" "a merge or the like is under way", "  5" "data on the remote is damaged", " 10" "no repository"
    , " 11" "the repository is locked by another process"
    , " 12" "the remote refused, cannot be reached, or has not what is to go"
))]
pub struct Args {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// The remote that must have it; the branch's own, or origin, by default
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,

    /// Leave the files on disk; only the repository's copy goes
    #[arg(long)]
    keep_files: bool,

    /// Only say what would go
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { paths, remote, keep_files, dry_run } = self;
        let outcome = evict::run(context, &EvictOptions { paths, remote, keep_files, dry_run })?;
        ui.summary(&outcome, |out, _, outcome| upkeep::evict(out, outcome))?;
        Ok(Exit::Done)
    }
}
