//! Which call in the source a sync comes from.
//!
//! A copy of the source is made in which each such call opens a file that is not there, named after the
//! place of the call, before it syncs, and another one afterwards: `strace` sees both. That program is
//! recorded in place of the real one, which it is but for this. A call of a function that passes a sync
//! on, as `fsio::write_atomic`, is such a place, and so is what is called in there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lives::Recording;

/// Functions that pass a sync on, and the files they are in.
const PASSING: [(&str, &str); 6] = [
    ("src/fsio.rs", "write_atomic"),
    ("src/fsio.rs", "rename_synced"),
    ("src/fsio.rs", "sync_file"),
    ("src/fsio.rs", "sync_dir"),
    ("src/fsio.rs", "create_dirs"),
    ("src/store/lane.rs", "sync"),
];

/// How a call of one of them looks, or of what they rest on.
const CALLS: [&str; 8] = [
    "write_atomic(",
    "rename_synced(",
    "sync_file(",
    "sync_dir(",
    "create_dirs(",
    "pack.sync()",
    ".sync_all()",
    ".sync_data()",
];

/// Where names of places begin.
const MARK: &str = "/of-sync";

/// The module that is added.
const MODULE: &str = r#"
pub struct Site;
impl Site {
    pub fn of(at: &std::panic::Location<'_>) -> Self {
        drop(std::fs::File::open(format!("/of-sync/{}:{}", at.file(), at.line())));
        Self
    }
}
impl Drop for Site {
    fn drop(&mut self) {
        drop(std::fs::File::open("/of-sync"));
    }
}
pub trait SyncAt {
    #[track_caller]
    fn sync_all_at(&self) -> std::io::Result<()>;
    #[track_caller]
    fn sync_data_at(&self) -> std::io::Result<()>;
}
impl SyncAt for std::fs::File {
    #[track_caller]
    fn sync_all_at(&self) -> std::io::Result<()> {
        let _site = Site::of(std::panic::Location::caller());
        self.sync_all()
    }
    #[track_caller]
    fn sync_data_at(&self) -> std::io::Result<()> {
        let _site = Site::of(std::panic::Location::caller());
        self.sync_data()
    }
}
"#;

/// The lines of the source that sync, by file, number and text.
pub fn all() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in sources(Path::new("src")) {
        let text = fs::read_to_string(&file).expect("read");
        for (at, line) in text.lines().enumerate() {
            if line.starts_with("mod tests {") {
                break;
            }
            let line = line.trim();
            let is_told = line.starts_with("//") || line.contains("fn ");
            if !is_told && CALLS.iter().any(|call| line.contains(call)) {
                found.insert(name(&format!("{}:{}", file.display(), at + 1), line));
            }
        }
    }
    found
}

fn name(place: &str, line: &str) -> String {
    format!("{place} {line}")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    let paths = entries.map(|entry| entry.expect("an entry").into_path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

/// Makes the program; gives its path.
pub fn build() -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sites");
    let _ = fs::remove_dir_all(copy.join("src"));
    for file in sources(Path::new("src")) {
        let text = marked(&file, &fs::read_to_string(&file).expect("read"));
        let to = copy.join(&file);
        fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("mkdir");
        fs::write(to, text).expect("write");
    }
    fs::write(copy.join("src/site.rs"), MODULE).expect("write");
    for entry in fs::read_dir(".").expect("read") {
        let name = entry.expect("an entry").file_name();
        if !["src", "target"].iter().any(|own| name == *own) && !copy.join(&name).exists() {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
            std::os::unix::fs::symlink(from, copy.join(&name)).expect("symlink");
        }
    }
    let args = ["build", "--quiet", "--locked", "--bin", "esker", "--target-dir", "target"];
    let built = Command::new(env!("CARGO")).args(args).current_dir(&copy).status();
    assert!(built.expect("cargo starts").success(), "the copy does not build");
    copy.join("target/debug/esker")
}

fn marked(file: &Path, text: &str) -> String {
    let mut text = text.to_owned();
    for (_, function) in PASSING.iter().filter(|(of, _)| file == Path::new(of)) {
        text = marked_function(&text, function);
    }
    if file == Path::new("src/lib.rs") {
        text.push_str("\n#[allow(missing_docs)] pub mod site;\n");
    }
    if text.contains(".sync_all()") || text.contains(".sync_data()") {
        text = text
            .replace(".sync_all()", ".sync_all_at()")
            .replace(".sync_data()", ".sync_data_at()");
        text.push_str("\n#[allow(unused)] use crate::site::SyncAt as _;\n");
    }
    text
}

/// Lines stay where they are. The body is put into a closure, or what it calls would be told of the
/// place that it is told of.
fn marked_function(text: &str, function: &str) -> String {
    let name = text.find(&format!("fn {function}(")).expect("it is there");
    let line = text[..name].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[line..].len() - text[line..].trim_start().len();
    let body = name + text[name..].find(" {\n").expect("it has a body") + 2;
    let returned = text[name..body].rsplit_once("-> ").map_or("()", |(_, returned)| returned);
    let returned = returned.trim_end_matches(" {");
    let end = format!("\n{}}}\n", " ".repeat(indent));
    let end = body + text[body..].find(&end).expect("it ends") + 1 + indent;
    let site = "let _site = crate::site::Site::of(std::panic::Location::caller());";
    let (before, signature) = (&text[..line], &text[line..body]);
    let (inner, after) = (&text[body..end], &text[end..]);
    format!(
        "{before}#[track_caller] {signature} {site} (move || -> {returned} {{{inner}}})(){after}"
    )
}

/// The syncs of a recording, by the calls they come from.
pub fn syncs(recording: &Recording) -> BTreeMap<String, Vec<usize>> {
    let (mut inside, mut found) = (HashMap::<u32, Vec<String>>::new(), BTreeMap::new());
    let synced = recording.syncs();
    for (at, call) in recording.calls.iter().enumerate() {
        let inside = inside.entry(call.thread).or_default();
        let path = call.paths().pop().map(|path| path.display().to_string()).unwrap_or_default();
        match path.strip_prefix(MARK) {
            Some("") => drop(inside.pop()),
            Some(place) => inside.push(with_text(place.trim_start_matches('/'))),
            None if synced.contains(&at) => {
                for site in &*inside {
                    found.entry(site.clone()).or_insert_with(Vec::new).push(at);
                }
            }
            None => {}
        }
    }
    found
}

fn with_text(place: &str) -> String {
    let (file, line) = place.split_once(':').expect("a line of a file");
    // Of a function that is passed on as such, the place is in the standard library.
    let text = fs::read_to_string(file).unwrap_or_default();
    let line: usize = line.parse().expect("a number");
    name(place, text.lines().nth(line - 1).unwrap_or("").trim())
}
