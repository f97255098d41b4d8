//! Where histories meet: best common ancestors, "is it an ancestor?", what one side has beyond another.
//!
//! Commits carry no generation numbers, so walks go by time, newest first, and paint: each commit has
//! the colours of the sides that reach it, and one that gains a colour is visited again. Clocks that
//! run wrong therefore cost time, never a wrong base. A walk ends as soon as all that is left lies
//! below what has been found, not at the root.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::id::{CommitId, IdState};
use crate::object::access::{AccessError, ReadObjects};

/// Reached from the one side.
const ONE: u8 = 1;
/// Reached from the other side.
const OTHER: u8 = 2;
/// Of no interest any more: a walk ends when only such commits are waiting.
const DONE: u8 = 4;

/// How wrong a clock may be before [`reachable_minus`] may give a commit too many, in seconds.
const CLOCK_SKEW_SECONDS: i64 = 86_400;

/// How many commits are looked at for the sake of wrong clocks.
const COMMITS_FOR_CLOCKS: usize = 64;

/// All best common ancestors of two sides, newest first: those that are not reached from another one.
///
/// A side is everything its commits reach, so a merge that was never recorded is named by its
/// parents. There are several after criss-cross merges, and none between unrelated histories.
pub fn merge_bases(
    read: &dyn ReadObjects,
    one: &[CommitId],
    other: &[CommitId],
) -> Result<Vec<CommitId>, AccessError> {
    let candidates = common(read, one, other)?;
    if candidates.len() < 2 {
        return Ok(candidates);
    }
    // A walk may end before the paint of one candidate has come down to another.
    let mut best = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let others = [&candidates[..at], &candidates[at + 1..]].concat();
        if !reaches(read, &others, *candidate)? {
            best.push(*candidate);
        }
    }
    Ok(best)
}

/// Whether `descendant` is `ancestor` or continues it.
pub fn is_ancestor(
    read: &dyn ReadObjects,
    ancestor: CommitId,
    descendant: CommitId,
) -> Result<bool, AccessError> {
    reaches(read, &[descendant], ancestor)
}

/// The commits that `include` reaches and `exclude` does not, newest first.
///
/// Exact while no commit is dated before one of its ancestors, or by less than a day and with fewer than
/// 64 commits of that time between them; beyond that, commits that both sides reach may be among them,
/// but none is ever left out.
pub fn reachable_minus(
    read: &dyn ReadObjects,
    include: &[CommitId],
    exclude: &[CommitId],
) -> Result<Vec<CommitId>, AccessError> {
    let mut walk = Walk::new(read);
    walk.start(exclude, DONE)?;
    walk.start(include, ONE)?;
    let mut found = Vec::new();
    let (mut oldest, mut for_clocks) = (i64::MAX, 0);
    loop {
        if walk.live == 0 {
            let is_older = |t| t < oldest.saturating_sub(CLOCK_SKEW_SECONDS);
            let is_settled = walk.next_time().is_none_or(is_older);
            if is_settled || found.is_empty() || for_clocks == COMMITS_FOR_CLOCKS {
                break;
            }
            for_clocks += 1;
        }
        let Some((id, paint)) = walk.step(|paint| paint)? else { break };
        if paint & DONE == 0 {
            oldest = oldest.min(walk.seen[&id].time);
            found.push(id);
        }
    }
    found.retain(|id| walk.seen[id].paint & DONE == 0);
    Ok(found)
}

/// Common ancestors, the best ones among them.
fn common(
    read: &dyn ReadObjects,
    one: &[CommitId],
    other: &[CommitId],
) -> Result<Vec<CommitId>, AccessError> {
    let mut walk = Walk::new(read);
    walk.start(one, ONE)?;
    walk.start(other, OTHER)?;
    let mut found = Vec::new();
    while walk.live > 0 {
        // What lies below a common ancestor is common too, and not the best.
        let below = |paint| if paint == ONE | OTHER { paint | DONE } else { paint };
        let Some((id, paint)) = walk.step(below)? else { break };
        if paint == ONE | OTHER {
            found.push(id);
        }
    }
    found.retain(|id| walk.seen[id].paint & DONE == 0);
    Ok(found)
}

/// Whether one of `starts` is `wanted` or continues it.
pub fn reaches(
    read: &dyn ReadObjects,
    starts: &[CommitId],
    wanted: CommitId,
) -> Result<bool, AccessError> {
    let mut walk = Walk::new(read);
    walk.start(&[wanted], ONE)?;
    walk.start(starts, OTHER)?;
    while walk.live > 0 && walk.seen[&wanted].paint & OTHER == 0 {
        let below = |paint| if paint == ONE | OTHER { paint | DONE } else { paint };
        walk.step(below)?;
    }
    Ok(walk.seen[&wanted].paint & OTHER != 0)
}

/// What is known of a commit that a walk has met.
struct Seen {
    paint: u8,
    /// Seconds; no later than the child it was first met from.
    time: i64,
    is_waiting: bool,
    parents: Vec<CommitId>,
}

/// A walk that paints commits, newest first.
struct Walk<'a> {
    read: &'a dyn ReadObjects,
    seen: HashMap<CommitId, Seen, IdState>,
    /// By time, then in the order in which they were met.
    waiting: BinaryHeap<(i64, Reverse<u64>, CommitId)>,
    met: u64,
    /// How many of the waiting are not [`DONE`].
    live: usize,
}

impl<'a> Walk<'a> {
    fn new(read: &'a dyn ReadObjects) -> Self {
        Self { read, seen: HashMap::default(), waiting: BinaryHeap::new(), met: 0, live: 0 }
    }

    fn start(&mut self, ids: &[CommitId], paint: u8) -> Result<(), AccessError> {
        ids.iter().try_for_each(|id| self.add(*id, paint, i64::MAX))
    }

    /// Adds colours to a commit; it waits to be visited if any is new.
    fn add(&mut self, id: CommitId, paint: u8, latest: i64) -> Result<(), AccessError> {
        if !self.seen.contains_key(&id) {
            let commit = self.read.read_commit(id)?;
            let time = commit.committer.seconds.min(latest);
            let seen = Seen { paint: 0, time, is_waiting: false, parents: commit.parents };
            self.seen.insert(id, seen);
        }
        let seen = self.seen.get_mut(&id).expect("inserted just now");
        if seen.paint | paint == seen.paint {
            return Ok(());
        }
        let was_live = seen.is_waiting && seen.paint & DONE == 0;
        seen.paint |= paint;
        let is_live = seen.paint & DONE == 0;
        self.live = self.live - usize::from(was_live) + usize::from(is_live);
        if !seen.is_waiting {
            seen.is_waiting = true;
            self.met += 1;
            self.waiting.push((seen.time, Reverse(self.met), id));
        }
        Ok(())
    }

    fn next_time(&self) -> Option<i64> {
        self.waiting.peek().map(|(time, ..)| *time)
    }

    /// Visits the newest commit that waits: its parents get what `below` makes of its colours.
    fn step(&mut self, below: impl Fn(u8) -> u8) -> Result<Option<(CommitId, u8)>, AccessError> {
        let Some((time, _, id)) = self.waiting.pop() else { return Ok(None) };
        let seen = self.seen.get_mut(&id).expect("what waits has been seen");
        seen.is_waiting = false;
        let paint = seen.paint;
        self.live -= usize::from(paint & DONE == 0);
        for parent in seen.parents.clone() {
            self.add(parent, below(paint), time)?;
        }
        Ok(Some((id, paint)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TreeId;
    use crate::object::access::{MemoryObjects, WriteObjects};
    use crate::object::commit::{Commit, Person};
    use std::collections::{BTreeMap, BTreeSet, HashSet};

    /// Commits by number; each names its parents.
    struct History {
        objects: MemoryObjects,
        ids: Vec<CommitId>,
        parents: Vec<Vec<usize>>,
    }

    impl History {
        fn new() -> Self {
            Self { objects: MemoryObjects::new(), ids: Vec::new(), parents: Vec::new() }
        }

        fn commit(&mut self, parents: &[usize], seconds: i64) -> usize {
            let number = self.ids.len();
            let person = Person { name: "a".into(), email: "b".into(), seconds, offset_minutes: 0 };
            let commit = Commit {
                tree: TreeId::of(b""),
                attributes: None,
                parents: parents.iter().map(|p| self.ids[*p]).collect(),
                author: person.clone(),
                committer: person,
                message: number.to_string(),
                metadata: BTreeMap::new(),
                signature: None,
            };
            let encoded = commit.encode().expect("valid");
            let id = CommitId::of(&encoded);
            self.objects.write_commit(id, encoded).expect("memory takes all");
            self.ids.push(id);
            self.parents.push(parents.to_vec());
            number
        }

        fn number(&self, id: CommitId) -> usize {
            self.ids.iter().position(|i| *i == id).expect("a commit of this history")
        }

        fn bases(&self, a: usize, b: usize) -> Vec<usize> {
            let found = merge_bases(&self.objects, &[self.ids[a]], &[self.ids[b]]).expect("read");
            found.into_iter().map(|id| self.number(id)).collect()
        }

        fn reach(&self, start: usize) -> BTreeSet<usize> {
            let mut seen = BTreeSet::new();
            let mut pending = vec![start];
            while let Some(one) = pending.pop() {
                if seen.insert(one) {
                    pending.extend(&self.parents[one]);
                }
            }
            seen
        }

        fn bases_by_definition(&self, a: usize, b: usize) -> BTreeSet<usize> {
            let common: BTreeSet<_> = self.reach(a).intersection(&self.reach(b)).copied().collect();
            let is_best = |c: &usize| !common.iter().any(|d| d != c && self.reach(*d).contains(c));
            common.iter().copied().filter(is_best).collect()
        }

        fn minus(&self, include: usize, exclude: usize) -> BTreeSet<usize> {
            let (include, exclude) = (self.ids[include], self.ids[exclude]);
            let found = reachable_minus(&self.objects, &[include], &[exclude]).expect("read");
            found.into_iter().map(|id| self.number(id)).collect()
        }
    }

    #[test]
    fn a_fork_has_one_base_and_a_criss_cross_two() {
        let mut h = History::new();
        let root = h.commit(&[], 1);
        let (a, b) = (h.commit(&[root], 2), h.commit(&[root], 3));
        assert_eq!(h.bases(a, b), [root]);
        assert_eq!(h.bases(a, root), [root]);
        assert_eq!(h.bases(a, a), [a]);
        let (x, y) = (h.commit(&[a, b], 4), h.commit(&[b, a], 5));
        assert_eq!(h.bases(x, y), [b, a], "the newest first");
        let stranger = h.commit(&[], 9);
        assert!(h.bases(x, stranger).is_empty());
        let side = [h.ids[a], h.ids[b]];
        let found = merge_bases(&h.objects, &side, &[h.ids[b]]).expect("read");
        assert_eq!(found, [h.ids[b]], "a side is all that its commits reach");
    }

    #[test]
    fn a_base_below_another_is_not_the_best_whatever_the_clocks_say() {
        let mut h = History::new();
        let old = h.commit(&[], 100);
        let wrong_clock = h.commit(&[old], 1);
        let base = h.commit(&[wrong_clock], 50);
        let (a, b) = (h.commit(&[base, old], 200), h.commit(&[base, old], 201));
        assert_eq!(h.bases(a, b), [base]);
    }

    /// A small generator of numbers, the same everywhere.
    struct Random(u64);

    impl Random {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % n
        }
    }

    fn random_history(random: &mut Random, skew: i64) -> History {
        let mut h = History::new();
        for number in 0..14_u64 {
            let count = if number == 0 { 0 } else { 1 + random.below(3).min(number - 1) };
            let parents: HashSet<usize> =
                (0..count).map(|_| number.saturating_sub(1 + random.below(5)) as usize).collect();
            let mut parents: Vec<_> = parents.into_iter().collect();
            parents.sort_unstable();
            let wrong = random.below(2 * skew as u64 + 1) as i64 - skew;
            h.commit(&parents, 1_000_000 + number as i64 * 10 + wrong);
        }
        h
    }

    #[test]
    fn random_histories_agree_with_the_definitions() {
        for seed in 0..90 {
            let mut random = Random(seed);
            let skew = [0, 30, 500_000][(seed % 3) as usize];
            let h = random_history(&mut random, skew);
            for (a, b) in (0..h.ids.len()).flat_map(|a| (0..h.ids.len()).map(move |b| (a, b))) {
                let found = h.bases(a, b);
                let expected = h.bases_by_definition(a, b);
                assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), expected, "{seed}");
                assert_eq!(found.len(), expected.len());
                let reached = is_ancestor(&h.objects, h.ids[a], h.ids[b]).expect("read");
                assert_eq!(reached, h.reach(b).contains(&a), "{seed}: {a} of {b}");
                let minus: BTreeSet<_> = h.reach(a).difference(&h.reach(b)).copied().collect();
                let found = h.minus(a, b);
                assert!(found.is_superset(&minus), "{seed}: nothing is left out");
                assert!(skew > 10_000 || found == minus, "{seed}: {found:?} for {minus:?}");
            }
        }
    }

    #[test]
    fn a_short_fork_of_a_long_history_reads_a_few_commits() {
        struct Counting<'c>(&'c MemoryObjects, std::cell::Cell<usize>);
        impl ReadObjects for Counting<'_> {
            fn read_tree(
                &self,
                id: TreeId,
            ) -> Result<std::sync::Arc<crate::object::Node>, AccessError> {
                self.0.read_tree(id)
            }
            fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
                self.1.set(self.1.get() + 1);
                self.0.read_commit(id)
            }
            fn read_tag(&self, id: crate::id::TagId) -> Result<crate::object::Tag, AccessError> {
                self.0.read_tag(id)
            }
        }
        let mut h = History::new();
        let mut tip = h.commit(&[], 0);
        for n in 1..1000 {
            tip = h.commit(&[tip], n * 100_000);
        }
        let (a, b) = (h.commit(&[tip], 200_000_000), h.commit(&[tip], 200_000_001));
        let counting = Counting(&h.objects, std::cell::Cell::new(0));
        let (a, b) = (h.ids[a], h.ids[b]);
        merge_bases(&counting, &[a], &[b]).expect("read");
        is_ancestor(&counting, a, b).expect("read");
        reachable_minus(&counting, &[a], &[b]).expect("read");
        assert!(counting.1.get() < 20, "{} commits were read", counting.1.get());
        // A commit a minute: the clocks of a whole day are not gone through.
        for n in 0..2000 {
            tip = h.commit(&[tip], 300_000_000 + n * 60);
        }
        let (a, b) = (h.ids[h.ids.len() - 11], h.ids[h.ids.len() - 1]);
        let counting = Counting(&h.objects, std::cell::Cell::new(0));
        assert_eq!(reachable_minus(&counting, &[b], &[a]).expect("read").len(), 10);
        assert!(counting.1.get() < 100, "{} commits were read", counting.1.get());
    }
}
