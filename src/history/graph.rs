//! The order and the edges in which a history is drawn.

use std::collections::{HashMap, HashSet};

use super::Links;
use crate::id::CommitId;

/// A commit to draw, with what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The commit.
    pub id: CommitId,
    /// Edges to commits that are drawn later.
    pub edges: Vec<Edge>,
}

/// An edge to a commit below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edge {
    /// It is a parent.
    Parent(CommitId),
    /// It is reached through commits that are not drawn.
    Ancestor(CommitId),
}

impl Edge {
    /// The commit at its end.
    pub fn id(self) -> CommitId {
        match self {
            Self::Parent(id) | Self::Ancestor(id) => id,
        }
    }
}

/// Orders `shown` so that no commit comes before one that continues it and lines of history stay
/// together, and gives each its edges.
///
/// `links` are those of the walk that found them; starts are taken in the order of `shown`. Linear in
/// the number of links.
pub fn arrange(links: &Links, shown: &[CommitId]) -> Vec<Placed> {
    let drawn: HashSet<CommitId> = shown.iter().copied().collect();
    let order = children_first(links, shown);
    let mut below: HashMap<CommitId, Vec<Edge>> = HashMap::with_capacity(order.len());
    for id in order.iter().rev() {
        let mut edges = Vec::new();
        for parent in links.get(id).into_iter().flatten() {
            if drawn.contains(parent) {
                edges.push(Edge::Parent(*parent));
            } else {
                let further = below.get(parent).into_iter().flatten();
                edges.extend(further.map(|edge| Edge::Ancestor(edge.id())));
            }
        }
        let mut met = HashSet::new();
        edges.retain(|edge| met.insert(edge.id()));
        below.insert(*id, edges);
    }
    let place = |id: CommitId| {
        let edges = below.remove(&id).unwrap_or_default();
        Placed { id, edges }
    };
    order.into_iter().filter(|id| drawn.contains(id)).map(place).collect()
}

/// All linked commits, children before parents.
fn children_first(links: &Links, shown: &[CommitId]) -> Vec<CommitId> {
    let mut children: HashMap<CommitId, usize> = HashMap::with_capacity(links.len());
    for parent in links.values().flatten() {
        *children.entry(*parent).or_default() += 1;
    }
    let is_start = |id: &&CommitId| !children.contains_key(*id);
    let mut hidden: Vec<CommitId> = links.keys().filter(is_start).copied().collect();
    let listed: HashSet<CommitId> = shown.iter().copied().collect();
    hidden.retain(|id| !listed.contains(id));
    hidden.sort();
    // Taken from the end: the first of `shown` first.
    let mut ready: Vec<CommitId> = hidden;
    ready.extend(shown.iter().rev().filter(is_start));
    let mut order = Vec::with_capacity(links.len());
    while let Some(id) = ready.pop() {
        order.push(id);
        for parent in links.get(&id).into_iter().flatten() {
            let left = children.get_mut(parent).expect("every parent was counted");
            *left -= 1;
            if *left == 0 {
                ready.push(*parent);
            }
        }
    }
    order
}
