//! How ids and paths become text in serialised outcomes.

use std::fmt::Display;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::diff::text::{Hunk, Line};

pub(super) fn id<S: Serializer>(id: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(super) fn optional_id<S: Serializer>(
    id: &Option<impl Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}

pub(super) fn ids<S: Serializer>(ids: &[impl Display], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(ToString::to_string))
}

/// Lossy: a path that is no Unicode is shown, not refused.
pub(super) fn path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

pub(super) fn optional_path<S: Serializer>(
    path: &Option<PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serializer.collect_str(&path.display()),
        None => serializer.serialize_none(),
    }
}

pub(super) fn pairs<S: Serializer>(
    pairs: &[(String, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

pub(super) fn hunks<S: Serializer>(hunks: &[Hunk], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(hunks.iter().map(|hunk| {
        // Lines count from 1; before the first line of nothing is 0.
        let start = |range: &Range<u32>| range.start + u32::from(!range.is_empty());
        let line = |line: &Line| {
            let text = String::from_utf8_lossy(&line.bytes);
            format!("{}{text}", line.kind.sign())
        };
        HunkDocument {
            old_start: start(&hunk.old),
            old_lines: hunk.old.len(),
            new_start: start(&hunk.new),
            new_lines: hunk.new.len(),
            lines: hunk.lines.iter().map(line).collect(),
        }
    }))
}

/// A hunk in a document; a line that is no UTF-8 is shown as well as it can be.
#[derive(Serialize)]
struct HunkDocument {
    old_start: u32,
    old_lines: usize,
    new_start: u32,
    new_lines: usize,
    lines: Vec<String>,
}
