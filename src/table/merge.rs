//! Making one table of several, in one pass and bounded memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Write;

use crate::id::PackId;
use crate::pack::{PackKind, ReadAt};

use super::layout::{Entry, Prefix, TableError};
use super::reader::{Entries, Table};
use super::writer::{FinishedTable, TableWriter};

/// Writes the entries of `tables` whose packs `keep` accepts into one table of this kind.
///
/// All places of an object stay, one a pack: which of them lives longest is not known here, and whoever
/// relies on a pack finds what it holds for as long as it is live. Memory: 160 KB a table and the new table's directory, 1.3 bytes an entry read.
///
/// # Errors
/// `BadRow` if a table is of another kind; what reading and writing tables may give.
pub fn merge<R: ReadAt, W: Write>(
    out: W,
    kind: PackKind,
    tables: &[&Table<R>],
    keep: impl Fn(PackId) -> bool,
) -> Result<FinishedTable<W>, TableError> {
    if tables.iter().any(|table| table.kind() != kind) {
        return Err(TableError::BadRow("tables of different kinds"));
    }
    let mut packs: Vec<_> = tables.iter().flat_map(|table| table.packs()).copied().collect();
    packs.sort_unstable();
    packs.dedup();
    packs.retain(|&pack| keep(pack));
    let mut heads: Vec<_> = tables.iter().map(|table| Head::new(table, &packs)).collect();
    let expected = tables.iter().map(|table| table.len()).sum();
    let mut writer = TableWriter::new(out, kind, packs, expected)?;
    merge_entries(&mut heads, |entry| writer.push_entry(entry))?;
    writer.finish()
}

/// A table being merged.
struct Head<'a, R> {
    entries: Entries<'a, R>,
    // For each pack of the table its index in the new one, if it is kept. `Entries` vouches for
    // the indexes.
    packs: Vec<Option<u32>>,
    current: Option<Entry>,
}

impl<'a, R: ReadAt> Head<'a, R> {
    fn new(table: &'a Table<R>, kept: &[PackId]) -> Self {
        let packs = table.packs().iter();
        let packs = packs.map(|pack| kept.binary_search(pack).ok().map(|i| i as u32)).collect();
        Self { entries: Entries::new(table, 0), packs, current: None }
    }

    /// Goes to the next entry whose pack is kept, and returns its place in the order of a table.
    fn advance(&mut self) -> Result<Option<(Prefix, Reverse<u32>)>, TableError> {
        self.current = None;
        while let Some(entry) = self.entries.next_entry()? {
            if let Some(pack) = self.packs[entry.pack as usize] {
                self.current = Some(Entry { pack, ..entry });
                return Ok(Some((entry.prefix, Reverse(pack))));
            }
        }
        Ok(None)
    }
}

/// Hands each entry to `write` in the order of a table, those of one prefix and pack once.
fn merge_entries<R: ReadAt>(
    heads: &mut [Head<'_, R>],
    mut write: impl FnMut(&Entry) -> Result<(), TableError>,
) -> Result<(), TableError> {
    let mut queue = BinaryHeap::with_capacity(heads.len());
    for (index, head) in heads.iter_mut().enumerate() {
        queue.extend(head.advance()?.map(|next| Reverse((next, index))));
    }
    let mut last = None;
    while let Some(Reverse((next, index))) = queue.pop() {
        if last.replace(next) != Some(next) {
            write(&heads[index].current.expect("a queued table has a current entry"))?;
        }
        queue.extend(heads[index].advance()?.map(|next| Reverse((next, index))));
    }
    Ok(())
}
