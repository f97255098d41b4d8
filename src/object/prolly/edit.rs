//! Changing a directory: reads the leaves that change and all inner nodes, writes only new nodes.

use std::collections::HashSet;
use std::iter::Peekable;
use std::vec;

use super::read::{Nodes, iterate, leaf_entries, open_child};
use super::{STANDARD, Shape, Subtree, TreeBuilder, TreeError};
use crate::id::TreeId;
use crate::object::{AccessError, ChildNode, Entry, EntryValue, Node, ReadObjects, WriteObjects};

type Edits = Peekable<vec::IntoIter<(Box<str>, Option<EntryValue>)>>;

/// Applies edits to the directory `old`: a value puts or replaces an entry, none removes it if it
/// is there.
///
/// Edits are in strictly ascending order of their names. The result is the one [`super::build`]
/// gives for the changed entries; nodes that `old` has already are not written. Of n entries, n/512
/// are held as references to leaves; beside the inner nodes only leaves that an edit falls into, or
/// whose beginning moves, are read.
pub fn edit(
    read: &dyn ReadObjects,
    old: TreeId,
    edits: Vec<(Box<str>, Option<EntryValue>)>,
    out: &mut dyn WriteObjects,
) -> Result<Subtree, TreeError> {
    edit_with(STANDARD, read, old, edits, out)
}

pub(super) fn edit_with(
    shape: Shape,
    read: &dyn ReadObjects,
    old: TreeId,
    edits: Vec<(Box<str>, Option<EntryValue>)>,
    out: &mut dyn WriteObjects,
) -> Result<Subtree, TreeError> {
    if let Some(pair) = edits.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        return Err(TreeError::Order { name: pair[1].0.clone() });
    }
    let top = read.read_tree(old)?;
    let totals = top.totals();
    if edits.is_empty() {
        return Ok(Subtree { id: old, totals });
    }
    let removals = edits.iter().filter(|(_, value)| value.is_none()).count() as u64;
    let mut edits = edits.into_iter().peekable();
    let mut builder = TreeBuilder::with_shape(shape, out);
    let leaves = leaf_references(read, old, &mut builder.known)?;
    if totals.entries.saturating_sub(removals) > shape.single_leaf as u64 && !leaves.is_empty() {
        builder.is_large = true;
        splice(&mut builder, read, &leaves, &mut edits)?;
    } else {
        // What is left may be one leaf; then there are few entries more than edits to read.
        merge(&mut builder, iterate(read, old), &mut edits)?;
    }
    append(&mut builder, &mut edits, |_| true)?;
    builder.finish()
}

/// All leaves of a directory in order, none if its top is a leaf; all its node ids go to `known`.
fn leaf_references(
    read: &dyn ReadObjects,
    id: TreeId,
    known: &mut HashSet<TreeId>,
) -> Result<Vec<ChildNode>, AccessError> {
    known.insert(id);
    let mut leaves = Vec::new();
    for node in Nodes::new(read, id, 1, |_| true) {
        let (_, node) = node?;
        if let Node::Inner { level, children } = &*node {
            known.extend(children.iter().map(|child| child.id));
            if *level == 1 {
                leaves.extend_from_slice(children);
            }
        }
    }
    Ok(leaves)
}

/// Builds anew from each leaf an edit falls into, until a new leaf ends where an old one did.
fn splice(
    builder: &mut TreeBuilder<'_>,
    read: &dyn ReadObjects,
    leaves: &[ChildNode],
    edits: &mut Edits,
) -> Result<(), TreeError> {
    let mut at = 0;
    while at < leaves.len() {
        if builder.leaf.is_empty() {
            // Between leaves: those before the next edit stay as they are. What is added after
            // the last name belongs to the last leaf, which may not have ended by the rule.
            let changed = match edits.peek() {
                Some((name, _)) => leaves[at..]
                    .partition_point(|leaf| leaf.last_name < *name)
                    .min(leaves.len() - 1 - at),
                None => leaves.len() - at,
            };
            for leaf in &leaves[at..at + changed] {
                builder.push_leaf(leaf.clone())?;
            }
            at += changed;
        }
        if let Some(leaf) = leaves.get(at) {
            let entries = leaf_entries(open_child(read, 1, leaf)?);
            merge(builder, entries.into_iter().map(Ok), edits)?;
            at += 1;
        }
    }
    Ok(())
}

/// Pushes entries as the edits change them, up to the last entry.
fn merge(
    builder: &mut TreeBuilder<'_>,
    entries: impl Iterator<Item = Result<Entry, AccessError>>,
    edits: &mut Edits,
) -> Result<(), TreeError> {
    for entry in entries {
        let entry = entry?;
        append(builder, edits, |name| *name < *entry.name)?;
        match edits.next_if(|(name, _)| *name == entry.name) {
            Some((name, Some(value))) => builder.push(Entry { name, value })?,
            Some((_, None)) => {}
            None => builder.push(entry)?,
        }
    }
    Ok(())
}

/// Pushes what the next edits add, for as long as `wanted` holds for their names.
fn append(
    builder: &mut TreeBuilder<'_>,
    edits: &mut Edits,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), TreeError> {
    while let Some((name, value)) = edits.next_if(|(name, _)| wanted(name)) {
        if let Some(value) = value {
            builder.push(Entry { name, value })?;
        }
    }
    Ok(())
}
