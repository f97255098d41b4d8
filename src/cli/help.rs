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
