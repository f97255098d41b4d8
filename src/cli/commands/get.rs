use std::path::PathBuf;

use esker::ops::get::{self, GetOptions, LockedOptions};
use esker::ops::{Context, OpError, target};

use crate::cli::help::after_help;
use crate::cli::location::At;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Get a file or folder of a remote, without a clone
///
/// Only what is asked for is read, and each file is verified before it appears under its name. Files that
/// are there already and right are kept, so that a get that was stopped goes on when it is run again.
///
/// With --locked it brings what esker.lock pins, all or what is named, and makes it exactly that: files of
/// an earlier pin that nobody touched are replaced or removed. Where all is there already, nothing is asked
/// of a remote.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker get s3://bucket/weather@v1:images -o images" "esker get /mnt/nas/weather:labels.csv"
    "esker get origin@main~2:labels.csv -o old.csv" "esker get --locked" "esker get --locked data/images";
    "  4" "other files are there already", "  5" "data on the remote is damaged",
    " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// A location or the name of a remote, with a revision (main by default) and a path (all by default);
    /// with --locked, where pins go
    #[arg(value_name = "URL[@REV][:PATH]", required_unless_present = "locked")]
    what: Vec<String>,

    /// Get what esker.lock pins
    #[arg(long, conflicts_with_all = ["output", "at_rev", "at_path"])]
    locked: bool,

    /// Where it goes; by default a file or folder of the same name
    #[arg(short, long, value_name = "DEST")]
    output: Option<PathBuf>,

    /// Replace files there that differ
    #[arg(short, long)]
    force: bool,

    #[command(flatten)]
    at: At,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.locked {
            let options = LockedOptions { pins: self.what, force: self.force };
            let outcome = get::locked(context, &options)?;
            ui.summary(&outcome, remotes::get)?;
            ui.warnings(&outcome.warnings);
            return Ok(Exit::Done);
        }
        let [location] = self.what.as_slice() else {
            return Err(Failure::Op(OpError::Usage {
                message: "one location at a time".to_string(),
                hint: Some("run it once for each: esker get URL@REV:PATH -o DEST".to_string()),
            }));
        };
        let found = target(context, location, &self.at.flags());
        let options = GetOptions {
            place: found.place,
            revision: found.revision,
            path: found.path,
            dest: self.output,
            force: self.force,
        };
        let outcome = get::run(context, &options)?;
        ui.summary(&outcome, remotes::get)?;
        Ok(Exit::Done)
    }
}
