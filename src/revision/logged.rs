//! Where refs were: `NAME@{n}`, `NAME@{date}` and `@{-n}`, from the reflogs.

use super::syntax::Moment;
use super::{ReadRefs, Resolver, RevisionError, STASH, find_ref, full_names};
use crate::date;
use crate::db::{DbError, ReflogOf, ReflogRow};
use crate::refs::{Head, RefName, RefTarget, WorktreeId};

/// Reflog rows read at once.
const ROWS_AT_ONCE: u32 = 256;

const MOVING: &str = "checkout: moving from ";

/// What the reflog of HEAD says of a move to another branch or commit; `@{-n}` is read from it.
pub fn moving(from: &Head, to: &str) -> String {
    let from = match from {
        Head::Branch { name, .. } => name.short().to_owned(),
        Head::Detached(id) => id.to_string(),
    };
    format!("{MOVING}{from} to {to}")
}

/// Whose reflog is meant.
pub enum Log {
    /// That of the worktree's HEAD.
    Head,
    /// That of a ref, which may have been deleted.
    Ref(RefName),
}

/// The reflog that belongs to a name: a ref's, also that of one that was deleted.
pub fn find_log(refs: &dyn ReadRefs, name: &str) -> Result<Option<Log>, DbError> {
    if matches!(name, "HEAD" | "@") {
        return Ok(Some(Log::Head));
    }
    if name.is_empty() {
        let head = refs.head()?;
        return Ok(Some(head.branch().cloned().map_or(Log::Head, Log::Ref)));
    }
    if let Some((full, _)) = find_ref(refs, name)? {
        return Ok(Some(Log::Ref(full)));
    }
    for full in full_names(name) {
        let log = Log::Ref(full);
        if !refs.reflog(&log, 0, 1)?.is_empty() {
            return Ok(Some(log));
        }
    }
    Ok(None)
}

impl Resolver<'_> {
    /// The branch, by its short name, or the commit that HEAD was on `number` switches ago.
    pub fn previous(&self, number: u32) -> Result<String, RevisionError> {
        let mut left = number;
        let found = self.first_row(&Log::Head, |row| {
            let from = row.note.message.strip_prefix(MOVING)?.split_once(" to ")?.0;
            left -= 1;
            (left == 0).then(|| from.to_owned())
        })?;
        found.ok_or(RevisionError::NoPrevious { number })
    }

    /// Where a ref was at a moment; `None` when there never was one of that name.
    pub(super) fn logged(
        &self,
        name: &str,
        moment: &Moment<'_>,
    ) -> Result<Option<RefTarget>, RevisionError> {
        if let (STASH, Moment::Moves(number)) = (name, moment)
            && find_ref(self.refs, name)?.is_none()
        {
            return self.stash(*number as usize).map(Some);
        }
        let Some(log) = find_log(self.refs, name)? else { return Ok(None) };
        let target = match moment {
            Moment::Moves(number) => self.moves_ago(&log, *number)?,
            Moment::Date(text) => self.at_date(&log, text)?,
        };
        match target {
            Ok(target) => Ok(Some(target)),
            Err(why) => Err(RevisionError::NotThen { name: log.name().to_owned(), why }),
        }
    }

    fn moves_ago(&self, log: &Log, number: u32) -> Result<Then, RevisionError> {
        let rows = self.refs.reflog(log, number, 1)?;
        if let Some(row) = rows.first() {
            return Ok(row.new.ok_or_else(|| "it was deleted by that move".to_owned()));
        }
        // One step beyond the oldest move is where that one started from.
        let before = number.checked_sub(1);
        let oldest = match before {
            Some(n) => self.refs.reflog(log, n, 1)?.pop(),
            None => None,
        };
        if let Some(old) = oldest.and_then(|row| row.old) {
            return Ok(Ok(old));
        }
        let mut count = 0_u64;
        self.first_row(log, |_| {
            count += 1;
            None::<()>
        })?;
        let moves = if count == 1 { "move" } else { "moves" };
        Ok(Err(format!("its reflog has {count} {moves}")))
    }

    fn at_date(&self, log: &Log, text: &str) -> Result<Then, RevisionError> {
        let when = date::parse(text, self.now)
            .map_err(|_| RevisionError::BadDate { text: text.to_owned() })?;
        let found =
            self.first_row(log, |row| (row.note.time <= when.seconds).then_some(row.new))?;
        Ok(match found {
            Some(Some(target)) => Ok(target),
            Some(None) => Err("it was deleted at that time".to_owned()),
            None => Err(format!("its reflog begins after '{text}'")),
        })
    }

    /// The first of a log's rows, newest first, for which `take` gives something.
    fn first_row<T>(
        &self,
        log: &Log,
        mut take: impl FnMut(&ReflogRow) -> Option<T>,
    ) -> Result<Option<T>, DbError> {
        let mut skip = 0;
        loop {
            let rows = self.refs.reflog(log, skip, ROWS_AT_ONCE)?;
            if let Some(found) = rows.iter().find_map(&mut take) {
                return Ok(Some(found));
            }
            if rows.len() < ROWS_AT_ONCE as usize {
                return Ok(None);
            }
            skip += ROWS_AT_ONCE;
        }
    }
}

/// What a ref pointed at, or why it pointed at nothing.
type Then = Result<RefTarget, String>;

impl Log {
    /// How the database names it.
    pub fn of(&self, worktree: WorktreeId) -> ReflogOf<'_> {
        match self {
            Self::Head => ReflogOf::Head(worktree),
            Self::Ref(name) => ReflogOf::Ref(name),
        }
    }

    /// The name people use.
    pub fn name(&self) -> &str {
        match self {
            Self::Head => "HEAD",
            Self::Ref(name) => name.short(),
        }
    }
}
