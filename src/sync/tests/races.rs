//! Pushes, deletions and collections within one another, over a store that loses, delays and refuses
//! requests. A seed decides what happens between any two requests; a failure names it.
//!
//! `ESKER_RACE_SEED` chooses the first seed, `ESKER_RACE_ROUNDS` how many are tried.

use std::collections::BTreeMap;
use std::time::Duration;

use super::collect::{checked, gc_from};
use super::*;
use crate::sync::upload::Portion;

/// Commands within commands, at most.
const DEPTH: u32 = 3;
/// Commands that begin when no other runs, in each round.
const COMMANDS: u64 = 12;

/// What a branch may be: one value, or two while it is not known whether a push was done.
type Possible = Vec<Option<CommitId>>;

struct World {
    memory: Memory,
    sites: Vec<Site>,
    busy: Mutex<Vec<bool>>,
    rolls: Mutex<(u64, u64)>,
    branches: Mutex<BTreeMap<usize, Possible>>,
    done: Mutex<[u64; 3]>,
}

impl World {
    fn new(seed: u64) -> Self {
        let first = Site::new();
        let mut others = [Site::sibling(&first), Site::sibling(&first)];
        // One stages each pack of its own.
        others[1].portion = Portion { bytes: 1, time: Duration::MAX };
        // To one of them whatever the others condemned is long ago.
        others[0].ctx.now.seconds += Area::Pack.grace_seconds();
        Self {
            memory: Memory::new(),
            sites: [first].into_iter().chain(others).collect(),
            busy: Mutex::new(vec![false; 3]),
            rolls: Mutex::new((seed, 0)),
            branches: Mutex::default(),
            done: Mutex::default(),
        }
    }

    /// One of `sides` numbers, as the seed decides.
    fn roll(&self, sides: u64) -> u64 {
        let mut rolls = self.rolls.lock().expect("lock");
        rolls.1 += 1;
        let bytes: Vec<u8> = [rolls.0, rolls.1].iter().flat_map(|n| n.to_le_bytes()).collect();
        let hash = *blake3::hash(&bytes).as_bytes();
        u64::from_le_bytes(*hash.first_chunk().expect("32 bytes")) % sides
    }

    /// Lets one repository that is idle do something.
    fn step(&self, depth: u32) {
        let at = self.roll(self.sites.len() as u64) as usize;
        if std::mem::replace(&mut self.busy.lock().expect("lock")[at], true) {
            return;
        }
        let store = Restless { world: self, depth };
        match self.roll(8) {
            0 => self.collect(at, &store, 0),
            1 | 2 => self.collect(at, &store, 1 << 40),
            3 => self.move_branch(at, &store, None),
            _ => self.move_branch(at, &store, Some(self.commit(at))),
        }
        self.busy.lock().expect("lock")[at] = false;
    }

    /// A commit of files that other repositories have too, in this order or another.
    fn commit(&self, at: usize) -> CommitId {
        let site = &self.sites[at];
        let content = self.roll(5);
        let bytes = match content {
            0 | 1 => noise(content, 200_000),
            _ => (0..200).map(|n| format!("{content} {n}\n")).collect::<String>().into_bytes(),
        };
        site.write(&format!("f{}", self.roll(3)), &bytes);
        site.commit("next")
    }

    fn move_branch(&self, at: usize, store: &Restless<'_>, new: Option<CommitId>) {
        let name = format!("b{at}");
        let result = self.sites[at].push_wants(store, &[want(&name, new, Mode::FastForward)]);
        let mut branches = self.branches.lock().expect("lock");
        let possible = branches.entry(at).or_insert_with(|| vec![None]);
        match result {
            Ok(_) => {
                *possible = vec![new];
                self.done.lock().expect("lock")[0] += 1;
            }
            Err(SyncError::Refused(_)) => {}
            Err(SyncError::Damaged { key, why }) => panic!("{key}: {why}"),
            Err(_) => possible.push(new),
        }
    }

    fn collect(&self, at: usize, store: &Restless<'_>, grace_seconds: i64) {
        let thorough_rounds = self.roll(3) as u32;
        match gc_from(&self.sites[at], store, grace_seconds, thorough_rounds) {
            Ok(done) => {
                let mut counts = self.done.lock().expect("lock");
                counts[1] += done.dead_packs + done.repacked;
            }
            Err(SyncError::Damaged { key, why }) => panic!("{key}: {why}"),
            Err(_) => {}
        }
    }

    /// Everything that a ref reaches can be read, and each branch is what its last push made it.
    fn check(&self) {
        if self.memory.keys().iter().all(|key| !key.starts_with("root/")) {
            return;
        }
        let state = readable(&self.sites[0], &self.memory);
        let problems = checked(&self.sites[0], &self.memory).problems;
        assert!(problems.is_empty(), "{problems:?}");
        for (at, possible) in &*self.branches.lock().expect("lock") {
            let now = state.target(&branch_ref(&format!("b{at}")).expect("valid"));
            let is_known = possible.iter().any(|value| value.map(RefTarget::from) == now);
            assert!(is_known, "b{at} is {now:?}, not one of {possible:?}");
        }
    }
}

/// A store of which nobody knows what happens between two requests, nor to a request.
struct Restless<'w> {
    world: &'w World,
    depth: u32,
}

impl Around for Restless<'_> {
    fn inner(&self) -> &dyn Transport {
        &self.world.memory
    }

    fn pass<T>(
        &self,
        operation: Operation,
        key: &str,
        act: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let world = self.world;
        if self.depth < DEPTH && world.roll(8) == 0 {
            world.step(self.depth + 1);
        }
        if world.roll(30) == 0 {
            world.memory.deliver_late();
        }
        if world.roll(25) == 0 {
            let writes = [Mishap::NotSent, Mishap::AnswerLost, Mishap::Late, Mishap::Busy];
            let reads = [Mishap::NotSent, Mishap::Short, Mishap::Busy, Mishap::Denied];
            let mishaps = if operation == Operation::Read { reads } else { writes };
            world.memory.script(operation, key, mishaps[world.roll(4) as usize]);
        }
        let done = act()?;
        if operation == Operation::Delete {
            world.done.lock().expect("lock")[2] += 1;
        }
        Ok(done)
    }
}

#[test]
fn whatever_happens_between_requests_every_root_is_whole() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
    };
    let (first, rounds) = (number("ESKER_RACE_SEED", 1), number("ESKER_RACE_ROUNDS", 3));
    let mut done = [0; 3];
    for seed in first..first + rounds {
        let world = World::new(seed);
        let run = || {
            for _ in 0..COMMANDS {
                world.step(0);
                world.check();
            }
            world.memory.deliver_late();
            world.check();
        };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        if let Err(why) = result {
            eprintln!("with ESKER_RACE_SEED={seed}");
            std::panic::resume_unwind(why);
        }
        let counts = *world.done.lock().expect("lock");
        done.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
    }
    println!(
        "{} pushes, {} packs dropped or packed anew, {} keys deleted",
        done[0], done[1], done[2]
    );
    assert!(rounds < 3 || done.iter().all(|count| *count > 0), "nothing happened: {done:?}");
}
