//! A remote in a folder: of this machine, or of a file system that several machines mount.
//!
//! A file is written under a name of its own, synced, and only then given its key, so that a reader
//! never sees a part. A key is created by a hard link, which fails when the name exists; where the
//! file system has none, by a rename that refuses to replace.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use super::pace::Pace;
use super::transport::{Capabilities, Created, Fault, Item, Transport, TransportError};
use crate::fsio::{self, FsError};

/// Unfinished files lie here; no listing shows them.
const TMP: &str = "tmp";
const BELOW_TMP: &str = "tmp/";
const PAGE: usize = 1000;

/// Keys below a folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    pace: Option<Arc<Pace>>,
    /// Folders of which this process knows that their names last.
    made: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Folder {
    /// The store in `root`, which is made when the first key is written.
    pub fn new(root: PathBuf) -> Self {
        Self { root, pace: None, made: Arc::default() }
    }

    /// The same, with a limit on how many bytes move in a second.
    pub fn at_pace(self, pace: Option<Arc<Pace>>) -> Self {
        Self { pace, ..self }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    fn fail<'k>(
        &'k self,
        op: &'static str,
        key: &'k str,
    ) -> impl Fn(io::Error) -> TransportError + 'k {
        move |e| TransportError::new(op, self.place(), key, fault_of(&e), e)
    }

    /// Writes and syncs a file that has no key yet.
    fn write_temporary(&self, bytes: &[u8]) -> io::Result<Temporary> {
        let dir = self.root.join(TMP);
        self.make_folder(&self.root)?;
        fs::create_dir_all(&dir)?;
        let name = format!("{:016x}", getrandom::u64().map_err(io::Error::other)?);
        let temporary = Temporary(dir.join(name));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary.0)?;
        Paced { inner: &mut file, pace: self.pace.as_deref() }.write_all(bytes)?;
        file.sync_all()?;
        Ok(temporary)
    }

    /// Makes a folder and those above it, durably: whoever made one that is there may not have come to
    /// sync its name.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made().contains(folder) && folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent().filter(|_| folder != self.root) {
            self.make_folder(above)?;
        }
        fsio::create_dirs(folder).map_err(io_error)?;
        made().insert(folder.to_owned());
        Ok(())
    }

    fn create(&self, key: &str, bytes: &[u8]) -> io::Result<Created> {
        let path = self.path(key);
        let temporary = self.write_temporary(bytes)?;
        self.make_folder(path.parent().unwrap_or(&self.root))?;
        let linked = match fs::hard_link(&temporary.0, &path) {
            Err(e) if is_without_links(&e) => rename_no_replace(&temporary.0, &path),
            linked => linked,
        };
        match linked {
            Ok(()) => {
                fsio::sync_dir(path.parent().unwrap_or(&self.root)).map_err(io_error)?;
                Ok(Created::Made)
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(Created::Taken),
            Err(e) => Err(e),
        }
    }

    fn replace(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(key);
        let temporary = self.write_temporary(bytes)?;
        self.make_folder(path.parent().unwrap_or(&self.root))?;
        fs::rename(&temporary.0, &path)?;
        fsio::sync_dir(path.parent().unwrap_or(&self.root)).map_err(io_error)
    }
}

/// Writes no faster than is allowed.
struct Paced<'p, W: ?Sized> {
    inner: &'p mut W,
    pace: Option<&'p Pace>,
}

impl<W: Write + ?Sized> Write for Paced<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(pace) = self.pace else { return self.inner.write(bytes) };
        let len = bytes.len().min(pace.piece());
        std::thread::sleep(pace.reserve(len as u64));
        self.inner.write(&bytes[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// An unfinished file, gone when this is dropped unless it was renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Transport for Folder {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { has_atomic_create: true, parallel: 2 }
    }

    fn read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
    ) -> Result<u64, TransportError> {
        let read = || -> io::Result<u64> {
            let mut file = File::open(self.path(key))?;
            if file.metadata()?.is_dir() {
                return Err(ErrorKind::NotFound.into());
            }
            let out = &mut Paced { inner: out, pace: self.pace.as_deref() };
            match range {
                None => io::copy(&mut file, out),
                Some(range) => {
                    file.seek(SeekFrom::Start(range.start))?;
                    io::copy(&mut file.take(range.end.saturating_sub(range.start)), out)
                }
            }
        };
        read().map_err(self.fail("read", key))
    }

    fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), TransportError> {
        self.replace(key, &bytes).map_err(self.fail("write", key))
    }

    fn create_if_absent(&self, key: &str, bytes: &[u8]) -> Result<Created, TransportError> {
        self.create(key, bytes).map_err(self.fail("create", key))
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Item>, TransportError> {
        let fail = |e: walkdir::Error| {
            let e = io::Error::from(e);
            TransportError::new("list", self.place(), prefix, fault_of(&e), e)
        };
        let start = prefix.rsplit_once('/').map_or("", |(dir, _)| dir);
        let mut items = Vec::new();
        for entry in walkdir::WalkDir::new(self.path(start)) {
            let entry = match entry {
                Err(e) if e.io_error().is_some_and(|e| e.kind() == ErrorKind::NotFound) => continue,
                entry => entry.map_err(fail)?,
            };
            let relative = entry.path().strip_prefix(&self.root).ok().and_then(Path::to_str);
            let Some(key) = relative.map(|key| key.replace('\\', "/")) else { continue };
            let is_wanted = key.starts_with(prefix)
                && !key.starts_with(BELOW_TMP)
                && after.is_none_or(|after| key.as_str() > after);
            if !entry.file_type().is_file() || !is_wanted {
                continue;
            }
            // A file may go away while the folder is read.
            let Ok(metadata) = entry.metadata() else { continue };
            items.push(item(key, &metadata));
        }
        items.sort_by(|a, b| a.key.cmp(&b.key));
        items.truncate(PAGE);
        Ok(items)
    }

    fn unfinished(&self) -> Result<Vec<Item>, TransportError> {
        let unfinished = || -> io::Result<Vec<Item>> {
            let mut items = Vec::new();
            for entry in fs::read_dir(self.root.join(TMP))? {
                let entry = entry?;
                // A file becomes a key, or goes away, while the folder is read.
                let Ok(metadata) = entry.metadata() else { continue };
                if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                    items.push(item(format!("{BELOW_TMP}{name}"), &metadata));
                }
            }
            Ok(items)
        };
        match unfinished() {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            items => items.map_err(self.fail("list", TMP)),
        }
    }

    fn delete(&self, key: &str) -> Result<(), TransportError> {
        match fs::remove_file(self.path(key)) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(self.fail("delete", key)(e)),
            _ => Ok(()),
        }
    }
}

fn item(key: String, metadata: &fs::Metadata) -> Item {
    let since = metadata.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    let modified = since.map_or(0, |since| since.as_secs() as i64);
    Item { key, bytes: metadata.len(), modified }
}

fn fault_of(e: &io::Error) -> Fault {
    match e.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Fault::Missing,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Fault::Denied,
        ErrorKind::TimedOut | ErrorKind::Interrupted => Fault::Lost,
        _ => Fault::Disk,
    }
}

fn is_without_links(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied)
}

#[cfg(target_os = "linux")]
fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(target_os = "linux"))]
fn rename_no_replace(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

fn io_error(e: FsError) -> io::Error {
    e.into_parts().2
}
