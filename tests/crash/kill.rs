//! Ending a process at a random moment of its life.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::data::Random;
use crate::env::{Env, Ran};

/// Kills runs of one command, and counts how many were hit.
pub struct Killer {
    /// What all choices of the test come from.
    pub random: Random,
    usual: Duration,
    verb: &'static str,
    rounds: u64,
    killed: u64,
    survived: u64,
}

/// How a run that was to be killed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By the kill.
    Killed,
    /// On its own, before it.
    Done,
}

/// A number from the environment of the tests.
pub fn number(variable: &str, default: u64) -> u64 {
    let value = std::env::var(variable).ok();
    value.map_or(default, |v| v.parse().unwrap_or_else(|_| panic!("{variable} is no number: {v}")))
}

impl Killer {
    /// A killer for a test; `verb` also makes its moments differ from those of other tests.
    pub fn new(verb: &'static str) -> Self {
        Self::with_rounds(verb, number("ESKER_CRASH_ROUNDS", 8))
    }

    /// A killer that is done after so many kills.
    pub fn with_rounds(verb: &'static str, rounds: u64) -> Self {
        let seed = number("ESKER_CRASH_SEED", 1);
        println!("{verb}: ESKER_CRASH_SEED={seed}");
        let salt = verb.bytes().fold(0, |sum: u64, b| sum.wrapping_mul(31) + u64::from(b));
        let random = Random::new(seed.wrapping_mul(0x1_0001) ^ salt);
        Self { random, usual: Duration::ZERO, verb, rounds, killed: 0, survived: 0 }
    }

    /// Runs a command to its end, which must be 0, and remembers how long that takes.
    pub fn run(&mut self, env: &Env, args: &[&str]) -> String {
        self.run_to(env, args, 0)
    }

    /// As [`Killer::run`], for a command that ends with `code`.
    pub fn run_to(&mut self, env: &Env, args: &[&str], code: i32) -> String {
        let started = Instant::now();
        let ran = env.run(args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        self.usual = started.elapsed();
        ran.stdout
    }

    /// Runs a command and kills it at a moment within its usual time.
    pub fn kill(&mut self, env: &Env, args: &[&str]) -> End {
        self.kill_to(env, args, 0)
    }

    /// As [`Killer::kill`], for a command that ends with `code` when it is not killed.
    pub fn kill_to(&mut self, env: &Env, args: &[&str], code: i32) -> End {
        let part = self.random.below(1001) as u32;
        let delay = self.usual.mul_f64(f64::from(part) / 1000.0);
        let end = kill_after(&mut env.command(args), delay, code);
        // What was measured once drifts: a run that was faster corrects it at once, kills slowly.
        match end {
            End::Killed => (self.killed, self.usual) = (self.killed + 1, self.usual.mul_f64(1.03)),
            End::Done => (self.survived, self.usual) = (self.survived + 1, delay),
        }
        end
    }

    /// Whether more runs are to be killed. Those that ended before the kill do not count, but there
    /// must not be too many of them.
    pub fn goes_on(&self) -> bool {
        assert!(self.survived <= 10 + 3 * self.killed, "too few runs are killed before their end");
        if self.killed < self.rounds {
            return true;
        }
        println!("{}: {} runs killed, {} were faster", self.verb, self.killed, self.survived);
        false
    }

    /// How many runs were killed.
    pub fn killed(&self) -> u64 {
        self.killed
    }
}

fn kill_after(command: &mut Command, delay: Duration, code: i32) -> End {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    thread::sleep(delay);
    child.kill().expect("the kill is sent");
    let output = child.wait_with_output().expect("the program ends");
    if output.status.code().is_none() {
        return End::Killed;
    }
    let ran = Ran::of(output);
    assert_eq!(ran.code, code, "a run that was not killed failed: {}", ran.stderr);
    End::Done
}
