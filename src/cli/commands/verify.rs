use esker::ops::Context;
use esker::ops::verify::{self, VerifyOptions, VerifyState};

use crate::cli::help::after_help;
use crate::cli::render::pins;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Check that data on disk is what esker.lock pins
///
/// Asks no remote, unless --remote is given. Files that have not changed since they were read or delivered
/// are not read again, unless --data is given.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker verify --locked" "esker verify --locked --data data/images" "esker verify --locked --remote";
    "  1" "something differs", "  5" "bytes changed in files that nobody wrote to",
    "  9" "it could not be found out"
))]
pub struct Args {
    /// Where the pins go; all pins by default
    #[arg(value_name = "DEST")]
    pins: Vec<String>,

    /// Compare with esker.lock
    #[arg(long, required = true)]
    locked: bool,

    /// Read every byte, also of files that have not changed
    #[arg(long)]
    data: bool,

    /// Ask the remotes whether they have what is pinned, rather than look at the disk
    #[arg(long, conflicts_with = "data")]
    remote: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = VerifyOptions { pins: self.pins, data: self.data, remote: self.remote };
        let outcome = verify::run(context, &options)?;
        ui.summary(&outcome, pins::verified)?;
        Ok(match outcome.state {
            VerifyState::Same => Exit::Done,
            VerifyState::Differs => Exit::No,
            VerifyState::Damaged => Exit::Damaged,
        })
    }
}
