//! `tag`: lists, makes and deletes tags. A tag stays where it is, unless that is forced.

use serde::Serialize;

use super::names::{self, Kind, Patterns};
use super::{Context, DeletedRef, OpError, convert, encode, locate};
use crate::id::{CommitId, TagId};
use crate::object::access::{ReadObjects, WriteObjects};
use crate::object::tag::Tag;
use crate::refs::{RefName, RefTarget, RefUpdate};
use crate::repo::Repo;
use crate::store::objects::ObjectWriter;

/// What to do.
#[derive(Clone, Debug)]
pub enum TagAction {
    /// List tags.
    List(TagFilter),
    /// Make a tag.
    Create(NewTag),
    /// Delete tags.
    Delete {
        /// Their names.
        names: Vec<String>,
    },
}

/// Which tags are listed.
#[derive(Clone, Debug, Default)]
pub struct TagFilter {
    /// Only names that match one of these patterns; all, if there are none.
    pub patterns: Vec<String>,
    /// Only tags of this commit.
    pub points_at: Option<String>,
}

/// A tag to be made.
#[derive(Clone, Debug, Default)]
pub struct NewTag {
    /// Its name.
    pub name: String,
    /// The commit; HEAD when absent.
    pub revision: Option<String>,
    /// Why, in words: this makes an annotated tag, an object with tagger and time.
    pub message: Option<String>,
    /// Replace the tag that has the name.
    pub force: bool,
}

/// A tag.
#[derive(Clone, Debug, Serialize)]
pub struct TagInfo {
    /// Its short name.
    pub name: String,
    /// The commit it leads to.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// Its object; only of annotated tags.
    #[serde(serialize_with = "encode::optional_id")]
    pub object: Option<TagId>,
    /// Who made it, as `Name <mail>`; only of annotated tags.
    pub tagger: Option<String>,
    /// When it was made, in seconds since 1970; only of annotated tags.
    pub time: Option<i64>,
    /// Its message, or else the first line of the commit's.
    pub message: String,
}

/// What was listed or done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum TagOutcome {
    /// Tags.
    List {
        /// The tags by name.
        tags: Vec<TagInfo>,
    },
    /// A tag was made.
    Create {
        /// The tag.
        #[serde(flatten)]
        tag: TagInfo,
        /// The commit it led to before.
        #[serde(serialize_with = "encode::optional_id")]
        previous: Option<CommitId>,
        /// What a person should know.
        warnings: Vec<String>,
    },
    /// Tags were deleted.
    Delete {
        /// Which.
        deleted: Vec<DeletedRef>,
    },
}

/// Does what was asked for.
pub fn run(ctx: &Context, action: &TagAction) -> Result<TagOutcome, OpError> {
    match action {
        TagAction::List(filter) => list(ctx, &ctx.open_repo_to_read()?, filter),
        TagAction::Create(tag) => create(ctx, &ctx.open_repo()?, tag),
        TagAction::Delete { names } => delete(ctx, &ctx.open_repo()?, names),
    }
}

fn list(ctx: &Context, repo: &Repo, filter: &TagFilter) -> Result<TagOutcome, OpError> {
    let patterns = Patterns::new(&filter.patterns)?;
    let points_at = filter.points_at.as_deref();
    let points_at = points_at.map(|text| locate::commit(ctx, repo, text)).transpose()?;
    let mut tags = Vec::new();
    for (name, target) in repo.db.read(|view| view.refs("refs/tags/"))? {
        if patterns.matches(name.short()) {
            tags.push(info(repo, &name, target)?);
        }
    }
    tags.retain(|tag| points_at.is_none_or(|id| tag.commit == id));
    Ok(TagOutcome::List { tags })
}

fn info(repo: &Repo, name: &RefName, target: RefTarget) -> Result<TagInfo, OpError> {
    let name = name.short().to_owned();
    let (commit, object) = match target {
        RefTarget::Commit(id) => (id, None),
        RefTarget::Tag(id) => (repo.store.read_tag(id)?.target, Some(id)),
    };
    let Some(object) = object else {
        let message = locate::summary(&repo.store.read_commit(commit)?.message);
        return Ok(TagInfo { name, commit, object, tagger: None, time: None, message });
    };
    let Tag { tagger, message, .. } = repo.store.read_tag(object)?;
    Ok(TagInfo {
        name,
        commit,
        object: Some(object),
        tagger: Some(format!("{} <{}>", tagger.name, tagger.email)),
        time: Some(tagger.seconds),
        message,
    })
}

fn create(ctx: &Context, repo: &Repo, new: &NewTag) -> Result<TagOutcome, OpError> {
    let name = Kind::Tag.full(&new.name)?;
    let old = repo.db.read(|view| view.get_ref(&name))?;
    if old.is_some() && !new.force {
        return Err(OpError::RefExists { kind: Kind::Tag.word(), name: new.name.clone() });
    }
    let previous = old.map(|old| info(repo, &name, old)).transpose()?.map(|tag| tag.commit);
    let revision = new.revision.as_deref().unwrap_or("HEAD");
    let target = match &new.message {
        Some(message) => annotate(ctx, repo, new, (&name, old), message)?,
        None => {
            // Of an annotated tag its object, as in git, so that a tag can be renamed or brought back.
            let target = locate::target(ctx, repo, revision)?;
            let note = ctx.note(repo, note_of(old));
            let update = RefUpdate { name: name.clone(), old, new: Some(target) };
            repo.db.write(|tx| tx.update_ref(update, &note))?;
            target
        }
    };
    Ok(TagOutcome::Create {
        tag: info(repo, &name, target)?,
        previous,
        warnings: Kind::Tag.namesake(repo, &new.name)?.into_iter().collect(),
    })
}

fn note_of(old: Option<RefTarget>) -> String {
    if old.is_some() { "tag: moved" } else { "tag: created" }.to_owned()
}

/// Writes the tag's object and points the ref at it.
fn annotate(
    ctx: &Context,
    repo: &Repo,
    new: &NewTag,
    (name, old): (&RefName, Option<RefTarget>),
    message: &str,
) -> Result<RefTarget, OpError> {
    let message = message.trim_end().to_owned();
    if message.trim().is_empty() {
        return Err(OpError::Usage {
            message: "the tag's message is empty".to_owned(),
            hint: Some(format!("say what it is: esker tag -a {} -m \"what it is\"", new.name)),
        });
    }
    let commit = locate::commit(ctx, repo, new.revision.as_deref().unwrap_or("HEAD"))?;
    let tagger = ctx.person(repo)?;
    let tag = Tag { target: commit, name: new.name.clone(), tagger, message, signature: None };
    let encoded = tag.encode().map_err(convert::other)?;
    let id = TagId::of(&encoded);
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    writer.write_tag(id, encoded)?;
    let packs = writer.finish()?;
    let note = ctx.note(repo, note_of(old));
    let update = RefUpdate { name: name.clone(), old, new: Some(id.into()) };
    repo.store.publish(packs, &Default::default(), |tx| {
        tx.update_ref(update, &note).map_err(OpError::from)
    })?;
    Ok(id.into())
}

fn delete(ctx: &Context, repo: &Repo, names: &[String]) -> Result<TagOutcome, OpError> {
    let (mut deleted, mut updates) = (Vec::new(), Vec::new());
    for short in names {
        let (name, target) = Kind::Tag.get(repo, short)?;
        deleted.push(DeletedRef::new(&name, target, info(repo, &name, target)?.commit));
        updates.push(RefUpdate { name, old: Some(target), new: None });
    }
    let note = ctx.note(repo, "tag: deleted".to_owned());
    names::update_all(repo, updates, &note)?;
    Ok(TagOutcome::Delete { deleted })
}
