//! The model: a configuration, the condition that is dropped, and the transitions that may happen next.

use stateright::{Model, Property};

use crate::configurations::Configuration;
use crate::names::{PackId, Packs, SessionId, bit, pack_members, session};
use crate::objects::{Object, Objects};
use crate::properties;
use crate::push::Verdict;
use crate::rules::Condition;
use crate::state::{Note, Phase, Process, REFS, State};

/// What a process of the configuration does.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    Push(Push),
    Collect(Collect),
}

/// One `push`, from the command to its answer.
#[derive(Clone, Copy, Debug)]
pub struct Push {
    /// The new value of each ref that it moves: `Some(None)` deletes.
    pub moves: [Option<Option<Object>>; REFS],
    pub is_forced: bool,
    /// What it can upload.
    pub local: Objects,
    /// Its data is staged by a checkpoint root first.
    pub is_chain: bool,
    /// Small packs that it copies and condemns.
    pub folds: Packs,
    /// Damaged packs: a repair, that sends again what refs reach in them, and condemns them.
    pub repairs: Packs,
}

/// A collector: as many collections as it can start sessions for.
#[derive(Clone, Copy, Debug)]
pub struct Collect {
    pub collections: u8,
    /// Copies the survivors of packs that hold garbage too; else such packs stay whole.
    pub copies: bool,
    /// May condemn what is staged.
    pub expires: bool,
    /// Marks again only what new refs reach.
    pub is_incremental: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The request arrives, and its answer may or may not be waited for.
    Arrives,
    /// It is lost.
    Lost,
    /// It may arrive later.
    Late,
}

/// A transition, named as the function of `src/sync` that does the same; the first number is the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `start_session` with `decide_missing`, against the newest root.
    StartSession(usize),
    UploadPacks(usize, Delivery),
    /// `check_against_root` fails: `rebase` decides again, starts a new session or refuses.
    Rebase(usize),
    /// `check_against_root` holds: `journal_intent`, then `create_root`.
    CreateRoot(usize, Delivery),
    /// The same for a root that lists staged packs only.
    CheckpointRoot(usize, Delivery),
    ReadBack(usize),
    /// A collection's `start_session` and `mark`, and whom it will `fence`, what staged packs expire.
    Mark {
        process: usize,
        fences_all: bool,
        expires: bool,
    },
    /// A collection's `create_root`, with what it will `condemn` and `fence`.
    Condemn(usize, Delivery),
    DeleteCondemned(usize, Delivery),
    /// A collection's `delete_condemned` of what earlier ones left, before it makes a root.
    DeleteOrphans(usize),
    Crash(usize),
    /// Goes on from the journal; a stale one lacks its last note.
    ResumeSession {
        process: usize,
        is_stale: bool,
    },
    LateCreate(usize),
    LatePut(PackId),
    LateDelete,
    StartReading,
    EndReading,
}

pub struct Protocol {
    pub configuration: Configuration,
    pub dropped: Option<Condition>,
}

impl Protocol {
    pub fn keeps(&self, condition: Condition) -> bool {
        self.dropped != Some(condition)
    }

    pub fn push(&self, process: usize) -> Option<&Push> {
        match &self.configuration.roles[process] {
            Role::Push(push) => Some(push),
            Role::Collect(_) => None,
        }
    }

    pub fn collect(&self, process: usize) -> Option<&Collect> {
        match &self.configuration.roles[process] {
            Role::Push(_) => None,
            Role::Collect(collect) => Some(collect),
        }
    }

    fn push_actions(&self, push: &Push, state: &State, at: usize, actions: &mut Vec<Action>) {
        let process = &state.processes[at];
        let create = |delivery| match push.is_chain && !process.checkpointed {
            true => Action::CheckpointRoot(at, delivery),
            false => Action::CreateRoot(at, delivery),
        };
        match process.phase {
            Phase::Idle => actions.push(Action::StartSession(at)),
            Phase::Ready if self.must_settle(process) => actions.push(Action::ReadBack(at)),
            Phase::Ready if self.check_against_root(state, at) != Verdict::Holds => {
                actions.push(Action::Rebase(at));
            }
            Phase::Ready => deliveries(state, create, actions),
            _ => {}
        }
        if process.phase == Phase::Crashed {
            actions.push(Action::ResumeSession { process: at, is_stale: false });
            if state.faults.stale_journals > 0 && process.note != Note::None {
                actions.push(Action::ResumeSession { process: at, is_stale: true });
            }
        }
    }

    fn collect_actions(
        &self,
        collect: &Collect,
        state: &State,
        at: usize,
        actions: &mut Vec<Action>,
    ) {
        let process = &state.processes[at];
        match process.phase {
            Phase::Idle if process.sessions < collect.collections => {
                for (fences_all, expires) in
                    [(false, false), (true, false), (false, true), (true, true)]
                {
                    if !expires || collect.expires && state.root.staged != 0 {
                        actions.push(Action::Mark { process: at, fences_all, expires });
                    }
                }
            }
            Phase::Ready if self.must_settle(process) => actions.push(Action::ReadBack(at)),
            Phase::Ready if self.must_plan_again(state, at) => actions.push(Action::Rebase(at)),
            Phase::Ready => {
                deliveries(state, |delivery| Action::Condemn(at, delivery), actions);
                if self.orphans(state, at) & state.store != 0 {
                    actions.push(Action::DeleteOrphans(at));
                }
            }
            Phase::Condemned if self.grace_is_over(state, at) => {
                actions.push(Action::DeleteCondemned(at, Delivery::Arrives));
                if state.faults.requests > 0 {
                    actions.push(Action::DeleteCondemned(at, Delivery::Late));
                }
            }
            _ => {}
        }
    }

    /// A create that was found absent is sent again under the same seq, is answered that it is taken, and so
    /// is read back once more, before a newer root counts.
    fn must_settle(&self, process: &Process) -> bool {
        let settles =
            self.keeps(Condition::SameSeqAgain) && self.keeps(Condition::UnknownIsReadBack);
        process.note == Note::Ours && settles
    }

    fn common_actions(state: &State, at: usize, actions: &mut Vec<Action>) {
        let process = &state.processes[at];
        match process.phase {
            Phase::Uploading => {
                deliveries(state, |delivery| Action::UploadPacks(at, delivery), actions)
            }
            Phase::Unknown => actions.push(Action::ReadBack(at)),
            _ => {}
        }
        let runs = matches!(
            process.phase,
            Phase::Uploading | Phase::Ready | Phase::Unknown | Phase::Condemned
        );
        if runs && state.faults.crashes > 0 {
            actions.push(Action::Crash(at));
        }
        if process.sent.is_some() {
            actions.push(Action::LateCreate(at));
        }
    }

    fn act(&self, state: &mut State, action: Action) -> bool {
        match action {
            Action::StartSession(at) => self.start_session(state, at),
            Action::UploadPacks(at, delivery) => self.upload_packs(state, at, delivery),
            Action::Rebase(at) if self.push(at).is_some() => self.rebase(state, at),
            Action::Rebase(at) => self.plan_again(state, at),
            Action::CreateRoot(at, delivery)
            | Action::CheckpointRoot(at, delivery)
            | Action::Condemn(at, delivery) => self.create_root(state, at, delivery),
            Action::ReadBack(at) => self.read_back(state, at),
            Action::Mark { process, fences_all, expires } => {
                self.mark(state, process, fences_all, expires)
            }
            Action::DeleteCondemned(at, delivery) => self.delete_condemned(state, at, delivery),
            Action::DeleteOrphans(at) => {
                state.store &= !self.orphans(state, at);
                true
            }
            Action::Crash(at) => self.crash(state, at),
            Action::ResumeSession { process, is_stale } => {
                self.resume_session(state, process, is_stale)
            }
            Action::LateCreate(at) => self.late_create(state, at),
            Action::LatePut(pack) => late_put(state, pack),
            Action::LateDelete => {
                state.store &= !state.late_deletes;
                state.late_deletes = 0;
                true
            }
            Action::StartReading => self.start_reading(state),
            Action::EndReading => {
                state.reader = None;
                true
            }
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.configuration.first_state()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for at in 0..state.processes.len() {
            match &self.configuration.roles[at] {
                Role::Push(push) => self.push_actions(push, state, at, actions),
                Role::Collect(collect) => self.collect_actions(collect, state, at, actions),
            }
            Self::common_actions(state, at, actions);
        }
        actions.extend(pack_members(state.late_puts).map(Action::LatePut));
        if state.late_deletes != 0 {
            actions.push(Action::LateDelete);
        }
        if state.reader.is_some() {
            actions.push(Action::EndReading);
        } else if state.faults.readers > 0 {
            actions.push(Action::StartReading);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        self.act(&mut state, action).then(|| {
            state.forget();
            state
        })
    }

    fn properties(&self) -> Vec<Property<Protocol>> {
        properties::all()
    }
}

/// The present session of a process that has started one.
pub fn session_now(state: &State, at: usize) -> SessionId {
    session(at, state.processes[at].sessions)
}

fn deliveries(state: &State, action: impl Fn(Delivery) -> Action, actions: &mut Vec<Action>) {
    actions.push(action(Delivery::Arrives));
    if state.faults.requests > 0 {
        actions.push(action(Delivery::Lost));
        actions.push(action(Delivery::Late));
    }
}

fn late_put(state: &mut State, pack: PackId) -> bool {
    state.late_puts &= !bit(pack);
    state.store |= bit(pack);
    true
}
