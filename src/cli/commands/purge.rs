use esker::ops::Context;
use esker::ops::purge::{self, PurgeOptions};

use crate::cli::help::after_help;
use crate::cli::render::upkeep;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Take files out of every version, as if they had never been added
///
/// For what must not be kept: personal data, secrets, a huge file added by mistake. Every commit that had
/// the files, and every commit after one, gets a new id; branches, tags, stashes and pins follow, and are
/// listed. Whoever pinned an old id must pin the new one. Files on disk are left alone. The data leaves the
/// disk with the next `gc`, as soon as no branch of a remote leads to it. Remotes keep theirs until they are
/// replaced with `push --force`, `remote keeps` has no keep of it, and they are collected with
/// `gc --remote --exact`; other clones keep theirs, too.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker purge --dry-run data/private.csv" "esker purge data/private.csv"
    "esker purge 8e4c7c1b99dbfd50e7a95185fead5ee1448fa904a2fdd778eaf5f2dbfd629a99";
    "  1" "no version has such a file; nothing was changed"
    , "  4" "a merge, revert, cherry-pick or checkout is unfinished"
    , " 10" "no repository"
))]
pub struct Args {
    /// Files and folders by their paths or patterns such as 'data/*.csv', or contents by their full ids
    #[arg(value_name = "PATH|ID", required = true)]
    targets: Vec<String>,

    /// Say what would get another id, and how many bytes that frees; change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { targets, dry_run } = self;
        let outcome = purge::run(context, &PurgeOptions { targets, dry_run })?;
        ui.result(&outcome, upkeep::purge)?;
        Ok(Exit::Done)
    }
}
