use esker::ops::Context;
use esker::ops::doctor::{self, DoctorOptions};

use crate::cli::help::after_help;
use crate::cli::render::doctor as render;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Print what a report of a fault needs
///
/// Versions, format, what the file system can do, counts, and the last errors: one text to paste. It holds
/// no content, no names of people, no addresses and no environment. Works without a repository, and with
/// a broken one. To check data, use fsck.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!("esker doctor" "esker doctor --json";))]
pub struct Args {}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = doctor::run(context, &DoctorOptions::default())?;
        ui.result(&outcome, render::report)?;
        Ok(Exit::Done)
    }
}
