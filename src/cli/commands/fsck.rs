use std::path::PathBuf;

use esker::ops::Context;
use esker::ops::fsck::{self, FsckOptions};
use esker::ops::remote_fsck::{self, RemoteFsckOptions};

use crate::cli::help::after_help;
use crate::cli::render::{remotes, text};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Prove that every version is there and whole
///
/// Follows every branch, tag and the stage through commits and folders down to the place of each chunk.
/// With --data or --sample, data is also read and compared with its ids. Each problem is named, with
/// the files that need what is damaged.
///
/// With --remote it is a remote that is checked: that every key it names is there, that everything its
/// branches, tags and keeps reach is listed, and with --data or --sample that bytes are what they must be.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker fsck" "esker fsck --data" "esker fsck --sample 5%" "esker fsck --rebuild"
    "esker fsck --data --repair" "esker fsck --data --from ../backup"
    "esker fsck --remote" "esker fsck --remote nas --sample 5%" "esker fsck --remote --repair";
    "  5" "something is damaged or missing; each problem is named"
    , " 10" "no repository", " 11" "the repository is locked by another process"
    , " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// Check this remote; origin when no name is given
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with_all = ["rebuild", "from"]
    )]
    remote: Option<String>,

    /// Also read all data and compare it with its ids
    #[arg(long)]
    data: bool,

    /// Also read a random part of the data, such as 5%
    #[arg(long, value_name = "N%", value_parser = percent, conflicts_with = "data")]
    sample: Option<f64>,

    /// First make tables, caches and refs anew from the packs and refs.log
    #[arg(long)]
    rebuild: bool,

    /// Store again what is lost and whose files are in the worktree; on a remote: what is here
    #[arg(long)]
    repair: bool,

    /// Store again what is lost and is in the repository in DIR, a clone or a copy of this one
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

impl Args {
    /// The same for the remote of this name, or for the default one.
    pub fn of_remote(self, name: Option<String>) -> Self {
        Self { remote: name.or(self.remote).or(Some(String::new())), ..self }
    }

    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { remote, data, sample: sample_percent, rebuild, repair, from } = self;
        if let Some(name) = remote {
            let remote = Some(name).filter(|name| !name.is_empty());
            let options = RemoteFsckOptions { remote, data, sample_percent, repair };
            let outcome = remote_fsck::run(context, &options)?;
            ui.result(&outcome, remotes::fsck)?;
            return Ok(if outcome.problems.is_empty() { Exit::Done } else { Exit::Damaged });
        }
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
