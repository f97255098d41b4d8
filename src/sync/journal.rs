//! What a push has done so far, kept in `state.db` so that a killed one is taken up again.
//!
//! Only packs whose upload was answered stand in it. The intent, root and all, is written before the
//! root is created: whoever comes after a kill reads that root and knows whether it was.

use minicbor::{Decoder, Encoder};

use super::cbor::{self, Problem, Written};
use super::chain::{Remote, RootCreated};
use super::push::{Mode, Want};
use super::root::Root;
use super::session::Session;
use super::state::PackRecord;
use super::{SyncError, root};
use crate::db::StateDb;
use crate::id::{CommitId, PackId, SessionId, TagId};
use crate::pack::PackKind;
use crate::refs::{RefName, RefTarget, WorktreeId};

const KIND: &str = "push";

/// A ref as a push moves it: from what was seen to what it shall be.
pub type Move = (RefName, Option<RefTarget>, Option<RefTarget>);

/// What is known of a push that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Its session.
    pub session: SessionId,
    /// Packs that the remote has answered for.
    pub packs: Vec<(PackId, PackRecord)>,
    /// Packs of earlier sessions of the same push, listed as staged.
    pub chain: Vec<(PackId, PackRecord)>,
    /// The root it was about to create.
    pub intent: Option<Intent>,
    /// What it was asked for.
    pub wants: Vec<Want>,
}

/// A root that was about to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The bytes of the root.
    pub root: Vec<u8>,
    /// The refs that it moves; none for one that only stages packs.
    pub moves: Vec<Move>,
}

/// What becomes of a push that was cut short.
#[derive(Debug)]
pub enum Resumed {
    /// There was none, or nothing of it is of use.
    Fresh,
    /// Its root is there: it was done.
    Done(Box<Root>),
    /// Its root is there, and only staged what was uploaded: the next session goes on from there.
    Staged(Journal),
    /// Its session may go on.
    GoOn(Journal),
}

impl Journal {
    /// Reads the journal of a push to this remote.
    pub fn read(db: &StateDb, remote: &str) -> Result<Option<Self>, SyncError> {
        let bytes = db.read(|view| view.journal(WorktreeId::MAIN, KIND, remote.as_bytes()))?;
        // One that cannot be read is of no use: the push starts anew.
        Ok(bytes.and_then(|bytes| decode(&bytes).ok()))
    }

    /// Keeps the journal.
    pub fn write(&self, db: &StateDb, remote: &str) -> Result<(), SyncError> {
        let bytes = self.encode();
        Ok(db.write(|tx| tx.put_journal(WorktreeId::MAIN, KIND, remote.as_bytes(), &bytes))?)
    }

    /// Forgets the journal.
    pub fn clear(db: &StateDb, remote: &str) -> Result<(), SyncError> {
        db.write(|tx| tx.delete_journal(WorktreeId::MAIN, KIND, remote.as_bytes()))?;
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(5)?.bytes(&self.session.to_bytes())?;
            for packs in [&self.packs, &self.chain] {
                e.array(packs.len() as u64)?;
                for (id, pack) in packs {
                    e.array(7)?.bytes(&id.to_bytes())?.u8(pack.kind as u8)?.u64(pack.bytes)?;
                    e.u64(pack.raw_bytes)?.u64(pack.chunks)?.u64(pack.end_bytes)?;
                    e.bytes(&pack.end_hash)?;
                }
            }
            match &self.intent {
                None => drop(e.array(0)?),
                Some(intent) => {
                    e.array(2)?.bytes(&intent.root)?.array(intent.moves.len() as u64)?;
                    for (name, old, new) in &intent.moves {
                        e.array(3)?.str(name.as_str())?;
                        e.bytes(&target_bytes(*old))?.bytes(&target_bytes(*new))?;
                    }
                }
            }
            e.array(self.wants.len() as u64)?;
            self.wants.iter().try_for_each(|want| write_want(e, want))
        })
    }
}

/// Writes down what is about to be created, before it is.
pub fn journal_intent(
    db: &StateDb,
    remote: &str,
    journal: &mut Journal,
    intent: Intent,
) -> Result<(), SyncError> {
    journal.intent = Some(intent);
    journal.write(db, remote)
}

/// Finds out what became of the push that was cut short, by reading the root it was about to create.
///
/// A root that is not there may still land: unless the same is wanted again, and so the identical bytes
/// are sent, its session must not make another one.
pub fn resume_session(
    remote: &Remote<'_>,
    journal: Option<Journal>,
    is_wanted: impl FnOnce(&[Move]) -> bool,
) -> Result<Resumed, SyncError> {
    let Some(mut journal) = journal else { return Ok(Resumed::Fresh) };
    let Some(intent) = journal.intent.take() else { return Ok(Resumed::GoOn(journal)) };
    let Ok(seq) = seq_of(&intent.root) else { return Ok(Resumed::Fresh) };
    let planned = Root::decode(&root::root_key(seq), &intent.root)?;
    let stages = intent.moves.is_empty();
    let created = match remote.read_back(&planned, &intent.root)? {
        Some(created) => created,
        // What only stages packs serves any push.
        None if stages || is_wanted(&intent.moves) => remote.create_root(&intent.root, &planned)?,
        None => return Ok(Resumed::Fresh),
    };
    Ok(match created {
        RootCreated::Ours if stages => Resumed::Staged(journal.staged()),
        RootCreated::Ours => Resumed::Done(Box::new(planned)),
        // Another's: ours can never land any more.
        RootCreated::Taken => Resumed::GoOn(journal),
    })
}

impl Journal {
    /// The journal of a session that has done nothing yet.
    pub fn new(session: Session) -> Self {
        let (packs, chain, wants) = (Vec::new(), Vec::new(), Vec::new());
        Self { session: session.id, packs, chain, intent: None, wants }
    }

    /// The same once its packs are staged: they belong to the chain.
    pub fn staged(mut self) -> Self {
        self.chain.append(&mut self.packs);
        Self { intent: None, ..self }
    }
}

fn write_want(e: &mut Encoder<&mut Vec<u8>>, want: &Want) -> Written {
    let (mode, expected) = match want.mode {
        Mode::FastForward => (0, None),
        Mode::Force => (1, None),
        Mode::Lease(expected) => (2, expected),
    };
    e.array(4)?.str(want.name.as_str())?.bytes(&target_bytes(want.new))?;
    e.u8(mode)?.bytes(&target_bytes(expected))?;
    Ok(())
}

fn read_want(d: &mut Decoder<'_>) -> Result<Want, Problem> {
    cbor::expect_array(d, 4)?;
    let name = RefName::new(cbor::string(d)?).map_err(cbor::text)?;
    let new = target_of(d.bytes().map_err(cbor::text)?)?;
    let mode = cbor::u64(d)?;
    let expected = target_of(d.bytes().map_err(cbor::text)?)?;
    let mode = match mode {
        0 => Mode::FastForward,
        1 => Mode::Force,
        _ => Mode::Lease(expected),
    };
    Ok(Want { name, new, mode })
}

fn seq_of(root: &[u8]) -> Result<u64, Problem> {
    let mut d = Decoder::new(root);
    cbor::array(&mut d)?;
    for _ in 0..3 {
        d.skip().map_err(cbor::text)?;
    }
    cbor::u64(&mut d)
}

fn target_bytes(target: Option<RefTarget>) -> Vec<u8> {
    match target {
        None => Vec::new(),
        Some(RefTarget::Commit(id)) => [&[0], id.as_bytes().as_slice()].concat(),
        Some(RefTarget::Tag(id)) => [&[1], id.as_bytes().as_slice()].concat(),
    }
}

fn target_of(bytes: &[u8]) -> Result<Option<RefTarget>, Problem> {
    let Some((kind, id)) = bytes.split_first() else { return Ok(None) };
    let id: [u8; 32] = id.try_into().map_err(|_| "an id of another length".to_owned())?;
    Ok(Some(match kind {
        0 => RefTarget::Commit(CommitId::from_bytes(id)),
        _ => RefTarget::Tag(TagId::from_bytes(id)),
    }))
}

fn decode(data: &[u8]) -> Result<Journal, Problem> {
    let mut d = Decoder::new(data);
    cbor::expect_array(&mut d, 5)?;
    let session = SessionId::from_bytes(cbor::bytes(&mut d)?);
    let (packs, chain) = (decode_packs(&mut d)?, decode_packs(&mut d)?);
    let intent = match cbor::array(&mut d)? {
        0 => None,
        _ => {
            let root = d.bytes().map_err(cbor::text)?.to_vec();
            let mut moves = Vec::new();
            cbor::each(&mut d, |d| {
                cbor::expect_array(d, 3)?;
                let name = RefName::new(cbor::string(d)?).map_err(cbor::text)?;
                let old = target_of(d.bytes().map_err(cbor::text)?)?;
                let new = target_of(d.bytes().map_err(cbor::text)?)?;
                moves.push((name, old, new));
                Ok(())
            })?;
            Some(Intent { root, moves })
        }
    };
    let mut wants = Vec::new();
    cbor::each(&mut d, |d| {
        wants.push(read_want(d)?);
        Ok(())
    })?;
    Ok(Journal { session, packs, chain, intent, wants })
}

fn decode_packs(d: &mut Decoder<'_>) -> Result<Vec<(PackId, PackRecord)>, Problem> {
    let mut packs = Vec::new();
    cbor::each(d, |d| {
        cbor::expect_array(d, 7)?;
        let id = PackId::from_bytes(cbor::bytes(d)?);
        let kind = PackKind::from_number(cbor::int(d)?).ok_or("an unknown kind of pack")?;
        let [bytes, raw_bytes, chunks, end_bytes] =
            [cbor::u64(d)?, cbor::u64(d)?, cbor::u64(d)?, cbor::u64(d)?];
        let end_hash = cbor::bytes(d)?;
        packs.push((id, PackRecord { kind, bytes, raw_bytes, chunks, end_bytes, end_hash }));
        Ok(())
    })?;
    Ok(packs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_round_trip() {
        let session = SessionId { seq: 4, random: 5 };
        let id = PackId { session, random: 6 };
        let record = PackRecord {
            kind: PackKind::Layout,
            bytes: 10,
            raw_bytes: 20,
            chunks: 1,
            end_bytes: 5,
            end_hash: [9; 32],
        };
        let name = crate::refs::branch_ref("main").expect("valid");
        let commit = RefTarget::Commit(CommitId::from_bytes([1; 32]));
        let moves = vec![(name.clone(), None, Some(commit))];
        let packs = vec![(id, record)];
        let modes = [Mode::FastForward, Mode::Force, Mode::Lease(None), Mode::Lease(Some(commit))];
        let want = |mode| Want { name: name.clone(), new: Some(commit), mode };
        let wants = modes.map(want).to_vec();
        let mut journal = Journal { session, chain: packs.clone(), packs, intent: None, wants };
        assert_eq!(decode(&journal.encode()), Ok(journal.clone()));
        journal.intent = Some(Intent { root: vec![1, 2, 3], moves });
        assert_eq!(decode(&journal.encode()), Ok(journal));
    }
}
