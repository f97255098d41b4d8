//! The one definition of the command line: parser, help, completions, man pages and reference come from it.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::commands::{Command, GROUPS};
use super::{concepts, external};

/// git for datasets: versions of large data, each chunk stored once.
///
/// Files are split into chunks, every chunk is kept once, and each commit records the whole dataset
/// under one id. The verbs and their flags are git's.
#[derive(Debug, Parser)]
#[command(
    name = "esker",
    bin_name = "esker",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    subcommand_required = true,
    max_term_width = 100,
    after_help = format!(
        "Start with: esker init, esker add ., esker commit -m \"first version\".\n\
         Each command explains itself: esker help COMMAND. So do concepts, as esker help CONCEPT:\n  \
         {}.",
        concepts::NAMES
    )
)]
struct Program {
    #[command(flatten)]
    global: Global,
}

/// A command line.
#[derive(Debug)]
pub struct Cli {
    /// Flags that every command takes.
    pub global: Global,
    /// What to do.
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,

    /// Print JSON: one document, or one per line where there are many; errors too, on stderr
    #[arg(long, global = true)]
    pub json: bool,

    /// Print results and errors only
    ///
    /// With `status` and `diff`: print nothing, exit with 1 when something differs and with 9 on failure.
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Say more, such as the causes of an error
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,

    /// When to use colours; `auto` follows the terminal, NO_COLOR and CLICOLOR
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        default_value = "auto",
        hide_short_help = true
    )]
    pub color: When,

    /// How many threads work at once; all cores by default
    #[arg(
        long,
        value_name = "N",
        global = true,
        hide_short_help = true,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub jobs: Option<u16>,

    /// How many bytes may go to and come from remotes in a second, such as 500K or 10M; 0 is no limit
    #[arg(
        long,
        value_name = "RATE",
        global = true,
        hide_short_help = true,
        value_parser = rate
    )]
    pub limit_rate: Option<String>,

    /// Ask no remote for anything; what would need one fails with 12
    #[arg(long, global = true, hide_short_help = true)]
    pub offline: bool,

    /// Show no progress
    #[arg(long, global = true, hide_short_help = true)]
    pub no_progress: bool,

    /// Print long output as it is, without a pager
    #[arg(long, global = true, hide_short_help = true)]
    pub no_pager: bool,
}

fn rate(text: &str) -> Result<String, String> {
    esker::ops::config::check_rate(text).map_err(|takes| format!("it takes {takes}"))?;
    Ok(text.to_owned())
}

/// When to do something that suits a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// When the output is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// The same for the libraries that write colours.
    pub fn color_choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

impl Cli {
    /// The definition of the program with all commands.
    pub fn command() -> clap::Command {
        let program = Program::command();
        // The list of commands has a text of its own, which is not the program's.
        let about = program.get_about().cloned().unwrap_or_default();
        let long_about = program.get_long_about().cloned().unwrap_or_default();
        let command = Command::augment_subcommands(program).about(about).long_about(long_about);
        let template = help_template(&command);
        command.help_template(template)
    }

    fn read(definition: clap::Command, args: &[OsString]) -> Result<Self, clap::Error> {
        let matches = definition.try_get_matches_from(args)?;
        let Program { global } = Program::from_arg_matches(&matches)?;
        Ok(Self { global, command: Command::from_arg_matches(&matches)? })
    }

    /// Whether the exit code is to say if something differs.
    pub fn is_comparison(&self) -> bool {
        self.is_verification()
            || self.global.quiet && matches!(self.command, Command::Status(_) | Command::Diff(_))
    }

    /// Whether the exit code is also to say if data is damaged.
    pub fn is_verification(&self) -> bool {
        matches!(self.command, Command::Verify(_))
    }
}

/// Reads the command line. The error may also be a request for help or for the version.
pub fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let args = &with_counts(args)[..];
    let color = match color_in(args).color_choice() {
        anstream::ColorChoice::Always => clap::ColorChoice::Always,
        anstream::ColorChoice::Never => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    };
    if let [_, flag] = args
        && (flag == "--version" || flag == "-V")
    {
        return Cli::read(Program::command().color(color), args);
    }
    // Defining all commands takes longer than many of them run.
    let only = verb_ahead(args).and_then(|verb| Command::define(Program::command(), verb));
    if let Some(only) = only {
        match Cli::read(only.color(color), args) {
            Err(error) if error.kind() == ErrorKind::InvalidSubcommand => {}
            result => return result,
        }
    }
    let mut command = Cli::command().color(color);
    if args.len() <= 1 || before_separator(args).any(|arg| arg == "--help" || arg == "-h") {
        command = with_programs(command);
    }
    Cli::read(command, args)
}

/// The verb, where nothing stands before it but flags that every command takes.
fn verb_ahead(args: &[OsString]) -> Option<&str> {
    let mut args = args.iter().skip(1).map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        match arg? {
            "-C" | "--color" | "--jobs" => drop(args.next()),
            "--json" | "-q" | "--quiet" | "-v" | "--verbose" | "--no-progress" | "--no-pager"
            | "--offline" => {}
            flag if flag.starts_with("--color=") || flag.starts_with("--jobs=") => {}
            flag if flag.starts_with('-') => return None,
            verb => return Some(verb),
        }
    }
    None
}

/// The verbs that take `-5` for `-n5`, as git's do.
const COUNTING: [&str; 2] = ["log", "reflog"];

/// The command line with each `-5` of such a verb as `-n5`: a definition knows letters, not numbers.
fn with_counts(args: &[OsString]) -> Cow<'_, [OsString]> {
    if !verb_ahead(args).is_some_and(|verb| COUNTING.contains(&verb)) {
        return args.into();
    }
    let is_count = |arg: &str| {
        let digits = arg.strip_prefix('-').unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let before = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let (flags, rest) = args.split_at(before);
    let flags = flags.iter().map(|arg| match arg.to_str().filter(|arg| is_count(arg)) {
        Some(count) => format!("-n{}", &count[1..]).into(),
        None => arg.clone(),
    });
    flags.chain(rest.iter().cloned()).collect::<Vec<_>>().into()
}

/// The help of the program: as clap's, with the commands by what they are for.
fn help_template(command: &clap::Command) -> String {
    let styles = command.get_styles();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let names = command.get_subcommands().map(|command| command.get_name().len());
    let width = names.max().unwrap_or_default();
    let mut commands = String::new();
    for (group, members) in groups(command) {
        let _ = writeln!(commands, "{header}{group}:{header:#}");
        for member in members {
            let (name, about) = (member.get_name(), member.get_about());
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(commands, "  {literal}{name:<width$}{literal:#}  {about}");
        }
        commands.push('\n');
    }
    let about = "{before-help}{about-with-newline}\n{usage-heading} {usage}";
    format!("{about}\n\n{commands}{header}Options:{header:#}\n{{options}}{{after-help}}")
}

/// The commands that are shown, by what they are for.
pub fn groups(root: &clap::Command) -> Vec<(&'static str, Vec<&clap::Command>)> {
    let shown = |name: &&str| root.find_subcommand(name).filter(|command| !command.is_hide_set());
    let group = |(group, names): &(&'static str, &[&str])| {
        (*group, names.iter().filter_map(shown).collect::<Vec<_>>())
    };
    GROUPS.iter().map(group).filter(|(_, commands)| !commands.is_empty()).collect()
}

/// Lists programs on PATH that are run as commands after the text of the help.
pub fn with_programs(command: clap::Command) -> clap::Command {
    let names: Vec<String> = external::names().into_iter().collect();
    if names.is_empty() {
        return command;
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    command.after_help(format!(
        "{after}\n\nPrograms on PATH that are commands, too: {}.",
        names.join(", ")
    ))
}

/// The `--color` of a command line that could not be, or is not yet, parsed.
pub fn color_in(args: &[OsString]) -> When {
    let mut args = before_separator(args);
    while let Some(arg) = args.next() {
        let value = match arg.strip_prefix("--color") {
            Some("") => args.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some(Ok(when)) = value.map(|value| When::from_str(value, false)) {
            return when;
        }
    }
    When::Auto
}

/// Whether a command line that could not be parsed asks for JSON.
pub fn wants_json(args: &[OsString]) -> bool {
    before_separator(args).any(|arg| arg == "--json")
}

/// The verb of a command line that could not be parsed: the first word that is one.
pub fn verb_in(args: &[OsString]) -> Option<&str> {
    let command = Cli::command();
    before_separator(args).skip(1).find(|arg| command.find_subcommand(arg).is_some())
}

fn before_separator(args: &[OsString]) -> impl Iterator<Item = &str> {
    args.iter().filter_map(|arg| arg.to_str()).take_while(|&arg| arg != "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_and_after_the_verb() {
        for line in ["esker --json -C x status", "esker status --json -C x"] {
            let cli = parse(&words(line)).expect("parses");
            assert!(cli.global.json);
            assert_eq!(cli.global.directory, Some(PathBuf::from("x")));
        }
        assert!(parse(&words("esker -q status")).expect("parses").is_comparison());
    }

    #[test]
    fn flags_are_found_before_parsing() {
        assert_eq!(color_in(&words("esker --color=never x")), When::Never);
        assert_eq!(color_in(&words("esker --color always x")), When::Always);
        assert_eq!(color_in(&words("esker x -- --color=never")), When::Auto);
        assert!(wants_json(&words("esker nonsense --json")));
        assert!(!wants_json(&words("esker add -- --json")));
    }

    #[test]
    fn a_command_defined_alone_is_what_it_is_among_all() {
        let mut all = Cli::command();
        all.build();
        for command in all.get_subcommands() {
            let name = command.get_name();
            let mut only = Command::define(Program::command(), name).expect("every command is");
            only.build();
            let only = only.find_subcommand(name).expect("it was added");
            let help = |command: &clap::Command| command.clone().render_long_help().to_string();
            assert_eq!(help(only), help(command), "{name}");
        }
        assert!(Command::define(Program::command(), "nonsense").is_none());
    }

    #[test]
    fn the_help_lists_every_command_once_by_what_it_is_for() {
        let root = Cli::command();
        let told: Vec<_> = groups(&root).into_iter().flat_map(|(_, commands)| commands).collect();
        let shown = root.get_subcommands().filter(|command| !command.is_hide_set());
        let names = |command: &clap::Command| command.get_name().to_owned();
        assert!(told.into_iter().map(names).eq(shown.map(names)));
        let help = Cli::command().render_help().to_string();
        assert!(help.starts_with("git for datasets"), "{help}");
        assert!(help.contains("\nUndo:\n  restore "), "{help}");
        assert_eq!(help.matches("\n  restore ").count(), 1, "{help}");
    }

    #[test]
    fn the_verb_is_seen_behind_global_flags_only() {
        let verb = |line: &str| verb_ahead(&words(line)).map(str::to_owned);
        assert_eq!(verb("esker -C d --jobs 2 -q --color=never log -h").as_deref(), Some("log"));
        for line in ["esker", "esker -C", "esker --help log", "esker -qh log", "esker -- log"] {
            assert_eq!(verb(line), None, "{line}");
        }
        let wrong = parse(&words("esker -C status")).expect_err("no verb is left");
        assert_eq!(wrong.kind(), ErrorKind::MissingSubcommand);
    }

    #[test]
    fn a_number_behind_a_dash_counts_as_in_git() {
        let count = |line: &str| match parse(&words(line)).expect(line).command {
            Command::Log(log) => log.max_count(),
            other => panic!("{other:?}"),
        };
        assert_eq!(count("esker log -1"), Some(1));
        assert_eq!(count("esker --no-pager log main --oneline -25 a..b"), Some(25));
        assert_eq!(count("esker log -n3 -- -1"), Some(3));
        for line in ["esker log -1x", "esker log -1 -2", "esker status -1"] {
            parse(&words(line)).expect_err(line);
        }
    }

    #[test]
    fn every_long_help_documents_exit_codes() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Exit codes:\n"), "{}", command.get_name());
            assert!(help.contains("130  interrupted"), "{}", command.get_name());
        }
    }
}
