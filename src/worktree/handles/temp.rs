//! Temporary files, and how they take their place.

use std::fs::File;
use std::io::{self, Seek};
use std::sync::Arc;

use cap_std::fs::{Dir, OpenOptions};

use super::Root;
use super::folders::stat_of;
use crate::stat::Stat;

/// A folder of temporary files that one thread makes, removed when it and they are gone.
///
/// A folder for each thread, so that threads do not wait for each other's lock on one folder.
#[derive(Debug)]
pub(super) struct TempFolder {
    root: Arc<Root>,
    name: String,
    dir: Dir,
}

impl TempFolder {
    pub(super) fn create(root: &Arc<Root>) -> io::Result<Arc<TempFolder>> {
        let name = format!("w-{}", random_name()?);
        root.temp.create_dir(&name)?;
        let dir = root.temp.open_dir(&name)?;
        Ok(Arc::new(TempFolder { root: root.clone(), name, dir }))
    }

    /// Makes a symlink and moves it to its place.
    pub(super) fn place_symlink(
        &self,
        serial: u64,
        target: &str,
        to: &Dir,
        to_name: &str,
    ) -> io::Result<Stat> {
        let name = format!("{serial:x}");
        make_symlink(&self.dir, target, &name)?;
        let moved = self.dir.rename(&name, to, to_name);
        if moved.is_err() {
            let _ = self.dir.remove_file(&name);
        }
        match moved {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let beside = Beside::new(to)?;
                make_symlink(to, target, &beside.name)?;
                beside.place(to_name)?;
            }
            other => other?,
        }
        to.symlink_metadata(to_name).map(|metadata| stat_of(&metadata))
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // What stays behind is swept with the rest of the folder of temporary files.
        let _ = self.root.temp.remove_dir(&self.name);
    }
}

/// A file that has no place yet; dropped, it vanishes.
#[derive(Debug)]
pub struct TempFile {
    file: File,
    name: String,
    folder: Arc<TempFolder>,
    is_placed: bool,
}

impl TempFile {
    pub(super) fn create(folder: &Arc<TempFolder>, serial: u64) -> io::Result<TempFile> {
        let name = format!("{serial:x}");
        let file = folder.dir.open_with(&name, &new_file())?.into_std();
        Ok(TempFile { file, name, folder: folder.clone(), is_placed: false })
    }

    /// The open file, to read and write, by several threads at once if they like.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Moves the file to its place, or copies it there when that is on another file system.
    pub(super) fn place(&mut self, to: &Dir, to_name: &str) -> io::Result<Stat> {
        match self.folder.dir.rename(&self.name, to, to_name) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => self.copy(to, to_name),
            Err(error) => Err(error),
            Ok(()) => {
                self.is_placed = true;
                // After the rename, which changes the time of the last status change.
                self.file.metadata().map(|metadata| Stat::of(&metadata))
            }
        }
    }

    fn copy(&self, to: &Dir, to_name: &str) -> io::Result<Stat> {
        let beside = Beside::new(to)?;
        let mut copy = to.open_with(&beside.name, &new_file())?.into_std();
        let mut file = &self.file;
        file.rewind()?;
        io::copy(&mut file, &mut copy)?;
        copy.set_permissions(self.file.metadata()?.permissions())?;
        beside.place(to_name)?;
        copy.metadata().map(|metadata| Stat::of(&metadata))
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = self.folder.dir.remove_file(&self.name);
        }
    }
}

/// A temporary name in the folder where a file is to be; removed unless it was placed.
struct Beside<'a> {
    dir: &'a Dir,
    name: String,
    is_placed: bool,
}

impl Beside<'_> {
    fn new(dir: &Dir) -> io::Result<Beside<'_>> {
        let name = format!(".esker-tmp-{}", random_name()?);
        Ok(Beside { dir, name, is_placed: false })
    }

    fn place(mut self, to_name: &str) -> io::Result<()> {
        self.dir.rename(&self.name, self.dir, to_name)?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = self.dir.remove_file(&self.name);
        }
    }
}

fn new_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options
}

fn random_name() -> io::Result<String> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    Ok(format!("{random:016x}"))
}

#[cfg(not(windows))]
fn make_symlink(dir: &Dir, target: &str, name: &str) -> io::Result<()> {
    dir.symlink_contents(target, name)
}

/// Windows tells links to files from links to folders, which a dataset does not know.
#[cfg(windows)]
fn make_symlink(_: &Dir, _: &str, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
