//! Lives of repositories: sequences of commands whose file calls are recorded, with what a person was
//! told in between.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::data::Random;
use crate::disk::Disk;
use crate::env::Env;
use crate::trace::{self, Call};

/// A sequence of commands, and where its repositories lie, below the folder of the test.
pub struct Life {
    pub name: &'static str,
    pub places: &'static [&'static str],
    /// Whether they are on a shared store, which is beside them.
    pub has_store: bool,
    /// Further worktrees, which are no repositories of their own.
    pub worktrees: &'static [&'static str],
    /// Small files that are written whole or not at all: what they say is promised too.
    pub files: &'static [&'static str],
    live: fn(&mut Recording),
}

const PLAIN: Life =
    Life { name: "", places: &["."], has_store: false, worktrees: &[], files: &[], live: |_| {} };

/// One repository, from its first command on.
pub const ALONE: Life = Life { name: "alone", live: alone, ..PLAIN };
/// Two on a shared store.
pub const MEMBERS: Life =
    Life { name: "members", places: &["one", "two"], has_store: true, live: members, ..PLAIN };
/// What a repository is told of itself, and a further worktree of it.
pub const SETTINGS: Life = Life {
    name: "settings",
    places: &["one"],
    worktrees: &["two/tree"],
    files: &["one/.esker/config.toml", "one/.gitignore"],
    live: settings,
    ..PLAIN
};
/// With a remote in a folder.
pub const SENT: Life =
    Life { name: "sent", places: &["one"], files: &["one/esker.lock"], live: sent, ..PLAIN };
/// Many small packs and tables, which are folded.
pub const FOLDED: Life = Life { name: "folded", live: folded, ..PLAIN };
/// Damaged, and made whole again.
pub const MENDED: Life = Life { name: "mended", live: mended, ..PLAIN };

/// A store that lost a folder, its database, and a repository.
pub const STORE: Life =
    Life { name: "store", places: &["one", "two"], has_store: true, live: store, ..PLAIN };

/// All of them.
pub const LIVES: [&Life; 7] = [&ALONE, &SETTINGS, &SENT, &MENDED, &STORE, &FOLDED, &MEMBERS];

/// What is to be seen at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// What a person is told of each repository: its commit, and whether something is staged. Nothing
    /// of one that is not made yet.
    pub repositories: Vec<Option<(Value, Value)>>,
    /// What the small files say.
    pub files: Vec<Option<Vec<u8>>>,
    /// The commits that branches of the remote are at, once there is one.
    pub sent: Option<Value>,
    /// How many repositories a shared store knows.
    pub members: usize,
    /// What was damaged, and is not to be deleted.
    pub kept: Vec<Vec<u8>>,
    /// Whether the database was just lost: only what a rebuild makes of the rest is promised.
    pub is_lost: bool,
}

impl Life {
    /// All folders in which a command can be run.
    pub fn all(&self) -> impl Iterator<Item = &'static &'static str> {
        self.places.iter().chain(self.worktrees)
    }
}

impl Seen {
    pub fn of(env: &Env, life: &Life) -> Self {
        let of = |place: &&str| {
            let ran = env.run(&["-C", place, "status", "--json"]);
            let status: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
            (ran.code == 0).then(|| (status["commit"].clone(), status["staged"].clone()))
        };
        let sent = env.path("shared").exists().then(|| {
            let ran = env.run(&["ls-remote", "shared", "--json"]);
            let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
            (ran.code == 0).then(|| told["refs"].clone())
        });
        Self {
            repositories: life.all().map(of).collect(),
            files: life.files.iter().map(|file| fs::read(env.path(file)).ok()).collect(),
            sent: sent.flatten(),
            members: fs::read_dir(env.path("store/members")).map_or(0, |notes| {
                let names = notes.map(|note| note.expect("an entry").file_name());
                names.filter(|name| !name.to_string_lossy().starts_with('.')).count()
            }),
            kept: Vec::new(),
            is_lost: false,
        }
    }
}

/// A recorded life.
pub struct Recording {
    pub env: Env,
    pub life: &'static Life,
    /// The folder, which is not there any more.
    pub folder: PathBuf,
    /// The folder before the first command.
    pub before: Disk,
    pub calls: Vec<Call>,
    /// For each command the number of calls by when it had ended, and what was to be seen then.
    pub ends: Vec<(usize, Seen)>,
    /// What was damaged so far.
    kept: Vec<Vec<u8>>,
}

impl Recording {
    /// Records a life of the program, or of another one made of the same source.
    pub fn of(life: &'static Life, program: Option<PathBuf>) -> Self {
        let mut env = Env::new();
        if let Some(program) = program {
            env.program = program;
        }
        let (before, folder) = (Disk::of(&env.dir()), env.dir());
        let (calls, ends) = (Vec::new(), Vec::new());
        let mut recording = Self { env, life, folder, before, calls, ends, kept: Vec::new() };
        (life.live)(&mut recording);
        // Whoever looks at a state is to find all in it, not what was recorded.
        let away = recording.folder.with_file_name("away");
        fs::rename(&recording.folder, away).expect("rename");
        recording
    }

    fn run(&mut self, args: &[&str]) {
        self.record(args);
        let seen = Seen { kept: self.kept.clone(), ..Seen::of(&self.env, self.life) };
        self.ends.push((self.calls.len(), seen));
    }

    fn record(&mut self, args: &[&str]) {
        let traced = trace::run(&self.env, args, None);
        // What was put aside counts as a problem that was found.
        let is_told = args.contains(&"--rebuild") && traced.output.status.code() == Some(5);
        assert!(is_told || traced.output.status.success(), "{args:?}: {:?}", traced.output);
        self.calls.extend(traced.calls);
    }

    /// Runs another program.
    fn by(&mut self, program: &str, args: &[&str]) {
        let own = std::mem::replace(&mut self.env.program, program.into());
        self.record(args);
        self.env.program = own;
    }

    /// Has another program damage the database; what was told before holds once it is rebuilt.
    fn lose(&mut self, program: &str, args: &[&str]) {
        self.by(program, args);
        let (_, last) = self.ends.last().expect("something was told").clone();
        self.ends.push((self.calls.len(), Seen { is_lost: true, ..last }));
    }

    /// Has a file cut, or made, which is then to be kept: it may be the proof of what went wrong.
    fn damage(&mut self, file: &str, length: &str) {
        self.lose("truncate", &["-s", length, file]);
        for part in [file, file.rsplit_once('/').expect("it is in a folder").0] {
            self.by("sync", &[part]);
        }
        self.kept.push(fs::read(self.env.path(file)).expect("read"));
        let (_, last) = self.ends.last().expect("something was told").clone();
        self.ends.push((self.calls.len(), Seen { kept: self.kept.clone(), ..last }));
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.env.write(path, bytes);
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.env.path(path)).expect("remove");
    }

    /// What may be seen once `count` calls were made: what the last command left, or what the present one
    /// will; nothing before there is a repository.
    pub fn allowed(&self, count: usize) -> Vec<&Seen> {
        let done = self.ends.iter().take_while(|(end, _)| *end <= count).count();
        let Some(last) = done.checked_sub(1) else { return Vec::new() };
        let next = self.ends.get(done).filter(|_| self.ends[last].0 != count);
        [Some(&self.ends[last]), next].into_iter().flatten().map(|(_, seen)| seen).collect()
    }

    /// The label of a call, as it is the same for all of its kind.
    pub fn label(&self, at: usize) -> String {
        self.calls[at].label(&self.folder)
    }

    /// Syncs of what must last.
    pub fn syncs(&self) -> Vec<usize> {
        let is_in = |path: &PathBuf| path.starts_with(&self.folder);
        let is_sync = |call: &Call| call.name.ends_with("sync") && call.paths().iter().any(is_in);
        (0..self.calls.len()).filter(|at| is_sync(&self.calls[*at])).collect()
    }
}

fn alone(life: &mut Recording) {
    let mut random = Random::new(1);
    life.run(&["init"]);
    life.write("data/first", random.bytes(3000));
    life.run(&["add", "."]);
    life.run(&["commit", "-m", "zero"]);
    life.write("data/large", random.bytes(150_000));
    life.run(&["add", "-A"]);
    life.run(&["commit", "-m", "one"]);
    life.remove("data/first");
    life.run(&["add", "-A"]);
    life.run(&["commit", "--amend", "-m", "two"]);
    life.run(&["branch", "other", "HEAD"]);
    life.run(&["checkout", "--detach", "HEAD~1"]);
    life.run(&["switch", "main"]);
    life.run(&["gc", "--grace", "0", "--reflog", "0"]);
    life.write("data/more", random.bytes(3000));
    life.run(&["add", "-A"]);
    life.run(&["repack", "--grace", "0"]);
}

/// One lets go of what the other has, collects, and the other way round; a third comes and goes.
fn members(life: &mut Recording) {
    let mut random = Random::new(2);
    let both = random.bytes(100_000);
    for place in MEMBERS.places {
        life.run(&["init", "--store", "store", place]);
        life.write(&format!("{place}/both"), &both);
        life.write(&format!("{place}/own"), random.bytes(3000));
        life.run(&["-C", place, "add", "."]);
        life.run(&["-C", place, "commit", "-m", "zero"]);
    }
    for name in ["one/both", "one/own"] {
        life.remove(name);
    }
    life.run(&["-C", "one", "add", "-A"]);
    life.run(&["-C", "one", "commit", "--amend", "--allow-empty", "-m", "one"]);
    life.run(&["-C", "one", "gc", "--grace", "0", "--reflog", "0"]);
    life.run(&["-C", "two", "branch", "other"]);
    life.write("two/more", random.bytes(3000));
    life.run(&["-C", "two", "add", "-A"]);
    life.run(&["-C", "two", "commit", "-m", "two"]);
    life.run(&["-C", "two", "checkout", "--detach", "HEAD~1"]);
    life.run(&["-C", "two", "repack", "--grace", "0", "--reflog", "0"]);
    life.write("one/own", random.bytes(3000));
    life.run(&["-C", "one", "add", "-A"]);
    life.run(&["-C", "two", "gc", "--grace", "0", "--reflog", "0"]);
}

fn settings(life: &mut Recording) {
    life.run(&["init", "one"]);
    life.write("one/data/file", "1");
    life.write("one/.git/HEAD", "ref: refs/heads/main\n");
    life.run(&["-C", "one", "config", "user.name", "Ada"]);
    life.run(&["-C", "one", "add", "--git-ignore", "data"]);
    life.run(&["-C", "one", "commit", "-m", "zero"]);
    life.run(&["-C", "one", "config", "user.name", "Grace"]);
    life.run(&["-C", "one", "worktree", "add", "../two/tree"]);
}

fn sent(life: &mut Recording) {
    let mut random = Random::new(3);
    life.run(&["init", "one"]);
    life.write("one/data/large", random.bytes(150_000));
    life.run(&["-C", "one", "remote", "add", "origin", "../shared"]);
    // For whoever looks at it elsewhere.
    life.run(&["-C", "one", "config", "remote.origin.url", "../shared"]);
    life.run(&["-C", "one", "add", "."]);
    life.run(&["-C", "one", "commit", "-m", "zero"]);
    life.run(&["-C", "one", "push"]);
    life.run(&["-C", "one", "pin", "data/large"]);
    life.write("one/data/more", random.bytes(3000));
    life.run(&["-C", "one", "add", "."]);
    life.run(&["-C", "one", "commit", "-m", "one"]);
    life.run(&["-C", "one", "push"]);
    life.run(&["-C", "one", "pin", "data"]);
}

fn folded(life: &mut Recording) {
    let mut random = Random::new(4);
    life.run(&["init"]);
    for n in 0..40 {
        life.write(&format!("data/{n}"), random.bytes(200));
        life.run(&["add", "-A"]);
    }
    life.run(&["commit", "-m", "all"]);
}

fn mended(life: &mut Recording) {
    let mut random = Random::new(5);
    life.run(&["init"]);
    life.write("data/large", random.bytes(150_000));
    life.run(&["add", "."]);
    life.run(&["commit", "-m", "zero"]);
    life.lose("truncate", &["-s", "5000", ".esker/state.db-wal"]);
    life.damage(".esker/packs/00000000000000000000000000000001-0000000000000001", "100");
    life.damage(".esker/state.db", "5000");
    life.run(&["fsck", "--rebuild"]);
    life.write("data/more", random.bytes(3000));
    life.run(&["add", "."]);
    life.lose("rm", &[".esker/state.db"]);
    life.run(&["fsck", "--rebuild"]);
    life.run(&["add", "."]);
}

fn store(life: &mut Recording) {
    let mut random = Random::new(6);
    life.run(&["init", "--store", "store", "three"]);
    life.by("rm", &["-r", "three"]);
    life.run(&["store", "forget", "--store", "store", "three"]);
    // As by a copy that leaves out what is empty.
    life.by("rm", &["-d", "store/members"]);
    life.by("sync", &["store"]);
    for place in STORE.places {
        life.run(&["init", "--store", "store", place]);
        life.write(&format!("{place}/own"), random.bytes(3000));
        life.run(&["-C", place, "add", "."]);
        life.run(&["-C", place, "commit", "-m", "zero"]);
    }
    life.run(&["-C", "one", "branch", "other"]);
    life.lose("rm", &["store/state.db"]);
    life.run(&["-C", "one", "fsck", "--rebuild"]);
    life.run(&["-C", "one", "gc", "--grace", "0"]);
}
