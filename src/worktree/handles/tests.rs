use super::*;
use std::fs;
use std::io::{Read, Write};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
    handles: Handles,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("temporary folder");
        fs::create_dir(folder.path().join("work")).expect("folder");
        fs::create_dir(folder.path().join("tmp")).expect("folder");
        let root = WorktreeRoot::open(&folder.path().join("work"), &folder.path().join("tmp"));
        let handles = root.expect("opens").handles().expect("handles");
        Place { folder, handles }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join("work").join(path)
    }

    fn put(&mut self, path: &str, text: &str, executable: bool) -> Result<Stat, HandleError> {
        let temp = self.handles.create_temp()?;
        temp.file().write_all(text.as_bytes()).expect("write");
        self.handles.persist(temp, &at(path), executable)
    }

    /// Everything left among the temporary files, folders of threads apart.
    fn left_over(&self) -> usize {
        let folders = fs::read_dir(self.folder.path().join("tmp")).expect("list");
        folders.map(|dir| fs::read_dir(dir.expect("entry").path()).expect("list").count()).sum()
    }
}

fn at(path: &str) -> RepoPath {
    RepoPath::parse(path).expect("valid path")
}

#[test]
fn files_take_their_place_whole() {
    let mut place = Place::new();
    assert!(place.handles.create_dir(&at("a")).expect("create"));
    assert!(!place.handles.create_dir(&at("a")).expect("there already"));
    assert!(place.handles.create_dir(&at("a/b")).expect("create"));
    let stat = place.put("a/b/f", "one", false).expect("write");
    let seen = Stat::of(&fs::symlink_metadata(place.at("a/b/f")).expect("stat"));
    assert_eq!(stat, seen);
    let other = place.put("a/b/f", "second", true).expect("overwrite");
    assert_ne!(stat.inode, other.inode);
    assert_eq!(fs::read_to_string(place.at("a/b/f")).expect("read"), "second");
    let on_disk = place.handles.stat(&at("a/b/f")).expect("stat").expect("exists");
    assert_eq!(
        on_disk,
        OnDisk { kind: Some(ScannedKind::File { executable: cfg!(unix) }), stat: other }
    );
    assert_eq!(place.left_over(), 0);
}

#[test]
fn a_dropped_temporary_file_and_the_folder_of_a_thread_vanish() {
    let mut place = Place::new();
    let temp = place.handles.create_temp().expect("temp");
    assert_eq!(place.left_over(), 1);
    drop(temp);
    assert_eq!(place.left_over(), 0);
    let Place { folder, handles } = place;
    drop(handles);
    assert_eq!(fs::read_dir(folder.path().join("tmp")).expect("list").count(), 0);
}

#[test]
fn a_temporary_file_of_another_thread_can_be_placed() {
    let mut place = Place::new();
    let root = WorktreeRoot(place.handles.root.clone());
    let temp = std::thread::spawn(move || {
        let mut handles = root.handles().expect("handles");
        let temp = handles.create_temp().expect("temp");
        temp.file().write_all(b"x").expect("write");
        temp
    });
    let temp = temp.join().expect("no panic");
    place.handles.persist(temp, &at("f"), false).expect("write");
    assert_eq!(fs::read(place.at("f")).expect("read"), b"x");
}

#[test]
fn removing_tells_what_was_there() {
    let mut place = Place::new();
    place.handles.create_dir(&at("d")).expect("create");
    place.put("d/f", "", false).expect("write");
    let handles = &mut place.handles;
    assert!(!handles.remove_dir_if_empty(&at("d")).expect("holds f"));
    assert!(handles.remove_file(&at("d/f")).expect("remove"));
    assert!(!handles.remove_file(&at("d/f")).expect("gone"));
    assert!(!handles.remove_file(&at("no/such")).expect("no parent"));
    assert!(handles.remove_file(&at("d")).is_err(), "a folder is no file");
    assert!(handles.remove_dir_if_empty(&at("d")).expect("empty"));
    assert!(!handles.remove_dir_if_empty(&at("d")).expect("gone"));
    assert!(handles.remove_file(&RepoPath::root()).is_err());
}

#[test]
fn a_folder_replaced_by_others_is_found_again() {
    let mut place = Place::new();
    place.handles.create_dir(&at("d")).expect("create");
    place.put("d/f", "old", false).expect("write");
    fs::remove_dir_all(place.at("d")).expect("remove");
    fs::create_dir(place.at("d")).expect("create");
    place.put("d/f", "new", false).expect("write");
    assert_eq!(fs::read_to_string(place.at("d/f")).expect("read"), "new");
    fs::remove_dir_all(place.at("d")).expect("remove");
    assert_eq!(place.handles.stat(&at("d/f")).expect("stat"), None);
    let error = place.put("d/f", "new", false).expect_err("no folder");
    assert!(error.is_not_found(), "{error}");
    assert_eq!(place.left_over(), 0);
}

#[test]
fn more_folders_than_are_kept_open() {
    let mut place = Place::new();
    for round in 0..2 {
        for folder in 0..200 {
            place.handles.create_dir(&at(&format!("d{folder}"))).expect("create");
            place.put(&format!("d{folder}/f{round}"), "x", false).expect("write");
        }
    }
    assert_eq!(fs::read_dir(place.at("d199")).expect("list").count(), 2);
}

#[test]
fn a_file_in_place_of_a_folder_is_told() {
    let mut place = Place::new();
    place.put("f", "", false).expect("write");
    let error = place.put("f/g", "", false).expect_err("no folder");
    assert!(matches!(error, HandleError::NotDirectory(path) if path == at("f")));
    assert!(matches!(place.handles.create_dir(&at("f")), Err(HandleError::NotDirectory(_))));
    assert_eq!(place.handles.stat(&at("f/g")).expect("stat"), None);
    place.handles.create_dir(&at("d")).expect("create");
    assert!(place.put("d", "", false).is_err(), "a file does not replace a folder");
    assert!(matches!(place.handles.open_read(&at("d")), Err(HandleError::NotFile(_))));
    assert_eq!(place.left_over(), 0);
}

#[test]
fn reading_gives_the_stat_of_what_was_opened() {
    let mut place = Place::new();
    let stat = place.put("f", "text", false).expect("write");
    let (mut file, seen) = place.handles.open_read(&at("f")).expect("open");
    assert_eq!(stat, seen);
    let mut text = String::new();
    file.read_to_string(&mut text).expect("read");
    assert_eq!(text, "text");
    assert!(place.handles.open_read(&at("none")).expect_err("absent").is_not_found());
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    #[test]
    fn a_planted_symlink_is_named_and_never_followed() {
        let mut place = Place::new();
        let outside = place.folder.path().join("outside");
        fs::create_dir_all(outside.join("deep")).expect("folders");
        fs::write(outside.join("f"), "precious").expect("write");
        place.handles.create_dir(&at("inside")).expect("create");
        for (link, target) in [("up", "../outside"), ("in", "inside"), ("abs", "/")] {
            symlink(target, place.at(link)).expect("symlink");
            for path in [format!("{link}/f"), format!("{link}/deep/f")] {
                let path = at(&path);
                let named = |error: HandleError| {
                    assert!(matches!(&error, HandleError::Symlink(p) if *p == at(link)), "{error}");
                };
                let temp = place.handles.create_temp().expect("temp");
                named(place.handles.persist(temp, &path, false).expect_err("refused"));
                named(place.handles.create_dir(&path).expect_err("refused"));
                named(place.handles.symlink(&path, "x").expect_err("refused"));
                named(place.handles.remove_file(&path).expect_err("refused"));
                named(place.handles.remove_dir_if_empty(&path).expect_err("refused"));
                named(place.handles.stat(&path).expect_err("refused"));
                named(place.handles.open_read(&path).expect_err("refused"));
                named(place.handles.set_executable(&path, true).expect_err("refused"));
                named(place.handles.read_link(&path).expect_err("refused"));
            }
            assert!(place.handles.create_dir(&at(link)).is_err());
        }
        assert_eq!(fs::read_to_string(outside.join("f")).expect("read"), "precious");
        assert_eq!(fs::read_dir(&outside).expect("list").count(), 2);
        assert_eq!(place.left_over(), 0);
    }

    #[test]
    fn a_symlink_itself_is_replaced_read_and_removed() {
        let mut place = Place::new();
        fs::write(place.folder.path().join("precious"), "1").expect("write");
        let stat = place.handles.symlink(&at("l"), "../precious").expect("symlink");
        assert_eq!(stat, Stat::of(&fs::symlink_metadata(place.at("l")).expect("stat")));
        let on_disk = place.handles.stat(&at("l")).expect("stat").expect("exists");
        assert_eq!(on_disk.kind, Some(ScannedKind::Symlink));
        assert_eq!(place.handles.read_link(&at("l")).expect("read"), Path::new("../precious"));
        assert!(matches!(place.handles.open_read(&at("l")), Err(HandleError::Symlink(_))));
        assert!(matches!(
            place.handles.set_executable(&at("l"), true),
            Err(HandleError::Symlink(_))
        ));
        place.handles.symlink(&at("l"), "/absolute").expect("replaces a symlink");
        place.put("l", "2", false).expect("replaces the symlink, not its target");
        assert_eq!(fs::read(place.at("l")).expect("read"), b"2");
        place.handles.symlink(&at("l"), "x").expect("replaces a file");
        assert!(place.handles.remove_file(&at("l")).expect("remove"));
        assert_eq!(fs::read(place.folder.path().join("precious")).expect("read"), b"1");
        assert_eq!(place.left_over(), 0);
    }

    #[test]
    fn the_executable_bit_follows_the_right_to_read() {
        let mut place = Place::new();
        place.put("f", "", false).expect("write");
        fs::set_permissions(place.at("f"), fs::Permissions::from_mode(0o640)).expect("chmod");
        let mode = |place: &Place| fs::metadata(place.at("f")).expect("stat").mode() & 0o777;
        let stat = place.handles.set_executable(&at("f"), true).expect("chmod");
        assert_eq!(mode(&place), 0o750);
        assert_eq!(stat, Stat::of(&fs::metadata(place.at("f")).expect("stat")));
        place.handles.set_executable(&at("f"), false).expect("chmod");
        assert_eq!(mode(&place), 0o640);
    }

    #[test]
    fn another_file_system_for_temporary_files_costs_a_copy() {
        let mut place = Place::new();
        let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
            return eprintln!("SKIPPED: no second file system at /dev/shm");
        };
        let device = |path: &Path| fs::metadata(path).expect("stat").dev();
        if device(elsewhere.path()) == device(place.folder.path()) {
            return eprintln!("SKIPPED: /dev/shm is no second file system");
        }
        let root = WorktreeRoot::open(&place.at(""), elsewhere.path()).expect("opens");
        place.handles = root.handles().expect("handles");
        let stat = place.put("f", "text", true).expect("write");
        assert_eq!(stat, Stat::of(&fs::metadata(place.at("f")).expect("stat")));
        assert_eq!(fs::metadata(place.at("f")).expect("stat").mode() & 0o100, 0o100);
        place.put("f", "other", false).expect("overwrite");
        assert_eq!(fs::read(place.at("f")).expect("read"), b"other");
        place.handles.symlink(&at("l"), "f").expect("symlink");
        fs::create_dir(place.at("d")).expect("folder");
        assert!(place.put("d", "x", false).is_err());
        assert!(place.handles.symlink(&at("d"), "x").is_err());
        let names: Vec<_> = fs::read_dir(place.at("")).expect("list").collect();
        assert_eq!(names.len(), 3, "nothing temporary stays: {names:?}");
    }
}
