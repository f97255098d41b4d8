//! What the file system of a folder is and can do: for reports, never to decide anything.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::fsio;

/// Facts of a file system; `None` is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileSystemFacts {
    /// Its kind, such as `ext4` or `nfs`.
    pub kind: Option<String>,
    /// Bytes that may still be written.
    pub free_bytes: Option<u64>,
    /// Bytes in all.
    pub total_bytes: Option<u64>,
    /// Whether names that differ in case are different files.
    pub case_sensitive: Option<bool>,
    /// Whether symbolic links can be made.
    pub symlinks: Option<bool>,
    /// Whether a file keeps its executable bit.
    pub executable_bits: Option<bool>,
    /// Whether locks exclude each other.
    pub locks: Option<bool>,
}

/// Finds the facts of the file system that `dir` is on, by trying them in `scratch`, a folder on the same
/// one that may be written to; without it only what can be asked for is known.
pub fn find(dir: &Path, scratch: Option<&Path>) -> FileSystemFacts {
    let mut facts = FileSystemFacts { kind: kind(dir), ..FileSystemFacts::default() };
    if let Some((free, total)) = space(dir) {
        (facts.free_bytes, facts.total_bytes) = (Some(free), Some(total));
    }
    if let Some(scratch) = scratch {
        facts.case_sensitive = is_case_sensitive(scratch);
        facts.symlinks = has_symlinks(scratch);
        facts.executable_bits = keeps_executable_bits(scratch);
        facts.locks = fsio::locks_work(scratch).ok();
    }
    facts
}

fn is_case_sensitive(scratch: &Path) -> Option<bool> {
    let (lower, upper) = (scratch.join("case"), scratch.join("CASE"));
    fs::write(&lower, b"").ok()?;
    let is_sensitive = upper.symlink_metadata().is_err();
    fs::remove_file(lower).ok()?;
    Some(is_sensitive)
}

#[cfg(unix)]
fn has_symlinks(scratch: &Path) -> Option<bool> {
    let link = scratch.join("link");
    let is_made = std::os::unix::fs::symlink("target", &link).is_ok();
    // What was not made cannot be removed.
    let _ = fs::remove_file(link);
    Some(is_made)
}

#[cfg(not(unix))]
fn has_symlinks(_: &Path) -> Option<bool> {
    None
}

#[cfg(unix)]
fn keeps_executable_bits(scratch: &Path) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt;
    let file = scratch.join("mode");
    fs::write(&file, b"").ok()?;
    let mode = |path: &Path| path.metadata().map(|m| m.permissions().mode() & 0o100 != 0);
    let set = |bits| fs::set_permissions(&file, fs::Permissions::from_mode(bits));
    let keeps = set(0o644).and_then(|()| mode(&file)).ok() == Some(false)
        && set(0o755).and_then(|()| mode(&file)).ok() == Some(true);
    fs::remove_file(file).ok()?;
    Some(keeps)
}

#[cfg(not(unix))]
fn keeps_executable_bits(_: &Path) -> Option<bool> {
    None
}

#[cfg(unix)]
fn space(dir: &Path) -> Option<(u64, u64)> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Some((bytes(stat.f_bavail), bytes(stat.f_blocks)))
}

#[cfg(not(unix))]
fn space(_: &Path) -> Option<(u64, u64)> {
    None
}

/// The kinds that people meet, by the number that Linux gives them.
#[cfg(target_os = "linux")]
const KINDS: &[(u32, &str)] = &[
    (0x0000_ef53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0x2fc1_2fc1, "zfs"),
    (0xf2f5_2010, "f2fs"),
    (0xca45_1a4e, "bcachefs"),
    (0x0102_1994, "tmpfs"),
    (0x794c_7630, "overlay"),
    (0x0000_6969, "nfs"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb"),
    (0x6573_5546, "fuse"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "ceph"),
    (0x0bd0_0bd0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x0000_4d44, "vfat"),
    (0x2011_bab0, "exfat"),
    (0x7366_746e, "ntfs"),
];

#[cfg(target_os = "linux")]
fn kind(dir: &Path) -> Option<String> {
    // The type of the number differs between machines; its low 32 bits do not.
    let number = rustix::fs::statfs(dir).ok()?.f_type as u32;
    let known = KINDS.iter().find(|(kind, _)| *kind == number);
    Some(known.map_or_else(|| format!("{number:#x}"), |(_, name)| (*name).to_owned()))
}

#[cfg(not(target_os = "linux"))]
fn kind(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_has_facts_and_is_left_empty() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let facts = find(dir.path(), Some(dir.path()));
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 0);
        #[cfg(target_os = "linux")]
        {
            assert!(facts.kind.is_some() && facts.free_bytes <= facts.total_bytes);
            assert_eq!((facts.symlinks, facts.case_sensitive), (Some(true), Some(true)));
        }
        let unknown = find(Path::new("/no/such/folder"), None);
        assert_eq!(unknown, FileSystemFacts::default());
        assert_ne!(facts, unknown);
    }
}
