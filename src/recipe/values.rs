//! The values of groups whose bytes go by once, in pieces of any length.

use blake3::Hasher;
use blake3::hazmat::HasherExt;

use super::{PAGE_GROUPS, Value, merge_values, root_of};
use crate::id::BlobId;

/// Takes the chaining values of consecutive groups of a blob.
#[derive(Clone)]
pub struct GroupValues {
    group_bytes: u64,
    /// Offset in the blob of the next byte.
    offset: u64,
    /// Of the group that the next byte is in, if some of it went by.
    open: Option<Hasher>,
    values: Vec<Value>,
}

impl GroupValues {
    /// Begins at byte `offset` of the blob; both are multiples of a KiB, `offset` one of `group_bytes`.
    pub fn new(group_bytes: u64, offset: u64) -> Self {
        debug_assert!(offset.is_multiple_of(group_bytes));
        Self { group_bytes, offset, open: None, values: Vec::new() }
    }

    /// Takes the bytes that follow.
    pub fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let left = self.group_bytes - self.offset % self.group_bytes;
            let (now, rest) = data.split_at(data.len().min(left as usize));
            let hasher = self.open.get_or_insert_with(|| {
                let mut hasher = Hasher::new();
                hasher.set_input_offset(self.offset);
                hasher
            });
            hasher.update(now);
            self.offset += now.len() as u64;
            if now.len() as u64 == left {
                self.close();
            }
            data = rest;
        }
    }

    fn close(&mut self) {
        self.values.extend(self.open.take().map(|hasher| hasher.finalize_non_root()));
    }

    /// The values of all groups; the last may be shorter than the others.
    pub fn finish(mut self) -> Vec<Value> {
        self.close();
        self.values
    }
}

/// Merges the values of a blob's groups to its id, and holds those of one page and one for each page.
#[derive(Default)]
pub struct Merging {
    open: Vec<Value>,
    pages: Vec<Value>,
}

impl Merging {
    /// Takes the values of the groups that follow.
    pub fn add(&mut self, values: &[Value]) {
        for value in values {
            if self.open.len() == PAGE_GROUPS {
                self.close();
            }
            self.open.push(*value);
        }
    }

    fn close(&mut self) {
        self.pages.push(merge_values(&self.open));
        self.open.clear();
    }

    /// The blob's id; `None` where it is of one group.
    pub fn finish(mut self) -> Option<BlobId> {
        if self.pages.is_empty() {
            return root_of(&self.open);
        }
        self.close();
        root_of(&self.pages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_merge_to_the_same_id_a_page_at_a_time() {
        let values: Vec<Value> = (0..2 * PAGE_GROUPS as u32 + 5)
            .map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes())
            .collect();
        for count in [1, 2, 700, PAGE_GROUPS, PAGE_GROUPS + 1, 2 * PAGE_GROUPS, values.len()] {
            let mut merging = Merging::default();
            values[..count].chunks(700).for_each(|some| merging.add(some));
            assert!(merging.open.len() <= PAGE_GROUPS);
            assert_eq!(merging.finish(), root_of(&values[..count]), "{count}");
        }
    }
    use crate::recipe::group_value;

    #[test]
    fn values_are_those_of_whole_groups_however_the_bytes_come() {
        let mut data = vec![0; 200_000];
        blake3::Hasher::new().update(b"values").finalize_xof().fill(&mut data);
        let (group, start) = (1 << 16, 3 << 16);
        let expected: Vec<Value> = data
            .chunks(group)
            .enumerate()
            .map(|(i, bytes)| group_value((start + i * group) as u64, bytes))
            .collect();
        for piece in [1_000, group, 70_001, data.len()] {
            let mut values = GroupValues::new(group as u64, start as u64);
            data.chunks(piece).for_each(|piece| values.update(piece));
            assert_eq!(values.finish(), expected, "in pieces of {piece}");
        }
        assert_eq!(GroupValues::new(group as u64, 0).finish(), Vec::<Value>::new());
    }
}
