use esker::ops::Context;
use esker::ops::forget::{self, ForgetOptions};

use crate::cli::help::after_help;
use crate::cli::render::upkeep;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Let go of the files of old commits, and keep the commits
///
/// A commit keeps its files if it is one of the newest N of a branch, or of that date or later, and in
/// any case if a branch, tag, stash or HEAD is at it. Of the others `log` still tells everything, but
/// `checkout` and `diff` have nothing to show. Ids do not change. The space comes back with the next
/// `gc`; what lies on remotes stays there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker forget --keep-last 20 --dry-run" "esker forget --before '1 year ago'" "esker gc";
    "  4" "a merge, revert or cherry-pick is under way"
    , " 10" "no repository"
))]
pub struct Args {
    /// Keep the files of the newest N commits of each branch, as `log` orders them
    #[arg(long, value_name = "N", required_unless_present = "before",
          value_parser = clap::value_parser!(u32).range(1..))]
    keep_last: Option<u32>,

    /// Keep the files of commits of this date or later: 2024-01-31, '6 months ago'
    #[arg(long, value_name = "DATE")]
    before: Option<String>,

    /// Say which commits would lose their files, and how many bytes that frees; change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { keep_last, before, dry_run } = self;
        let keep_last = keep_last.map(|count| count as usize);
        let options = ForgetOptions { keep_last, before, dry_run };
        let outcome = forget::run(context, &options)?;
        ui.result(&outcome, upkeep::forget)?;
        Ok(Exit::Done)
    }
}
