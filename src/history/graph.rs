//! The order and the edges in which a history is drawn.

use std::collections::{HashMap, HashSet};

use super::Links;
use crate::id::{CommitId, IdState};

/// A commit to draw, with what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The commit.
    pub id: CommitId,
    /// Its place among those that were given.
    pub at: usize,
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
    let graph = Numbered::new(links, shown);
    let order = graph.children_first();
    let mut below: Vec<Vec<Edge>> = vec![Vec::new(); graph.ids.len()];
    for number in order.iter().rev() {
        let mut edges = Vec::new();
        for parent in graph.parents(*number) {
            if graph.shown_at[*parent as usize].is_some() {
                edges.push(Edge::Parent(graph.ids[*parent as usize]));
            } else {
                let further = below[*parent as usize].iter();
                edges.extend(further.map(|edge| Edge::Ancestor(edge.id())));
            }
        }
        if edges.len() > 1 {
            let mut met = HashSet::new();
            edges.retain(|edge| met.insert(edge.id()));
        }
        below[*number as usize] = edges;
    }
    let place = |number: u32| {
        let (number, edges) = (number as usize, std::mem::take(&mut below[number as usize]));
        graph.shown_at[number].map(|at| Placed { id: graph.ids[number], at: at as usize, edges })
    };
    order.into_iter().filter_map(place).collect()
}

/// Linked commits under numbers: a number is found in a list sooner than an id in a map.
struct Numbered {
    ids: Vec<CommitId>,
    /// The parents of all commits, one after the other.
    parents: Vec<u32>,
    /// Where those of a commit end; of parents that were not walked nothing is known.
    ends: Vec<usize>,
    /// Their place among the commits to draw.
    shown_at: Vec<Option<u32>>,
    /// The commits to draw in their order.
    shown: Vec<u32>,
}

impl Numbered {
    fn new(links: &Links, shown: &[CommitId]) -> Self {
        let mut ids: Vec<CommitId> = links.iter().map(|(id, _)| *id).collect();
        let mut numbers: HashMap<CommitId, u32, IdState> = ids.iter().copied().zip(0..).collect();
        let (mut parents, mut ends) = (Vec::with_capacity(links.len()), Vec::new());
        for (_, below) in links {
            parents.extend(below.iter().map(|id| {
                *numbers.entry(*id).or_insert_with(|| {
                    ids.push(*id);
                    (ids.len() - 1) as u32
                })
            }));
            ends.push(parents.len());
        }
        let mut shown_at = vec![None; ids.len()];
        let shown: Vec<u32> = shown.iter().filter_map(|id| numbers.get(id).copied()).collect();
        for (at, number) in (0..).zip(&shown) {
            shown_at[*number as usize] = Some(at);
        }
        Self { ids, parents, ends, shown_at, shown }
    }

    fn parents(&self, number: u32) -> &[u32] {
        let number = number as usize;
        let Some(end) = self.ends.get(number) else { return &[] };
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.parents[start..*end]
    }

    /// All commits, children before parents.
    fn children_first(&self) -> Vec<u32> {
        let mut children = vec![0_u32; self.ids.len()];
        self.parents.iter().for_each(|parent| children[*parent as usize] += 1);
        let is_start = |number: &&u32| children[**number as usize] == 0;
        // Taken from the end: the first of those to draw first.
        let walked: Vec<u32> = (0..).take(self.ends.len()).collect();
        let hidden = |number: &&u32| self.shown_at[**number as usize].is_none();
        let mut ready: Vec<u32> = walked.iter().filter(is_start).filter(hidden).copied().collect();
        ready.sort_by_key(|number| self.ids[*number as usize]);
        ready.extend(self.shown.iter().rev().filter(is_start));
        let mut order = Vec::with_capacity(self.ids.len());
        while let Some(number) = ready.pop() {
            order.push(number);
            for parent in self.parents(number) {
                let left = &mut children[*parent as usize];
                *left -= 1;
                if *left == 0 {
                    ready.push(*parent);
                }
            }
        }
        order
    }
}
