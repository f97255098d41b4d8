//! What the model remembers: the newest root, which packs exist, what lies in them, the processes, the
//! requests still under way. Equal futures shall be equal states, so whatever no rule can ask for any more
//! is dropped ([`State::forget`]).

use crate::names::{PackId, Packs, SessionId, Sessions, bit};
use crate::objects::{Object, Objects, closure_of, set};

pub const REFS: usize = 3;
/// The ref that is a keep, where a configuration has one.
pub const KEEP: usize = 2;

pub type Refs = [Option<Object>; REFS];

/// A root: what readers, pushers and collections see of the remote. Its seq shows nowhere: a request that
/// was made for a root that is no longer the next one can no longer land, and so is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Root {
    pub refs: Refs,
    pub live: Packs,
    /// Listed for collections, invisible to readers.
    pub staged: Packs,
    pub condemned: Packs,
    /// Every session that the floor covers or that is fenced by name.
    pub fenced: Sessions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pack {
    pub id: PackId,
    pub holds: Objects,
}

/// The recipe of a blob in one layout pack: the packs that its runs name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipe {
    pub blob: Object,
    /// The pack that holds it. A larger name is younger, where two are valid.
    pub pack: PackId,
    pub names: Packs,
}

/// What one create request carries, against the root it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    pub session: SessionId,
    pub adds: Packs,
    pub kind: Kind,
    /// Staged packs of the same chain, made visible.
    pub promotes: Packs,
    pub condemns: Packs,
    pub fences: Sessions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Moves the refs of the push.
    Push,
    /// Lists packs as staged.
    Checkpoint,
    Collection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Has no session: none yet, or one that was fenced or is over.
    Idle,
    /// Has packs to upload.
    Uploading,
    /// Everything it names was answered; a root may be created.
    Ready,
    /// Sent a create; what became of it is not known.
    Unknown,
    /// A collection whose own root was read back.
    Condemned,
    Crashed,
    Acknowledged,
    Refused,
}

/// What a process would learn from the root it tried to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// No create was journalled.
    None,
    /// That root is absent.
    Absent,
    Ours,
    Others,
}

/// One push or one collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub phase: Phase,
    /// Sessions started so far; the last of them is the present one.
    pub sessions: u8,
    /// Names used in the present session.
    pub names: u8,
    /// The values its refs had when the command began.
    pub named: Refs,
    /// The values that it compares with: the same, unless that rule is dropped.
    pub seen: Refs,
    /// Commits it skipped by.
    pub anchors: Objects,
    /// Packs of others it relied on.
    pub relied: Packs,
    /// Own packs whose upload was answered.
    pub answered: Packs,
    /// Own packs whose upload was not.
    pub unanswered: Packs,
    /// Packs of recipes that a push which folds has read.
    pub read: Packs,
    /// Packs of earlier sessions of the same chain, listed as staged.
    pub chain: Packs,
    /// A checkpoint was read back: what follows is the rest of the chain.
    pub checkpointed: bool,
    pub note: Note,
    /// A create request that may still land.
    pub sent: Option<Change>,
    /// Its refs moved in a committed root.
    pub moved: bool,
    /// Went on from a journal that lacked its last note.
    pub forgot: bool,
    pub plan: Plan,
}

/// What a collection would condemn and fence. A push that folds has one too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    pub condemns: Packs,
    pub fences: Sessions,
    /// Sessions that had started when the mark began are fenced too.
    pub fences_all: bool,
    /// Staged packs are condemned too.
    pub expires: bool,
    /// No root was created since the mark.
    pub is_fresh: bool,
    /// Only asked for when the rule is dropped that makes it again from the newest root.
    pub orphans: Packs,
}

/// A reader of one root: the packs it may still ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reader {
    pub needs: Packs,
    /// Processes whose collection was committed after this reader began: they wait for the grace.
    pub older_than: u8,
}

/// How much may still go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    pub crashes: u8,
    /// Requests that are lost, or arrive late, or twice.
    pub requests: u8,
    /// Restarts from a journal that lacks the last note.
    pub stale_journals: u8,
    pub readers: u8,
}

/// What was found broken at a transition, where a state alone does not show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broken {
    pub lost_update: bool,
    pub moved_twice: bool,
    pub name_reused: bool,
    pub false_answer: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub root: Root,
    /// Packs that exist in the store.
    pub store: Packs,
    /// All names ever used.
    pub used: Packs,
    pub packs: Vec<Pack>,
    pub recipes: Vec<Recipe>,
    pub processes: Vec<Process>,
    pub reader: Option<Reader>,
    /// Uploads and deletions that arrive again, or only now.
    pub late_puts: Packs,
    pub late_deletes: Packs,
    pub faults: Faults,
    pub broken: Broken,
}

impl Process {
    pub const fn new() -> Process {
        Process {
            phase: Phase::Idle,
            sessions: 0,
            names: 0,
            named: [None; REFS],
            seen: [None; REFS],
            anchors: 0,
            relied: 0,
            answered: 0,
            unanswered: 0,
            read: 0,
            chain: 0,
            checkpointed: false,
            note: Note::None,
            sent: None,
            moved: false,
            forgot: false,
            plan: Plan {
                condemns: 0,
                fences: 0,
                fences_all: false,
                expires: false,
                is_fresh: false,
                orphans: 0,
            },
        }
    }

    /// Ends the command; what it knew matters to nobody any more, but for a request still under way.
    pub fn end(&mut self, phase: Phase) {
        *self = Process {
            phase,
            sessions: self.sessions,
            sent: self.sent,
            moved: self.moved,
            forgot: self.forgot,
            ..Process::new()
        };
    }
}

impl State {
    pub fn holds(&self, pack: PackId) -> Objects {
        self.packs.iter().find(|known| known.id == pack).map_or(0, |known| known.holds)
    }

    pub fn holds_together(&self, packs: Packs) -> Objects {
        let those = self.packs.iter().filter(|pack| packs & bit(pack.id) != 0);
        those.fold(0, |all, pack| all | pack.holds)
    }

    /// The youngest of `packs` that holds `object`.
    pub fn locate(&self, packs: Packs, object: Object) -> Option<PackId> {
        let found = |pack: &&Pack| packs & bit(pack.id) != 0 && pack.holds & set(&[object]) != 0;
        self.packs.iter().rev().find(found).map(|pack| pack.id)
    }

    pub fn reachable(&self) -> Objects {
        self.reachable_from(&self.root.refs)
    }

    pub fn reachable_from(&self, refs: &[Option<Object>]) -> Objects {
        closure_of(refs.iter().flatten().fold(0, |all, &commit| all | set(&[commit])))
    }

    /// Live packs that hold recipes.
    pub fn recipe_packs(&self) -> Packs {
        let live = |recipe: &&Recipe| self.root.live & bit(recipe.pack) != 0;
        self.recipes.iter().filter(live).fold(0, |all, recipe| all | bit(recipe.pack))
    }

    /// Drops what nothing can ask for any more, so that equal futures are equal states.
    pub fn forget(&mut self) {
        let mut wanted = self.store | self.root.live | self.root.staged | self.late_puts;
        for process in &self.processes {
            wanted |= process.answered | process.unanswered | process.relied | process.chain;
            wanted |= process.sent.map_or(0, |change| change.adds);
        }
        self.packs.retain(|pack| wanted & bit(pack.id) != 0);
        self.recipes.retain(|recipe| wanted & bit(recipe.pack) != 0);
        self.late_deletes &= self.store | self.late_puts;
    }
}
