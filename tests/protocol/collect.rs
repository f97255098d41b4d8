//! A collection: `mark`, `condemn`, `fence`, and `delete_condemned` after the grace.

use crate::model::{Delivery, Protocol, session_now};
use crate::names::{
    PackId, Packs, SessionId, Sessions, bit, pack_members, packs_of, session, session_bit,
};
use crate::objects::{BLOBS, CHUNKS, HISTORY, IN_BLOBS, Object, Objects, closure, members, set};
use crate::rules::Condition;
use crate::state::{KEEP, Phase, Plan, Process, Reader, Recipe, State};

impl Protocol {
    /// A new session of a collector, and its plan against the newest root.
    pub fn mark(&self, state: &mut State, at: usize, fences_all: bool, expires: bool) -> bool {
        let process = &mut state.processes[at];
        *process = Process {
            sessions: process.sessions + 1,
            sent: process.sent,
            plan: Plan { fences_all, expires, ..Plan::default() },
            ..Process::new()
        };
        self.make_plan(state, at);
        let plan = state.processes[at].plan;
        let root = &state.root;
        plan.condemns != 0 || plan.fences & !root.fenced != 0 || root.condemned & state.store != 0
    }

    pub fn must_plan_again(&self, state: &State, at: usize) -> bool {
        !state.processes[at].plan.is_fresh || self.is_fenced(state, at)
    }

    /// The collection's `rebase`: its root was taken by another.
    pub fn plan_again(&self, state: &mut State, at: usize) -> bool {
        if self.is_fenced(state, at) {
            state.processes[at].phase = Phase::Idle;
            return true;
        }
        let marked = self.marks(state).packs();
        let live = state.root.live | state.root.staged;
        let plan = &mut state.processes[at].plan;
        let is_incremental = self.collect(at).is_some_and(|collect| collect.is_incremental);
        if !self.keeps(Condition::PlanFromNewestRoot) {
            plan.condemns &= live;
            plan.is_fresh = true;
        } else if is_incremental {
            plan.condemns &= live & !marked;
            plan.is_fresh = true;
        } else {
            self.make_plan(state, at);
        }
        true
    }

    /// What dies, and copies of what survives in packs that hold garbage too.
    fn make_plan(&self, state: &mut State, at: usize) {
        let Some(collect) = self.collect(at) else { return };
        let marks = self.marks(state);
        let (mut condemns, mut survivors) = (0, 0);
        for pack in pack_members(state.root.live) {
            let marked = marks.of(pack);
            if marked == 0 {
                condemns |= bit(pack);
            } else if collect.copies && marked != state.holds(pack) {
                condemns |= bit(pack);
                survivors |= marked;
            }
        }
        let plan = state.processes[at].plan;
        if plan.expires {
            condemns |= state.root.staged;
        }
        let fences = if plan.fences_all { all_but(state, at) & !state.root.fenced } else { 0 };
        let listed = state.root.live | state.root.staged | state.root.condemned;
        let orphans = match self.keeps(Condition::OrphansFromNewestRoot) {
            true => 0,
            false => plan.orphans | state.store & names_of(state.root.fenced | fences) & !listed,
        };
        state.processes[at].plan = Plan { condemns, fences, is_fresh: true, orphans, ..plan };
        self.copy_survivors(state, at, survivors);
    }

    /// Copies are kept from the plan before only if the plan came out the same.
    fn copy_survivors(&self, state: &mut State, at: usize, survivors: Objects) {
        let blobs: Vec<Object> = members(state.reachable() & BLOBS)
            .filter(|&blob| survivors & set(&[blob]) != 0 || self.names_swept(state, at, blob))
            .collect();
        let wanted = survivors & !BLOBS | set(&blobs);
        let own = state.processes[at].answered;
        let is_same =
            own != 0 && state.holds_together(own) == wanted && self.recipes_still_hold(state, at);
        let process = &mut state.processes[at];
        if is_same {
            process.phase = Phase::Ready;
            return;
        }
        process.answered = 0;
        process.unanswered = 0;
        self.name_packs(state, at, [survivors & CHUNKS, survivors & HISTORY], &blobs);
    }

    /// Whether what the recipes among the copies name is live now, and after this collection's root too.
    fn recipes_still_hold(&self, state: &State, at: usize) -> bool {
        let process = &state.processes[at];
        let stays = process.answered | state.root.live & !process.plan.condemns;
        let is_own = |recipe: &&Recipe| process.answered & bit(recipe.pack) != 0;
        let broken = state.recipes.iter().filter(is_own).any(|recipe| recipe.names & !stays != 0);
        !broken || !self.keeps(Condition::CopiesOfSamePlan)
    }

    /// Whether readers would go through a recipe that the plan breaks.
    fn names_swept(&self, state: &State, at: usize, blob: Object) -> bool {
        // One that copies nothing marks so that no recipe breaks, and writes none.
        let copies = self.collect(at).is_some_and(|collect| collect.copies);
        let condemns = state.processes[at].plan.condemns;
        let swept = |recipe: Recipe| recipe.names & condemns != 0;
        copies
            && self.keeps(Condition::RecipesRewritten)
            && recipe_read(state, blob, true).is_some_and(swept)
    }

    /// What is reachable, by the pack and the places in it that readers of this root go to.
    pub fn marks(&self, state: &State) -> Marks {
        let mut marks = Marks::default();
        let refs = match self.keeps(Condition::KeepsMarked) {
            true => &state.root.refs[..],
            false => &state.root.refs[..KEEP],
        };
        let reachable = state.reachable_from(refs);
        for object in members(reachable & !BLOBS & !IN_BLOBS) {
            if let Some(pack) = state.locate(state.root.live, object) {
                marks.add(pack, set(&[object]));
            }
        }
        for blob in members(reachable & BLOBS) {
            self.mark_blob(state, blob, &mut marks);
        }
        marks
    }

    /// Marks the recipe that is read, and the chunks in the packs that it names.
    fn mark_blob(&self, state: &State, blob: Object, marks: &mut Marks) {
        let whole = self.keeps(Condition::DeadRecipesNotMarked);
        let Some(recipe) = recipe_read(state, blob, whole) else { return };
        marks.add(recipe.pack, set(&[blob]));
        for chunk in members(closure(blob) & CHUNKS) {
            let packs = match self.keeps(Condition::MarkedAsRead) {
                true => state.root.live & recipe.names,
                false => state.locate(state.root.live, chunk).map_or(0, bit),
            };
            let held = pack_members(packs).filter(|&pack| state.holds(pack) & set(&[chunk]) != 0);
            held.for_each(|pack| marks.add(pack, set(&[chunk])));
        }
    }

    /// The grace outlasts every reader that began before the root that condemned.
    pub fn grace_is_over(&self, state: &State, at: usize) -> bool {
        let waits = state.reader.is_some_and(|reader| reader.older_than & 1 << at != 0);
        !waits || !self.keeps(Condition::DeletedAfterGrace)
    }

    /// Unlisted packs of fenced sessions.
    pub fn orphans(&self, state: &State, at: usize) -> Packs {
        let root = &state.root;
        let mut listed = root.live | root.condemned;
        if self.keeps(Condition::StagedIsListed) {
            listed |= root.staged;
        }
        let fenced = match self.keeps(Condition::OrphansAreFenced) {
            true => root.fenced,
            false => all_but(state, at),
        };
        names_of(fenced) & !listed
    }

    /// Deletes what its root condemned, and orphans.
    pub fn delete_condemned(&self, state: &mut State, at: usize, delivery: Delivery) -> bool {
        let plan = state.processes[at].plan;
        let deletes = plan.condemns | plan.orphans | self.orphans(state, at);
        let deletes = deletes & state.store;
        state.store &= !deletes;
        if delivery == Delivery::Late {
            if deletes == 0 {
                return false;
            }
            state.late_deletes |= deletes;
            state.faults.requests -= 1;
        }
        let process = &mut state.processes[at];
        process.end(Phase::Idle);
        true
    }

    pub fn start_reading(&self, state: &mut State) -> bool {
        let needs = self.marks(state).packs();
        state.faults.readers -= 1;
        state.reader = Some(Reader { needs, older_than: 0 });
        true
    }

    fn is_fenced(&self, state: &State, at: usize) -> bool {
        let own = session_bit(session_now(state, at));
        self.keeps(Condition::CollectionsAreFenced) && state.root.fenced & own != 0
    }
}

/// The objects that are marked in each pack that has any.
#[derive(Default)]
pub struct Marks(Vec<(PackId, Objects)>);

impl Marks {
    fn add(&mut self, pack: PackId, objects: Objects) {
        match self.0.iter_mut().find(|mark| mark.0 == pack) {
            Some(known) => known.1 |= objects,
            None => self.0.push((pack, objects)),
        }
    }

    pub fn packs(&self) -> Packs {
        self.0.iter().fold(0, |all, (pack, _)| all | bit(*pack))
    }

    pub fn of(&self, pack: PackId) -> Objects {
        self.0.iter().find(|mark| mark.0 == pack).map_or(0, |mark| mark.1)
    }
}

/// The recipe through which readers of the newest root read a blob: the youngest whose packs are all live.
pub fn recipe_read(state: &State, blob: Object, whole: bool) -> Option<Recipe> {
    let live = state.root.live;
    let counts = |recipe: &&Recipe| {
        recipe.blob == blob && live & bit(recipe.pack) != 0 && (!whole || recipe.names & !live == 0)
    };
    state.recipes.iter().rev().find(counts).copied()
}

/// All sessions that have started, but for the collection's own.
fn all_but(state: &State, at: usize) -> Sessions {
    let started = |(at, process): (usize, &Process)| {
        (1..=process.sessions).map(move |number| session(at, number))
    };
    let all: Sessions = state
        .processes
        .iter()
        .enumerate()
        .flat_map(started)
        .fold(0, |all, id| all | session_bit(id));
    all & !session_bit(session_now(state, at))
}

fn names_of(sessions: Sessions) -> Packs {
    let last = Sessions::BITS - sessions.leading_zeros();
    let fenced = |&id: &SessionId| sessions & session_bit(id) != 0;
    (1..last as SessionId).filter(fenced).fold(0, |all, id| all | packs_of(id))
}
