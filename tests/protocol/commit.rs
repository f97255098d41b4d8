//! The one request that matters: `create_root`, what lands of it, and how its outcome is learned.

use crate::model::{Delivery, Protocol, Push, session_now};
use crate::names::{
    Packs, SESSIONS_PER_PROCESS, SessionId, Sessions, bit, pack_members, session_bit, session_of,
};
use crate::objects::is_ancestor;
use crate::rules::Condition;
use crate::state::{Change, Kind, Note, Phase, Process, REFS, State};

impl Protocol {
    /// `journal_intent`, then the create. Checked against the root it replaces by whoever offers this.
    pub fn create_root(&self, state: &mut State, at: usize, delivery: Delivery) -> bool {
        let change = self.change(state, at);
        let process = &mut state.processes[at];
        if delivery == Delivery::Late && process.sent.is_some() {
            return false;
        }
        process.note = Note::Absent;
        process.phase = Phase::Unknown;
        match delivery {
            Delivery::Arrives => self.land(state, change),
            Delivery::Lost => state.faults.requests -= 1,
            Delivery::Late => {
                process.sent = Some(change);
                state.faults.requests -= 1;
            }
        }
        true
    }

    /// A create that was sent long ago arrives, and its root is still absent.
    pub fn late_create(&self, state: &mut State, at: usize) -> bool {
        let Some(change) = state.processes[at].sent else { return false };
        self.land(state, change);
        true
    }

    fn change(&self, state: &State, at: usize) -> Change {
        let process = &state.processes[at];
        let condemns = match self.push(at) {
            Some(_) => self.condemned_by_push(state, at),
            None => process.plan.condemns,
        };
        let kind = match self.push(at) {
            None => Kind::Collection,
            Some(push) if push.is_chain && !process.checkpointed => Kind::Checkpoint,
            Some(_) => Kind::Push,
        };
        Change {
            session: session_now(state, at),
            adds: process.answered,
            kind,
            promotes: if kind == Kind::Push { process.relied & process.chain } else { 0 },
            condemns: condemns & !process.answered,
            fences: process.plan.fences,
        }
    }

    /// The root after the newest one, made of it and of the change.
    fn land(&self, state: &mut State, change: Change) {
        let at = process_of(change.session);
        if let (Some(push), Kind::Push) = (self.push(at), change.kind) {
            move_refs(push, state, at);
        }
        if change.kind == Kind::Collection && !self.keeps(Condition::TablesKeepWholePacks) {
            self.drop_unreachable_places(state);
        }
        let root = &mut state.root;
        match change.kind {
            Kind::Checkpoint => root.staged |= change.adds,
            Kind::Push | Kind::Collection => root.live |= change.adds | change.promotes,
        }
        root.live &= !change.condemns;
        root.staged &= !(change.condemns | change.promotes);
        root.condemned = root.condemned & state.store | change.condemns;
        if change.kind == Kind::Collection && !self.keeps(Condition::FencesKept) {
            root.fenced = 0;
        }
        root.fenced |= change.fences;
        if self.keeps(Condition::CondemnedIsFenced) {
            root.fenced |= sessions_of(change.condemns);
        }
        self.tell(state, change);
    }

    /// What a pack holds is what tables say: this writes them without the places that nothing reaches.
    fn drop_unreachable_places(&self, state: &mut State) {
        let marks = self.marks(state);
        for pack in state.packs.iter_mut().filter(|pack| state.root.live & bit(pack.id) != 0) {
            pack.holds = marks.of(pack.id);
        }
    }

    /// What all others would find, now that there is one root more.
    fn tell(&self, state: &mut State, change: Change) {
        let author = process_of(change.session);
        for at in 0..state.processes.len() {
            let is_ours = session_now(state, at) == change.session;
            let process = &mut state.processes[at];
            if process.note == Note::Absent {
                process.note = if is_ours { Note::Ours } else { Note::Others };
            }
            process.sent = None;
            process.plan.is_fresh = false;
        }
        if change.kind == Kind::Collection {
            let condemned = state.root.condemned;
            if state.processes[author].note == Note::Ours {
                state.processes[author].plan.condemns = condemned;
            }
            if let Some(reader) = &mut state.reader {
                reader.older_than |= 1 << author;
            }
        }
    }

    /// Reads the root that was noted: whose is it?
    pub fn read_back(&self, state: &mut State, at: usize) -> bool {
        let is_push = self.push(at).is_some();
        let is_checkpoint =
            self.push(at).is_some_and(|push| push.is_chain) && !state.processes[at].checkpointed;
        let process = &mut state.processes[at];
        let skips = !is_push && !self.keeps(Condition::DeletedAfterReadBack);
        let is_ours = process.note == Note::Ours && self.keeps(Condition::UnknownIsReadBack);
        if !is_ours && !skips {
            process.phase = Phase::Ready;
        } else if !is_push {
            process.phase = Phase::Condemned;
        } else if is_checkpoint {
            process.chain |= process.answered;
            *process = Process {
                phase: Phase::Idle,
                checkpointed: true,
                answered: 0,
                anchors: 0,
                relied: 0,
                note: Note::None,
                ..*process
            };
        } else {
            state.broken.false_answer |= !process.moved;
            process.end(Phase::Acknowledged);
        }
        true
    }
}

/// Moves the refs of a push, and notes what it should not have done to them.
fn move_refs(push: &Push, state: &mut State, at: usize) {
    for name in 0..REFS {
        let Some(new) = push.moves[name] else { continue };
        let (old, named) = (state.root.refs[name], state.processes[at].named[name]);
        let is_lawful = match (old, new) {
            _ if push.is_forced || new.is_none() => old == named,
            (Some(old), Some(new)) => is_ancestor(old, new),
            _ => named.is_none(),
        };
        state.broken.lost_update |= !is_lawful;
        state.root.refs[name] = new;
    }
    let process = &mut state.processes[at];
    state.broken.moved_twice |= process.moved && !process.forgot;
    process.moved = true;
}

fn sessions_of(packs: Packs) -> Sessions {
    pack_members(packs).fold(0, |all, pack| all | session_bit(session_of(pack))) & !session_bit(0)
}

fn process_of(session: SessionId) -> usize {
    (session as usize - 1) / SESSIONS_PER_PROCESS as usize
}
