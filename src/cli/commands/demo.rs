use std::io::Write;
use std::path::PathBuf;

use esker::ops::Context;
use esker::ops::demo::{self, DemoOptions};
use esker::path::escape;

use crate::cli::help::after_help;
use crate::cli::render::{json, text};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Show in a minute what esker does, on data it makes
///
/// Makes a dataset in a temporary folder, takes it through versions and back, verifies every byte, and
/// says what each step cost.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker demo" "esker demo --keep /tmp/esker-demo";
))]
pub struct Args {
    /// An empty or missing folder to work in
    dir: Option<PathBuf>,

    /// Leave the folder there at the end
    #[arg(long)]
    keep: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = DemoOptions { dir: self.dir, keep: self.keep };
        let mut written = Ok(());
        let outcome = demo::run(context, &options, &mut |step| {
            ui.stop_progress();
            let palette = ui.palette;
            let result = match (ui.json, ui.quiet) {
                (true, _) => json::document(&mut ui.out, &step),
                (_, true) => Ok(()),
                _ => text::demo_step(&mut ui.out, &palette, &step),
            };
            // Each step is seen when it is done, not at the end.
            let result = result.and_then(|()| ui.out.flush());
            if written.is_ok() {
                written = result;
            }
        })?;
        written?;
        ui.summary(&outcome, |out, _, outcome| {
            let dir = outcome.dir.display().to_string();
            match (outcome.ok, self.keep) {
                (true, true) => writeln!(out, "All steps done. Look around in {}", escape(&dir)),
                (true, false) => writeln!(out, "All steps done."),
                (false, _) => writeln!(out, "A step did not give what it promised, see above."),
            }
        })?;
        Ok(if outcome.ok { Exit::Done } else { Exit::No })
    }
}
