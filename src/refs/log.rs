//! `refs.log`: every move of a ref and of HEAD as one line of text, so that refs survive the loss
//! of the database.
//!
//! ```text
//! v1 <unix seconds> <tz minutes> <ref> <old> <new> <who> <message> <check>
//! m1 <key> <value> <check>
//! ```
//!
//! Fields are separated by one space; ref, who, message, key and value are percent-escaped. Old and
//! new are `-` (none), 64 hex digits (a commit), `tag:<hex>` (a tag object) or `ref:<name>` (HEAD on
//! a branch). The HEAD of a further worktree is `worktrees/<n>/HEAD`. The check is the first 16 hex
//! digits of BLAKE3 of all bytes of the line before it. `m1` lines keep what a new database needs
//! besides refs: the repository's id and its format parameters.
//!
//! The file is only appended to, but for a torn last line, which the next append cuts off. A line is durable before the database commits the move it names,
//! so a crash leaves at most moves the database does not know; `db` sees that by the length it
//! recorded and appends what is true. Of several lines for one ref the last one counts.

use super::{HeadTarget, RefName, RefNote, RefTarget, RefUpdate, WorktreeId};
use crate::fsio::{AtPath, FsError};
use crate::id::{CommitId, TagId};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// One line of `refs.log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogRecord {
    /// A ref moved.
    Ref(RefUpdate, RefNote),
    /// The HEAD of a worktree moved; `None` is no such worktree.
    Head {
        /// Whose HEAD.
        worktree: WorktreeId,
        /// What it held.
        old: Option<HeadTarget>,
        /// What it holds now.
        new: Option<HeadTarget>,
        /// Who, when and why.
        note: RefNote,
    },
    /// A fact about the repository took this value.
    Meta {
        /// Its name in the database.
        key: String,
        /// Its value.
        value: String,
    },
}

impl LogRecord {
    /// Encodes the record as its line, newline included.
    pub fn to_line(&self) -> String {
        let body = match self {
            Self::Ref(update, note) => {
                let value = |target: Option<RefTarget>| target.map(ref_value);
                move_body(update.name.as_str(), value(update.old), value(update.new), note)
            }
            Self::Head { worktree, old, new, note } => {
                let value = |target: &Option<HeadTarget>| target.as_ref().map(head_value);
                move_body(&head_name(*worktree), value(old), value(new), note)
            }
            Self::Meta { key, value } => format!("m1 {} {} ", escape(key), escape(value)),
        };
        format!("{body}{}\n", check_of(&body))
    }

    /// Decodes a line without its newline; `None` when anything about it is wrong.
    pub fn parse(line: &str) -> Option<Self> {
        let (body, check) = line.split_at(line.rfind(' ')? + 1);
        if check_of(body) != check {
            return None;
        }
        let fields: Vec<&str> = body[..body.len() - 1].split(' ').collect();
        match fields[..] {
            ["v1", time, tz, name, old, new, who, message] => {
                let note = RefNote {
                    time: time.parse().ok()?,
                    tz_minutes: tz.parse().ok()?,
                    who: unescape(who)?,
                    message: unescape(message)?,
                };
                parse_move(&unescape(name)?, old, new, note)
            }
            ["m1", key, value] => Some(Self::Meta { key: unescape(key)?, value: unescape(value)? }),
            _ => None,
        }
    }
}

fn move_body(name: &str, old: Option<String>, new: Option<String>, note: &RefNote) -> String {
    let value = |v: Option<String>| v.unwrap_or_else(|| "-".into());
    let RefNote { who, time, tz_minutes, message } = note;
    let (name, who, message) = (escape(name), escape(who), escape(message));
    format!("v1 {time} {tz_minutes} {name} {} {} {who} {message} ", value(old), value(new))
}

fn parse_move(name: &str, old: &str, new: &str, note: RefNote) -> Option<LogRecord> {
    if let Some(worktree) = parse_head_name(name) {
        let (old, new) = (optional(old, parse_head)?, optional(new, parse_head)?);
        return Some(LogRecord::Head { worktree, old, new, note });
    }
    let (old, new) = (optional(old, parse_ref)?, optional(new, parse_ref)?);
    Some(LogRecord::Ref(RefUpdate { name: RefName::new(name).ok()?, old, new }, note))
}

fn optional<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text == "-" { Some(None) } else { parse(text).map(Some) }
}

fn ref_value(target: RefTarget) -> String {
    match target {
        RefTarget::Commit(id) => id.to_string(),
        RefTarget::Tag(id) => format!("tag:{id}"),
    }
}

fn parse_ref(text: &str) -> Option<RefTarget> {
    match text.strip_prefix("tag:") {
        Some(hex) => Some(RefTarget::Tag(hex.parse::<TagId>().ok()?)),
        None => Some(RefTarget::Commit(text.parse::<CommitId>().ok()?)),
    }
}

fn head_value(target: &HeadTarget) -> String {
    match target {
        HeadTarget::Branch(name) => format!("ref:{}", escape(name.as_str())),
        HeadTarget::Commit(id) => id.to_string(),
    }
}

fn parse_head(text: &str) -> Option<HeadTarget> {
    match text.strip_prefix("ref:") {
        Some(name) => Some(HeadTarget::Branch(RefName::new(&unescape(name)?).ok()?)),
        None => Some(HeadTarget::Commit(text.parse().ok()?)),
    }
}

fn head_name(worktree: WorktreeId) -> String {
    match worktree {
        WorktreeId::MAIN => "HEAD".into(),
        WorktreeId(n) => format!("worktrees/{n}/HEAD"),
    }
}

fn parse_head_name(name: &str) -> Option<WorktreeId> {
    if name == "HEAD" {
        return Some(WorktreeId::MAIN);
    }
    let n = name.strip_prefix("worktrees/")?.strip_suffix("/HEAD")?.parse().ok()?;
    Some(WorktreeId(n))
}

fn check_of(body: &str) -> String {
    let mut hex = blake3::hash(body.as_bytes()).to_hex().to_string();
    hex.truncate(16);
    hex
}

/// Escapes what separates fields and lines, and `%` itself.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '%' || c == ' ' || c.is_ascii_control() {
            // Cannot fail: writing to a String never does.
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%' {
            let (digits, tail) = rest.split_at_checked(2)?;
            out.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// Appends records and makes them durable; returns the length of the file afterwards, in bytes.
///
/// The name of a new file lasts once the database's transaction does, whose journal is in the same folder:
/// SQLite syncs that with the first journal of a connection.
///
/// The caller holds the database's write lock, which keeps two appends apart. A torn last line is
/// cut off first: the move it was to name never happened. When the append fails, what it wrote is cut
/// off again as far as that works.
pub fn append(path: &Path, records: &[LogRecord]) -> Result<u64, FsError> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).append(true).create(true).open(path).at("open", path)?;
    let old_len = file.metadata().at("read", path)?.len();
    let torn = torn_tail(&mut file, old_len).at("read", path)?;
    let mut text = String::new();
    let old_len = match torn {
        Some(tail) if is_record(&tail) => {
            // Only the end of the line is missing.
            text.push('\n');
            old_len
        }
        Some(tail) => {
            file.set_len(old_len - tail.len() as u64).at("cut", path)?;
            old_len - tail.len() as u64
        }
        None => old_len,
    };
    text.extend(records.iter().map(LogRecord::to_line));
    if let Err(e) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
        // The first error is the one to report; a torn tail left behind is ignored by readers.
        let _ = file.set_len(old_len);
        return Err(FsError::new("append to", path, e));
    }
    Ok(old_len + text.len() as u64)
}

/// What follows the last line break, if anything does.
fn torn_tail(file: &mut File, len: u64) -> io::Result<Option<Vec<u8>>> {
    let mut tail = Vec::new();
    let mut from = len;
    while from > 0 {
        let start = from.saturating_sub(4096);
        let mut part = vec![0; (from - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut part)?;
        if let Some(end) = part.iter().rposition(|byte| *byte == b'\n') {
            part.drain(..=end);
            from = 0;
        } else {
            from = start;
        }
        part.append(&mut tail);
        tail = part;
    }
    Ok((!tail.is_empty()).then_some(tail))
}

fn is_record(line: &[u8]) -> bool {
    std::str::from_utf8(line).ok().and_then(LogRecord::parse).is_some()
}

/// The length of the log in bytes; 0 when it is not there.
pub fn length(path: &Path) -> Result<u64, FsError> {
    match std::fs::metadata(path).at("read", path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(e) if e.is_not_found() => Ok(0),
        Err(e) => Err(e),
    }
}

/// What a log says the refs are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Every ref that exists, and its target.
    pub refs: BTreeMap<RefName, RefTarget>,
    /// The HEAD of every worktree.
    pub heads: BTreeMap<WorktreeId, HeadTarget>,
    /// Facts about the repository, by their names in the database.
    pub meta: BTreeMap<String, String>,
    /// Every good record, oldest first.
    pub records: Vec<LogRecord>,
    /// Lines that were skipped because they are damaged or of an unknown kind.
    pub bad_lines: u64,
    /// Whether the last line was cut short, as a crash does; it is not counted as bad.
    pub torn_tail: bool,
}

/// Reads a log from its start; a file that is not there is an empty log.
pub fn replay(path: &Path) -> Result<Replay, FsError> {
    match File::open(path).at("open", path) {
        Ok(file) => replay_from(BufReader::new(file)).at("read", path),
        Err(e) if e.is_not_found() => Ok(Replay::default()),
        Err(e) => Err(e),
    }
}

fn replay_from(mut source: impl BufRead) -> io::Result<Replay> {
    let mut result = Replay::default();
    let mut line = Vec::new();
    while source.read_until(b'\n', &mut line)? > 0 {
        let ended = line.pop_if(|b| *b == b'\n').is_some();
        match std::str::from_utf8(&line).ok().and_then(LogRecord::parse) {
            Some(record) => result.apply(record),
            // What once ended torn lines left an empty one when nothing had been written.
            None if line.is_empty() => {}
            None if ended => result.bad_lines += 1,
            None => result.torn_tail = true,
        }
        line.clear();
    }
    Ok(result)
}

impl Replay {
    fn apply(&mut self, record: LogRecord) {
        match &record {
            LogRecord::Ref(update, _) => put(&mut self.refs, update.name.clone(), update.new),
            LogRecord::Head { worktree, new, .. } => put(&mut self.heads, *worktree, new.clone()),
            LogRecord::Meta { key, value } => {
                self.meta.insert(key.clone(), value.clone());
            }
        }
        self.records.push(record);
    }
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refs::branch_ref;
    use proptest::prelude::*;

    fn commit(n: u8) -> CommitId {
        CommitId::from_bytes([n; 32])
    }

    fn note(message: &str) -> RefNote {
        let who = "Ann <ann@example.org>".into();
        RefNote { who, time: 1_700_000_000, tz_minutes: -90, message: message.into() }
    }

    fn moved(branch: &str, old: Option<u8>, new: Option<u8>) -> LogRecord {
        let target = |n: Option<u8>| n.map(|n| RefTarget::Commit(commit(n)));
        let name = branch_ref(branch).expect("valid");
        let update = RefUpdate { name, old: target(old), new: target(new) };
        LogRecord::Ref(update, note("commit: 100 % more"))
    }

    #[test]
    fn the_line_is_frozen() {
        let line = moved("main", None, Some(1)).to_line();
        let id = "01".repeat(32);
        let body = format!(
            "v1 1700000000 -90 refs/heads/main - {id} \
             Ann%20<ann@example.org> commit:%20100%20%25%20more "
        );
        assert_eq!(line, format!("{body}a172baafc701cbfc\n"));
    }

    #[test]
    fn every_kind_of_record_round_trips() {
        let tag = RefUpdate {
            name: RefName::tag("v1").expect("valid"),
            old: Some(TagId::from_bytes([3; 32]).into()),
            new: None,
        };
        let head = LogRecord::Head {
            worktree: WorktreeId(7),
            old: Some(HeadTarget::Branch(branch_ref("größe%20").expect("valid"))),
            new: Some(HeadTarget::Commit(commit(2))),
            note: note(""),
        };
        let meta = LogRecord::Meta { key: "repository id".into(), value: "a\nb".into() };
        for record in [LogRecord::Ref(tag, note("x\n- ")), head, meta] {
            let line = record.to_line();
            assert_eq!(line.matches('\n').count(), 1);
            assert_eq!(LogRecord::parse(line.trim_end_matches('\n')), Some(record));
        }
    }

    #[test]
    fn a_flipped_byte_never_gives_another_record() {
        let line = moved("main", Some(1), Some(2)).to_line();
        for at in 0..line.len() - 1 {
            let mut bytes = line.trim_end().as_bytes().to_vec();
            bytes[at] ^= 1;
            let parsed = std::str::from_utf8(&bytes).ok().and_then(LogRecord::parse);
            assert_eq!(parsed, None, "byte {at}");
        }
    }

    #[test]
    fn replay_keeps_the_last_value_and_counts_bad_lines() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("refs.log");
        assert_eq!(replay(&path).expect("no file"), Replay::default());
        append(&path, &[moved("main", None, Some(1)), moved("x", None, Some(2))]).expect("append");
        append(&path, &[moved("main", Some(1), Some(3)), moved("x", Some(2), None)]).expect("more");
        let mut text = std::fs::read_to_string(&path).expect("read");
        text.insert_str(0, "v9 something of a later version\n");
        std::fs::write(&path, text).expect("write");
        let replayed = replay(&path).expect("replay");
        assert_eq!(replayed.refs.len(), 1);
        assert_eq!(replayed.refs[&branch_ref("main").expect("valid")], commit(3).into());
        assert_eq!((replayed.bad_lines, replayed.records.len()), (1, 4));
    }

    #[test]
    fn a_tail_torn_anywhere_is_ignored_and_healed_by_the_next_append() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("refs.log");
        let (first, second) = (moved("main", None, Some(1)), moved("main", Some(1), Some(2)));
        let whole = first.to_line() + &second.to_line();
        for cut in first.to_line().len() + 1..whole.len() - 1 {
            std::fs::write(&path, &whole[..cut]).expect("write");
            let torn = replay(&path).expect("replay");
            assert_eq!((torn.records.len(), torn.bad_lines, torn.torn_tail), (1, 0, true));
            let length_after = append(&path, &[moved("y", None, Some(9))]).expect("append");
            assert_eq!(length_after, length(&path).expect("length"));
            let healed = replay(&path).expect("replay");
            assert_eq!((healed.records.len(), healed.bad_lines, healed.torn_tail), (2, 0, false));
        }
    }

    proptest! {
        #[test]
        fn any_note_round_trips(who: String, message: String, time: i64, tz_minutes: i32) {
            let LogRecord::Ref(update, _) = moved("main", Some(1), Some(2)) else { unreachable!() };
            let record = LogRecord::Ref(update, RefNote { who, time, tz_minutes, message });
            let line = record.to_line();
            prop_assert_eq!(LogRecord::parse(&line[..line.len() - 1]), Some(record));
        }

        #[test]
        fn any_bytes_replay_without_panic(bytes: Vec<u8>) {
            let _ = replay_from(&bytes[..]).expect("memory does not fail");
        }
    }
}
