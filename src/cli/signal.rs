//! Ctrl-C, and defects of the program itself.

use std::io::Write;
use std::panic;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};

use esker::progress::Cancel;

use super::report;

static CANCEL: OnceLock<Cancel> = OnceLock::new();
static IS_LEFT_TO_CHILD: AtomicBool = AtomicBool::new(false);
static IS_PAGING: AtomicBool = AtomicBool::new(false);

/// Names what Ctrl-C is to stop. Until somebody listens for it the system ends the process.
pub fn stop_on_interrupt(cancel: &Cancel) {
    // There is one run in a process.
    let _ = CANCEL.set(cancel.clone());
}

/// Makes the first Ctrl-C ask the work to stop, and the second end the process at once.
///
/// A thread waits for it. To start one, and to see it end, takes about as long as a short command.
pub fn listen() {
    static LISTENING: Once = Once::new();
    if let Some(cancel) = CANCEL.get() {
        LISTENING.call_once(|| cancel_on_interrupt(cancel));
    }
}

fn cancel_on_interrupt(cancel: &Cancel) {
    let cancel = cancel.clone();
    // Does not replace a handler: where the caller ignores the signal, as for a job in the
    // background, it stays ignored. An error is therefore no reason to stop.
    let _ = ctrlc::try_set_handler(move || {
        if IS_LEFT_TO_CHILD.load(Ordering::Relaxed) {
            return;
        }
        if cancel.is_cancelled() && !IS_PAGING.load(Ordering::Relaxed) {
            process::exit(i32::from(report::INTERRUPTED));
        }
        cancel.cancel();
    });
}

/// Runs `work` with Ctrl-C left to the program it starts, such as an editor, which shares the
/// terminal and gets the signal too.
pub fn leave_to_child<T>(work: impl FnOnce() -> T) -> T {
    listen();
    IS_LEFT_TO_CHILD.store(true, Ordering::Relaxed);
    let result = work();
    IS_LEFT_TO_CHILD.store(false, Ordering::Relaxed);
    result
}

/// Makes the second Ctrl-C do no more than the first: a pager still has the terminal, and whoever ended
/// before it would leave it alone with the shell.
pub fn keep_running_on_second_interrupt() {
    IS_PAGING.store(true, Ordering::Relaxed);
}

/// Makes a panic print one line and a hint instead of Rust's own message.
pub fn install_panic_hook() {
    static SEEN: AtomicBool = AtomicBool::new(false);
    panic::set_hook(Box::new(|info| {
        // Threads that fail because the first one did have nothing to add.
        if SEEN.swap(true, Ordering::Relaxed) {
            return;
        }
        let payload = info.payload();
        let literal = payload.downcast_ref::<&str>().copied();
        let text = literal.or(payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("no message").replace('\n', " ");
        let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line()));
        let _ = writeln!(
            std::io::stderr(),
            "error: internal error: {text}{}\n\
             hint: this is a defect of esker {}; report it with the line above, then check: esker fsck",
            place.unwrap_or_default(),
            env!("CARGO_PKG_VERSION"),
        );
    }));
}
