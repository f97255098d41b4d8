use std::path::PathBuf;

use esker::ops::hash::{self, HashOptions};
use esker::ops::{Context, find_target};

use crate::cli::help::after_help;
use crate::cli::location::At;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Print the id of a file or folder, without a repository
///
/// The id depends on names and content alone and is the one that add and commit give. That of a file
/// is what b3sum prints. Of a location, URL[@REV][:PATH], it is looked up: no file is read.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker hash images" "test $(esker hash images) = $(esker hash s3://bucket/set@v1:images)";
    "  3" "some files could not be read: the id is not that of the whole folder",
    " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// A file or folder, or a location
    #[arg(value_name = "PATH|URL[@REV][:PATH]")]
    path: PathBuf,

    /// Take in what .eskerignore names
    #[arg(long)]
    no_ignore: bool,

    #[command(flatten)]
    at: At,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let text = self.path.to_str();
        let options = match text.and_then(|text| find_target(context, text, &self.at.flags())) {
            Some(found) => HashOptions {
                at: Some(found.place),
                revision: found.revision,
                path: found.path.unwrap_or_default().into(),
                no_ignore: false,
            },
            None => {
                let (path, no_ignore) = (self.path, self.no_ignore);
                HashOptions { path, no_ignore, ..HashOptions::default() }
            }
        };
        let outcome = hash::run(context, &options)?;
        ui.result(&outcome, |out, _, outcome| writeln!(out, "{}", outcome.id))?;
        Ok(ui.skipped(&outcome.skipped))
    }
}
