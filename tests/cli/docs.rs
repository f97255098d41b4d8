//! The commands that the documentation shows are run, and print what it shows.
//!
//! In a fenced block a line that begins with `$ ` is run by `sh`, in a folder of the page's own, one after
//! the other. The lines below it, if there are any, are what it prints: `…` stands for any text,
//! a number for any number, an id for any id, and a line `...` for any lines. `<!-- run` up to `-->` is run too, but not shown.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::env::{Env, Ran};
use crate::ran::skip;
use crate::repo::assert_clean;
use crate::stale::{complain, project};

/// A command of a page and what is said to follow.
struct Step {
    line: usize,
    command: String,
    output: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // Whether a command stands above in the same block.
    let mut is_shown = false;
    let (mut is_code, mut hidden): (bool, Option<Step>) = (false, None);
    for (line, text) in (1..).zip(text.lines()) {
        if let Some(mut step) = hidden.take() {
            match text {
                "-->" => steps.push(step),
                text => {
                    step.command.push_str(text);
                    step.command.push('\n');
                    hidden = Some(step);
                }
            }
        } else if text == "<!-- run" {
            hidden = Some(Step { line, command: String::new(), output: Vec::new() });
        } else if text.starts_with("```") {
            is_code = !is_code;
            is_shown = false;
        } else if is_code {
            match (text.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => {
                    steps.push(Step { line, command: command.to_owned(), output: Vec::new() });
                    is_shown = true;
                }
                (None, Some(step)) if is_shown => step.output.push(text.to_owned()),
                (None, _) => {}
            }
        }
    }
    steps
}

/// A line with every id, and every row of digits, made alike.
fn shape(line: &str) -> String {
    let (mut out, mut word) = (String::new(), String::new());
    for c in line.trim_end().chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let is_id = word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit());
        let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let mut letters: Vec<char> =
            if is_id { vec!['#'] } else { word.chars().map(digits).collect() };
        letters.dedup_by(|a, b| *a == '0' && *b == '0');
        out.extend(letters);
        out.push(c);
        word.clear();
    }
    out
}

/// Whether a line printed has the shape of a line shown.
fn has_shape(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (shape(shown), shape(printed));
    let mut parts = shown.split('…').peekable();
    let mut rest = printed.as_str();
    let mut is_first = true;
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let found = match (is_first, is_last) {
            (true, true) => return part == rest,
            (true, false) => rest.starts_with(part).then_some(0),
            (false, true) => return rest.ends_with(part),
            (false, false) => rest.find(part),
        };
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
        is_first = false;
    }
    false
}

fn has_shapes(shown: &[String], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], printed) => printed.is_empty(),
        ([first, shown @ ..], printed) if first == "..." => {
            (0..=printed.len()).any(|skipped| has_shapes(shown, &printed[skipped..]))
        }
        ([first, shown @ ..], [line, printed @ ..]) => {
            has_shape(first, line) && has_shapes(shown, printed)
        }
        _ => false,
    }
}

/// Runs a page; a command that shows no output may print any, but must end well.
fn run(page: &Path) {
    let mut env = Env::new();
    let bin =
        Path::new(env!("CARGO_BIN_EXE_esker")).parent().expect("it is in a folder").to_owned();
    env.set("PATH", &format!("{}:{}", bin.display(), std::env::var("PATH").expect("PATH")));
    env.set("ESKER_EDITOR", "false");
    let text = fs::read_to_string(page).expect("UTF-8");
    let steps = steps(&text);
    for step in &steps {
        let inner = env.command(&[]);
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("exec 2>&1\n{}", step.command)])
            .current_dir(env.dir())
            .env_clear();
        command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let ran = Ran::of(command.stdin(Stdio::null()).output().expect("sh starts"));
        let printed: Vec<&str> = ran.stdout.lines().collect();
        let place = format!("{}:{}: {}", page.display(), step.line, step.command);
        match step.output.as_slice() {
            [] if ran.code == 0 => {}
            [] => complain(&format!("{place}\nends with {}:\n{}", ran.code, ran.stdout)),
            shown => {
                let end = shown.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
                if !has_shapes(&shown[..end], &printed) {
                    complain(&format!(
                        "{place}
prints:
{}",
                        ran.stdout
                    ));
                }
            }
        }
    }
    if env.path(".esker").exists() {
        assert_clean(&env);
    }
}

#[test]
fn the_commands_of_the_tour_and_of_every_concept_run() {
    if cfg!(not(unix)) {
        return skip("the pages show commands for sh");
    }
    let mut pages: Vec<_> = fs::read_dir(project("docs/concepts"))
        .expect("the pages")
        .map(|entry| entry.expect("a page").path())
        .collect();
    pages.sort();
    pages.extend(["docs/tour.md", "docs/ci.md"].map(project));
    for page in &pages {
        run(page);
    }
}

#[test]
fn shapes_differ_where_texts_differ() {
    assert!(has_shape("[main 9bdbe9d5c4] text", "[main 9bdbe9d5c4] text"));
    assert!(has_shape("10 files, 1.5 MiB", "2 files, 12.25 MiB"));
    assert!(has_shape("wrote … to …", "wrote a to b") && has_shape("…b", "ab"));
    assert!(!has_shape("wrote a", "wrote b") && !has_shape("a", "a b") && !has_shape("…b", "abc"));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(has_shapes(&lines("a\n...\nd"), &["a", "b", "c", "d"]));
    assert!(
        !has_shapes(&lines("a\n...\nd"), &["a", "b", "c"]) && !has_shapes(&lines("a"), &["a", "b"])
    );
}
