//! Progress, colours and Ctrl-C in a real terminal, and in a log file.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::env::Env;
use crate::ran::skip;
use crate::repo::{assert_clean, assert_no_leftovers};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A file that takes long to read and no space: all zeros.
fn long_file(env: &Env) {
    env.ok(&["init"]);
    let file = File::create(env.path("zeros")).expect("create");
    file.set_len(64 << 30).expect("a sparse file");
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_log_file_gets_a_plain_line_every_few_seconds() {
    let env = Env::new();
    long_file(&env);
    let log = env.path("../tmp/log");
    let mut command = env.command(&["add", "."]);
    command.stdout(Stdio::null()).stderr(File::create(&log).expect("create"));
    let mut child = command.spawn().expect("the program starts");
    let read = || fs::read_to_string(&log).unwrap_or_default();
    let text = wait_for("a line", || Some(read()).filter(|text| text.contains('\n')));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{}", read());
    let line = text.lines().next().expect("a line");
    assert!(line.starts_with("adding: ") && line.contains(" of 64.0 GiB, "), "{line}");
    assert!(line.contains("iB/s, ") && line.contains(" of 1 files"), "{line}");
    assert!(!text.contains(['\r', '\u{1b}']), "{text:?}");
    let end = "error: interrupted\nhint: nothing is lost; run the command again to go on\n";
    assert!(read().ends_with(end), "{}", read());
    assert_clean(&env);
    assert_no_leftovers(&env);
}

/// A terminal of its own, by tmux; `None`, and loudly so, where there is none.
struct Terminal {
    socket: String,
}

impl Terminal {
    fn new(env: &Env, script: &str) -> Option<Self> {
        // One server each: one that ends takes no new session.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let terminal = Self { socket: format!("esker-test-{}-{number}", std::process::id()) };
        let inner = env.command(&[]);
        let variables: Vec<String> = inner
            .get_envs()
            .filter_map(|(key, value)| Some(format!("{}={}", key.to_str()?, value?.to_str()?)))
            .collect();
        let line = format!(
            "exec env -i TERM=xterm-256color \"$@\" sh -c 'trap : INT; {script}; echo \"ended with $?\"; sleep 60'"
        );
        let mut command =
            terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30"]);
        command.args(["sh", "-c", &line, "sh"]).args(&variables).current_dir(env.dir());
        match command.output() {
            Ok(output) if output.status.success() => Some(terminal),
            _ => {
                skip("there is no tmux");
                None
            }
        }
    }

    fn tmux(&self, args: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.socket]).args(args).env_remove("TMUX");
        command
    }

    /// What is on the screen, with colours if asked for.
    fn screen(&self, colours: bool) -> String {
        let mut command = self.tmux(&["capture-pane", "-p"]);
        if colours {
            command.arg("-e");
        }
        String::from_utf8(command.output().expect("tmux runs").stdout).expect("UTF-8")
    }

    fn wait_for(&self, text: &str) -> String {
        wait_for(text, || Some(self.screen(false)).filter(|screen| screen.contains(text)))
    }

    fn press(&self, key: &str) {
        assert!(self.tmux(&["send-keys", key]).status().expect("tmux runs").success());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).output();
    }
}

#[test]
fn a_terminal_shows_a_bar_and_ctrl_c_stops_in_time() {
    let env = Env::new();
    long_file(&env);
    let program = env!("CARGO_BIN_EXE_esker");
    let Some(terminal) = Terminal::new(&env, &format!("{program} add .")) else { return };
    let screen = terminal.wait_for("adding [");
    let bar = screen.lines().find(|line| line.starts_with("adding [")).expect("a bar");
    for part in [" of 64.0 GiB", "iB/s", " of 1 files"] {
        assert!(bar.contains(part), "{bar}");
    }
    let pressed = Instant::now();
    terminal.press("C-c");
    let screen = terminal.wait_for("ended with 130");
    assert!(pressed.elapsed() < Duration::from_secs(10), "{:?}", pressed.elapsed());
    assert!(screen.contains("error: interrupted"), "{screen}");
    assert!(!screen.contains("adding [") && !screen.contains(" of 64.0 GiB"), "{screen}");
    assert_clean(&env);
}

#[test]
fn a_terminal_has_colours_unless_told_otherwise() {
    let mut env = Env::new();
    env.ok(&["init"]);
    env.write("new.csv", "1");
    let program = env!("CARGO_BIN_EXE_esker");
    let Some(terminal) = Terminal::new(&env, &format!("{program} status")) else { return };
    terminal.wait_for("ended with 0");
    assert!(terminal.screen(true).contains("\u{1b}[31m"), "{}", terminal.screen(true));
    drop(terminal);
    env.set("NO_COLOR", "1");
    let Some(terminal) = Terminal::new(&env, &format!("{program} status")) else { return };
    terminal.wait_for("ended with 0");
    assert!(!terminal.screen(true).contains("\u{1b}[3"), "{}", terminal.screen(true));
}
