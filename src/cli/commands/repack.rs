use esker::ops::Context;
use esker::ops::repack::{self, RepackOptions};

use crate::cli::age;
use crate::cli::help::after_help;
use crate::cli::render::upkeep;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Rewrite the store as if it had been written in one go
///
/// Small packs are folded, data that nothing needs is left out, and small blocks are compressed together,
/// which makes a long history smaller. Other commands may run meanwhile, and none of them waits. It
/// needs as much free space as the packs it rewrites, at most.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker repack --dry-run" "esker repack" "esker repack --level 19 --grace 0" "esker repack --chunker 32K";
    "  5" "something needed is damaged or missing; nothing was changed"
    , " 10" "no repository"
))]
pub struct Args {
    /// Say what would be rewritten, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Compress everything anew at this level, 1 to 22
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=22))]
    level: Option<i32>,

    /// Cut files anew into chunks of this average length: 32K, 256K, 1M
    ///
    /// The shortest chunk is a quarter of it, the longest four times as long; a new repository has 64K.
    /// Shorter chunks find more of what changed little, longer ones are fewer. Ids do not change. All large
    /// files are read; a run that was stopped is finished by the next. Remotes and other clones keep their
    /// chunks, so that the next push to one sends what is cut otherwise there.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    chunker: Option<u32>,

    /// How long packs that held something unneeded stay on disk: 0, 30m, 12h, 14d
    #[arg(long, value_name = "AGE", default_value = "1d", value_parser = age::parse)]
    grace: i64,

    /// How long places that a branch or HEAD has left keep their data
    #[arg(long, value_name = "AGE", default_value = "90d", value_parser = age::parse)]
    reflog: i64,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { dry_run, level, chunker, grace, reflog } = self;
        let (grace_seconds, reflog_seconds) = (grace, reflog);
        let options = RepackOptions { dry_run, level, chunker, grace_seconds, reflog_seconds };
        let outcome = repack::run(context, &options)?;
        ui.result(&outcome, upkeep::repack)?;
        Ok(Exit::Done)
    }
}

/// A length in bytes: a number, with K or M for KiB or MiB.
fn size(text: &str) -> Result<u32, String> {
    let (digits, shift) = match text.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 10),
        None => match text.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, 20),
            None => (text, 0),
        },
    };
    let number: Option<u32> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "expected a size, such as 32K, 256K or 1M".to_owned())
}
