//! The chain of roots on a remote: finding the newest, checking that it did not go back, adding one.

use super::SyncError;
use super::cache::Cache;
use super::root::{Area, Hash, MAX_BYTES, Root, root_key};
use super::state::{MAX_SEGMENT_BYTES, Segment, State};
use crate::remote::{Created, Transport, TransportError, get, get_optional};

/// The key that says where to begin to look; anything or nothing may stand there.
const HINT_KEY: &str = "hint/latest";
/// How often a create whose outcome is unknown is sent again.
const CREATE_ATTEMPTS: u32 = 6;
/// How often a newer root is taken because keys of the one at hand were deleted.
pub const MAX_RELOADS: u32 = 8;
/// How many roots are read at most to follow the chain back.
const MAX_CHAIN_READS: u32 = 80;

/// A root as it was read.
#[derive(Clone, Debug)]
pub struct StoredRoot {
    /// What it says.
    pub root: Root,
    /// BLAKE3 of its bytes.
    pub hash: Hash,
}

/// Number and hash of the newest root that was seen on a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub seq: u64,
    /// BLAKE3 of its bytes.
    pub hash: Hash,
}

impl Seen {
    /// Number, then hash.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.seq.to_be_bytes().as_slice(), &self.hash].concat()
    }

    /// The inverse of [`Seen::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (seq, hash) = bytes.split_first_chunk::<8>()?;
        Some(Self { seq: u64::from_be_bytes(*seq), hash: hash.try_into().ok()? })
    }
}

/// What came of the create of a root.
#[derive(Debug)]
pub enum RootCreated {
    /// The root is ours.
    Ours,
    /// Another session's root has the number.
    Taken,
}

/// A remote: requests, and the copies kept of it.
pub struct Remote<'r> {
    /// Where requests go.
    pub transport: &'r dyn Transport,
    /// Copies of immutable objects.
    pub cache: &'r Cache,
}

impl Remote<'_> {
    /// The root with this number, if it is there.
    pub fn read_root(&self, seq: u64) -> Result<Option<StoredRoot>, SyncError> {
        let key = root_key(seq);
        let Some(bytes) = get_optional(self.transport, &key, MAX_BYTES)? else { return Ok(None) };
        let root = Root::decode(&key, &bytes)?;
        Ok(Some(StoredRoot { root, hash: *blake3::hash(&bytes).as_bytes() }))
    }

    /// As [`Remote::read_root`], for a number above a root that was just read: who may not list keys is
    /// told "forbidden" where there is none.
    fn read_root_above(&self, seq: u64) -> Result<Option<StoredRoot>, SyncError> {
        match self.read_root(seq) {
            Err(SyncError::Transport(e)) if e.is_denied() => Ok(None),
            result => result,
        }
    }

    /// The newest root; `None` when the remote is empty. A root that does not follow from the one seen
    /// before is refused.
    pub fn latest(&self, seen: Option<Seen>) -> Result<Option<StoredRoot>, SyncError> {
        let Some(start) = self.start(seen)? else { return Ok(None) };
        let latest = self.gallop(start)?;
        if let Some(seen) = seen {
            self.check_chain(&latest, seen)?;
        }
        Ok(Some(latest))
    }

    /// A root to search upwards from.
    fn start(&self, seen: Option<Seen>) -> Result<Option<StoredRoot>, SyncError> {
        let seen_seq = seen.map_or(0, |seen| seen.seq);
        let hint = self.read_hint().unwrap_or(0);
        if hint > seen_seq
            && let Some(root) = self.read_root_above(hint)?
        {
            return Ok(Some(root));
        }
        match seen {
            Some(seen) => match self.read_root(seen.seq)? {
                Some(root) => Ok(Some(root)),
                None => Err(SyncError::WentBack { seq: seen.seq, found: "it is gone".to_owned() }),
            },
            None => self.read_root(1),
        }
    }

    /// What the hint says; a hint that cannot be read is none.
    fn read_hint(&self) -> Option<u64> {
        let bytes = get(self.transport, HINT_KEY, 64).ok()?;
        std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
    }

    /// Doubles its steps upwards while there are roots, then halves them.
    fn gallop(&self, start: StoredRoot) -> Result<StoredRoot, SyncError> {
        let mut best = start;
        let mut step = 1;
        let mut absent = loop {
            let seq = best.root.seq.saturating_add(step);
            match self.read_root_above(seq)? {
                Some(root) => best = root,
                None => break seq,
            }
            step = step.saturating_mul(2);
        };
        while absent - best.root.seq > 1 {
            let middle = best.root.seq + (absent - best.root.seq) / 2;
            match self.read_root_above(middle)? {
                Some(root) => best = root,
                None => absent = middle,
            }
        }
        Ok(best)
    }

    /// Follows the hashes of earlier roots from `latest` back to the one seen before.
    fn check_chain(&self, latest: &StoredRoot, seen: Seen) -> Result<(), SyncError> {
        let went_back =
            |found: &str| SyncError::WentBack { seq: seen.seq, found: found.to_owned() };
        let mut at = latest.clone();
        for _ in 0..MAX_CHAIN_READS {
            if at.root.seq == seen.seq {
                return match at.hash == seen.hash {
                    true => Ok(()),
                    false => Err(went_back("another one stands in its place")),
                };
            }
            if at.root.seq < seen.seq {
                return Err(went_back("only older ones are there"));
            }
            // The farthest earlier root that is not beyond the one sought.
            let previous = (at.root.seq - 1, at.root.previous);
            let earlier = at.root.skips.iter().copied().chain([previous]);
            let (seq, hash) = earlier
                .filter(|(seq, _)| *seq >= seen.seq)
                .min_by_key(|(seq, _)| *seq)
                .expect("the root before is one");
            if seq == seen.seq {
                return match hash == seen.hash {
                    true => Ok(()),
                    false => Err(went_back("its history is another one")),
                };
            }
            let found = self.read_root(seq)?.ok_or_else(|| went_back("a root between is gone"))?;
            if found.hash != hash {
                return Err(went_back("a root between was replaced"));
            }
            at = found;
        }
        Err(went_back("the chain does not lead there"))
    }

    /// The newest root and what it holds; `None` when the remote is empty.
    pub fn load(&self, seen: Option<Seen>) -> Result<Option<(StoredRoot, State)>, SyncError> {
        let Some(mut latest) = self.latest(seen)? else { return Ok(None) };
        for _ in 0..MAX_RELOADS {
            match self.load_state(&latest.root) {
                Err(e) if e.is_missing_key() => latest = self.newer(&latest, e)?,
                state => return Ok(Some((latest, state?))),
            }
        }
        Ok(Some((latest.clone(), self.load_state(&latest.root)?)))
    }

    /// The root that came after `root`, because of which a key may be gone that `error` is about; the error
    /// if there is none.
    pub fn newer(&self, root: &StoredRoot, error: SyncError) -> Result<StoredRoot, SyncError> {
        let seen = Seen { seq: root.root.seq, hash: root.hash };
        match self.latest(Some(seen))? {
            Some(latest) if latest.root.seq > seen.seq => Ok(latest),
            _ => Err(error),
        }
    }

    /// All that the segments of a root say.
    pub fn load_state(&self, root: &Root) -> Result<State, SyncError> {
        let mut state = State::default();
        for segment in self.load_segments(root)? {
            state.apply(&segment);
        }
        Ok(state)
    }

    /// The segments of a root, oldest first.
    pub fn load_segments(&self, root: &Root) -> Result<Vec<Segment>, SyncError> {
        let mut segments = Vec::new();
        for segment in &root.segments {
            if segment.bytes > MAX_SEGMENT_BYTES {
                return Err(SyncError::damaged(Area::List.key(segment.id), "it is too long"));
            }
            let expected = (segment.bytes, segment.hash);
            let bytes = self.cache.bytes(self.transport, Area::List, segment.id, expected)?;
            segments.push(Segment::decode(&Area::List.key(segment.id), &bytes)?);
        }
        Ok(segments)
    }

    /// Makes the root, or finds its number taken. Lost and odd answers are cleared up by reading back:
    /// ours is success, absent means that the identical bytes are sent again.
    pub fn create_root(&self, bytes: &[u8], root: &Root) -> Result<RootCreated, SyncError> {
        let key = root_key(root.seq);
        for attempt in 0..CREATE_ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(std::time::Duration::from_millis(50 << attempt));
            }
            match self.try_create(&key, bytes, root) {
                Err(e) if e.is_uncertain() => {}
                Err(e) => return Err(e.into()),
                Ok(()) => {}
            }
            match self.read_back(root, bytes) {
                Ok(Some(result)) => return Ok(result),
                Ok(None) => {}
                // The answer to the question was lost as well.
                Err(SyncError::Transport(e)) if e.is_uncertain() => {}
                Err(e) => return Err(e),
            }
        }
        Err(SyncError::Unknown)
    }

    /// One create. On a store without atomic creates a look before is the best there is.
    fn try_create(&self, key: &str, bytes: &[u8], root: &Root) -> Result<(), TransportError> {
        if !root.has_atomic_create && get_optional(self.transport, key, MAX_BYTES)?.is_some() {
            return Ok(());
        }
        match self.transport.create_if_absent(key, bytes)? {
            Created::Made | Created::Taken => Ok(()),
        }
    }

    /// Whose root has the number of `root`; `None` when there is none.
    pub fn read_back(&self, root: &Root, bytes: &[u8]) -> Result<Option<RootCreated>, SyncError> {
        let Some(found) = self.read_root(root.seq)? else { return Ok(None) };
        let is_ours = found.root.session == root.session;
        match is_ours && found.hash != *blake3::hash(bytes).as_bytes() {
            true => Err(SyncError::Reused(root.session)),
            false if is_ours => Ok(Some(RootCreated::Ours)),
            false => Ok(Some(RootCreated::Taken)),
        }
    }

    /// What is done once a root is ours: whoever came next must build on it, and the hint moves.
    pub fn settle(&self, root: &Root, hash: Hash) -> Result<(), SyncError> {
        if let Some(next) = self.read_root_above(root.seq + 1)?
            && next.root.previous != hash
        {
            let found = "the next root does not build on it".to_owned();
            return Err(SyncError::WentBack { seq: root.seq, found });
        }
        // Only a hint: the next one to look finds the root without it.
        let _ = self.transport.put(HINT_KEY, format!("{:020}", root.seq).into_bytes());
        Ok(())
    }
}
