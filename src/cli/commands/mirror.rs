use esker::ops::Context;
use esker::ops::mirror::{self, MirrorOptions};

use crate::cli::help::after_help;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Bring one remote up to what another one has
///
/// Sends everything that branches, tags and keeps of FROM reach and TO lacks, then moves the refs of TO, all
/// or none. Data is streamed: nothing of it is stored here, and no clone is needed. A run that was stopped
/// goes on when it is run again. A branch of TO that has other commits is never replaced without --force.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker mirror origin nas" "esker mirror -n origin nas"
    "esker mirror s3://bucket/weather /mnt/nas/weather";
    " 11" "the same mirror is being made by another process"
    , " 12" "a remote refused or cannot be reached"
))]
pub struct Args {
    /// The remote to read: its name, s3://bucket/prefix or a path
    from: String,

    /// The remote to write, likewise
    to: String,

    /// Replace what is there, even if commits are left behind
    #[arg(short, long)]
    force: bool,

    /// Delete branches and tags there that FROM has not; keeps stay
    #[arg(long)]
    prune: bool,

    /// Only say what would be sent
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { from, to, force, prune, dry_run } = self;
        let outcome = mirror::run(context, &MirrorOptions { from, to, force, prune, dry_run })?;
        ui.summary(&outcome, remotes::mirror)?;
        Ok(Exit::Done)
    }
}
