use esker::ops::branch::{self, BranchAction, BranchFilter, BranchOutcome};
use esker::ops::{Context, OpError};

use crate::cli::help::after_help;
use crate::cli::render::refs;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// List, make, rename or delete branches
///
/// Without arguments, lists branches, with -v also their newest commits; the current one has a star. With a name, makes a branch there or at
/// START, and stays on the current one: `esker switch -c` makes one and moves to it. A deleted branch is
/// brought back by the command that the deletion prints.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker branch -v" "esker branch relabelled v1" "esker branch -m relabelled labels-2"
    "esker branch -d labels-2" "esker branch labels-2 labels-2@{1}";
    " 10" "no repository"
    , " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The new branch; with -d, -D, -m or --list: branches, the new name, or patterns
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// List branches, only those whose names match a pattern
    #[arg(short, long, group = "mode")]
    list: bool,

    /// List also what remotes had
    #[arg(short, long)]
    all: bool,

    /// List only what remotes had
    #[arg(short, long)]
    remotes: bool,

    /// List only branches that REV has all commits of
    #[arg(long, value_name = "REV", num_args = 0..=1, default_missing_value = "HEAD")]
    merged: Option<String>,

    /// List only branches with commits that REV does not have
    #[arg(long, value_name = "REV", num_args = 0..=1, default_missing_value = "HEAD")]
    no_merged: Option<String>,

    /// List only branches that have this commit
    #[arg(long, value_name = "REV")]
    contains: Option<String>,

    /// Rename a branch, the current one by default
    #[arg(short = 'm', long = "move", group = "mode")]
    rename: bool,

    /// Delete branches whose commits HEAD has, too
    #[arg(short, long, group = "mode")]
    delete: bool,

    /// Delete branches, whatever they have
    #[arg(short = 'D', group = "mode")]
    delete_forced: bool,

    /// Move or replace a branch that is there
    #[arg(short, long)]
    force: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = branch::run(context, &self.action(ui.verbose || ui.json)?)?;
        let verbose = ui.verbose;
        match &outcome {
            BranchOutcome::List { .. } => {
                ui.result(&outcome, |out, palette, outcome| {
                    refs::branches(out, palette, outcome, verbose)
                })?;
            }
            BranchOutcome::Create { warnings, .. } | BranchOutcome::Rename { warnings, .. } => {
                ui.summary(&outcome, |out, palette, outcome| {
                    refs::branches(out, palette, outcome, verbose)
                })?;
                ui.warnings(warnings);
            }
            BranchOutcome::Delete { .. } => {
                ui.summary(&outcome, |out, palette, outcome| {
                    refs::branches(out, palette, outcome, verbose)
                })?;
            }
        }
        Ok(Exit::Done)
    }

    fn action(self, details: bool) -> Result<BranchAction, OpError> {
        let is_filtered = self.merged.is_some() || self.no_merged.is_some();
        let lists = self.list || self.all || self.remotes || is_filtered || self.contains.is_some();
        let usage = |message: &str, hint: &str| {
            Err(OpError::Usage { message: message.to_owned(), hint: Some(hint.to_owned()) })
        };
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        Ok(match names[..] {
            [] if self.delete || self.delete_forced => {
                return usage("no branch was named", "see all branches: esker branch");
            }
            _ if self.delete || self.delete_forced => {
                BranchAction::Delete { force: self.delete_forced || self.force, names: self.names }
            }
            [new] if self.rename => {
                BranchAction::Rename { old: None, new: new.to_owned(), force: self.force }
            }
            [old, new] if self.rename => BranchAction::Rename {
                old: Some(old.to_owned()),
                new: new.to_owned(),
                force: self.force,
            },
            _ if self.rename => {
                return usage("a rename needs the new name", "write: esker branch -m [OLD] NEW");
            }
            [] => BranchAction::List(self.filter(details)),
            _ if lists => BranchAction::List(self.filter(details)),
            [name] => {
                BranchAction::Create { name: name.to_owned(), start: None, force: self.force }
            }
            [name, start] => BranchAction::Create {
                name: name.to_owned(),
                start: Some(start.to_owned()),
                force: self.force,
            },
            _ => {
                return usage("too many names for one branch", "write: esker branch NAME [START]");
            }
        })
    }

    fn filter(self, details: bool) -> BranchFilter {
        BranchFilter {
            patterns: self.names,
            all: self.all,
            remotes: self.remotes,
            merged: self.merged,
            no_merged: self.no_merged,
            contains: self.contains,
            details,
        }
    }
}
