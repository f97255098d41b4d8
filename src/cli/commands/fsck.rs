use std::path::PathBuf;

use esker::ops::Context;
use esker::ops::fsck::{self, FsckOptions};

use crate::cli::help::after_help;
use crate::cli::render::text;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Prove that every version is there and whole
///
/// Follows every branch, tag and the stage through commits and folders down to the place of each chunk.
/// With --data or --sample, data is also read and compared with its ids. Each problem is named, with
/// the files that need what is damaged.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker fsck" "esker fsck --data" "esker fsck --sample 5%" "esker fsck --rebuild"
    "esker fsck --data --repair" "esker fsck --data --from ../backup";
    "  5" "something is damaged or missing; each problem is named"
    , " 10" "no repository", " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// Also read all data and compare it with its ids
    #[arg(long)]
    data: bool,

    /// Also read a random part of the data, such as 5%
    #[arg(long, value_name = "N%", value_parser = percent, conflicts_with = "data")]
    sample: Option<f64>,

    /// First make tables, caches and refs anew from the packs and refs.log
    #[arg(long)]
    rebuild: bool,

    /// Store again what is lost and whose files are in the worktree
    #[arg(long)]
    repair: bool,

    /// Store again what is lost and is in the repository in DIR, a clone or a copy of this one
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { data, sample: sample_percent, rebuild, repair, from } = self;
        let options = FsckOptions { data, sample_percent, rebuild, repair, from };
        let outcome = fsck::run(context, &options)?;
        let quiet = ui.quiet;
        ui.result(&outcome, |out, palette, outcome| text::fsck(out, palette, outcome, quiet))?;
        Ok(if outcome.clean { Exit::Done } else { Exit::Damaged })
    }
}

fn percent(text: &str) -> Result<f64, &'static str> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    match number.parse() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent),
        _ => Err("expected a number above 0 and up to 100, such as 5%"),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_lie_above_0_and_up_to_100() {
        assert_eq!(percent("5%"), Ok(5.0));
        assert_eq!(percent("0.5"), Ok(0.5));
        for text in ["0", "101%", "-1", "NaN", "inf", "five", "%"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
