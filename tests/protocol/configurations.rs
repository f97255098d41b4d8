//! What is explored: several small remotes, each with the few processes that one part of the protocol needs.

use crate::model::{Collect, Push, Role};
use crate::names::bit;
use crate::objects::{
    B, C0, C1, C2, C3, C4, C5, JUNK, Object, Objects, T0, T1, T2, T4, X0, X1, X2, Y, Z, set,
};
use crate::state::{Broken, Faults, KEEP, Pack, Process, REFS, Recipe, Refs, Root, State};

#[derive(Clone, Debug)]
pub struct Configuration {
    pub name: &'static str,
    pub refs: Refs,
    /// What is live at the start: packs 0, 1, 2, … of these objects.
    pub packs: Vec<Objects>,
    pub recipes: Vec<Recipe>,
    pub roles: Vec<Role>,
    /// What may go wrong in every run of the tests.
    pub faults: Faults,
    /// What may go wrong when larger bounds are asked for.
    pub more_faults: Faults,
}

const NONE: Faults = Faults { crashes: 0, requests: 0, stale_journals: 0, readers: 0 };
const REQUEST: Faults = Faults { requests: 1, ..NONE };
const CRASH: Faults = Faults { crashes: 1, ..NONE };
const BOTH: Faults = Faults { crashes: 1, requests: 1, ..NONE };

const COLLECT: Collect =
    Collect { collections: 2, copies: false, expires: false, is_incremental: false };
const COLLECT_ONCE: Collect = Collect { collections: 1, ..COLLECT };
const COPY: Collect = Collect { copies: true, ..COLLECT };
const COPY_ONCE: Collect = Collect { copies: true, ..COLLECT_ONCE };

const OLD: Objects = set(&[C0, T0]);
const SIDE: Objects = set(&[C1, T1]);

impl Configuration {
    pub fn first_state(&self) -> State {
        let packs = self.packs.iter().zip(0..).map(|(&holds, id)| Pack { id, holds });
        let live = packs.clone().fold(0, |all, pack| all | bit(pack.id));
        State {
            root: Root { refs: self.refs, live, staged: 0, condemned: 0, fenced: 0 },
            store: live,
            used: live,
            packs: packs.collect(),
            recipes: self.recipes.clone(),
            processes: vec![Process::new(); self.roles.len()],
            reader: None,
            late_puts: 0,
            late_deletes: 0,
            faults: self.faults,
            broken: Broken::default(),
        }
    }

    fn of(name: &'static str, refs: Refs, packs: &[Objects], roles: &[Role]) -> Configuration {
        Configuration {
            name,
            refs,
            packs: packs.to_vec(),
            recipes: Vec::new(),
            roles: roles.to_vec(),
            faults: NONE,
            more_faults: BOTH,
        }
    }
}

/// Two pushes to two refs, both in need of a chunk that collections are about to condemn.
pub fn two_pushers() -> Configuration {
    let roles = [push(&[(1, Some(C1))]), push(&[(0, Some(C3))]), Role::Collect(COLLECT)];
    let packs = [OLD | SIDE, set(&[X0]), set(&[X1])];
    let base = Configuration::of("two pushers", [Some(C0), None, None], &packs, &roles);
    Configuration { faults: REQUEST, ..base }
}

/// The same, with marks that are brought up to date instead of made again.
pub fn incremental() -> Configuration {
    let collect = Role::Collect(Collect { is_incremental: true, ..COLLECT });
    let roles = [push(&[(1, Some(C1))]), push(&[(0, Some(C3))]), collect];
    Configuration {
        name: "incremental marks",
        roles: roles.to_vec(),
        faults: NONE,
        ..two_pushers()
    }
}

/// A push that skips by a commit whose only ref is deleted meanwhile.
pub fn deletion() -> Configuration {
    let roles = [push(&[(2, Some(C2))]), push(&[(1, None)]), Role::Collect(COLLECT)];
    let packs = [OLD | SIDE, set(&[X0]), set(&[X1])];
    let base = Configuration::of("deletion", [Some(C0), Some(C1), None], &packs, &roles);
    Configuration { faults: REQUEST, ..base }
}

/// A forced push, a plain one and a deletion of one ref.
pub fn forced() -> Configuration {
    let forced = Role::Push(Push { is_forced: true, ..moving(&[(0, Some(C3))]) });
    let roles = [forced, push(&[(0, Some(C2))]), push(&[(0, None)]), Role::Collect(COLLECT_ONCE)];
    Configuration::of("forced", [Some(C1), None, None], &[OLD | SIDE, set(&[X0, X1])], &roles)
}

/// A push that crashes and goes on from its journal, while what it pushed is deleted and collected.
pub fn resumed() -> Configuration {
    let roles = [push(&[(1, Some(C1))]), push(&[(1, None)]), Role::Collect(COLLECT)];
    let base = Configuration::of("resumed", [Some(C0), None, None], &[OLD, set(&[X0])], &roles);
    Configuration {
        faults: Faults { stale_journals: 1, ..BOTH },
        more_faults: Faults { crashes: 2, requests: 2, stale_journals: 1, readers: 0 },
        ..base
    }
}

/// A push in two sessions. What it stages may expire; another push finds it and must not use it.
pub fn chain() -> Configuration {
    let chained = Push { is_chain: true, ..moving(&[(1, Some(C1))]) };
    let collect = Role::Collect(Collect { expires: true, ..COLLECT });
    let roles = [Role::Push(chained), push(&[(0, Some(C3))]), collect];
    Configuration::of("chain", [Some(C0), None, None], &[OLD, set(&[X0])], &roles)
}

/// A chain alone with a collector, that crashes anywhere and goes on.
pub fn resumed_chain() -> Configuration {
    let chained = Push { is_chain: true, ..moving(&[(1, Some(C1))]) };
    let collect = Role::Collect(Collect { expires: true, ..COLLECT });
    let packs = [OLD, set(&[X0])];
    let roles = [Role::Push(chained), collect];
    let base = Configuration::of("resumed chain", [Some(C0), None, None], &packs, &roles);
    Configuration {
        faults: BOTH,
        more_faults: Faults { crashes: 2, requests: 2, stale_journals: 1, readers: 0 },
        ..base
    }
}

/// Two pushes of one blob: recipes that name others' packs, and packs that a collection rewrites.
pub fn recipes() -> Configuration {
    let roles = [Role::Collect(COPY), push(&[(0, Some(C4))]), push(&[(1, Some(C5))])];
    let packs = [OLD, set(&[X0]), set(&[Y, JUNK])];
    let base = Configuration::of("two recipes", [None, None, Some(C0)], &packs, &roles);
    Configuration { more_faults: CRASH, ..base }
}

/// A blob with a chunk in a sparse pack and another that lies twice, and a push of the same blob.
pub fn rewriting() -> Configuration {
    let roles = [Role::Collect(COPY_ONCE), Role::Collect(COLLECT_ONCE), push(&[(1, Some(C5))])];
    let packs =
        [OLD | set(&[C4, T4]), set(&[X0]), set(&[Y, JUNK]), set(&[Z]), set(&[B]), set(&[Z])];
    let base = Configuration::of("rewriting", [Some(C4), None, Some(C0)], &packs, &roles);
    let recipes = vec![Recipe { blob: B, pack: 4, names: bit(2) | bit(3) }];
    Configuration { recipes, faults: CRASH, ..base }
}

/// A recipe that outlives the pack it names.
pub fn dead_recipes() -> Configuration {
    let roles = [push(&[(1, Some(C4))]), push(&[(2, Some(C5))]), Role::Collect(COLLECT)];
    let packs = [OLD | set(&[B]), set(&[X0]), set(&[Y, Z])];
    let base = Configuration::of("dead recipes", [Some(C0), None, None], &packs, &roles);
    let recipes = vec![Recipe { blob: B, pack: 0, names: bit(2) }];
    Configuration { recipes, more_faults: REQUEST, ..base }
}

/// A push of two refs, beside one that moves the second of them.
pub fn two_refs() -> Configuration {
    let both = push(&[(0, Some(C2)), (1, Some(C3))]);
    let roles = [both, push(&[(1, Some(C1))]), Role::Collect(COLLECT_ONCE)];
    let packs = [OLD | SIDE, set(&[X0]), set(&[X1]), set(&[JUNK])];
    let base = Configuration::of("two refs", [Some(C1), Some(C0), None], &packs, &roles);
    Configuration { faults: BOTH, more_faults: Faults { crashes: 2, requests: 2, ..NONE }, ..base }
}

/// A push from a partial clone, that has nothing of what it skips by.
pub fn partial() -> Configuration {
    let partial = Push { local: set(&[C2, T2, X2]), ..moving(&[(2, Some(C2))]) };
    let roles = [Role::Push(partial), push(&[(1, None)]), Role::Collect(COLLECT)];
    Configuration { name: "partial clone", roles: roles.to_vec(), faults: CRASH, ..deletion() }
}

/// Two collectors, of which one copies, a push and a reader.
pub fn two_collectors() -> Configuration {
    let roles = [Role::Collect(COPY_ONCE), Role::Collect(COLLECT), push(&[(0, Some(C3))])];
    let packs = [OLD | SIDE, set(&[X0, X1])];
    let base = Configuration::of("two collectors", [Some(C0), None, None], &packs, &roles);
    let faults = Faults { readers: 1, ..NONE };
    Configuration { faults, more_faults: Faults { readers: 1, ..REQUEST }, ..base }
}

/// A push that folds a small pack, of which another push needs a chunk that nothing reaches.
pub fn folding() -> Configuration {
    let folds = Push { folds: bit(1), ..moving(&[(0, Some(C1))]) };
    let roles = [Role::Push(folds), push(&[(1, Some(C3))]), Role::Collect(COLLECT)];
    let packs = [OLD, set(&[X0, X1])];
    Configuration::of("folding", [Some(C0), None, None], &packs, &roles)
}

/// A push that folds a pack, beside one that brings a recipe which names it, before or meanwhile.
pub fn folding_recipes() -> Configuration {
    let folds = Push { folds: bit(2), ..moving(&[(2, Some(C3))]) };
    let roles = [Role::Push(folds), push(&[(1, Some(C5))]), Role::Collect(COLLECT_ONCE)];
    let packs = [OLD, set(&[X0, X1]), set(&[Y, JUNK]), set(&[Z])];
    Configuration::of("folding recipes", [None, None, Some(C0)], &packs, &roles)
}

/// A commit that is kept by a ref which is no branch, while its branch is deleted.
pub fn keep() -> Configuration {
    let roles = [push(&[(KEEP, Some(C1))]), push(&[(1, None)]), Role::Collect(COLLECT)];
    let packs = [OLD | SIDE, set(&[X0]), set(&[X1])];
    let base = Configuration::of("keep", [Some(C0), Some(C1), None], &packs, &roles);
    Configuration { faults: REQUEST, ..base }
}

/// A repair of a pack, of which it has only what is reached at first, beside a push that needs the rest.
pub fn repair() -> Configuration {
    let repair = Push { repairs: bit(1), local: set(&[X0]), ..moving(&[]) };
    let roles = [Role::Push(repair), push(&[(1, Some(C1))]), Role::Collect(COLLECT)];
    let packs = [OLD, set(&[X0, X1])];
    let base = Configuration::of("repair", [Some(C0), None, None], &packs, &roles);
    Configuration { more_faults: BOTH, ..base }
}

fn moving(moves: &[(usize, Option<Object>)]) -> Push {
    let mut all = [None; REFS];
    for &(name, new) in moves {
        all[name] = Some(new);
    }
    let local = Objects::MAX;
    Push { moves: all, is_forced: false, local, is_chain: false, folds: 0, repairs: 0 }
}

fn push(moves: &[(usize, Option<Object>)]) -> Role {
    Role::Push(moving(moves))
}
