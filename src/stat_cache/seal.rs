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
        let mut print = Printer(Vec::with_capacity(files.size_hint().0 * 48));
        files.for_each(|file| print.add(file));
        print.finish()
    }
}

/// Makes a fingerprint of files that come one after the other, ascending by name.
#[derive(Clone, Debug, Default)]
pub struct Printer(Vec<u8>);

impl Printer {
    /// Adds a file.
    pub fn add(&mut self, SealedFile { name, kind, stat }: SealedFile<'_>) {
        let bytes = &mut self.0;
        bytes.extend_from_slice(&[kind.number(), name.len() as u8]);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&stat.size.to_le_bytes());
        bytes.extend_from_slice(&stat.mtime_ns.to_le_bytes());
        bytes.extend_from_slice(&stat.ctime_ns.to_le_bytes());
        bytes.extend_from_slice(&stat.inode.to_le_bytes());
    }

    /// The fingerprint of all that were added.
    pub fn finish(&self) -> Fingerprint {
        let hash = blake3::hash(&self.0);
        Fingerprint(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    }
}

/// That a folder with this fingerprint equals this tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The folder's tree.
    pub tree: TreeId,
    /// What it looked like.
    pub fingerprint: Fingerprint,
    /// What is in it, for who asks only after what is tracked; nothing where that is too much to keep.
    pub names: Names,
}

const VERSION: u8 = 2;

/// Bytes of a seal before the names.
pub const HEAD_BYTES: usize = 1 + 32 + 16;

impl Seal {
    /// Version, tree, fingerprint: 49 bytes; then the names.
    pub fn encode(&self) -> Vec<u8> {
        [&[VERSION][..], self.tree.as_bytes(), &self.fingerprint.0, &self.names.0].concat()
    }

    /// `None` for any other bytes: as if there were no seal.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (tree, rest) = rest.split_first_chunk()?;
        let (fingerprint, names) = rest.split_first_chunk()?;
        let (tree, names) = (TreeId::from_bytes(*tree), Names(names.into()));
        let fingerprint = Fingerprint(*fingerprint);
        (version == VERSION).then_some(Self { tree, fingerprint, names })
    }
}

/// Ascending names, each as what it shares with the one before and what is its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Box<[u8]>);

impl Names {
    /// Keeps names of at most 255 bytes that ascend.
    pub fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let (mut bytes, mut last) = (Vec::new(), "");
        for name in names {
            let shared = name.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
            let own = &name.as_bytes()[shared..];
            bytes.extend_from_slice(&[shared as u8, own.len() as u8]);
            bytes.extend_from_slice(own);
            last = name;
        }
        Self(bytes.into())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives each name in turn, for as long as `visit` says so; says whether it came to the end.
    pub fn each(&self, mut visit: impl FnMut(&str) -> bool) -> bool {
        let (mut rest, mut name) = (&*self.0, Vec::new());
        while let [shared, length, after @ ..] = rest {
            let Some((own, after)) = after.split_at_checked(usize::from(*length)) else {
                return false;
            };
            name.truncate(usize::from(*shared));
            name.extend_from_slice(own);
            rest = after;
            if !std::str::from_utf8(&name).is_ok_and(&mut visit) {
                return false;
            }
        }
        rest.is_empty()
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
        for names in [&["a"][..], &["a", "ab", "abc", "b", "bé"], &[]] {
            let names = Names::of(names.iter().copied());
            let seal = Seal { tree: TreeId::from_bytes([7; 32]), fingerprint, names };
            let bytes = seal.encode();
            assert_eq!(Seal::decode(&bytes), Some(seal));
            assert_eq!(Seal::decode(&bytes[..HEAD_BYTES - 1]), None);
            assert_eq!(Seal::decode(&[&[1], &bytes[1..]].concat()), None);
        }
        assert_eq!(Seal::decode(&[]), None);
    }

    #[test]
    fn names_are_given_as_they_were_kept() {
        let given = |names: &Names| {
            let mut given = Vec::new();
            let is_whole = names.each(|name| {
                given.push(name.to_owned());
                true
            });
            (given, is_whole)
        };
        let all = ["000001.bin", "000002.bin", "0001", "é", "éé"];
        let names = Names::of(all.into_iter());
        assert_eq!(given(&names), (all.map(str::to_owned).into(), true));
        assert!(!names.each(|name| name != "0001"), "it stops where it is told to");
        for cut in 1..names.0.len() {
            let (given, is_whole) = given(&Names(names.0[..cut].into()));
            assert!(
                given.len() < all.len()
                    && (!is_whole || given.iter().zip(all).all(|(a, b)| a == b))
            );
        }
        let no_text = Names([0, 1, 0xff].into());
        assert_eq!(given(&no_text), (Vec::new(), false));
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
