use esker::ops::Context;
use esker::ops::status::{self, StatusOptions};

use crate::cli::help::after_help;
use crate::cli::render::status::{long, short};
use crate::cli::report::{Exit, Failure};
use crate::cli::term::Palette;
use crate::cli::ui::Ui;

/// Show what changed since the last commit
///
/// Lists what the next commit would hold, what has changed since it was staged, and what is not
/// tracked. Reads only files whose size, time or inode changed. With -q nothing is printed: the exit
/// code says whether anything differs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker status" "esker status --porcelain images" "esker status -q || echo changed"
    "esker status --remotes";
    "  1" "with -q: something differs"
    , "  3" "done, but some files could not be read; each is named"
    , "  9" "with -q: failed"
    , " 10" "no repository"
))]
pub struct Args {
    /// Only these files and folders, or what patterns such as 'data/*.csv' match
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// Print two letters and the path, one line a file, as git does
    #[arg(short, long)]
    short: bool,

    /// Like --short, without colours; the format stays the same for scripts
    #[arg(long, conflicts_with = "short")]
    porcelain: bool,

    /// Also tell which remotes have what, and what is only here; no remote is asked
    #[arg(long, conflicts_with_all = ["short", "porcelain"])]
    remotes: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome =
            status::run(context, &StatusOptions { paths: self.paths, remotes: self.remotes })?;
        ui.summary(&outcome, |out, palette, outcome| match (self.porcelain, self.short) {
            (true, _) => short(out, &Palette::default(), outcome),
            (_, true) => short(out, palette, outcome),
            _ => long(out, palette, outcome),
        })?;
        if ui.quiet && !outcome.clean {
            return Ok(Exit::No);
        }
        Ok(ui.skipped(&outcome.skipped))
    }
}
