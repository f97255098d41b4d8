//! Documents made from the one definition of the command line: the reference in Markdown, man pages.

use std::fmt::Write;

use clap::{Arg, Command};

use super::args;
use super::concepts::CONCEPTS;

/// A file: its name and its bytes.
pub type Page = (String, Vec<u8>);

/// The pages of `docs/reference`: one a command, and one that lists them. `root` is built.
pub fn reference(root: &Command) -> Vec<Page> {
    let mut pages = vec![("README.md".to_owned(), index(root).into_bytes())];
    for command in shown(root) {
        let name = format!("{}.md", command.get_name());
        pages.push((name, command_page(command).into_bytes()));
    }
    pages
}

/// A man page of the program, and one of each command. `root` is built.
pub fn man(root: &Command) -> std::io::Result<Vec<Page>> {
    let mut pages = Vec::new();
    let mut render = |command: Command, name: String| {
        let man = clap_mangen::Man::new(command).title(name.to_uppercase()).section("1");
        let mut bytes = Vec::new();
        man.render(&mut bytes)?;
        pages.push((format!("{name}.1"), bytes));
        Ok::<_, std::io::Error>(())
    };
    render(root.clone(), "esker".to_owned())?;
    for command in shown(root) {
        let name = format!("esker-{}", command.get_name());
        render(command.clone().name(leaked(&name)), name)?;
    }
    Ok(pages)
}

/// clap takes names for the whole run.
pub fn leaked(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

/// The commands of a command that are not hidden.
pub fn shown(root: &Command) -> impl Iterator<Item = &Command> {
    root.get_subcommands().filter(|command| !command.is_hide_set())
}

const NOTE: &str =
    "<!-- Made from the program's own help: ESKER_REFRESH=1 cargo test --test cli stale -->\n";

fn index(root: &Command) -> String {
    let mut page = format!("# Commands\n\n{NOTE}");
    for (group, commands) in args::groups(root) {
        let _ = write!(page, "\n## {group}\n\n| command | |\n|---|---|\n");
        for command in commands {
            let (name, about) = (command.get_name(), about(command));
            let _ = writeln!(page, "| [`{name}`]({name}.md) | {} |", in_cell(&about));
        }
    }
    let _ = write!(page, "\n## Options of every command\n\n");
    let global = root.get_arguments().filter(|arg| arg.is_global_set());
    page.push_str(&list(global));
    let _ = write!(page, "\n## Concepts\n\nThe pages of `esker help CONCEPT`.\n\n");
    for concept in CONCEPTS {
        let _ = writeln!(page, "- [`{0}`](../concepts/{0}.md): {1}", concept.name, concept.title());
    }
    page
}

fn command_page(command: &Command) -> String {
    let mut page = String::new();
    section(&mut page, command, "#");
    page
}

fn section(page: &mut String, command: &Command, level: &str) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let _ = write!(page, "{level} {name}\n\n");
    if level == "#" {
        let _ = writeln!(page, "{NOTE}");
    }
    let text = command.get_long_about().or(command.get_about());
    let _ = write!(page, "{}\n\n", text.map(ToString::to_string).unwrap_or_default().trim());
    let usage = command.clone().render_usage().to_string();
    let _ = write!(
        page,
        "```\n{}\n```\n",
        usage.trim_start_matches("Usage: ").replace("\n       ", "\n")
    );
    let own = |arg: &&Arg| !arg.is_hide_set() && !arg.is_global_set() && !is_help(arg);
    for (title, is_positional) in [("Arguments", true), ("Options", false)] {
        let args = command.get_arguments().filter(own);
        let items = list(args.filter(|arg| arg.is_positional() == is_positional));
        if !items.is_empty() {
            let _ = write!(page, "\n{level}# {title}\n\n{items}");
        }
    }
    for below in shown(command).filter(|command| command.get_name() != "help") {
        page.push('\n');
        section(page, below, &format!("{level}#"));
    }
    let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    for part in after.split("\n\n").filter(|part| !part.is_empty()) {
        let (title, text) = part.split_once('\n').unwrap_or(("", part));
        let _ = write!(
            page,
            "\n{level}# {}\n\n```\n{}\n```\n",
            title.trim_end_matches(':'),
            text.trim_end()
        );
    }
}

fn is_help(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "help" | "version")
}

fn list<'a>(args: impl Iterator<Item = &'a Arg>) -> String {
    let mut text = String::new();
    for arg in args {
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string);
        // What stands in paragraphs goes on one line.
        let help = help.unwrap_or_default().replace(".\n\n", " ").replace("\n\n", ". ");
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "- `{}`: {help}", spelled(arg));
    }
    text
}

/// How an argument is written: `-n, --dry-run`, `--color <WHEN>`, `<PATH>...`.
fn spelled(arg: &Arg) -> String {
    let names: Vec<&str> =
        arg.get_value_names().unwrap_or_default().iter().map(|n| n.as_str()).collect();
    let many =
        arg.get_num_args().is_some_and(|n| n.max_values() > 1 && n.max_values() != names.len());
    let dots = if many { "..." } else { "" };
    let values = names.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(" ") + dots;
    if arg.is_positional() {
        return values;
    }
    let mut spelled: Vec<String> =
        arg.get_short().iter().map(|short| format!("-{short}")).collect();
    spelled.extend(arg.get_long().iter().map(|long| format!("--{long}")));
    let aliases = arg.get_visible_aliases().unwrap_or_default();
    spelled.extend(aliases.iter().map(|alias| format!("--{alias}")));
    let text = spelled.join(", ");
    if arg.get_action().takes_values() { format!("{text} {values}") } else { text }
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}
