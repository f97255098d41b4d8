//! `complete`: what of a repository may stand where a person is typing.

use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::revision::ReadRefs;

use super::{Context, OpError, locate};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompleteWhat {
    /// Branches of this repository.
    Branches,
    /// Tags.
    Tags,
    /// Whatever names a commit: branches, also of remotes, and tags.
    Revisions,
    /// Paths of a commit.
    Paths {
        /// Which one; HEAD when absent.
        revision: Option<String>,
        /// What was typed of the path: only the folder that it ends in is listed.
        typed: String,
    },
}

/// Something that may be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The text.
    pub value: String,
    /// What it is, in a few words.
    pub note: String,
}

/// Names listed at most: nobody reads more.
const MAX_CANDIDATES: usize = 1000;

/// Lists what may be typed. Reads refs, or one folder of one commit.
pub fn run(ctx: &Context, what: &CompleteWhat) -> Result<Vec<Candidate>, OpError> {
    match what {
        CompleteWhat::Branches => refs(ctx, &[("refs/heads/", "branch")]),
        CompleteWhat::Tags => refs(ctx, &[("refs/tags/", "tag")]),
        CompleteWhat::Revisions => {
            let kinds =
                [("refs/heads/", "branch"), ("refs/tags/", "tag"), ("refs/remotes/", "remote")];
            let mut found = refs(ctx, &kinds)?;
            found.push(Candidate { value: "HEAD".to_owned(), note: "where you are".to_owned() });
            Ok(found)
        }
        CompleteWhat::Paths { revision, typed } => paths(ctx, revision.as_deref(), typed),
    }
}

fn refs(ctx: &Context, kinds: &[(&str, &str)]) -> Result<Vec<Candidate>, OpError> {
    let names = ctx.open_names()?;
    let mut found = Vec::new();
    for (prefix, note) in kinds {
        let refs = names.refs(prefix)?;
        let candidate = |name: &str| Candidate { value: name.to_owned(), note: (*note).to_owned() };
        found.extend(refs.iter().map(|(name, _)| candidate(name.short())));
    }
    found.truncate(MAX_CANDIDATES);
    Ok(found)
}

fn paths(ctx: &Context, revision: Option<&str>, typed: &str) -> Result<Vec<Candidate>, OpError> {
    let repo = ctx.open_repo_to_read()?;
    let commit = locate::commit(ctx, &repo, revision.unwrap_or("HEAD"))?;
    let tree = crate::object::access::ReadObjects::read_root(&repo.store, commit)?;
    let (folder, name) = typed.rsplit_once('/').unwrap_or(("", typed));
    let Ok(path) = RepoPath::parse(folder) else { return Ok(Vec::new()) };
    let Some(EntryValue::Directory { id, .. }) = prolly::resolve(&repo.store, tree, &path)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in prolly::iterate(&repo.store, id) {
        let entry = entry?;
        if !entry.name.starts_with(name) {
            continue;
        }
        let slash = if folder.is_empty() { "" } else { "/" };
        let (end, note) = match entry.value {
            EntryValue::Directory { .. } => ("/", "folder"),
            EntryValue::File { .. } => ("", "file"),
            EntryValue::Symlink { .. } => ("", "link"),
        };
        let value = format!("{folder}{slash}{}{end}", entry.name);
        found.push(Candidate { value, note: note.to_owned() });
        if found.len() == MAX_CANDIDATES {
            break;
        }
    }
    Ok(found)
}
