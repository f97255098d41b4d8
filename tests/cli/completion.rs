//! Completion: what the program answers, and what real shells make of it.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::env::Env;
use crate::ran::skip;
use crate::repo::commit_all;
use crate::stale::project;

fn repository() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("images/cat.png", "1");
    env.write("images/my cat.png", "2");
    env.write("table.csv", "3");
    commit_all(&env, "first");
    env
}

/// The mode, and the candidates without their notes.
fn complete(env: &Env, words: &[&str]) -> (String, Vec<String>) {
    let text = env.ok(&[&["complete", "--"], words].concat());
    let mut lines = text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned());
    (lines.next().expect("a mode"), lines.collect())
}

fn candidates(env: &Env, words: &[&str]) -> Vec<String> {
    complete(env, words).1
}

#[test]
fn commands_flags_and_values_come_from_the_definition() {
    let env = Env::new();
    assert_eq!(candidates(&env, &["stat"]), ["status", "stats"]);
    assert_eq!(candidates(&env, &["-C", ".", "stat"]), ["status", "stats"]);
    assert_eq!(candidates(&env, &["add", "--dr"]), ["--dry-run"]);
    assert_eq!(candidates(&env, &["roots", "re"]), ["remove"]);
    assert_eq!(candidates(&env, &["--color", "al"]), ["always"]);
    assert_eq!(candidates(&env, &["status", "--color=al"]), ["--color=always"]);
    assert_eq!(candidates(&env, &["help", "recov"]), ["recovery"]);
    assert_eq!(candidates(&env, &["config", "core.comp"]), ["core.compression_level"]);
    assert!(candidates(&env, &[""]).contains(&"status".to_owned()));
    for hidden in ["complete", "generate"] {
        assert!(!candidates(&env, &[""]).contains(&hidden.to_owned()), "{hidden}");
    }
    assert_eq!(complete(&env, &["add", ""]), ("files".into(), vec![]));
    assert_eq!(complete(&env, &["-C", ""]), ("folders".into(), vec![]));
    assert_eq!(complete(&env, &["commit", "-m", "x"]), ("values".into(), vec![]));
    assert_eq!(env.ok(&["complete", "--new-word", "--", "-C"]), "folders\n");
}

#[test]
fn revisions_and_paths_come_from_the_repository() {
    let env = repository();
    assert_eq!(candidates(&env, &["checkout", "ma"]), ["main"]);
    assert_eq!(candidates(&env, &["checkout", ""]), ["main", "HEAD"]);
    assert_eq!(candidates(&env, &["cat", "main:"]), ["main:images/", "main:table.csv"]);
    assert_eq!(candidates(&env, &["cat", "HEAD:images/c"]), ["HEAD:images/cat.png"]);
    assert_eq!(candidates(&env, &["cat", ":t"]), [":table.csv"]);
    assert_eq!(complete(&env, &["checkout", "main", "--", ""]).0, "files");
    assert_eq!(candidates(&env, &["-C", "images", "checkout", "ma"]), ["main"]);
    assert_eq!(candidates(&env, &["-C", "..", "checkout", "ma"]), [""; 0]);
    assert_eq!(candidates(&env, &["cat", "nowhere:"]), [""; 0]);
}

/// Runs a script in a shell with the program on PATH; `None`, and loudly so, where there is no shell.
fn shell(env: &Env, program: &str, args: &[&str], script: &str) -> Option<String> {
    let bin =
        Path::new(env!("CARGO_BIN_EXE_esker")).parent().expect("it is in a folder").to_owned();
    let inner = env.command(&[]);
    let mut command = Command::new(program);
    command.args(args).current_dir(env.dir()).env_clear();
    command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").expect("PATH")));
    command.env("COMPLETIONS", project("completions")).env("TERM", "dumb");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        skip(&format!("there is no {program}"));
        return None;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(script.as_bytes()).expect("the shell reads");
    drop(stdin);
    let (mut text, mut errors) = (String::new(), String::new());
    child.stdout.take().expect("a pipe").read_to_string(&mut text).expect("UTF-8");
    child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("UTF-8");
    let status = child.wait().expect("the shell ends");
    assert!(status.success() && errors.is_empty(), "{program}: {status}: {errors}\n{text}");
    Some(text)
}

/// What bash replaces the word before the cursor with, one candidate a line.
const BASH: &str = r#"
source "$COMPLETIONS/esker.bash"
compopt() { echo "option: $*"; }
ask() {
    COMP_LINE=$1 COMP_POINT=${#1}
    # As bash does: words end at blanks, and at and after the characters of COMP_WORDBREAKS.
    COMP_WORDS=($2)
    [[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _esker esker
    echo "$1 -> ${COMPREPLY[*]}"
}
ask "esker stat" "esker stat"
ask "esker checkout ma" "esker checkout ma"
ask "esker checkout " "esker checkout"
ask "esker cat main:im" "esker cat main : im"
ask "esker cat main:" "esker cat main :"
ask "esker cat main:images/my" "esker cat main : images/my"
ask "esker status --color=ne" "esker status --color = ne"
ask "esker add ta" "esker add ta"
"#;

#[test]
fn bash_completes() {
    let env = repository();
    let Some(text) = shell(&env, "bash", &["--noprofile", "--norc"], BASH) else { return };
    let expected = r"esker stat -> status stats
esker checkout ma -> main
esker checkout  -> main HEAD
option: -o nospace
esker cat main:im -> images/
esker cat main: -> images/ table.csv
esker cat main:images/my -> images/my\ cat.png
esker status --color=ne -> never
option: -o default
esker add ta -> 
";
    assert_eq!(text, expected);
}

#[test]
fn fish_completes() {
    let env = repository();
    let script = r#"
source $COMPLETIONS/esker.fish
complete -C "esker check-"
complete -C "esker checkout ma"
complete -C "esker cat main:im"
complete -C "esker add ta"
"#;
    let Some(text) = shell(&env, "fish", &["--no-config"], script) else { return };
    let expected = "check-ignore\tSay which paths are ignored, and by which rule\nmain\tbranch\n\
                    main:images/\tfolder\ntable.csv\n";
    assert_eq!(text, expected);
}

/// Types into an interactive zsh on a terminal of its own, and shows what the line becomes.
#[test]
fn zsh_completes() {
    let env = repository();
    let script = r#"
zmodload zsh/zpty || exit 9
local line= chunk
integer waited=0
zpty -b shell "TERM=dumb zsh -f -i"
send() { zpty -w shell "$1"; }
send 'PS1="> "; unsetopt zle_bracketed_paste beep; fpath=($COMPLETIONS $fpath); autoload -Uz compinit; compinit -u -D'
send 'zstyle ":completion:*" list-prompt ""; LISTMAX=0; setopt no_prompt_cr no_prompt_sp'
send 'result() { print -r -- "<<$BUFFER>>"; BUFFER=; zle accept-line; }; zle -N result; bindkey "^X" result'
send 'print READY-"now"'
until [[ $line == *READY-now* ]]; do
    if zpty -r -t shell chunk; then line+=$chunk; else sleep 0.05; fi
    (( waited++ > 600 )) && { print -r -- "no shell: $line"; exit 1; }
done
ask() {
    zpty -n -w shell "$1"$'\t'
    zpty -n -w shell $'\C-X'
    local line= chunk
    local -i waited=0
    until [[ $line == *"<<"*">>"* ]]; do
        if zpty -r -t shell chunk; then line+=$chunk; else sleep 0.05; fi
        (( waited++ > 600 )) && { print -r -- "no answer: $line"; exit 1; }
    done
    line=${line##*<<}
    print -r -- "$1 -> ${line%%>>*}"
}
ask "esker check-"
ask "esker checkout ma"
ask "esker cat main:im"
ask "esker cat main:images/my"
ask "esker add tab"
"#;
    let Some(text) = shell(&env, "zsh", &["-f"], script) else { return };
    let expected = "esker check- -> esker check-ignore \nesker checkout ma -> esker checkout main \n\
                    esker cat main:im -> esker cat main:images/\n\
                    esker cat main:images/my -> esker cat main:images/my\\ cat.png \n\
                    esker add tab -> esker add table.csv \n";
    assert_eq!(text.replace('\r', ""), expected);
}

/// The scripts that ask no program know commands, flags and values that are one of a few.
const STATIC_BASH: &str = r#"
source "$COMPLETIONS/static/esker.bash"
ask() {
    COMP_WORDS=($1) COMP_LINE=$1 COMP_POINT=${#1}
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _esker esker "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "$1 -> ${COMPREPLY[*]}"
}
ask "esker stat"
ask "esker status --po"
ask "esker roots re"
ask "esker log --color al"
ask "esker compl"
"#;

#[test]
fn static_scripts_complete_without_the_program() {
    let env = Env::new();
    if let Some(text) = shell(&env, "bash", &["--noprofile", "--norc"], STATIC_BASH) {
        let expected = "esker stat -> status stats\nesker status --po -> --porcelain\n\
                        esker roots re -> remove\nesker log --color al -> always\nesker compl -> \n";
        assert_eq!(text, expected);
    }
    let script = r#"
source $COMPLETIONS/static/esker.fish
complete -C "esker check-"
complete -C "esker status --po"
complete -C "esker compl"
"#;
    if let Some(text) = shell(&env, "fish", &["--no-config"], script) {
        assert!(text.starts_with("check-ignore\tSay which paths are ignored"), "{text}");
        assert!(text.contains("\n--porcelain\t") && !text.contains("complete"), "{text}");
    }
    let script = r#"
fpath=($COMPLETIONS/static $fpath)
autoload -Uz compinit && compinit -u -D
autoload +X _esker && print -r -- "${_comps[esker]} ${+functions[_esker]}"
"#;
    if let Some(text) = shell(&env, "zsh", &["-f"], script) {
        assert_eq!(text, "_esker 1\n");
    }
}
