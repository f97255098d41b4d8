//! Writing into a worktree without ever leaving it.
//!
//! Every access goes through an open handle of the parent folder, opened name by name from the
//! root and never through a symlink: one planted in place of a folder is an error that names it.
//! A folder swapped between check and use is caught, since what was opened is compared with what
//! was checked. Files become visible whole, by a rename from a temporary file.
//!
//! [`WorktreeRoot`] is shared by all threads; each thread has its own [`Handles`], which keeps the
//! folders it used last open. Handles follow a folder that is moved away while they are open, so
//! they should not live longer than one run of work.

mod folders;
mod temp;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

pub use temp::TempFile;

use crate::path::RepoPath;
use crate::stat::Stat;
use crate::worktree::scan::ScannedKind;
use folders::Folders;
use temp::TempFolder;

/// Why something in a worktree could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// A symlink stands where a folder or file is expected; it is not followed.
    #[error("{0} is a symlink")]
    Symlink(RepoPath),
    /// Something else stands where a folder is expected.
    #[error("{0} is not a folder")]
    NotDirectory(RepoPath),
    /// Something else stands where a file is expected.
    #[error("{0} is not a file")]
    NotFile(RepoPath),
    /// What stands there was replaced while it was opened.
    #[error("{0} was replaced while it was opened")]
    Replaced(RepoPath),
    /// The operating system refused.
    #[error("cannot {op} {path}")]
    Io {
        /// What was tried.
        op: &'static str,
        /// On which path of the worktree.
        path: RepoPath,
        /// What the operating system said.
        source: io::Error,
    },
    /// The root or the folder of temporary files cannot be used.
    #[error("cannot {op} {path}")]
    Outside {
        /// What was tried.
        op: &'static str,
        /// On which path of the machine.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
}

impl HandleError {
    /// What the operating system said, when it was asked.
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            HandleError::Io { source, .. } | HandleError::Outside { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether the path, or a folder above it, does not exist.
    pub fn is_not_found(&self) -> bool {
        self.io().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
    }
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// The kind; None for what no dataset can hold, such as a socket.
    pub kind: Option<ScannedKind>,
    /// Size and times; of the link itself for a symlink.
    pub stat: Stat,
}

/// An open worktree and the folder of its temporary files, shared by threads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorktreeRoot(Arc<Root>);

#[derive(Debug)]
struct Root {
    dir: Dir,
    temp: Dir,
    temp_path: PathBuf,
}

impl WorktreeRoot {
    /// Opens the folder at `path`; temporary files will be made below `temp_dir`, which exists.
    ///
    /// Both should be on one file system: otherwise each file is written twice.
    pub fn open(path: &Path, temp_dir: &Path) -> Result<WorktreeRoot, HandleError> {
        let open = |path: &Path| {
            Dir::open_ambient_dir(path, ambient_authority())
                .map_err(|source| outside("open", path, source))
        };
        let temp_path = temp_dir.to_path_buf();
        Ok(WorktreeRoot(Arc::new(Root { dir: open(path)?, temp: open(temp_dir)?, temp_path })))
    }

    /// Handles for one thread, with a folder of temporary files of its own.
    pub fn handles(&self) -> Result<Handles, HandleError> {
        let temp = TempFolder::create(&self.0)
            .map_err(|source| outside("make a folder in", &self.0.temp_path, source))?;
        Ok(Handles { root: self.0.clone(), folders: Folders::new(), temp, made: 0 })
    }
}

/// One thread's way into a worktree.
#[derive(Debug)]
pub struct Handles {
    root: Arc<Root>,
    folders: Folders,
    temp: Arc<TempFolder>,
    /// Number of temporary files made, for their names.
    made: u64,
}

impl Handles {
    /// Makes a folder whose parent exists; true when it was not there before.
    pub fn create_dir(&mut self, path: &RepoPath) -> Result<bool, HandleError> {
        if path.is_root() {
            return Ok(false);
        }
        match self.in_parent("create", path, |dir, name| dir.create_dir(name)) {
            Ok(()) => Ok(true),
            Err(error) if is(&error, io::ErrorKind::AlreadyExists) => {
                self.folder(path).map(|_| false)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a file or symlink, never a folder; true when it was there.
    pub fn remove_file(&mut self, path: &RepoPath) -> Result<bool, HandleError> {
        absent_is_false(self.in_parent("remove", path, |dir, name| dir.remove_file(name)))
    }

    /// Removes a folder that holds nothing; false when it holds something or is not there.
    pub fn remove_dir_if_empty(&mut self, path: &RepoPath) -> Result<bool, HandleError> {
        self.folders.forget(path);
        match self.in_parent("remove", path, |dir, name| dir.remove_dir(name)) {
            Err(error) if is(&error, io::ErrorKind::DirectoryNotEmpty) => Ok(false),
            other => absent_is_false(other),
        }
    }

    /// Gives a file, symlink or folder another name, in a folder that exists.
    ///
    /// What stands at the new name is replaced only if asked for, and never a folder that holds
    /// something.
    pub fn rename(
        &mut self,
        from: &RepoPath,
        to: &RepoPath,
        replace: bool,
    ) -> Result<(), HandleError> {
        self.folders.forget(from);
        let (Some(above), Some(new)) = (to.parent(), to.name()) else {
            return Err(failed("move to", to, io::ErrorKind::InvalidInput.into()));
        };
        let target = self.folder(&above)?;
        self.in_parent("move", from, |dir, old| match replace {
            true => dir.rename(old, &target, new),
            false => rename_to_free(dir, old, &target, new),
        })
    }

    /// Makes an empty temporary file, which vanishes unless it is put in place.
    pub fn create_temp(&mut self) -> Result<TempFile, HandleError> {
        self.made += 1;
        TempFile::create(&self.temp, self.made)
            .map_err(|source| outside("make a file in", &self.root.temp_path, source))
    }

    /// Puts a temporary file in place of whatever file or symlink stands at `path`.
    ///
    /// The mode is that of a new file, executable for all who may read it if asked for. Nothing is
    /// synced. The stat is that of the file in its place.
    pub fn persist(
        &mut self,
        mut temp: TempFile,
        path: &RepoPath,
        executable: bool,
    ) -> Result<Stat, HandleError> {
        if executable {
            set_mode(temp.file(), true)
                .map_err(|source| failed("set the mode of", path, source))?;
        }
        self.in_parent("write", path, |dir, name| temp.place(dir, name))
    }

    /// Puts a symlink in place of whatever file or symlink stands at `path`.
    pub fn symlink(&mut self, path: &RepoPath, target: &str) -> Result<Stat, HandleError> {
        self.made += 1;
        let (temp, serial) = (self.temp.clone(), self.made);
        self.in_parent("write", path, |dir, name| temp.place_symlink(serial, target, dir, name))
    }

    /// Makes a file executable for all who may read it, or for nobody.
    pub fn set_executable(
        &mut self,
        path: &RepoPath,
        executable: bool,
    ) -> Result<Stat, HandleError> {
        let (file, _) = self.open_read(path)?;
        set_mode(&file, executable)
            .and_then(|()| file.metadata())
            .map(|metadata| Stat::of(&metadata))
            .map_err(|source| failed("set the mode of", path, source))
    }

    /// Says what stands at a path; None when nothing does, or a folder above it is missing or is
    /// a file.
    pub fn stat(&mut self, path: &RepoPath) -> Result<Option<OnDisk>, HandleError> {
        if path.is_root() {
            let metadata = self.root.dir.dir_metadata();
            return metadata
                .map(|metadata| Some(folders::on_disk(&metadata)))
                .map_err(|source| failed("stat", path, source));
        }
        match self.in_parent("stat", path, |dir, name| dir.symlink_metadata(name)) {
            Ok(metadata) => Ok(Some(folders::on_disk(&metadata))),
            Err(HandleError::NotDirectory(_)) => Ok(None),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a regular file for reading, with its stat at that moment.
    pub fn open_read(&mut self, path: &RepoPath) -> Result<(File, Stat), HandleError> {
        let opened = self.in_parent("read", path, |dir, name| {
            let before = dir.symlink_metadata(name)?;
            if before.is_symlink() {
                return Ok(Err(HandleError::Symlink(path.clone())));
            }
            if !before.is_file() {
                return Ok(Err(HandleError::NotFile(path.clone())));
            }
            let file = dir.open(name)?;
            match folders::is_same(&before, &file.metadata()?) {
                true => Ok(Ok(file.into_std())),
                false => Ok(Err(HandleError::Replaced(path.clone()))),
            }
        })??;
        let metadata = opened.metadata().map_err(|source| failed("stat", path, source))?;
        Ok((opened, Stat::of(&metadata)))
    }

    /// Reads the target of a symlink, as it is.
    pub fn read_link(&mut self, path: &RepoPath) -> Result<PathBuf, HandleError> {
        self.in_parent("read", path, |dir, name| dir.read_link_contents(name))
    }

    /// Runs `act` with the handle of the parent and the name in it.
    ///
    /// A folder that was removed since it was opened is opened anew, once.
    fn in_parent<T>(
        &mut self,
        op: &'static str,
        path: &RepoPath,
        mut act: impl FnMut(&Dir, &str) -> io::Result<T>,
    ) -> Result<T, HandleError> {
        let Some(name) = path.name() else {
            return Err(failed(op, path, io::ErrorKind::InvalidInput.into()));
        };
        let above = &path.as_str()[..path.as_str().len() - name.len()];
        let above = above.strip_suffix('/').unwrap_or(above);
        let dir = self.folders.open(&self.root.dir, above)?;
        let outcome = match act(&dir, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && folders::is_gone(&dir) => {
                self.folders.clear();
                act(&*self.folders.open(&self.root.dir, above)?, name)
            }
            other => other,
        };
        outcome.map_err(|source| failed(op, path, source))
    }

    fn folder(&mut self, path: &RepoPath) -> Result<Arc<Dir>, HandleError> {
        self.folders.open(&self.root.dir, path.as_str())
    }
}

/// Renames unless something stands at the new name, in one step where the system has one.
fn rename_to_free(dir: &Dir, old: &str, target: &Dir, new: &str) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        match renameat_with(dir, old, target, new, RenameFlags::NOREPLACE) {
            // This file system knows no such step.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            result => return Ok(result?),
        }
    }
    match target.symlink_metadata(new) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => dir.rename(old, target, new),
        Err(e) => Err(e),
    }
}

fn failed(op: &'static str, path: &RepoPath, source: io::Error) -> HandleError {
    HandleError::Io { op, path: path.clone(), source }
}

fn outside(op: &'static str, path: &Path, source: io::Error) -> HandleError {
    HandleError::Outside { op, path: path.display().to_string(), source }
}

fn is(error: &HandleError, kind: io::ErrorKind) -> bool {
    error.io().is_some_and(|error| error.kind() == kind)
}

fn absent_is_false(result: Result<(), HandleError>) -> Result<bool, HandleError> {
    match result {
        Ok(()) => Ok(true),
        Err(HandleError::NotDirectory(_)) => Ok(false),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn set_mode(file: &File, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    let mode = permissions.mode();
    permissions.set_mode(match executable {
        true => mode | (mode & 0o444) >> 2,
        false => mode & !0o111,
    });
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
