use esker::ops::Context;
use esker::ops::ls_remote::{self, LsRemoteOptions};

use crate::cli::help::after_help;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// List the branches and tags of a remote
#[derive(Debug, clap::Args)]
#[command(name = "ls-remote", after_long_help = after_help!(
    "esker ls-remote" "esker ls-remote s3://bucket/weather";
    " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// A remote's name or a location; origin by default
    remote: Option<String>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = ls_remote::run(context, &LsRemoteOptions { remote: self.remote })?;
        ui.result(&outcome, remotes::refs)?;
        Ok(Exit::Done)
    }
}
