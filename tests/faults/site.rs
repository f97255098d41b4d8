//! A repository, and the bucket that it is pushed to.

use std::fs;

use crate::data::{Files, Random, write_all};
use crate::env::{Env, Ran};
use crate::repo;
use crate::s3::{ACCESS_KEY, SECRET, Server};

/// A repository in `work` whose remote is in the bucket of a server of its own.
pub struct Site {
    pub env: Env,
    pub server: Server,
    pub random: Random,
}

/// Where the remote is.
pub const URL: &str = "s3://bucket/set";

impl Site {
    /// With one commit, that nobody has pushed yet.
    pub fn new(seed: u64) -> Self {
        let server = Server::start();
        let mut env = Env::new();
        env.set("AWS_ACCESS_KEY_ID", ACCESS_KEY).set("AWS_SECRET_ACCESS_KEY", SECRET);
        env.set("AWS_ENDPOINT_URL", &server.url()).set("AWS_REGION", "us-east-1");
        env.set("ESKER_STALL_SECONDS", "1");
        env.ok(&["init"]);
        env.ok(&["remote", "add", "origin", URL]);
        let mut site = Self { env, server, random: Random::new(seed) };
        site.commit();
        site
    }

    /// Some small files and a large one, all new.
    pub fn change(&mut self) {
        let mut files = Files::new();
        for n in 0..10 {
            let lines = 1 + self.random.below(60) as usize;
            files.insert(format!("small/{n:02}.csv"), self.random.text(lines));
        }
        files.insert("large.bin".to_owned(), self.random.bytes(700_000));
        write_all(&self.env.dir(), &files);
    }

    /// One more commit.
    pub fn commit(&mut self) {
        self.change();
        repo::commit_all(&self.env, "next");
    }

    /// Runs the program; nothing it says may hold the secret.
    pub fn run(&self, args: &[&str]) -> Ran {
        let ran = self.env.run(args);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!said.contains(SECRET), "{args:?} tells the secret: {said}");
        ran
    }

    /// Runs the program, which must end with `code`; gives what it says of the failure.
    #[track_caller]
    pub fn fails(&self, args: &[&str], code: i32) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, code, "{args:?}: {}{}", ran.stdout, ran.stderr);
        ran.stderr
    }

    /// Both sides are whole, and a clone holds what HEAD does.
    pub fn assert_shared(&self) {
        self.env.ok(&["remote", "fsck", "--data"]);
        self.assert_clones("../proof");
        repo::assert_clean(&self.env);
    }

    /// A new clone, removed again, holds what HEAD does.
    pub fn assert_clones(&self, dir: &str) {
        self.env.ok(&["clone", URL, dir]);
        self.assert_same(dir);
        fs::remove_dir_all(self.env.path(dir)).expect("remove");
    }

    /// The clone in `dir` is whole and holds what HEAD does.
    pub fn assert_same(&self, dir: &str) {
        self.env.ok(&["-C", dir, "fsck", "--data"]);
        let hash = |dir| self.env.ok(&["-C", dir, "hash", "."]);
        assert_eq!(hash(dir), hash("."));
        assert!(self.env.json(&["-C", dir, "status", "--json"])["clean"] == true);
    }

    /// How many roots the remote has.
    pub fn roots(&self) -> usize {
        self.server.keys("set/root/").len()
    }
}
