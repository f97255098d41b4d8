use esker::ops::switch::{self, SwitchOptions, SwitchTo};
use esker::ops::{Context, OpError};

use crate::cli::help::after_help;
use crate::cli::render::refs;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Move to another branch
///
/// Makes the worktree equal to the branch; only files that differ are touched. `-` is the branch HEAD was
/// on before. Unsaved work is never overwritten unless --force is given. A switch that was stopped is
/// finished by running it again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker switch relabelled" "esker switch -c relabelled v1" "esker switch -"
    "esker switch --detach v1";
    "  4" "unsaved work is in the way; it is named, and nothing was changed"
    , "  5" "data is damaged", " 10" "no repository"
    , " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The branch, or `-` for the one before; with -c where the new branch starts, with --detach a
    /// commit: HEAD by default
    #[arg(value_name = "BRANCH")]
    target: Option<String>,

    /// Make this branch and move to it
    #[arg(short, long, value_name = "NEW", group = "kind")]
    create: Option<String>,

    /// The same, and if the branch is there it moves
    #[arg(long, value_name = "NEW", group = "kind")]
    force_create: Option<String>,

    /// Move to a new branch without commits, and take all tracked files away
    #[arg(long, value_name = "NEW", group = "kind", conflicts_with = "target")]
    orphan: Option<String>,

    /// Leave branches: HEAD names the commit itself
    #[arg(short, long, group = "kind")]
    detach: bool,

    /// Drop unsaved work
    #[arg(short, long, visible_alias = "discard-changes")]
    force: bool,

    /// Only say what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let (force, dry_run) = (self.force, self.dry_run);
        let options = SwitchOptions { to: self.to()?, force, dry_run };
        let outcome = switch::run(context, &options)?;
        ui.summary(&outcome, |out, palette, outcome| refs::switch(out, palette, outcome, dry_run))?;
        refs::switch_warnings(ui, &outcome);
        Ok(Exit::Done)
    }

    fn to(self) -> Result<SwitchTo, OpError> {
        let new = |name, force| SwitchTo::New { name, start: self.target.clone(), force };
        Ok(match (self.create, self.force_create, self.orphan, self.target.as_deref()) {
            (Some(name), ..) => new(name, false),
            (_, Some(name), ..) => new(name, true),
            (_, _, Some(name), _) => SwitchTo::Orphan(name),
            _ if self.detach => SwitchTo::Detached(self.target),
            (.., Some("-")) => SwitchTo::Previous,
            (.., Some(name)) => SwitchTo::Branch(name.to_owned()),
            (.., None) => {
                return Err(OpError::Usage {
                    message: "no branch was named".to_owned(),
                    hint: Some("see all branches: esker branch".to_owned()),
                });
            }
        })
    }
}
