//! The part of every command's long help that is the same: its exit codes.

/// Text of the exit codes of a command: the common ones and its own, three characters wide.
macro_rules! exit_codes {
    ($($code:literal $text:literal),* $(,)?) => {
        concat!(
            "Exit codes:\n",
            "    0  done\n",
            "    1  failed\n",
            "    2  wrong usage\n",
            $("  ", $code, "  ", $text, "\n",)*
            "  130  interrupted; running the command again goes on\n",
            "A pipe closed by its reader counts as done.",
        )
    };
}

/// Examples and exit codes, as clap's `after_long_help` takes them.
macro_rules! after_help {
    ($($example:literal)*; $($code:literal $text:literal),* $(,)?) => {
        concat!(
            "Examples:\n",
            $("  ", $example, "\n",)*
            "\n",
            $crate::cli::help::exit_codes!($($code $text),*),
        )
    };
}

pub(crate) use {after_help, exit_codes};

use esker::ops::complete::Candidate;

use super::args::Cli;
use super::concepts::CONCEPTS;

/// Everything that `help` explains.
pub fn topics() -> Vec<Candidate> {
    let root = Cli::command();
    let commands = root.get_subcommands().filter(|command| !command.is_hide_set());
    let command = |command: &clap::Command| Candidate {
        value: command.get_name().to_owned(),
        note: command.get_about().map(ToString::to_string).unwrap_or_default(),
    };
    let concepts =
        CONCEPTS.iter().map(|c| Candidate { value: c.name.to_owned(), note: c.title().to_owned() });
    commands.map(command).chain(concepts).collect()
}
