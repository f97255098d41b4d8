//! Seals: that a whole folder is as one tree says, judged by stats alone and without its rows.
//!
//! A page answers for each name what its content is; a status of a folder in which nothing changed
//! needs no more than one answer. A seal is the tree the folder was seen to equal, and a fingerprint
//! of the names, kinds and stats it had then: where both still hold, no entry need be looked at.

use super::{RowKind, is_settled};
use crate::id::TreeId;
use crate::stat::Stat;

/// 16 bytes of BLAKE3 over names, kinds and stats of all files of a folder, in the order of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 16]);

/// One file of a folder that is fingerprinted.
#[derive(Clone, Copy, Debug)]
pub struct SealedFile<'f> {
    /// Its name; at most 255 bytes.
    pub name: &'f str,
    /// What it is.
    pub kind: RowKind,
    /// What the operating system says of it.
    pub stat: &'f Stat,
}

impl Fingerprint {
    /// Of files ascending by name.
    pub fn of<'f>(files: impl Iterator<Item = SealedFile<'f>>) -> Self {
        let mut bytes = Vec::with_capacity(files.size_hint().0 * 48);
        for SealedFile { name, kind, stat } in files {
            bytes.extend_from_slice(&[kind.number(), name.len() as u8]);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&stat.size.to_le_bytes());
            bytes.extend_from_slice(&stat.mtime_ns.to_le_bytes());
            bytes.extend_from_slice(&stat.ctime_ns.to_le_bytes());
            bytes.extend_from_slice(&stat.inode.to_le_bytes());
        }
        let hash = blake3::hash(&bytes);
        Self(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    }
}

/// That a folder with this fingerprint equals this tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The folder's tree.
    pub tree: TreeId,
    /// What it looked like.
    pub fingerprint: Fingerprint,
}

const VERSION: u8 = 1;

impl Seal {
    /// Version, tree, fingerprint: 49 bytes.
    pub fn encode(&self) -> Vec<u8> {
        [&[VERSION][..], self.tree.as_bytes(), &self.fingerprint.0].concat()
    }

    /// `None` for any other bytes: as if there were no seal.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (tree, fingerprint) = rest.split_first_chunk()?;
        let fingerprint = Fingerprint(fingerprint.try_into().ok()?);
        (version == VERSION).then_some(Self { tree: TreeId::from_bytes(*tree), fingerprint })
    }
}

/// Whether a later write would surely give a file other stamps, so that it may be part of a seal; the
/// rule of [`is_unchanged`](super::is_unchanged).
pub fn may_be_sealed(stat: &Stat, written_at_ns: i64) -> bool {
    is_settled(stat.mtime_ns, written_at_ns) && is_settled(stat.ctime_ns, written_at_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat() -> Stat {
        Stat { size: 1, mtime_ns: 2, ctime_ns: 3, inode: 4 }
    }

    fn fingerprint(files: &[(&str, RowKind, Stat)]) -> Fingerprint {
        Fingerprint::of(files.iter().map(|(name, kind, stat)| SealedFile {
            name,
            kind: *kind,
            stat,
        }))
    }

    #[test]
    fn every_value_is_part_of_a_fingerprint() {
        let one = |change: fn(&mut Stat)| {
            let mut stat = stat();
            change(&mut stat);
            fingerprint(&[("a", RowKind::File, stat)])
        };
        let all = [
            one(|_| ()),
            one(|s| s.size = 9),
            one(|s| s.mtime_ns = 9),
            one(|s| s.ctime_ns = 9),
            one(|s| s.inode = 9),
            fingerprint(&[("b", RowKind::File, stat())]),
            fingerprint(&[("a", RowKind::Executable, stat())]),
            fingerprint(&[]),
        ];
        for (at, left) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|right| left != right), "{at}");
        }
    }

    #[test]
    fn seals_decode_to_themselves_and_nothing_else_does() {
        let fingerprint = fingerprint(&[("a", RowKind::File, stat())]);
        let seal = Seal { tree: TreeId::from_bytes([7; 32]), fingerprint };
        let bytes = seal.encode();
        assert_eq!(Seal::decode(&bytes), Some(seal));
        assert_eq!(Seal::decode(&bytes[..48]), None);
        assert_eq!(Seal::decode(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(Seal::decode(&[&[2], &bytes[1..]].concat()), None);
        assert_eq!(Seal::decode(&[]), None);
    }

    #[test]
    fn a_file_stamped_just_now_may_not_be_sealed() {
        let second = 1_000_000_000;
        let at = |mtime_ns, ctime_ns| Stat { mtime_ns, ctime_ns, ..stat() };
        let now = 100 * second;
        assert!(may_be_sealed(&at(5 * second + 1, 5 * second + 1), now));
        assert!(!may_be_sealed(&at(now - 1, 5 * second + 1), now));
        assert!(!may_be_sealed(&at(5 * second + 1, now - 1), now));
    }
}
