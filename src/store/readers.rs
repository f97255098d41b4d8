//! Who only reads: a lock for each generation of the store, shared by all who began to read at it.
//!
//! A reader needs no folder, as it writes and holds nothing: that it reads, and since when, is all that
//! who drops packs must know.

use std::ffi::OsStr;
use std::path::Path;

use super::StoreError;
use super::session::Session;
use crate::fsio::SharedLock;

/// What a reader keeps until it is done.
#[derive(Debug)]
pub enum Reading {
    /// The lock of its generation.
    Shared(SharedLock),
    /// A session, where such a lock cannot be relied on.
    Alone(Session),
}

/// Begins the names of the locks; 16 hex digits of the generation follow.
const PREFIX: &str = "reading-";
/// How often the file of a lock may be taken away before a session is begun.
const ATTEMPTS: usize = 16;

impl Reading {
    /// Begins to read at the store's generation `seq`: what is condemned later stays until this is
    /// dropped.
    pub fn start(tmp: &Path, seq: u64) -> Result<Self, StoreError> {
        let path = tmp.join(format!("{PREFIX}{seq:016x}"));
        for _ in 0..ATTEMPTS {
            match SharedLock::acquire(&path) {
                Ok(Some(lock)) => return Ok(Self::Shared(lock)),
                Ok(None) => {}
                // The folder is missing, which a session makes.
                Err(e) if e.is_not_found() => break,
                Err(e) => return Err(e.into()),
            }
        }
        Session::start(tmp, seq).map(Self::Alone)
    }
}

/// The generation that a file below `tmp` is the lock of, if it is one.
pub(super) fn generation(name: &OsStr) -> Option<u64> {
    let digits = name.to_str()?.strip_prefix(PREFIX)?;
    let is_plain = digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| is_plain)
}

/// The generations at which some who still read began.
pub(super) fn held(tmp: &Path) -> std::io::Result<Vec<u64>> {
    let entries = std::fs::read_dir(tmp)?.flatten();
    let held = entries.filter_map(|entry| {
        let generation = generation(&entry.file_name())?;
        SharedLock::is_held(&entry.path()).then_some(generation)
    });
    Ok(held.collect())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn readers_of_a_generation_share_one_file() {
        let tmp = tempfile::tempdir().expect("tempdir");
        let held = || {
            let mut held = held(tmp.path()).expect("list");
            held.sort();
            held
        };
        let start = |seq| Reading::start(tmp.path(), seq).expect("start");
        let (one, other, later) = (start(3), start(3), start(0x1f));
        assert_eq!(std::fs::read_dir(tmp.path()).expect("list").count(), 2);
        drop(one);
        assert_eq!(held(), [3, 0x1f]);
        drop(other);
        assert_eq!(held(), [0x1f]);
        drop(later);
        assert_eq!(held(), [0; 0]);
    }

    #[test]
    fn other_names_are_no_locks_of_readers() {
        for name in ["reading-", "reading-+000000000000001", "reading-1", "set-aside"] {
            assert_eq!(generation(OsStr::new(name)), None, "{name}");
        }
        assert_eq!(generation(OsStr::new("reading-00000000000000ff")), Some(255));
    }
}
