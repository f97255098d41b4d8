//! `switch`: moves to another branch, or makes one and moves to it.

use super::head::{self, CheckoutOutcome, Destination, How};
use super::names::Kind;
use super::{Context, OpError, locate};
use crate::refs::{Head, HeadTarget};
use crate::repo::{Repo, WorkState};
use crate::revision::RevisionError;

pub use super::head::CheckoutOutcome as SwitchOutcome;

/// Where to switch.
#[derive(Clone, Debug)]
pub enum SwitchTo {
    /// A branch.
    Branch(String),
    /// The branch that HEAD was on before.
    Previous,
    /// A new branch.
    New {
        /// Its name.
        name: String,
        /// Where it starts; HEAD when absent.
        start: Option<String>,
        /// Move it if it is there.
        force: bool,
    },
    /// A new branch without commits, and an empty worktree.
    Orphan(String),
    /// A commit, and no branch; HEAD's when absent.
    Detached(Option<String>),
}

/// What to do.
#[derive(Clone, Debug)]
pub struct SwitchOptions {
    /// Where to switch.
    pub to: SwitchTo,
    /// Drop unsaved work.
    pub force: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// Moves HEAD, and makes the worktree equal to what it then is on.
pub fn run(ctx: &Context, options: &SwitchOptions) -> Result<CheckoutOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let state = repo.state()?;
    let (to, warning) = destination(ctx, &repo, &state, &options.to)?;
    let how = How { force: options.force, dry_run: options.dry_run };
    let mut outcome = head::go(ctx, &repo, &state, to, how)?;
    outcome.warnings.extend(warning);
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

fn destination(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    to: &SwitchTo,
) -> Result<(Destination, Option<String>), OpError> {
    let destination = match to {
        SwitchTo::Branch(name) => branch(ctx, repo, state, name)?,
        SwitchTo::Previous => {
            let name = locate::resolver(ctx, repo).previous(1)?;
            branch(ctx, repo, state, &name)?
        }
        SwitchTo::New { name, start, force } => {
            let warning = Kind::Branch.namesake(repo, name)?;
            let made = head::new_branch(ctx, repo, state, (name, *force), start.as_deref())?;
            return Ok((made, warning));
        }
        SwitchTo::Orphan(short) => {
            let warning = Kind::Branch.namesake(repo, short)?;
            return Ok((orphan(repo, short)?, warning));
        }
        SwitchTo::Detached(revision) => {
            let name = revision.as_deref().unwrap_or("HEAD");
            let commit = locate::commit(ctx, repo, name)?;
            let (head, name) = (HeadTarget::Commit(commit), name.to_owned());
            Destination { commit: Some(commit), head, branch: None, name }
        }
    };
    Ok((destination, None))
}

/// A branch by its name, and nothing but a branch.
fn branch(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    short: &str,
) -> Result<Destination, OpError> {
    if let Head::Branch { name, target: None } = &state.head
        && name.short() == short
    {
        let (head, name) = (HeadTarget::Branch(name.clone()), short.to_owned());
        return Ok(Destination { commit: None, head, branch: None, name });
    }
    match Kind::Branch.get(repo, short) {
        Ok((name, target)) => {
            let (head, commit) = (HeadTarget::Branch(name), target.commit());
            Ok(Destination { commit, head, branch: None, name: short.to_owned() })
        }
        Err(e @ OpError::NoSuchRef { .. }) => match locate::resolver(ctx, repo).resolve(short) {
            Ok(_) => Err(OpError::NotABranch { text: short.to_owned() }),
            Err(RevisionError::Unknown { .. } | RevisionError::NoCommits) => Err(e),
            Err(other) => Err(other.into()),
        },
        Err(e) => Err(e),
    }
}

fn orphan(repo: &Repo, short: &str) -> Result<Destination, OpError> {
    let name = Kind::Branch.full(short)?;
    if repo.db.read(|view| view.get_ref(&name))?.is_some() {
        return Err(OpError::RefExists { kind: Kind::Branch.word(), name: short.to_owned() });
    }
    let (head, name) = (HeadTarget::Branch(name), short.to_owned());
    Ok(Destination { commit: None, head, branch: None, name })
}
