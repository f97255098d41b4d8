use std::path::PathBuf;

use clap::Subcommand;
use esker::ops::Context;
use esker::ops::store::{self, StoreAction};

use crate::cli::help::after_help;
use crate::cli::render::places;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// See which repositories share a store
///
/// `esker init --store DIR` and `esker clone --store DIR` make repositories whose packs lie in one folder:
/// what one has, the others need not store again. `gc` keeps what any of them needs, and condemns nothing
/// as long as one cannot be read. Without a subcommand: list them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker store" "esker store list /data/store" "esker store forget /mnt/old/photos"
    "esker store repair /mnt/new/store";
    " 10" "no repository"
))]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the repositories that use the store
    List {
        /// The store's folder; by default that of the repository here
        dir: Option<PathBuf>,
    },
    /// Keep nothing any more for a repository that is gone for good
    ///
    /// What only it needs goes with the next gc. One that is there is refused.
    Forget {
        /// The repository's folder
        path: PathBuf,

        /// The store's folder; by default that of the repository here
        #[arg(long, value_name = "DIR")]
        store: Option<PathBuf>,

        /// Also one that is there; its next command makes it known again, and a gc before that takes its data
        #[arg(short, long)]
        force: bool,
    },
    /// Let the repository here find its store after that was moved
    Repair {
        /// Where the store is now
        dir: PathBuf,
    },
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let action = match self.action {
            None => StoreAction::List { dir: None },
            Some(Action::List { dir }) => StoreAction::List { dir },
            Some(Action::Forget { path, store, force }) => {
                StoreAction::Forget { path, dir: store, force }
            }
            Some(Action::Repair { dir }) => StoreAction::Repair { dir },
        };
        let outcome = store::run(context, &action)?;
        ui.result(&outcome, places::store)?;
        Ok(Exit::Done)
    }
}
