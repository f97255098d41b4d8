//! A push up to its create: `start_session`, `decide_missing`, `upload_packs`, `check_against_root`, `rebase`.

use crate::collect::recipe_read;
use crate::model::{Delivery, Protocol, Push, session_now};
use crate::names::{
    NAMES_PER_SESSION, PackId, Packs, SESSIONS_PER_PROCESS, bit, packs_of, session, session_bit,
};
use crate::objects::{BLOBS, CHUNKS, COMMITS, HISTORY, Object, Objects};
use crate::objects::{closure, closure_of, is_ancestor, members, set};
use crate::rules::Condition;
use crate::state::{Note, Pack, Phase, Plan, Process, REFS, Recipe, State};

/// What `check_against_root` finds about the very root that is to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    /// 5a.
    Fenced,
    /// 5b.
    Refused,
    /// 5c or 5d.
    DecideAgain,
}

impl Protocol {
    /// A new session from the newest root, which takes nothing over from the one before it.
    pub fn start_session(&self, state: &mut State, at: usize) -> bool {
        let Some(push) = self.push(at) else { return false };
        let refs = state.root.refs;
        let deletes = |at: usize| push.moves[at] == Some(None);
        if (0..REFS).any(|at| deletes(at) && refs[at].is_none())
            && state.processes[at].sessions == 0
        {
            return false;
        }
        let process = &mut state.processes[at];
        if process.sessions == SESSIONS_PER_PROCESS {
            process.end(Phase::Refused);
            return true;
        }
        if process.sessions == 0 {
            process.named = refs;
            process.seen = refs;
        } else if !self.keeps(Condition::ValueNamedOnce) {
            process.seen = refs;
        }
        let answered = if self.keeps(Condition::NothingTakenOver) { 0 } else { process.answered };
        *process = Process {
            sessions: process.sessions + 1,
            names: 0,
            anchors: 0,
            relied: 0,
            answered,
            unanswered: 0,
            note: Note::None,
            plan: Plan::default(),
            ..*process
        };
        if self.refs_allow(state, at) {
            self.decide_missing(state, at);
        } else {
            state.processes[at].end(Phase::Refused);
        }
        true
    }

    /// Decides against the newest root what must be uploaded, and gives it names.
    pub fn decide_missing(&self, state: &mut State, at: usize) {
        let Some(push) = self.push(at) else { return };
        if push.repairs != 0 {
            return self.decide_repair(state, at, push);
        }
        let own = state.processes[at].answered;
        let usable = self.usable(state, at);
        let want = closure_of(commits_of(push));
        let anchors = want & COMMITS & state.reachable();
        let mut missing = want & !closure_of(anchors);
        if !self.keeps(Condition::AnchorNotPresence) {
            let present = members(missing & HISTORY)
                .filter(|&tree| state.locate(state.root.live, tree).is_some());
            missing &= !present.fold(0, |all, tree| all | closure(tree));
        }
        let mut relied = 0;
        for blob in members(missing & BLOBS) {
            let Some(recipe) = self.recipe_for_push(state, at, blob) else { continue };
            relied |= self.relied_with(recipe, own);
            missing &= !closure(blob);
        }
        let mut upload = missing & !state.holds_together(own) & !BLOBS;
        for chunk in members(upload & CHUNKS) {
            if let Some(pack) = state.locate(usable, chunk) {
                relied |= bit(pack);
                upload &= !set(&[chunk]);
            }
        }
        let needed = upload | missing & BLOBS;
        let folds = push.folds & state.root.live;
        upload |= state.holds_together(folds) & !state.holds_together(own);
        if needed & !push.local != 0 {
            if self.keeps(Condition::RefusedIfNotSupplied) {
                state.processes[at].end(Phase::Refused);
                return;
            }
            upload &= push.local;
        }
        let anew = self.recipes_to_fold(state, at, folds);
        let read = if push.folds == 0 { 0 } else { state.recipe_packs() };
        let process = &mut state.processes[at];
        (process.anchors, process.relied) = (anchors, relied | folds);
        (process.plan.condemns, process.read) = (folds, read);
        self.write_packs(state, at, upload, (missing | anew) & BLOBS);
    }

    /// Blobs whose readers go by a recipe that names a pack which is folded.
    fn recipes_to_fold(&self, state: &State, at: usize, folds: Packs) -> Objects {
        let own = state.processes[at].answered;
        let is_folded = |&blob: &Object| {
            let recipe = recipe_read(state, blob, true);
            recipe.is_some_and(|recipe| recipe.names & folds != 0 && own & bit(recipe.pack) == 0)
        };
        match self.keeps(Condition::FoldRewritesRecipes) {
            true => members(BLOBS).filter(is_folded).fold(0, |all, blob| all | set(&[blob])),
            false => 0,
        }
    }

    /// What of the packs that it folds or repairs a push condemns in the root that follows this one.
    pub fn condemned_by_push(&self, state: &State, at: usize) -> Packs {
        let process = &state.processes[at];
        let all_read = state.recipe_packs() & !process.read == 0;
        let is_fold = self.push(at).is_some_and(|push| push.folds != 0);
        match is_fold && !all_read && self.keeps(Condition::FoldedIfRecipesRead) {
            true => 0,
            false => process.plan.condemns,
        }
    }

    /// What is reached in damaged packs and in no other, and is here, is sent again; they go if that is all.
    fn decide_repair(&self, state: &mut State, at: usize, push: &Push) {
        let bad = push.repairs & state.root.live;
        let whole = state.holds_together(state.root.live & !bad);
        let own = state.holds_together(state.processes[at].answered);
        let lost = state.reachable() & state.holds_together(bad) & !whole & !own;
        let is_supplied = lost & !push.local == 0 || !self.keeps(Condition::RepairedIfSupplied);
        let process = &mut state.processes[at];
        process.plan.condemns = if is_supplied { bad } else { 0 };
        process.plan.is_fresh = true;
        if lost & push.local == 0 && process.plan.condemns == 0 {
            process.end(Phase::Refused);
            return;
        }
        self.write_packs(state, at, lost & push.local, 0);
    }

    /// Names the packs that hold what is to be uploaded, history and data apart.
    fn write_packs(&self, state: &mut State, at: usize, upload: Objects, blobs: Objects) {
        if self.push(at).is_some_and(|push| push.is_chain) && !state.processes[at].checkpointed {
            if upload & CHUNKS != 0 || state.processes[at].answered != 0 {
                return self.name_packs(state, at, [upload & CHUNKS, 0], &[]);
            }
            // Nothing to stage: the session still has its one root.
            state.processes[at].checkpointed = true;
        }
        self.name_packs(
            state,
            at,
            [upload & CHUNKS, upload & HISTORY],
            &members(blobs).collect::<Vec<_>>(),
        );
    }

    /// Gives new names in the present session to packs of these objects, and to one with new recipes.
    pub fn name_packs(&self, state: &mut State, at: usize, holds: [Objects; 2], blobs: &[Object]) {
        for holds in holds.into_iter().filter(|&holds| holds != 0) {
            if new_pack(state, at, holds).is_none() {
                return;
            }
        }
        if !blobs.is_empty() {
            let own = state.processes[at].answered | state.processes[at].unanswered;
            let usable = self.nameable(state, at);
            let Some(pack) = new_pack(state, at, set(blobs)) else { return };
            for &blob in blobs {
                let chunks = members(closure(blob) & CHUNKS);
                let place =
                    |chunk| state.locate(own, chunk).or_else(|| state.locate(usable, chunk));
                let names = chunks.filter_map(place).fold(0, |all, pack| all | bit(pack));
                state.recipes.push(Recipe { blob, pack, names });
            }
            state.recipes.sort_unstable();
        }
        let process = &mut state.processes[at];
        process.phase = if process.unanswered == 0 { Phase::Ready } else { Phase::Uploading };
    }

    /// One request: the upload of the first pack that was not answered.
    pub fn upload_packs(&self, state: &mut State, at: usize, delivery: Delivery) -> bool {
        let process = &mut state.processes[at];
        let pack = process.unanswered & process.unanswered.wrapping_neg();
        match delivery {
            Delivery::Arrives => {
                state.store |= pack;
                process.unanswered &= !pack;
                process.answered |= pack;
                if process.unanswered == 0 {
                    process.phase = Phase::Ready;
                }
            }
            // It arrives, its answer is lost.
            Delivery::Lost => {
                state.faults.requests -= 1;
                state.store |= pack;
            }
            Delivery::Late => {
                state.faults.requests -= 1;
                state.late_puts |= pack;
            }
        }
        true
    }

    /// Rule 5, against the newest root: the one that a create would replace.
    pub fn check_against_root(&self, state: &State, at: usize) -> Verdict {
        let process = &state.processes[at];
        let is_fenced = state.root.fenced & session_bit(session_now(state, at)) != 0;
        if self.keeps(Condition::FenceChecked) && is_fenced {
            return Verdict::Fenced;
        }
        if !self.refs_allow(state, at) {
            return Verdict::Refused;
        }
        let is_stale = self.push(at).is_some_and(|push| push.repairs != 0)
            && !process.plan.is_fresh
            && self.keeps(Condition::RepairFromNewestRoot);
        let anchors_gone = process.anchors & !state.reachable() != 0;
        let relied_gone = process.relied & !process.chain & !self.usable(state, at) != 0;
        let chain_gone =
            process.relied & process.chain & !(state.root.staged | state.root.live) != 0;
        let recipe_gone = members(state.holds_together(process.answered) & BLOBS)
            .any(|blob| self.recipe_for_push(state, at, blob).is_none());
        if is_stale
            || self.keeps(Condition::AnchorsChecked) && anchors_gone
            || self.keeps(Condition::ReliedPacksChecked) && relied_gone
            || self.keeps(Condition::ChainChecked) && chain_gone
            || self.keeps(Condition::RecipesChecked) && recipe_gone
        {
            return Verdict::DecideAgain;
        }
        Verdict::Holds
    }

    pub fn rebase(&self, state: &mut State, at: usize) -> bool {
        match self.check_against_root(state, at) {
            Verdict::Holds => return false,
            Verdict::Fenced => state.processes[at].phase = Phase::Idle,
            Verdict::Refused => state.processes[at].end(Phase::Refused),
            Verdict::DecideAgain => self.decide_missing(state, at),
        }
        true
    }

    /// Rule 5b.
    fn refs_allow(&self, state: &State, at: usize) -> bool {
        let Some(push) = self.push(at) else { return true };
        let moved = (0..REFS).filter_map(|at| push.moves[at].map(|new| (at, new)));
        let checked = if self.keeps(Condition::EveryRefChecked) { REFS } else { 1 };
        moved.take(checked).all(|(name, new)| {
            let (now, seen) = (state.root.refs[name], state.processes[at].seen[name]);
            match (now, new) {
                _ if push.is_forced || new.is_none() => {
                    now == seen || !self.keeps(Condition::ForceNamesValue)
                }
                (Some(now), Some(new)) => {
                    is_ancestor(now, new) || !self.keeps(Condition::RefChecked)
                }
                _ => seen.is_none() || !self.keeps(Condition::VanishedRefRefuses),
            }
        })
    }

    /// Packs of others in which a place counts as present for this process.
    fn usable(&self, state: &State, at: usize) -> Packs {
        let root = &state.root;
        let mut usable = root.live | state.processes[at].chain & root.staged;
        if !self.keeps(Condition::StagedCountForTheirChain) {
            usable |= root.staged;
        }
        if !self.keeps(Condition::DeadPlacesAbsent) {
            usable |= root.condemned;
        }
        usable
    }

    /// Packs of others that a new recipe may name: those that stay live in the root that lists it.
    fn nameable(&self, state: &State, at: usize) -> Packs {
        let condemns = state.processes[at].plan.condemns;
        let stays = if self.keeps(Condition::RecipesNameWhatStays) { !condemns } else { !0 };
        self.usable(state, at) & stays
    }

    /// The packs of others that a push relies on when it uses a recipe.
    fn relied_with(&self, recipe: Recipe, own: Packs) -> Packs {
        let names = match own & bit(recipe.pack) != 0 {
            true => self.keeps(Condition::RecipesChecked),
            false => {
                self.keeps(Condition::RecipeWithItsPacks)
                    && self.keeps(Condition::DeadRecipesAbsent)
            }
        };
        (bit(recipe.pack) | if names { recipe.names } else { 0 }) & !own
    }

    /// The youngest recipe of `blob` that counts for this push.
    fn recipe_for_push(&self, state: &State, at: usize, blob: Object) -> Option<Recipe> {
        let own = state.processes[at].answered;
        let present = self.usable(state, at) | own;
        let counts = |recipe: &&Recipe| {
            let is_own = own & bit(recipe.pack) != 0;
            recipe.blob == blob
                && present & bit(recipe.pack) != 0
                && (recipe.names & !present == 0
                    || is_own && !self.keeps(Condition::RecipesChecked)
                    || !is_own && !self.keeps(Condition::DeadRecipesAbsent))
        };
        state.recipes.iter().rev().find(counts).copied()
    }
}

/// The commits that the push makes its refs point to.
pub fn commits_of(push: &Push) -> Objects {
    push.moves.iter().flatten().flatten().fold(0, |all, &commit| all | set(&[commit]))
}

/// A new name in the present session, or none when the process may use no more.
fn new_pack(state: &mut State, at: usize, holds: Objects) -> Option<PackId> {
    let process = &mut state.processes[at];
    if process.names == NAMES_PER_SESSION {
        process.end(Phase::Refused);
        return None;
    }
    let first = packs_of(session(at, process.sessions)).trailing_zeros() as PackId;
    let id = first + process.names;
    process.names += 1;
    process.unanswered |= bit(id);
    state.broken.name_reused |= state.used & bit(id) != 0;
    state.used |= bit(id);
    state.packs.retain(|pack| pack.id != id);
    state.packs.push(Pack { id, holds });
    state.packs.sort_unstable();
    Some(id)
}
