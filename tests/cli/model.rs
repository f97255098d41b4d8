//! Random sequences of verbs, against a model of a few maps: after each step worktree, stage, HEAD,
//! branches, stashes and history are what the model says, and the repository is whole.
//!
//! `ESKER_MODEL_CASES` sets how many sequences are tried; those that once failed are tried first.

mod joining;
mod moving;
mod parting;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use esker::ops::checkout::{self, CheckoutOptions};
use esker::ops::reset::ResetMode;
use proptest::prelude::*;

use world::World;

/// Paths that a sequence plays with. None is a folder of another, so that any set of them can be on disk.
const PATHS: [&str; 6] = ["a", "b", "d/x", "d/y", "e/f/z", "é w"];

/// Branches that a sequence plays with; HEAD is on the first one at the beginning.
const BRANCHES: [&str; 3] = ["main", "side", "my/work"];

/// What a person may do.
#[derive(Clone, Debug)]
enum Step {
    Write(usize, u8),
    Delete(usize),
    Add(usize),
    AddAll,
    Commit,
    Rm {
        path: usize,
        cached: bool,
        force: bool,
    },
    Mv {
        from: usize,
        to: usize,
    },
    Unstage(usize),
    Restore(usize),
    /// A commit, counted from the newest; HEAD is detached then.
    Checkout {
        back: usize,
        force: bool,
    },
    /// To a commit, counted from the newest.
    Reset {
        back: usize,
        mode: ResetMode,
    },
    Clean,
    /// A branch at a commit, counted from the newest.
    Branch {
        name: usize,
        back: usize,
        force: bool,
    },
    DeleteBranch {
        name: usize,
        force: bool,
    },
    Switch {
        name: usize,
        force: bool,
    },
    SwitchToNew(usize),
    Stash {
        untracked: bool,
    },
    Unstash {
        index: bool,
        keep: bool,
    },
    /// Conflicts are given up at once, unless a side is favoured.
    Merge {
        name: usize,
        favour: Favour,
    },
    /// HEAD goes to the remote, and a path's data leaves the repository; the file stays on disk.
    Evict(usize),
    /// The same, and the file leaves the disk until it is checked out again.
    EvictAndCheckout(usize),
    /// Some paths are on disk for a while, and `add -A` meets the others absent.
    Sparse {
        paths: usize,
        other: usize,
        add: bool,
    },
}

/// Which side wins where both changed a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Favour {
    Neither,
    Ours,
    Theirs,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![26 => file_step(), 8 => commit_step(), 10 => branch_step(), 8 => joining_step(), 6 => parting_step()]
}

fn parting_step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    prop_oneof![
        2 => path().prop_map(Step::Evict),
        2 => path().prop_map(Step::EvictAndCheckout),
        2 => (path(), path(), any::<bool>())
            .prop_map(|(paths, other, add)| Step::Sparse { paths, other, add }),
    ]
}

fn file_step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    prop_oneof![
        6 => (path(), any::<u8>()).prop_map(|(path, content)| Step::Write(path, content % 4)),
        2 => path().prop_map(Step::Delete),
        3 => path().prop_map(Step::Add),
        3 => Just(Step::AddAll),
        3 => (path(), any::<bool>(), any::<bool>())
            .prop_map(|(path, cached, force)| Step::Rm { path, cached, force }),
        3 => (path(), path()).prop_map(|(from, to)| Step::Mv { from, to }),
        2 => path().prop_map(Step::Unstage),
        2 => path().prop_map(Step::Restore),
        1 => Just(Step::Clean),
    ]
}

fn commit_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Commit),
        2 => (0usize..4, any::<bool>()).prop_map(|(back, force)| Step::Checkout { back, force }),
        2 => (0usize..4, prop_oneof![
            Just(ResetMode::Soft), Just(ResetMode::Mixed), Just(ResetMode::Hard)
        ]).prop_map(|(back, mode)| Step::Reset { back, mode }),
    ]
}

fn branch_step() -> impl Strategy<Value = Step> {
    let name = || 0..BRANCHES.len();
    prop_oneof![
        3 => (name(), 0usize..4, any::<bool>())
            .prop_map(|(name, back, force)| Step::Branch { name, back, force }),
        1 => (name(), any::<bool>()).prop_map(|(name, force)| Step::DeleteBranch { name, force }),
        4 => (name(), prop::bool::weighted(0.3))
            .prop_map(|(name, force)| Step::Switch { name, force }),
        2 => name().prop_map(Step::SwitchToNew),
    ]
}

fn joining_step() -> impl Strategy<Value = Step> {
    let favour = prop_oneof![Just(Favour::Neither), Just(Favour::Ours), Just(Favour::Theirs)];
    prop_oneof![
        2 => any::<bool>().prop_map(|untracked| Step::Stash { untracked }),
        2 => (any::<bool>(), any::<bool>())
            .prop_map(|(index, keep)| Step::Unstash { index, keep }),
        4 => (0..BRANCHES.len(), favour).prop_map(|(name, favour)| Step::Merge { name, favour }),
    ]
}

/// Files by path.
type Tree = BTreeMap<&'static str, Vec<u8>>;

/// A commit.
#[derive(Clone, Debug)]
struct Version {
    id: String,
    tree: Tree,
    /// Indices of commits.
    parents: Vec<usize>,
}

/// Work put aside.
#[derive(Clone, Debug)]
struct Stashed {
    base: Tree,
    staged: Tree,
    /// The worktree's files that were known to the stage.
    tracked: Tree,
    /// These, and those that were never added where they were asked for.
    everything: Tree,
}

#[derive(Clone, Debug, Default)]
struct Model {
    disk: Tree,
    stage: Tree,
    head: Tree,
    /// HEAD's commit, as an index; `None` before the first.
    at: Option<usize>,
    /// The branch HEAD is on.
    on: Option<&'static str>,
    branches: BTreeMap<&'static str, usize>,
    /// Every commit, oldest first.
    commits: Vec<Version>,
    /// The newest last.
    stashes: Vec<Stashed>,
}

impl Model {
    /// Stage and disk become the target, but for files on disk that neither of them tracks.
    fn take_tracked(&mut self, target: &Tree) {
        for path in PATHS {
            if self.stage.contains_key(path) || target.contains_key(path) {
                set(&mut self.disk, path, target.get(path));
            }
        }
        self.stage = target.clone();
    }

    /// The commit so many before the newest.
    fn back(&self, back: usize) -> Option<usize> {
        self.commits.len().checked_sub(back + 1)
    }

    /// Moves HEAD, and the branch it is on.
    fn advance(&mut self, to: usize) {
        self.at = Some(to);
        self.head = self.commits[to].tree.clone();
        if let Some(branch) = self.on {
            self.branches.insert(branch, to);
        }
    }

    /// Notes a commit, which may be one that there is already: the clock stands still.
    fn commit(&mut self, id: String, tree: Tree, parents: Vec<usize>) -> usize {
        let known = self.commits.iter().position(|version| version.id == id);
        known.unwrap_or_else(|| {
            self.commits.push(Version { id, tree, parents });
            self.commits.len() - 1
        })
    }

    /// A commit and all that it rests on.
    fn history(&self, commit: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut next = vec![commit];
        while let Some(commit) = next.pop() {
            if found.insert(commit) {
                next.extend(&self.commits[commit].parents);
            }
        }
        found
    }

    /// The best common ancestors of two commits.
    fn bases(&self, one: usize, other: usize) -> Vec<usize> {
        let common: Vec<usize> =
            self.history(one).intersection(&self.history(other)).copied().collect();
        let is_best = |commit: &&usize| {
            !common.iter().any(|other| other != *commit && self.history(*other).contains(commit))
        };
        common.iter().filter(is_best).copied().collect()
    }
}

fn set(tree: &mut Tree, path: &'static str, content: Option<&Vec<u8>>) {
    match content {
        Some(content) => tree.insert(path, content.clone()),
        None => tree.remove(path),
    };
}

/// What a merge of trees gives.
#[derive(Debug, PartialEq, Eq)]
enum Joined {
    Clean(Tree),
    Conflicts,
    /// A file may have been moved, which the model does not follow.
    Unknown,
}

fn join(base: &Tree, ours: &Tree, theirs: &Tree, favour: Favour) -> Joined {
    if may_have_moved(base, ours) || may_have_moved(base, theirs) {
        return Joined::Unknown;
    }
    let mut tree = Tree::new();
    for path in PATHS {
        let (old, one, other) = (base.get(path), ours.get(path), theirs.get(path));
        let content = match favour {
            _ if one == other || other == old => one,
            _ if one == old => other,
            Favour::Ours => one,
            Favour::Theirs => other,
            Favour::Neither => return Joined::Conflicts,
        };
        set(&mut tree, path, content);
    }
    Joined::Clean(tree)
}

/// Whether a file is gone whose content is under another, new name.
fn may_have_moved(old: &Tree, new: &Tree) -> bool {
    let is_new = |path: &str, content: &Vec<u8>| {
        new.iter().any(|(at, found)| *at != path && !old.contains_key(at) && found == content)
    };
    old.iter().any(|(path, content)| !new.contains_key(path) && is_new(path, content))
}

/// Content long enough that nothing is decided by its length alone.
fn content(path: &str, number: u8) -> Vec<u8> {
    format!("{path} {number} ").repeat(20 + usize::from(number % 2)).into_bytes()
}

fn cases() -> u32 {
    std::env::var("ESKER_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_verbs_does_what_the_model_says(
        steps in prop::collection::vec(step(), 1..30)
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            world.check();
        }
        for Version { id, tree, .. } in world.model.commits.clone() {
            let options = CheckoutOptions { target: Some(id), force: true, ..CheckoutOptions::default() };
            checkout::run(&world.context, &options).expect("every version comes back");
            let is_there = |(path, bytes): (&&str, &Vec<u8>)| {
                fs::read(world.dir.path().join(path)).is_ok_and(|read| read == *bytes)
            };
            prop_assert!(tree.iter().all(is_there), "a version lost files");
        }
    }
}
