//! What `--json` prints: described by the types it comes from, written down in `docs/reference/json.md`, and
//! compared with what each command really prints.

mod samples;
mod shapes;

use std::fmt::Write;
use std::fs;

use crate::env::Env;
use crate::stale::{assert_current, complain};
use shapes::{Field, Shape, Types};

/// The type of a command's documents: `XOutcome` of its module, or `XEntry` where it prints one a line.
const TYPES: &[(&str, &str, &str)] = &[
    ("checkout", "head", "CheckoutOutcome"),
    ("cherry-pick", "integrate", "MergeOutcome"),
    ("fetch", "bring", "Brought"),
    ("find", "find", "Found"),
    ("log", "log", "LogEntry"),
    ("ls", "ls", "LsEntry"),
    ("merge", "integrate", "MergeOutcome"),
    ("revert", "integrate", "MergeOutcome"),
    ("switch", "head", "CheckoutOutcome"),
    ("update", "pin", "PinOutcome"),
];

/// Forms of commands that print documents of their own: the words that tell them, and their types.
const FORMS: &[(&str, &str, &str)] = &[
    ("fsck --remote", "remote_fsck", "RemoteFsckOutcome"),
    ("gc --remote", "remote_gc", "RemoteGcOutcome"),
    ("remote accept-history", "accept_history", "AcceptHistoryOutcome"),
    ("remote keeps", "keeps", "KeepsOutcome"),
];

/// Types printed one a line whose names do not say so.
const STREAMED: &[&str] = &["Found"];

/// Commands that print no document, but bytes, a page, or documents of several kinds.
const WITHOUT: &[&str] = &["cat", "demo", "help"];

/// Every command that is not hidden, by its page of the reference.
fn commands() -> Vec<String> {
    let env = Env::new();
    env.ok(&["generate", "reference", "made"]);
    let entries = fs::read_dir(env.path("made")).expect("the reference");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("a page").file_name().into_string().expect("UTF-8");
        name.trim_end_matches(".md").to_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.retain(|name| name != "README" && !WITHOUT.contains(&name.as_str()));
    names.extend(FORMS.iter().map(|(form, ..)| (*form).to_owned()));
    names.sort();
    names
}

/// The shape of a command's documents, and whether there is one a line.
fn shape_of(types: &Types, command: &str) -> (Shape, bool) {
    let mut known = TYPES.iter().chain(FORMS);
    if let Some((_, module, name)) = known.find(|(known, ..)| *known == command) {
        let is_stream = name.ends_with("Entry") || STREAMED.contains(name);
        return (types.named(module, name).expect("the type is there"), is_stream);
    }
    let module = command.replace('-', "_");
    let camel: String =
        module.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
    let one = types.named(&module, &format!("{camel}Outcome")).map(|shape| (shape, false));
    let many = || types.named(&module, &format!("{camel}Entry")).map(|shape| (shape, true));
    one.or_else(many).unwrap_or_else(|| {
        complain(&format!(
            "no {camel}Outcome in src/ops/{module}.rs: name its type in TYPES of tests/cli/json.rs"
        ));
        (Shape::Any, true)
    })
}

fn row(text: &mut String, field: &Field) {
    let name = if field.is_optional {
        format!("`{}`, if any", field.name)
    } else {
        format!("`{}`", field.name)
    };
    let _ = writeln!(
        text,
        "| {name} | {} | {} |",
        field.shape.described(),
        field.doc.replace('|', "\\|")
    );
}

fn table(text: &mut String, fields: &[Field]) {
    text.push_str("\n| field | type | |\n|---|---|---|\n");
    fields.iter().for_each(|field| row(text, field));
}

fn section(text: &mut String, types: &Types, title: &str, shape: &Shape) {
    match shape {
        Shape::Object(name) => {
            let _ = write!(text, "\n## {title}\n\n{}\n", types.objects[name].doc);
            table(text, &types.objects[name].fields);
        }
        Shape::OneOf(tag, variants) => {
            let _ = write!(text, "\n## {title}\n\nOne of these, told apart by `{tag}`.\n");
            for (value, object) in variants {
                let _ = write!(text, "\n`{tag}` = `{value}`: {}\n", object.doc);
                table(text, &object.fields);
            }
        }
        _ => {
            let _ = write!(text, "\n## {title}\n");
        }
    }
}

#[test]
fn stale_json() {
    let types = Types::read();
    let mut text = "# JSON\n\n<!-- Made from the types of src/ops: ESKER_REFRESH=1 cargo test --test cli stale -->\n\n\
        With `--json` a command prints one document, or one a line where there are many. Every document holds `schema`, the\n\
        version of its shape: it changes when a field is renamed, removed or changes its meaning, and stays when one is added.\n\
        Ids are hexadecimal text. Numbers may exceed what a double holds.\n"
        .to_owned();
    let mut parts = Vec::new();
    let error = types.named("report", "ErrorDocument").expect("the type is there");
    section(&mut text, &types, "Errors", &error);
    parts.push(error);
    for command in commands() {
        let (shape, is_stream) = shape_of(&types, &command);
        let title = if is_stream { format!("{command}, one a line") } else { command };
        section(&mut text, &types, &title, &shape);
        parts.push(shape);
    }
    text.push_str("\n# Parts of documents\n");
    let mut done: Vec<String> = Vec::new();
    while let Some(shape) = parts.pop() {
        for name in types.parts(&shape) {
            if !done.contains(&name) {
                done.push(name.clone());
                parts.push(Shape::Object(name));
            }
        }
    }
    done.sort();
    for name in &done {
        section(&mut text, &types, types.title(name), &Shape::Object(name.clone()));
    }
    assert_current("docs/reference/json.md", &text);
}

#[test]
fn every_command_prints_what_is_written_down() {
    let types = Types::read();
    let printed = samples::printed();
    for command in commands() {
        let (shape, is_stream) = shape_of(&types, &command);
        let of_command: Vec<_> = printed.iter().filter(|(name, _)| *name == command).collect();
        if of_command.iter().all(|(_, ran)| ran.stdout.is_empty()) {
            complain(&format!(
                "add a line for '{command}' that works to SAMPLES in tests/cli/json/samples.rs"
            ));
        }
        for (_, ran) in of_command {
            let lines: Vec<&str> = ran.stdout.lines().collect();
            if lines.is_empty() && !ran.stderr.is_empty() {
                // It failed, as some are meant to.
                continue;
            }
            if !is_stream && lines.len() != 1 {
                complain(&format!("{command}: not one document: {ran:?}"));
                continue;
            }
            for line in lines {
                let document =
                    serde_json::from_str(line).unwrap_or_else(|e| panic!("{command}: {e}: {line}"));
                if let Err(e) = types.check_document(&shape, &document) {
                    complain(&format!("{command}: {e}: {line}"));
                }
            }
        }
    }
    let error = types.named("report", "ErrorDocument").expect("the type is there");
    for (_, ran) in printed.iter().filter(|(_, ran)| !ran.stderr.is_empty()) {
        let document = serde_json::from_str(&ran.stderr).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
        if let Err(e) = types.check_document(&error, &document) {
            panic!("{e}: {ran:?}");
        }
    }
}

#[test]
fn what_is_not_written_down_is_noticed() {
    let types = Types::read();
    let shape = types.named("hash", "HashOutcome").expect("the type is there");
    let good = serde_json::json!({"schema": 1, "id": "x", "kind": "file", "files": 1, "bytes": 2, "ignored": 0, "skipped": []});
    assert_eq!(types.check_document(&shape, &good), Ok(()));
    for (field, value) in
        [("kind", "other".into()), ("files", "1".into()), ("more", 1.into()), ("skipped", 3.into())]
    {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(types.check_document(&shape, &bad).is_err(), "{field}");
    }
    let mut short = good;
    short.as_object_mut().expect("an object").remove("bytes");
    assert!(types.check_document(&shape, &short).is_err());
}
