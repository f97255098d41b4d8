//! Merges of random histories, beside git's: the same files in the merged tree, and the same paths in
//! conflict.
//!
//! `ESKER_MERGE_ROUNDS` sets how many histories, `ESKER_MERGE_SEED` which. esker runs on trees in
//! memory; git gets the same commits by `fast-import` and merges them with its strategy `ort`, as
//! `git -c merge.directoryRenames=false merge -s ort -Xfind-renames=100%` would. Every content is one
//! that git takes for binary, and no two of them are alike: so git neither merges by lines nor guesses
//! renames, as esker never does. What differs by intent is told in `docs/design`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use esker::id::{BlobId, CommitId, TreeId};
use esker::merge::{Histories, merge_histories};
use esker::object::access::{MemoryObjects, WriteObjects};
use esker::object::commit::{Commit, Person};
use esker::object::paths::edit_sorted;
use esker::object::prolly;
use esker::object::tree::EntryValue;
use esker::path::RepoPath;

use crate::data::Random;

/// What a path holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    File { content: u64, executable: bool },
    Link(u64),
}

impl Node {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::File { content: 0, .. } => Vec::new(),
            Self::File { content, .. } => format!("\0{content:x}").into_bytes(),
            Self::Link(target) => format!("to{target}").into_bytes(),
        }
    }

    fn with_both_bits(self) -> [Self; 2] {
        [false, true].map(|executable| match self {
            Self::File { content, .. } => Self::File { content, executable },
            Self::Link(_) => self,
        })
    }

    fn mode(self) -> &'static str {
        match self {
            Self::File { executable: false, .. } => "100644",
            Self::File { executable: true, .. } => "100755",
            Self::Link(_) => "120000",
        }
    }

    fn of(mode: &str, bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).expect("contents are text");
        if mode == "120000" {
            return Self::Link(text.trim_start_matches("to").parse().expect("a target"));
        }
        let digits = text.trim_start_matches('\0');
        let content =
            if digits.is_empty() { 0 } else { u64::from_str_radix(digits, 16).expect("a number") };
        Self::File { content, executable: mode == "100755" }
    }

    fn value(self) -> EntryValue {
        let bytes = self.bytes();
        match self {
            Self::File { executable, .. } => {
                let (id, size) = (BlobId::of(&bytes), bytes.len() as u64);
                EntryValue::File { id, size, executable }
            }
            Self::Link(_) => {
                let target = String::from_utf8(bytes).expect("targets are text");
                EntryValue::Symlink { target: target.into() }
            }
        }
    }
}

type Files = BTreeMap<String, Node>;

/// One commit of a history.
struct Version {
    parents: Vec<usize>,
    files: Files,
}

/// What makes the histories; contents are numbers, 0 is the empty file.
struct Maker<'r> {
    random: &'r mut Random,
    contents: u64,
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

impl Maker<'_> {
    fn new_file(&mut self) -> Node {
        self.contents += 1;
        let content = match self.random.below(12) {
            0 => 0,
            // Now and then a content that is elsewhere too.
            1 => 1 + self.random.below(self.contents),
            _ => self.contents,
        };
        match self.random.below(15) {
            0 => Node::Link(self.random.below(4)),
            n => Node::File { content, executable: n == 1 },
        }
    }

    fn new_path(&mut self) -> String {
        let depth = 1 + self.random.below(3);
        let mut name = || NAMES[self.random.below(NAMES.len() as u64) as usize];
        (0..depth).map(|_| name()).collect::<Vec<_>>().join("/")
    }

    fn some_path(&mut self, files: &Files) -> Option<String> {
        let count = files.len() as u64;
        (count > 0).then(|| files.keys().nth(self.random.below(count) as usize).cloned())?
    }

    /// Puts a node at a path, whatever was there, above or below.
    fn put(files: &mut Files, path: &str, node: Node) {
        let above = |p: &str| path.starts_with(&format!("{p}/"));
        let below = format!("{path}/");
        files.retain(|p, _| p != path && !above(p) && !p.starts_with(&below));
        files.insert(path.to_owned(), node);
    }

    fn change(&mut self, files: &mut Files) {
        let kind = self.random.below(10);
        let Some(path) = self.some_path(files) else {
            let (path, node) = (self.new_path(), self.new_file());
            return Self::put(files, &path, node);
        };
        match kind {
            0..=2 => {
                let node = self.new_file();
                files.insert(path, node);
            }
            3 | 4 => {
                let (path, node) = (self.new_path(), self.new_file());
                Self::put(files, &path, node);
            }
            5 => drop(files.remove(&path)),
            6 | 7 => {
                let node = files.remove(&path).expect("it is there");
                let to = self.new_path();
                Self::put(files, &to, node);
            }
            8 => {
                if let Some(Node::File { executable, .. }) = files.get_mut(&path) {
                    *executable = !*executable;
                }
            }
            _ => self.move_folder(files, &path),
        }
    }

    fn move_folder(&mut self, files: &mut Files, path: &str) {
        let Some((folder, _)) = path.rsplit_once('/') else { return };
        let (from, to) = (format!("{folder}/"), self.new_path());
        let moved: Vec<_> = files
            .iter()
            .filter(|(p, _)| p.starts_with(&from))
            .map(|(p, n)| (p.clone(), *n))
            .collect();
        for (path, _) in &moved {
            files.remove(path);
        }
        for (path, node) in moved {
            Self::put(files, &format!("{to}/{}", &path[from.len()..]), node);
        }
    }

    /// What a person might make of two versions: each path from one of them.
    fn mix(&mut self, one: &Files, other: &Files) -> Files {
        let mut files = Files::new();
        for (path, node) in one.iter().chain(other) {
            if self.random.below(8) > 0 {
                Self::put(&mut files, path, *node);
            }
        }
        files
    }

    /// Two lines of history, which may cross; the last two commits are to be merged.
    fn history(&mut self) -> Vec<Version> {
        let mut files = Files::new();
        for _ in 0..4 + self.random.below(24) {
            let (path, node) = (self.new_path(), self.new_file());
            Self::put(&mut files, &path, node);
        }
        let mut versions = vec![Version { parents: Vec::new(), files }];
        let mut tips = [0, 0];
        let crossings = self.random.below(4);
        for round in 0..=crossings {
            for side in 0..2 {
                let mut files = versions[tips[side]].files.clone();
                (0..1 + self.random.below(3)).for_each(|_| self.change(&mut files));
                versions.push(Version { parents: vec![tips[side]], files });
                tips[side] = versions.len() - 1;
            }
            if round < crossings {
                let before = tips;
                for side in 0..2 {
                    let (one, other) = (before[side], before[1 - side]);
                    let mut files = self.mix(&versions[one].files, &versions[other].files);
                    if self.random.below(3) == 0 {
                        self.change(&mut files);
                    }
                    versions.push(Version { parents: vec![one, other], files });
                    tips[side] = versions.len() - 1;
                }
            }
        }
        for side in 0..2 {
            let mut files = versions[tips[side]].files.clone();
            self.change(&mut files);
            versions.push(Version { parents: vec![tips[side]], files });
        }
        versions
    }
}

/// A merged tree as files, and the paths in conflict.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    files: Files,
    conflicts: BTreeSet<String>,
}

fn person(number: usize) -> Person {
    let seconds = 1_700_000_000 + number as i64;
    Person { name: "a".into(), email: "a@b".into(), seconds, offset_minutes: 0 }
}

fn merge_by_esker(history: &[Version]) -> Outcome {
    let mut objects = MemoryObjects::new();
    let mut nodes: HashMap<EntryValue, Node> = HashMap::new();
    let mut ids: Vec<CommitId> = Vec::new();
    for (number, version) in history.iter().enumerate() {
        let mut edits = Vec::new();
        for (path, node) in &version.files {
            // A merge may give any content with the other bit.
            nodes.extend(node.with_both_bits().map(|n| (n.value(), n)));
            edits.push((RepoPath::parse(path).expect("valid"), Some(node.value())));
        }
        edits.sort_by(|a, b| a.0.cmp(&b.0));
        let read = objects.clone();
        let commit = Commit {
            tree: edit_sorted(&read, None, &edits, &mut objects).expect("a tree").id,
            attributes: None,
            parents: version.parents.iter().map(|p| ids[*p]).collect(),
            author: person(number),
            committer: person(number),
            message: number.to_string(),
            metadata: BTreeMap::new(),
            signature: None,
        };
        let encoded = commit.encode().expect("valid");
        ids.push(CommitId::of(&encoded));
        objects.write_commit(CommitId::of(&encoded), encoded).expect("memory takes all");
    }
    let read = objects.clone();
    let [.., ours, theirs] = ids[..] else { panic!("a history has two ends") };
    let commits = Histories { ours, theirs, our_name: "ours", their_name: "theirs" };
    let merged = merge_histories(&read, &commits, &mut objects).expect("all is there");
    // In place of a file that both sides of a virtual base added.
    let empty = Node::File { content: 0, executable: false };
    nodes.extend(empty.with_both_bits().map(|n| (n.value(), n)));
    let mut files = Files::new();
    list(&objects, merged.tree.id, &RepoPath::root(), &nodes, &mut files);
    let conflicts = merged.conflicts.iter().map(|c| c.path.as_str().to_owned()).collect();
    Outcome { files, conflicts }
}

fn list(
    objects: &MemoryObjects,
    id: TreeId,
    at: &RepoPath,
    nodes: &HashMap<EntryValue, Node>,
    files: &mut Files,
) {
    for entry in prolly::iterate(objects, id) {
        let entry = entry.expect("all nodes are there");
        let path = at.join(&entry.name).expect("valid");
        match &entry.value {
            EntryValue::Directory { id, .. } => list(objects, *id, &path, nodes, files),
            value => drop(files.insert(path.as_str().to_owned(), nodes[value])),
        }
    }
}

/// A repository of git's in which all histories are.
struct Git<'d> {
    dir: &'d Path,
}

impl Git<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(self.dir).env_clear().args(args);
        command.envs(std::env::var("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.dir).env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    fn run(&self, args: &[&str], stdin: &[u8]) -> Vec<u8> {
        let mut command = self.command(args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git starts");
        let mut pipe = child.stdin.take().expect("standard input is a pipe");
        let output = std::thread::scope(|scope| {
            scope.spawn(move || pipe.write_all(stdin).expect("git reads all"));
            child.wait_with_output().expect("git ends")
        });
        assert!(output.status.code().is_some_and(|code| code < 2), "git {args:?}");
        output.stdout
    }

    /// Brings a history in; its two ends become branches `ours` and `theirs` of that number.
    fn import(stream: &mut Vec<u8>, number: usize, first_mark: usize, history: &[Version]) {
        let mut line = |text: String| stream.extend([text.as_bytes(), b"\n"].concat());
        for (at, version) in history.iter().enumerate() {
            let ends = ["ours", "theirs"];
            let branch = match (at + 2).checked_sub(history.len()) {
                Some(end) => format!("refs/heads/{number}/{}", ends[end]),
                None => format!("refs/heads/{number}/at{at}"),
            };
            line(format!("reset {branch}"));
            line(format!("commit {branch}"));
            line(format!("mark :{}", first_mark + at));
            line(format!("committer a <a@b> {} +0000", person(at).seconds));
            line("data 0".to_owned());
            for (order, parent) in version.parents.iter().enumerate() {
                let word = if order == 0 { "from" } else { "merge" };
                line(format!("{word} :{}", first_mark + parent));
            }
            line("deleteall".to_owned());
            for (path, node) in &version.files {
                let bytes = node.bytes();
                line(format!("M {} inline {path}", node.mode()));
                line(format!("data {}", bytes.len()));
                line(String::from_utf8(bytes).expect("contents are text"));
            }
        }
    }

    /// Merges the two ends of each of `count` histories.
    fn merge_all(&self, count: usize) -> Vec<Listed> {
        let asked: String = (0..count).map(|n| format!("{n}/ours {n}/theirs\n")).collect();
        let setting = ["-c", "merge.directoryRenames=false"];
        let verb = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "--stdin"];
        let text = self.run(&[&setting[..], &verb[..]].concat(), asked.as_bytes());
        let text = String::from_utf8(text).expect("UTF-8");
        let mut parts = text.split('\0');
        let mut merges = Vec::new();
        for number in 0..count {
            // Whether it is clean, its tree, the paths in conflict, an empty one.
            let (_, tree) = (parts.next(), parts.next().expect("a tree"));
            let files = BTreeMap::from([(String::new(), ("40000".to_owned(), tree.to_owned()))]);
            let conflicts = parts.by_ref().take_while(|part| !part.is_empty());
            let conflicts = conflicts.map(|path| plain(number, path)).collect();
            merges.push(Listed { files, conflicts });
        }
        while self.open_trees(&mut merges) {}
        merges
    }

    /// Puts the entries of all trees in their place; false when there are none.
    fn open_trees(&self, merges: &mut [Listed]) -> bool {
        let is_tree = |value: &&(String, String)| value.0 == "40000";
        let values = merges.iter().flat_map(|m| m.files.values()).filter(is_tree);
        let trees = self.objects(values.map(|(_, id)| id.clone()).collect());
        for (number, merge) in merges.iter_mut().enumerate() {
            for (at, (mode, id)) in std::mem::take(&mut merge.files) {
                let Some(mut rest) = trees.get(&id).map(Vec::as_slice) else {
                    merge.files.insert(at, (mode, id));
                    continue;
                };
                while let Some(end) = rest.iter().position(|b| *b == 0) {
                    let head = std::str::from_utf8(&rest[..end]).expect("a mode and a name");
                    let (mode, name) = head.split_once(' ').expect("a mode and a name");
                    let slash = if at.is_empty() { "" } else { "/" };
                    let id = rest[end + 1..end + 21].iter().map(|b| format!("{b:02x}")).collect();
                    let path = plain(number, &format!("{at}{slash}{name}"));
                    merge.files.insert(path, (mode.to_owned(), id));
                    rest = &rest[end + 21..];
                }
            }
        }
        !trees.is_empty()
    }

    /// The bytes of objects by id.
    fn objects(&self, ids: BTreeSet<String>) -> HashMap<String, Vec<u8>> {
        let asked: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let output = self.run(&["cat-file", "--batch"], asked.as_bytes());
        let mut rest = output.as_slice();
        let mut objects = HashMap::new();
        for id in ids {
            let end = rest.iter().position(|b| *b == b'\n').expect("a line");
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let size: usize = head.rsplit(' ').next().and_then(|s| s.parse().ok()).expect("a size");
            objects.insert(id, rest[end + 1..end + 1 + size].to_vec());
            rest = &rest[end + size + 2..];
        }
        objects
    }
}

/// A path as git gives it, with the branch's name without the number of the history.
fn plain(number: usize, path: &str) -> String {
    path.replace(&format!("~{number}_"), "~")
}

/// What git's merge gave, by mode and id.
struct Listed {
    files: BTreeMap<String, (String, String)>,
    conflicts: BTreeSet<String>,
}

fn number(variable: &str, default: u64) -> u64 {
    let value = std::env::var(variable).ok();
    value.map_or(default, |v| v.parse().unwrap_or_else(|_| panic!("{variable} is no number: {v}")))
}

const NOT_DROPPED: &str = "a change that follows a rename is kept where both sides have a file";
const IN_A_BASE: &str = "one of these inside the merge of bases that were merged themselves";
const WHICH_ONE: &str = "of several equal files another one counts as the one that was renamed";

/// A difference from git that is meant, by what tells it; see the design note.
fn is_meant(history: &[Version], esker: &Outcome, by_git: &Outcome) -> Option<&'static str> {
    let [.., ours, theirs] = history else { return None };
    let is_alike = |p: &String| ours.files.get(p) == theirs.files.get(p);
    let more: Vec<_> = esker.conflicts.difference(&by_git.conflicts).collect();
    if esker.files == by_git.files
        && esker.conflicts.is_superset(&by_git.conflicts)
        && !more.is_empty()
        && more.into_iter().all(is_alike)
    {
        return Some(NOT_DROPPED);
    }
    let is_crossed = history.iter().any(|v| v.parents.len() > 1);
    let has_twice = |content: &Vec<u8>| {
        let of = |v: &Version| {
            let equal = v.files.iter().filter(|(_, n)| n.bytes() == *content);
            equal.map(|(p, _)| p.clone()).collect::<BTreeSet<_>>()
        };
        // A base that was merged may hold what two versions hold.
        let all: BTreeSet<_> = history.iter().flat_map(of).collect();
        history.iter().any(|v| of(v).len() > 1) || (is_crossed && all.len() > 2)
    };
    let differs = |p: &&String| {
        esker.conflicts.contains(*p) != by_git.conflicts.contains(*p)
            || esker.files.get(*p) != by_git.files.get(*p)
    };
    let paths = esker.conflicts.iter().chain(&by_git.conflicts);
    let paths: BTreeSet<_> = paths.chain(esker.files.keys()).chain(by_git.files.keys()).collect();
    let is_ambiguous = |path: &String| {
        let path = path.split('~').next().unwrap_or_default();
        let held = history.iter().filter_map(|v| v.files.get(path));
        held.map(|node| node.bytes()).any(|bytes| has_twice(&bytes))
    };
    if paths.into_iter().filter(differs).all(is_ambiguous) {
        return Some(WHICH_ONE);
    }
    let crossings = history.iter().filter(|v| v.parents.len() > 1).count();
    (crossings >= 2).then_some(IN_A_BASE)
}

#[test]
fn merges_are_git_s() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let git = Git { dir: dir.path() };
    let has_git = git.command(&["merge-tree", "-h"]).output();
    let usage =
        has_git.map(|o| String::from_utf8_lossy(&[o.stdout, o.stderr].concat()).into_owned());
    if !usage.is_ok_and(|text| text.contains("--write-tree")) {
        assert!(std::env::var("ESKER_REQUIRE_GIT").is_err(), "git 2.38 or newer is needed");
        eprintln!(
            "SKIPPED: merges were not compared, there is no git that knows merge-tree --write-tree"
        );
        return;
    }
    let (seed, rounds) = (number("ESKER_MERGE_SEED", 1), number("ESKER_MERGE_ROUNDS", 300));
    println!("ESKER_MERGE_SEED={seed} ESKER_MERGE_ROUNDS={rounds}");
    let mut random = Random::new(seed);
    let mut maker = Maker { random: &mut random, contents: 0 };
    let histories: Vec<_> = (0..rounds).map(|_| maker.history()).collect();
    git.run(&["init", "-q", "--bare", "."], b"");
    let mut stream = Vec::new();
    let mut mark = 1;
    for (number, history) in histories.iter().enumerate() {
        Git::import(&mut stream, number, mark, history);
        mark += history.len();
    }
    git.run(&["fast-import", "--quiet"], &stream);
    let listed = git.merge_all(histories.len());
    let ids = listed.iter().flat_map(|l| l.files.values()).map(|(_, id)| id.clone()).collect();
    let contents = git.objects(ids);
    let (mut clean, mut crossed, mut meant) = (0, 0, BTreeMap::<&str, u32>::new());
    let mut wrong = Vec::new();
    for (number, (history, listed)) in histories.iter().zip(listed).enumerate() {
        let node = |(path, (mode, id)): (String, (String, String))| {
            (path, Node::of(&mode, &contents[&id]))
        };
        let files = listed.files.into_iter().map(node).collect();
        let by_git = Outcome { files, conflicts: listed.conflicts };
        let esker = merge_by_esker(history);
        clean += u32::from(by_git.conflicts.is_empty());
        crossed += u32::from(history.iter().any(|v| v.parents.len() > 1));
        if esker != by_git {
            match is_meant(history, &esker, &by_git) {
                Some(reason) => *meant.entry(reason).or_default() += 1,
                None => wrong.push((number, esker, by_git)),
            }
        }
    }
    println!(
        "{rounds} merges, {clean} without conflicts, {crossed} of crossed histories; differences that are meant: {meant:?}"
    );
    for (number, esker, by_git) in wrong.iter().take(3) {
        for (at, version) in histories[*number].iter().enumerate() {
            println!("{number}.{at} {:?}: {:?}", version.parents, version.files);
        }
        println!("esker: {esker:?}\ngit:   {by_git:?}\n");
    }
    let nested = meant.get(IN_A_BASE).copied().unwrap_or(0);
    assert!(u64::from(nested) <= 1 + rounds / 100, "{nested} differences in bases of bases");
    let numbers: Vec<_> = wrong.iter().map(|(number, ..)| number).collect();
    assert!(wrong.is_empty(), "{} of {rounds} merges differ: {numbers:?}", wrong.len());
    assert!(
        clean >= rounds as u32 / 20 && crossed >= rounds as u32 / 3,
        "the histories show little"
    );
}
