use std::ops::ControlFlow;

use esker::ops::Context;
use esker::ops::diff::{self, DiffOptions, DiffOutcome};

use crate::cli::help::after_help;
use crate::cli::render::{diff as render, json};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::{Stream, Ui};

/// Show what differs between versions, the stage and the worktree
///
/// Without a revision: what was changed in the worktree and not added yet; with --staged: what the
/// next commit would change. One revision is compared with the worktree, two with each other; A..B is
/// A and B, A...B is B and where it left A. Two versions are compared by their ids: the cost lies in
/// what differs, and no file is read but for the lines of texts. Texts are files without a NUL byte
/// near the start; those up to 1 MiB are compared line by line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker diff" "esker diff --staged --stat" "esker diff v1 v2 -- labels.csv"
    "esker diff --md main...new-photos" "esker diff -q v1 || echo changed";
    "  1" "with -q or --exit-code: something differs"
    , "  3" "done, but some files could not be read; each is named"
    , "  5" "data is damaged"
    , "  9" "with -q: failed"
    , " 10" "no repository"
))]
pub struct Args {
    /// Up to two revisions or one range, then files and folders
    #[arg(value_name = "REV|PATH")]
    args: Vec<String>,

    /// Only these files and folders, or what patterns such as 'data/*.csv' match
    #[arg(value_name = "PATH", last = true)]
    paths: Vec<String>,

    /// Compare with what is staged instead of the worktree
    #[arg(long, visible_alias = "cached")]
    staged: bool,

    /// How each change is shown
    #[command(flatten)]
    form: Form,

    /// Show N unchanged lines around changed ones
    #[arg(short = 'U', long = "unified", value_name = "N", default_value_t = 3)]
    context: u32,

    /// Show what moved as removed and added
    #[arg(long)]
    no_renames: bool,

    /// Exit with 1 when something differs, besides printing it
    #[arg(long)]
    exit_code: bool,
}

/// The forms of a change; lines of texts unless another is asked for.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(multiple = false)]
struct Form {
    /// Show the lines of texts that differ; the default, and with --json part of the document
    #[arg(short, long)]
    patch: bool,

    /// Show one line a file with its sizes, and sums, also of what is new after deduplication; reads no file
    #[arg(long)]
    stat: bool,

    /// Show a letter and the path, one line a file, as git does
    #[arg(long)]
    name_status: bool,

    /// Show the paths only
    #[arg(long)]
    name_only: bool,

    /// Print a table in Markdown, for a pull request
    #[arg(long)]
    md: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = self.options(ui);
        let mut outcome = match ui.json {
            true => collected(context, &options)?,
            false => self.print(context, ui, &options)?,
        };
        if ui.json {
            json::document(&mut ui.out, &outcome)?;
        }
        let skipped = ui.skipped(&std::mem::take(&mut outcome.skipped));
        let is_asked = ui.quiet || self.exit_code;
        Ok(if is_asked && outcome.differs { Exit::No } else { skipped })
    }

    fn options(&self, ui: &Ui) -> DiffOptions {
        let Form { patch, stat, name_status, name_only, md } = self.form;
        let is_listed = stat || name_status || name_only || md || ui.json;
        let with_lines = !ui.quiet && (patch || !is_listed);
        DiffOptions {
            args: self.args.clone(),
            paths: self.paths.clone(),
            staged: self.staged,
            renames: !self.no_renames,
            context: with_lines.then_some(self.context),
            new_bytes: (stat || md || ui.json) && !ui.quiet,
            first_only: ui.quiet && !ui.json,
        }
    }

    fn print(
        &self,
        context: &Context,
        ui: &mut Ui,
        options: &DiffOptions,
    ) -> Result<DiffOutcome, Failure> {
        if !ui.quiet {
            ui.page(context);
        }
        let (palette, is_terminal) = (ui.palette, ui.out.is_terminal());
        let mut stream = Stream::new(ui);
        let found = diff::run(context, options, &mut |change| {
            stream.write(|out| render::patch(out, &palette, &change, is_terminal))
        });
        let outcome = stream.end(found)?;
        let Form { stat, name_status, name_only, md, .. } = self.form;
        let out = &mut ui.out;
        match (stat, name_status, name_only, md) {
            _ if ui.quiet => {}
            (true, ..) => render::stat(out, &palette, &outcome.changes, &outcome.totals)?,
            (_, true, ..) => {
                outcome.changes.iter().try_for_each(|c| render::name_status(out, &palette, c))?;
            }
            (_, _, true, _) => {
                outcome.changes.iter().try_for_each(|c| render::name_only(out, c))?;
            }
            (.., true) => render::markdown(out, &outcome)?,
            _ => {}
        }
        Ok(outcome)
    }
}

/// The outcome with the lines of each change in it, where they are asked for.
fn collected(context: &Context, options: &DiffOptions) -> Result<DiffOutcome, Failure> {
    let mut with_lines = Vec::new();
    let mut outcome = diff::run(context, options, &mut |change| {
        with_lines.push(change);
        ControlFlow::Continue(())
    })?;
    if options.context.is_some() {
        outcome.changes = with_lines;
    }
    Ok(outcome)
}
