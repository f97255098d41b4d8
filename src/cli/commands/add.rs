use std::io::Read;

use esker::ops::add::{self, AddOptions};
use esker::ops::{Context, OpError};
use esker::progress::Cancel;

use crate::cli::help::after_help;
use crate::cli::render::text;
use crate::cli::report::{Exit, Failure};
use crate::cli::stdin::Stdin;
use crate::cli::ui::Ui;

/// Store changed files and stage them for the next commit
///
/// Reads new and changed files, stores what no file had before, and stages them. Files that have
/// not changed are not read. What .eskerignore names (in the syntax of .gitignore) is left out. An
/// add that was stopped goes on where it was when it is run again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker add ." "esker add -A" "esker add 'images/*.png' labels.csv"
    "curl -s URL | esker add - --name raw/new.csv" "esker add --to origin raw";
    "  3" "done, but some files were skipped; each is named"
    , " 10" "no repository", " 11" "the repository is locked by another process"
    , " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// Files, folders and patterns such as 'data/*.csv'; `-` stores standard input under --name
    #[arg(value_name = "PATH", required_unless_present_any = ["all", "update"])]
    paths: Vec<String>,

    /// Stage every change in the paths (everywhere without one), deletions too
    #[arg(short = 'A', long)]
    all: bool,

    /// Stage changes and deletions of files that are tracked, and no new ones
    #[arg(short, long, conflicts_with = "all")]
    update: bool,

    /// Only say what would be staged
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// In a git checkout: also name the folders in .gitignore
    #[arg(long)]
    git_ignore: bool,

    /// The path under which standard input is stored
    #[arg(long, value_name = "PATH")]
    name: Option<String>,

    /// Store the files on this remote instead of here, a part at a time
    #[arg(long, value_name = "REMOTE", conflicts_with = "name")]
    to: Option<String>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let stdin = self.standard_input(&context.cancel)?;
        let options = AddOptions {
            paths: if stdin.is_some() { Vec::new() } else { self.paths },
            all: self.all,
            update: self.update,
            dry_run: self.dry_run,
            git_ignore: self.git_ignore,
            stdin_name: self.name,
            to: self.to,
        };
        let outcome = add::run(context, &options, stdin)?;
        ui.summary(&outcome, text::add)?;
        Ok(ui.skipped(&outcome.skipped))
    }

    fn standard_input(&self, cancel: &Cancel) -> Result<Option<Box<dyn Read + Send>>, OpError> {
        let message = match (self.paths.iter().any(|path| path == "-"), &self.name) {
            (true, Some(_)) if self.paths.len() == 1 => {
                return Ok(Some(Box::new(Stdin::new(cancel))));
            }
            (true, Some(_)) => "standard input cannot be added together with paths",
            (true, None) => "standard input needs a name to be stored under",
            (false, Some(_)) => "a name is for standard input only",
            (false, None) => return Ok(None),
        };
        let hint = Some("name it: esker add - --name raw/new.csv".to_string());
        Err(OpError::Usage { message: message.to_string(), hint })
    }
}
