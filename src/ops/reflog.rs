//! `reflog`: where a ref was, and which refs there were.

use serde::Serialize;

use super::{Context, OpError, locate};
use crate::db::DbError;
use crate::refs::RefTarget;
use crate::repo::Names;
use crate::revision::{ReadRefs, find_log};

/// Which reflog.
#[derive(Clone, Debug, Default)]
pub struct ReflogOptions {
    /// The ref, also one that was deleted; HEAD when absent.
    pub name: Option<String>,
    /// How many moves at most.
    pub max_count: Option<u32>,
    /// List the names of all refs with a reflog instead.
    pub names: bool,
}

/// One move.
#[derive(Clone, Debug, Serialize)]
pub struct ReflogEntry {
    /// The revision that names what it moved to: `main@{0}`.
    pub selector: String,
    /// The commit, or the object of an annotated tag, that it was at before.
    pub old: Option<String>,
    /// The same for where it moved to; `None` when it was deleted.
    pub new: Option<String>,
    /// Who moved it, as `Name <mail>`.
    pub who: String,
    /// When, in seconds since 1970.
    pub time: i64,
    /// The offset from UTC in minutes of the place it was done in.
    pub tz: i32,
    /// What was done.
    pub message: String,
}

/// A ref with a reflog.
#[derive(Clone, Debug, Serialize)]
pub struct LoggedRef {
    /// Its full name.
    pub name: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// The moves of a ref, newest first, or the names of refs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReflogOutcome {
    /// The moves.
    pub entries: Vec<ReflogEntry>,
    /// The refs that have moves; only when asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<LoggedRef>,
}

/// Lists moves.
pub fn run(ctx: &Context, options: &ReflogOptions) -> Result<ReflogOutcome, OpError> {
    let named = ctx.open_names()?;
    if options.names {
        return Ok(ReflogOutcome { refs: names(&named)?, ..ReflogOutcome::default() });
    }
    let asked = options.name.as_deref().unwrap_or("HEAD");
    let Some(log) = find_log(&named, asked)? else {
        let suggestion = locate::similar_ref(&named, "refs/", asked)?;
        return Err(OpError::NoReflog { name: asked.to_owned(), suggestion });
    };
    let limit = options.max_count.unwrap_or(u32::MAX);
    let rows = named.reflog(&log, 0, limit)?;
    let entry = |(number, row): (usize, crate::db::ReflogRow)| ReflogEntry {
        selector: format!("{}@{{{number}}}", log.name()),
        old: row.old.map(hex),
        new: row.new.map(hex),
        who: row.note.who,
        time: row.note.time,
        tz: row.note.tz_minutes,
        message: row.note.message,
    };
    let entries = rows.into_iter().enumerate().map(entry).collect();
    Ok(ReflogOutcome { entries, refs: Vec::new() })
}

fn hex(target: RefTarget) -> String {
    match target {
        RefTarget::Commit(id) => id.to_string(),
        RefTarget::Tag(id) => id.to_string(),
    }
}

fn names(named: &Names) -> Result<Vec<LoggedRef>, OpError> {
    let refs = named.db.read(|view| {
        let mut refs = Vec::new();
        for name in view.logged_refs()? {
            let deleted = view.get_ref(&name)?.is_none();
            refs.push(LoggedRef { name: name.as_str().to_owned(), deleted });
        }
        Ok::<_, DbError>(refs)
    })?;
    Ok(refs)
}
