//! Folders that are as a seal says: their names are known, so that they need not be listed.

use std::path::Path;

use super::ScannedDir;
use super::listing::Folder;
use crate::stat_cache::seal::Seal;

/// A folder whose files are as they were when it was sealed; nothing where one of them is not, or a rule
/// leaves one out by now.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(super) fn look(folder: &Folder, disk: &Path, seal: &Seal) -> Option<ScannedDir> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    if seal.names.is_empty() {
        return None;
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir = openat(CWD, disk, flags, Mode::empty()).ok()?;
    let (mut looked_at, mut files, mut buffer) = (Gathered::default(), 0, String::new());
    let is_whole = seal.names.each(|name| {
        files += 1;
        let is_left_out = !folder.rules.is_empty() && folder.is_left_out(name, false, &mut buffer);
        !is_left_out && looked_at.add(&dir, name)
    });
    let is_same = is_whole && looked_at.print.finish() == seal.fingerprint;
    is_same.then(|| ScannedDir {
        path: folder.path.clone(),
        entries: Vec::new(),
        withheld: Vec::new(),
        is_complete: true,
        sealed_as: Some((seal.tree, files)),
    })
}

/// Elsewhere every folder is listed.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
pub(super) fn look(_: &Folder, _: &Path, _: &Seal) -> Option<ScannedDir> {
    None
}

/// What the files looked at so far look like.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[derive(Default)]
struct Gathered {
    print: crate::stat_cache::seal::Printer,
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
impl Gathered {
    /// Adds a file; says whether it is one.
    fn add(&mut self, dir: &rustix::fd::OwnedFd, name: &str) -> bool {
        use crate::stat::{Stat, nanoseconds};
        use crate::stat_cache::RowKind;
        use crate::stat_cache::seal::SealedFile;
        use rustix::fs::{AtFlags, FileType, statat};
        let Ok(found) = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) else { return false };
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return false;
        }
        let stat = Stat {
            size: found.st_size.cast_unsigned(),
            mtime_ns: nanoseconds(found.st_mtime, found.st_mtime_nsec.cast_signed()),
            ctime_ns: nanoseconds(found.st_ctime, found.st_ctime_nsec.cast_signed()),
            inode: found.st_ino,
        };
        let is_executable = found.st_mode & 0o100 != 0;
        let kind = if is_executable { RowKind::Executable } else { RowKind::File };
        self.print.add(SealedFile { name, kind, stat: &stat });
        true
    }
}
