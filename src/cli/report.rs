//! How a run ends: the one place that turns errors into a message, a hint and an exit code.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind as UsageKind};
use esker::ops::{ErrorKind, OpError, similar};
use serde::Serialize;

use super::args::{self, Cli, Global};
use super::render::json;
use super::term::Palette;

/// The exit code of a run that did what it was asked.
pub const DONE: u8 = 0;
/// The exit code of a run that failed in a way that has no code of its own.
pub const FAILED: u8 = 1;
/// The exit code of wrong usage.
pub const USAGE: u8 = 2;
/// The exit code of a comparison that failed.
pub const COMPARISON_FAILED: u8 = 9;
/// The exit code of a run that was interrupted.
pub const INTERRUPTED: u8 = 130;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Done,
    /// Something differs, was not found, or did not work out; the command has said so.
    No,
    /// Done, but for files that were left out and named.
    Skipped,
    /// Done, but paths are in conflict, and named.
    Conflicts,
    /// Data is damaged, and named.
    Damaged,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => DONE,
            Self::No => 1,
            Self::Skipped => 3,
            Self::Conflicts => 4,
            Self::Damaged => 5,
        }
    }
}

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// The verb failed.
    Op(OpError),
    /// Standard output could not be written.
    Output(io::Error),
}

impl Failure {
    /// The failure of work that was asked to stop: whatever that made fail on its way out, it was
    /// interrupted.
    pub fn when_cancelled(self) -> Self {
        match self {
            Self::Op(error) if error.kind() == ErrorKind::Failed => Self::Op(OpError::Interrupted),
            other => other,
        }
    }
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        Self::Op(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// An error as `--json` prints it.
#[derive(Debug, Serialize)]
struct ErrorDocument<'a> {
    /// What failed, and on what.
    error: &'a str,
    /// Which kind of failure it is.
    kind: &'static str,
    /// What to do about it.
    hint: Option<&'a str>,
    /// What the failure came from, the nearest first.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    causes: &'a [String],
    /// The exit code of the program.
    exit_code: u8,
}

/// Everything that is said of a failure.
struct Message {
    text: String,
    hint: Option<String>,
    causes: Vec<String>,
    kind: ErrorKind,
    code: u8,
}

/// Prints failures the way the flags want it.
pub struct Reporter {
    json: bool,
    verbose: bool,
    is_comparison: bool,
    /// Damage keeps its own code in a comparison.
    tells_damage: bool,
    palette: Palette,
}

impl Reporter {
    /// `is_comparison` says that the codes 1 and 9 have the meaning they have with `-q`.
    pub fn new(global: &Global, is_comparison: bool) -> Self {
        let palette = Palette::for_stderr(global.color);
        let (json, verbose, tells_damage) = (global.json, global.verbose, false);
        Self { json, verbose, is_comparison, tells_damage, palette }
    }

    /// Damage keeps its own code, also in a comparison.
    pub fn telling_damage(self, tells_damage: bool) -> Self {
        Self { tells_damage, ..self }
    }

    /// For a command line that could not be parsed.
    pub fn of_line(args: &[OsString]) -> Self {
        let palette = Palette::for_stderr(args::color_in(args));
        Self {
            json: args::wants_json(args),
            verbose: false,
            is_comparison: false,
            tells_damage: false,
            palette,
        }
    }

    /// Prints a failure and gives its exit code.
    pub fn failure(&self, failure: &Failure) -> u8 {
        let mut message = match failure {
            Failure::Op(error) => of_op(error),
            Failure::Output(error) => Message {
                text: format!("cannot write to standard output: {error}"),
                hint: None,
                causes: Vec::new(),
                kind: ErrorKind::Failed,
                code: FAILED,
            },
        };
        let keeps_its_code = message.kind == ErrorKind::Interrupted
            || (self.tells_damage && message.kind == ErrorKind::Damaged);
        if self.is_comparison && !keeps_its_code {
            message.code = COMPARISON_FAILED;
        }
        self.print(&message);
        message.code
    }

    fn print(&self, message: &Message) {
        let mut stderr = io::stderr().lock();
        // Where standard error is closed nobody is left to tell.
        let _ = if self.json {
            json::document(
                &mut stderr,
                &ErrorDocument {
                    error: &message.text,
                    kind: kind_name(message.kind),
                    hint: message.hint.as_deref(),
                    causes: &message.causes,
                    exit_code: message.code,
                },
            )
        } else {
            self.print_text(&mut stderr, message)
        };
    }

    fn print_text(&self, out: &mut dyn Write, message: &Message) -> io::Result<()> {
        let Palette { error, hint, .. } = self.palette;
        writeln!(out, "{error}error{error:#}: {}", message.text)?;
        if self.verbose {
            for cause in &message.causes {
                writeln!(out, "because: {cause}")?;
            }
        }
        message.hint.iter().try_for_each(|text| writeln!(out, "{hint}hint{hint:#}: {text}"))
    }
}

fn of_op(error: &OpError) -> Message {
    let first: Option<&dyn Error> = error.source();
    let causes = std::iter::successors(first, |&cause| cause.source());
    Message {
        text: error.to_string(),
        hint: error.hint(),
        causes: causes.map(ToString::to_string).collect(),
        kind: error.kind(),
        code: code(error.kind()),
    }
}

fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Failed => FAILED,
        ErrorKind::Usage => USAGE,
        ErrorKind::Conflict => 4,
        ErrorKind::Damaged => 5,
        ErrorKind::NoRepository => 10,
        ErrorKind::Locked => 11,
        ErrorKind::Remote => 12,
        ErrorKind::Interrupted => INTERRUPTED,
    }
}

fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Failed => "failed",
        ErrorKind::Usage => "usage",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Damaged => "damaged",
        ErrorKind::NoRepository => "no_repository",
        ErrorKind::Locked => "locked",
        ErrorKind::Remote => "remote",
        ErrorKind::Interrupted => "interrupted",
    }
}

/// Prints what the parser of the command line has to say (help and the version, too), and gives the
/// exit code.
pub fn usage(error: &clap::Error, args: &[OsString]) -> u8 {
    match error.kind() {
        // A closed pipe is no failure here either.
        UsageKind::DisplayHelp | UsageKind::DisplayVersion => {
            let _ = error.print();
            return DONE;
        }
        UsageKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return USAGE;
        }
        _ => {}
    }
    let reporter = Reporter {
        json: args::wants_json(args),
        verbose: false,
        is_comparison: false,
        tells_damage: false,
        palette: Palette::for_stderr(args::color_in(args)),
    };
    reporter.print(&of_usage(error, args));
    USAGE
}

fn of_usage(error: &clap::Error, args: &[OsString]) -> Message {
    let rendered = error.render().to_string();
    let first = rendered.split("\n\n").next().unwrap_or_default();
    let text = first.strip_prefix("error: ").unwrap_or(first);
    let text = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    Message {
        text,
        hint: Some(usage_hint(error, args)),
        causes: Vec::new(),
        kind: ErrorKind::Usage,
        code: USAGE,
    }
}

/// What was probably meant, or else where the command is explained.
fn usage_hint(error: &clap::Error, args: &[OsString]) -> String {
    if let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidSubcommand)
        && args::verb_in(args).is_none()
    {
        let root = Cli::command();
        let shown = root.get_subcommands().filter(|command| !command.is_hide_set());
        if let Some(name) = similar(unknown, shown.map(|command| command.get_name())) {
            return format!("did you mean '{name}'?");
        }
    }
    if error.kind() == UsageKind::MissingRequiredArgument && args::verb_in(args) == Some("add") {
        return "add all that is here: esker add .".to_string();
    }
    let meant =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let suggestion = meant.into_iter().find_map(|kind| match error.get(kind) {
        Some(ContextValue::String(one)) => Some(one.clone()),
        // The most alike comes last.
        Some(ContextValue::Strings(all)) => all.last().cloned(),
        _ => None,
    });
    match (suggestion, args::verb_in(args)) {
        (Some(name), _) => format!("did you mean '{name}'?"),
        (None, Some(verb)) => format!("see how it is used: esker help {verb}"),
        (None, None) => "see all commands: esker help".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &str) -> Message {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        of_usage(&args::parse(&args).expect_err("wrong usage"), &args)
    }

    #[test]
    fn wrong_usage_is_one_line_and_one_hint() {
        let mistyped = message("esker comit");
        assert_eq!(mistyped.text, "unrecognized subcommand 'comit'");
        assert_eq!(mistyped.hint.as_deref(), Some("did you mean 'commit'?"));
        for (typed, meant) in [("stauts", "status"), ("swich", "switch"), ("brnach", "branch")] {
            let hint = message(&format!("esker {typed}")).hint;
            assert_eq!(hint, Some(format!("did you mean '{meant}'?")));
        }
        let empty = message("esker add");
        assert_eq!(empty.hint.as_deref(), Some("add all that is here: esker add ."));
        let flag = message("esker add --dryrun");
        assert_eq!(flag.hint.as_deref(), Some("did you mean '--dry-run'?"));
        let missing = message("esker cat");
        assert!(!missing.text.contains('\n'), "{}", missing.text);
        assert_eq!(missing.hint.as_deref(), Some("see how it is used: esker help cat"));
        let unknown = message("esker xyzzy");
        assert_eq!(unknown.hint.as_deref(), Some("see all commands: esker help"));
    }

    #[test]
    fn every_kind_has_a_code_of_the_documented_table() {
        assert_eq!(code(ErrorKind::NoRepository), 10);
        assert_eq!(code(ErrorKind::Locked), 11);
        assert_eq!(code(ErrorKind::Conflict), 4);
        assert_eq!(code(ErrorKind::Damaged), 5);
        assert_eq!(code(ErrorKind::Interrupted), 130);
    }
}
