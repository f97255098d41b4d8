//! A disk that may lose its power: what is on it for certain, and what may be or not.
//!
//! Until a file is synced each write to it, and each change of its length, may have happened or not,
//! or in part; until a folder is synced so may each name made, moved or removed in it. No order among
//! these is taken for granted: file systems promise more, but not the same.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use crate::data::Random;
use crate::trace::Call;

/// What a disk block is torn at.
const SECTOR: usize = 512;

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone, Default)]
struct File {
    is_folder: bool,
    /// As the process sees it.
    length: usize,
    durable: Vec<u8>,
    pending: Vec<(Change, Mark)>,
}

#[derive(Clone)]
enum Naming {
    Made(PathBuf, usize),
    Moved(PathBuf, PathBuf, usize),
    Removed(PathBuf),
}

/// Whether something is pending only because a sync was left out.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Mark(bool);

/// What becomes of something that is pending.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Lost,
    Kept,
    /// A write of which the beginning is there, and zeros.
    Torn,
}

/// The files below a folder, as a power cut at this moment may leave them.
#[derive(Clone)]
pub struct Disk {
    root: PathBuf,
    files: Vec<File>,
    /// Names as the process sees them.
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<(Naming, Mark)>,
    open: HashMap<i32, (usize, bool)>,
}

/// Files by path, below the folder.
pub type State = BTreeMap<PathBuf, Vec<u8>>;

impl Disk {
    /// What is below `root` now, all of it durable.
    pub fn of(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            open: HashMap::new(),
        };
        for entry in walkdir::WalkDir::new(root) {
            let entry = entry.expect("the folder can be read");
            let is_folder = entry.file_type().is_dir();
            let durable =
                if is_folder { Vec::new() } else { fs::read(entry.path()).expect("read") };
            disk.names.insert(entry.path().to_owned(), disk.files.len());
            disk.files.push(File {
                is_folder,
                length: durable.len(),
                durable,
                pending: Vec::new(),
            });
        }
        disk.durable_names = disk.names.clone();
        disk
    }

    /// Whether a path is of interest: memory that processes share is no part of what must last.
    fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.root) && !path.to_string_lossy().ends_with("-shm")
    }

    /// Makes a call; a sync is left out if `skip`, and what it would have made durable is marked.
    pub fn apply(&mut self, call: &Call, skip: bool) {
        let Some(result) = call.result.filter(|result| *result >= 0) else { return };
        let paths = call.paths();
        if !paths.last().is_some_and(|path| self.holds(path)) {
            return;
        }
        let path = paths.last().expect("there is one").clone();
        match call.name.as_str() {
            "openat" | "openat2" => self.open(call, path, result as i32),
            "lseek" => self.seek(call, result as usize),
            "write" | "writev" => self.write(call, result as usize),
            "pwrite64" => {
                let at = call.last_number().expect("an offset") as usize;
                let bytes = call.strings().concat();
                self.change(&path, Change::Write { at, bytes: bytes[..result as usize].to_vec() });
            }
            "ftruncate" => {
                let length = call.number(1).expect("a length") as usize;
                self.change(&path, Change::Length(length));
            }
            "fsync" | "fdatasync" => self.sync(&path, skip),
            "mkdir" | "mkdirat" => self.make(path, true),
            "rename" | "renameat" | "renameat2" => self.rename(paths[0].clone(), path),
            "link" | "linkat" => {
                let Some(&file) = self.names.get(&paths[0]) else { return };
                self.names.insert(path.clone(), file);
                self.pending_names.push((Naming::Made(path, file), Mark::default()));
            }
            "unlink" | "unlinkat" | "rmdir" => {
                self.names.remove(&path);
                self.pending_names.push((Naming::Removed(path), Mark::default()));
            }
            "close" | "fcntl" | "syncfs" | "fchmod" | "fchmodat" | "utimensat" => {}
            other => panic!("{other} is not known here"),
        }
    }

    fn make(&mut self, path: PathBuf, is_folder: bool) {
        let file = self.files.len();
        self.files.push(File { is_folder, ..File::default() });
        self.names.insert(path.clone(), file);
        self.pending_names.push((Naming::Made(path, file), Mark::default()));
    }

    fn open(&mut self, call: &Call, path: PathBuf, descriptor: i32) {
        if !self.names.contains_key(&path) {
            if !call.has("O_CREAT") {
                return;
            }
            self.make(path.clone(), false);
        } else if call.has("O_TRUNC") {
            self.change(&path, Change::Length(0));
        }
        self.open.insert(descriptor, (0, call.has("O_APPEND")));
    }

    fn seek(&mut self, call: &Call, to: usize) {
        if let Some((descriptor, _)) = call.descriptor(0)
            && let Some((at, _)) = self.open.get_mut(&descriptor)
        {
            *at = to;
        }
    }

    fn write(&mut self, call: &Call, written: usize) {
        let Some((descriptor, path)) = call.descriptor(0) else { return };
        // Of a file whose name is gone nothing survives.
        let Some(&file) = self.names.get(&path) else { return };
        let (at, appends) = *self.open.get(&descriptor).expect("it was opened");
        let at = if appends { self.files[file].length } else { at };
        let bytes = call.strings().concat()[..written].to_vec();
        self.change(&path, Change::Write { at, bytes });
        self.open.insert(descriptor, (at + written, appends));
    }

    fn change(&mut self, path: &Path, change: Change) {
        let Some(&file) = self.names.get(path) else { return };
        let file = &mut self.files[file];
        file.length = match &change {
            Change::Write { at, bytes } => file.length.max(at + bytes.len()),
            Change::Length(length) => *length,
        };
        file.pending.push((change, Mark::default()));
    }

    fn rename(&mut self, from: PathBuf, to: PathBuf) {
        let Some(file) = self.names.remove(&from) else { return };
        self.names.insert(to.clone(), file);
        self.pending_names.push((Naming::Moved(from, to, file), Mark::default()));
    }

    fn sync(&mut self, path: &Path, skip: bool) {
        let Some(&file) = self.names.get(path) else { return };
        if self.files[file].is_folder {
            let is_in = |naming: &Naming| match naming {
                Naming::Made(name, _) | Naming::Moved(_, name, _) | Naming::Removed(name) => {
                    name.parent() == Some(path)
                }
            };
            for (naming, mark) in std::mem::take(&mut self.pending_names) {
                match (is_in(&naming), skip) {
                    (true, false) => name(&mut self.durable_names, &naming),
                    (true, true) => self.pending_names.push((naming, Mark(true))),
                    (false, _) => self.pending_names.push((naming, mark)),
                }
            }
            return;
        }
        let file = &mut self.files[file];
        match skip {
            true => file.pending.iter_mut().for_each(|(_, mark)| *mark = Mark(true)),
            false => {
                let pending = std::mem::take(&mut file.pending);
                pending.iter().for_each(|(one, _)| change(&mut file.durable, one, Fate::Kept));
            }
        }
    }

    /// Marks of all that is pending, in a fixed order.
    fn pending(&self) -> Vec<Mark> {
        let of_files = self.files.iter().flat_map(|file| &file.pending).map(|(_, mark)| *mark);
        self.pending_names.iter().map(|(_, mark)| *mark).chain(of_files).collect()
    }

    /// Whether something is pending only because a sync was left out.
    pub fn is_marked(&self) -> bool {
        self.pending().contains(&Mark(true))
    }

    /// States in which what a sync that was left out would have kept is lost: all else there, or not.
    pub fn marked_states(&self) -> Vec<State> {
        let pending = self.pending();
        let with = |others: Fate| {
            let fate = |mark: &Mark| if mark.0 { Fate::Lost } else { others };
            self.state(&pending.iter().map(fate).collect::<Vec<_>>())
        };
        vec![with(Fate::Kept), with(Fate::Lost)]
    }

    /// What may be found after a power cut at this moment: nothing of what is pending, all, all but one,
    /// one alone, and `random` mixtures.
    pub fn states(&self, random: &mut Random, mixtures: usize) -> Vec<State> {
        let count = self.pending().len();
        let mut fates = vec![vec![Fate::Lost; count], vec![Fate::Kept; count]];
        for _ in 0..mixtures.min(count * 4) {
            let mut mixture = match random.below(3) {
                0 => vec![Fate::Lost; count],
                1 => vec![Fate::Kept; count],
                _ => (0..count)
                    .map(|_| [Fate::Lost, Fate::Kept, Fate::Torn][random.below(3) as usize])
                    .collect(),
            };
            let at = random.below(count as u64) as usize;
            mixture[at] = match mixture[at] {
                Fate::Lost => Fate::Kept,
                Fate::Kept if random.below(2) == 0 => Fate::Torn,
                _ => Fate::Lost,
            };
            fates.push(mixture);
        }
        fates.iter().map(|fates| self.state(fates)).collect()
    }

    fn state(&self, fates: &[Fate]) -> State {
        let (of_names, mut of_files) = fates.split_at(self.pending_names.len());
        let mut names = self.durable_names.clone();
        for ((naming, _), fate) in self.pending_names.iter().zip(of_names) {
            if *fate == Fate::Kept {
                name(&mut names, naming);
            }
        }
        let mut contents = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let mut content = file.durable.clone();
            let (own, rest) = of_files.split_at(file.pending.len());
            for ((one, _), fate) in file.pending.iter().zip(own) {
                change(&mut content, one, *fate);
            }
            of_files = rest;
            contents.push(content);
        }
        let is_there = |path: &Path| {
            path.ancestors()
                .skip(1)
                .take_while(|folder| folder.starts_with(&self.root))
                .all(|folder| names.get(folder).is_some_and(|file| self.files[*file].is_folder))
        };
        let is_kept = |path: &Path| self.holds(path) && is_there(path);
        let kept = names.iter().filter(|(path, _)| is_kept(path));
        kept.map(|(path, file)| {
            let relative = path.strip_prefix(&self.root).expect("below it").to_owned();
            match self.files[*file].is_folder {
                // A folder is a path that ends in a slash.
                true => (relative.join(""), Vec::new()),
                false => (relative, contents[*file].clone()),
            }
        })
        .collect()
    }
}

fn name(names: &mut BTreeMap<PathBuf, usize>, naming: &Naming) {
    match naming {
        Naming::Made(path, file) => drop(names.insert(path.clone(), *file)),
        Naming::Moved(from, to, file) => {
            if names.get(from) == Some(file) {
                names.remove(from);
            }
            names.insert(to.clone(), *file);
        }
        Naming::Removed(path) => drop(names.remove(path)),
    }
}

fn change(content: &mut Vec<u8>, change: &Change, fate: Fate) {
    match change {
        _ if fate == Fate::Lost => {}
        Change::Length(length) => content.resize(*length, 0),
        Change::Write { at, bytes } => {
            let end = at + bytes.len();
            let kept =
                if fate == Fate::Torn { bytes.len() / 2 / SECTOR * SECTOR } else { bytes.len() };
            // The length may be on the disk without the bytes.
            content.resize(content.len().max(end), 0);
            content[*at..at + kept].copy_from_slice(&bytes[..kept]);
        }
    }
}

/// The files of a folder.
pub fn read(folder: &Path) -> State {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(|file| (file.path().to_owned(), fs::read(file.path()).expect("read"))).collect()
}

/// Puts a state into a folder in place of what is there.
pub fn write(state: &State, folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("mkdir");
    for (path, bytes) in state {
        let path = folder.join(path);
        if path.to_string_lossy().ends_with('/') {
            fs::create_dir_all(path).expect("mkdir");
        } else {
            fs::create_dir_all(path.parent().expect("below the folder")).expect("mkdir");
            fs::write(path, bytes).expect("write");
        }
    }
}
