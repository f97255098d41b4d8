use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use esker::ops::{Context, OpError};

use crate::cli::args::Cli;
use crate::cli::generate;
use crate::cli::help::after_help;
use crate::cli::report::{Exit, Failure};
use crate::cli::static_completion;
use crate::cli::ui::Ui;

/// Write documents that are made from the help of all commands
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!("esker generate man /tmp/man" "esker generate reference docs/reference";))]
pub struct Args {
    /// Which documents
    kind: Kind,

    /// The folder to write to; made if it is missing
    #[arg(value_name = "DIR")]
    target: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Man pages
    Man,
    /// The pages of docs/reference, in Markdown
    Reference,
    /// The scripts of completions/static
    Completions,
}

impl Args {
    pub fn run(self, context: &Context, _: &mut Ui) -> Result<Exit, Failure> {
        let mut root = Cli::command();
        let pages = match self.kind {
            Kind::Completions => static_completion::pages(&root),
            Kind::Man => {
                root.build();
                generate::man(&root)?
            }
            Kind::Reference => {
                root.build();
                generate::reference(&root)
            }
        };
        let directory = context.start_dir.join(self.target);
        fs::create_dir_all(&directory).map_err(|e| failed(&directory, e))?;
        for (name, bytes) in pages {
            let path = directory.join(name);
            fs::write(&path, bytes).map_err(|e| failed(&path, e))?;
        }
        Ok(Exit::Done)
    }
}

fn failed(path: &Path, source: std::io::Error) -> OpError {
    OpError::Io { op: "write", path: path.to_owned(), source }
}
