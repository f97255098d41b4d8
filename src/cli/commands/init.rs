use std::path::PathBuf;

use esker::ops::Context;
use esker::ops::init::{self, InitOptions};

use crate::cli::help::after_help;
use crate::cli::render::text;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Make a repository
///
/// Makes the directory .esker, which holds everything esker keeps, in PATH or the current directory.
/// Needs no account and no server. Running it again changes nothing. Inside a git checkout esker only
/// looks at the folders that `esker add FOLDER` has named.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker init" "esker init photos" "esker init --store /data/store photos";
    " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The folder that holds the data; made if it is missing
    path: Option<PathBuf>,

    /// Keep the packs in this folder, which other repositories of this machine use too
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = init::run(context, &InitOptions { path: self.path, store: self.store })?;
        ui.summary(&outcome, text::init)?;
        if let Some(warning) = &outcome.warning {
            ui.warn(warning);
        }
        Ok(Exit::Done)
    }
}
