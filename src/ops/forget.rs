//! `forget`: lets go of the files of old commits. The commits themselves stay, with their ids, and so
//! does every file that a commit which is kept has too.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::upkeep::{self, KeptBy, UnseenRepository};
use super::{Context, OpError, encode, locate};
use crate::date;
use crate::db::{DbError, Kept, View};
use crate::history::Ancestors;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::refs::{RefName, RefTarget, STASHES, WorktreeId};
use crate::repo::Repo;
use crate::steps::operation;
use crate::store::upkeep::{Freed, GcRoots};

/// Which commits keep their files.
#[derive(Clone, Debug, Default)]
pub struct ForgetOptions {
    /// The newest so many of each branch.
    pub keep_last: Option<usize>,
    /// Those of this date or later, as a person wrote it.
    pub before: Option<String>,
    /// Say what would be forgotten, and change nothing.
    pub dry_run: bool,
}

/// A commit whose files were let go.
#[derive(Clone, Debug, Serialize)]
pub struct ForgottenCommit {
    /// Its id.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// When it was made, in seconds since 1970.
    pub time: i64,
    /// The first line of its message.
    pub summary: String,
}

/// What was forgotten, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct ForgetOutcome {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The commits, newest first.
    pub forgotten: Vec<ForgottenCommit>,
    /// How many commits keep their files.
    pub kept: u64,
    /// Bytes that nothing else needs: a collection gives them back.
    pub freed_bytes: u64,
    /// Other repositories on the store that need some of it: that stays.
    pub kept_by: Vec<KeptBy>,
    /// Those that could not be asked.
    pub unseen_repositories: Vec<UnseenRepository>,
}

/// How often it is decided anew when refs move meanwhile.
const ATTEMPTS: usize = 16;

/// Forgets.
pub fn run(ctx: &Context, options: &ForgetOptions) -> Result<ForgetOutcome, OpError> {
    let before = match &options.before {
        Some(text) => Some(date::parse(text, ctx.now)?.seconds),
        None => None,
    };
    if options.keep_last.is_none() && before.is_none() {
        return Err(OpError::Usage {
            message: "which commits keep their files was not said".to_owned(),
            hint: Some("as in: esker forget --keep-last 20 --dry-run".to_owned()),
        });
    }
    for _ in 0..ATTEMPTS {
        let repo = ctx.open_repo()?;
        let seen = repo.db.read(Seen::of)?;
        let plan = plan(ctx, &repo, &seen, options.keep_last, before)?;
        let freed = freed(ctx, &repo, &plan)?;
        if !options.dry_run && !carry_out(ctx, &repo, &seen, &plan)? {
            continue;
        }
        return Ok(ForgetOutcome {
            dry_run: options.dry_run,
            forgotten: plan.forgotten,
            kept: plan.kept,
            freed_bytes: freed.bytes,
            kept_by: upkeep::kept_by(&freed),
            unseen_repositories: upkeep::unseen(&repo, &freed.unseen),
        });
    }
    Err(OpError::MovedMeanwhile { what: "branches were moved again and again".to_owned() })
}

/// What decides which commits must keep their files.
#[derive(PartialEq, Eq)]
struct Seen {
    refs: Vec<(RefName, RefTarget)>,
    heads: BTreeMap<WorktreeId, Option<CommitId>>,
    kept: Vec<Kept>,
    under_way: Option<&'static str>,
}

impl Seen {
    fn of(view: &View<'_>) -> Result<Self, DbError> {
        let (mut heads, mut kept, mut under_way) = (BTreeMap::new(), Vec::new(), None);
        for worktree in view.worktrees()? {
            heads.insert(worktree, view.head(worktree)?.commit());
            kept.extend(view.kept(worktree)?);
            under_way = under_way.or(operation::current(view, worktree)?.map(|it| it.kind.verb()));
        }
        Ok(Self { refs: view.refs("refs/")?, heads, kept, under_way })
    }
}

struct Plan {
    forgotten: Vec<ForgottenCommit>,
    kept: u64,
}

fn plan(
    ctx: &Context,
    repo: &Repo,
    seen: &Seen,
    keep_last: Option<usize>,
    before: Option<i64>,
) -> Result<Plan, OpError> {
    if let Some(verb) = seen.under_way {
        return Err(OpError::InProgress { verb });
    }
    let store = &repo.store;
    let mut tips = BTreeSet::new();
    let mut kept: HashSet<CommitId> = HashSet::new();
    for (name, target) in &seen.refs {
        let tip = match *target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => store.read_tag(id)?.target,
        };
        tips.insert(tip);
        if name.as_str().starts_with(STASHES) {
            // What it was made on is what it is applied by.
            kept.extend(store.read_commit(tip)?.parents);
        }
        let is_branch = name.is_branch() || name.as_str().starts_with("refs/remotes/");
        if let Some(count) = keep_last.filter(|_| is_branch) {
            for found in Ancestors::new(store, [tip])?.take(count) {
                kept.insert(found?.0);
            }
        }
    }
    tips.extend(seen.heads.values().flatten());
    tips.extend(seen.kept.iter().filter_map(|kept| match kept {
        Kept::Commit(id) => Some(*id),
        Kept::Tree(_) => None,
    }));
    kept.extend(&tips);
    let (mut forgotten, mut count) = (Vec::new(), 0);
    for found in Ancestors::new(store, tips)? {
        ctx.cancel.check()?;
        let (id, commit) = found?;
        let time = commit.committer.seconds;
        if kept.contains(&id) || before.is_some_and(|before| time >= before) {
            count += u64::from(!store.forgotten().contains_key(&id));
        } else if !store.forgotten().contains_key(&id) {
            let summary = locate::summary(&commit.message);
            forgotten.push(ForgottenCommit { commit: id, time, summary });
        }
    }
    Ok(Plan { forgotten, kept: count })
}

/// Bytes that only the forgotten commits need, with or without the reflog.
fn freed(ctx: &Context, repo: &Repo, plan: &Plan) -> Result<Freed, OpError> {
    if plan.forgotten.is_empty() {
        return Ok(Freed::default());
    }
    let before = repo.db.read(|view| GcRoots::of(view, i64::MIN))?;
    let mut after = before.clone();
    after.forgotten.extend(plan.forgotten.iter().map(|one| one.commit));
    Ok(repo.store.freed_between(&before, &after, &ctx.cancel)?)
}

/// Records what is forgotten, unless something moved that decided it.
fn carry_out(ctx: &Context, repo: &Repo, seen: &Seen, plan: &Plan) -> Result<bool, OpError> {
    if plan.forgotten.is_empty() {
        return Ok(true);
    }
    repo.db.write(|tx| {
        if Seen::of(tx)? != *seen {
            return Ok(false);
        }
        for one in &plan.forgotten {
            tx.forget(one.commit, ctx.now.seconds)?;
        }
        Ok::<_, OpError>(true)
    })
}
