//! The `esker` program: gathers arguments and environment, runs one verb, turns its end into an
//! exit code. All work is done by the library; all text is made in [`cli`].

use std::env;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Arc;

use esker::ops::{Context, ErrorKind, doctor};

mod cli;

use cli::commands::Command;
use cli::external::{self, External};
use cli::progress::{Look, Meter};
use cli::report::{self, Exit, Failure, Reporter};
use cli::ui::Ui;
use cli::{args, gather, signal};

fn main() -> ExitCode {
    signal::install_panic_hook();
    let args: Vec<OsString> = env::args_os().collect();
    // The hook has printed what happened; unwinding released locks and temporary files.
    let code = panic::catch_unwind(AssertUnwindSafe(|| run(&args))).unwrap_or(report::FAILED);
    ExitCode::from(code)
}

fn run(args: &[OsString]) -> u8 {
    let mut cli = match args::parse(args) {
        Ok(cli) => cli,
        Err(error) => return run_external(args, &error),
    };
    let (is_comparison, tells_damage) = (cli.is_comparison(), cli.is_verification());
    let reporter = |global: &_| Reporter::new(global, is_comparison).telling_damage(tells_damage);
    let meter = Arc::new(Meter::new(Look::detect(&cli.global)).announcing(&cli.global));
    let context = match gather::context(&cli.global, meter.clone()) {
        Ok(context) => context,
        Err(error) => return reporter(&cli.global).failure(&error.into()),
    };
    cli.global.color = gather::color(cli.global.color, &context);
    let reporter = reporter(&cli.global);
    let mut ui = Ui::new(&cli.global, meter);
    let result = execute(cli.command, &context, &mut ui);
    ui.stop_progress();
    // What follows is said when a pager no longer has the terminal.
    let finished = ui.out.finish();
    let result = result.and_then(|exit| finished.map(|()| exit).map_err(Failure::from));
    match result {
        _ if ui.out.is_closed() => report::DONE,
        Ok(exit) => exit.code(),
        Err(failure) if context.cancel.is_cancelled() => {
            reporter.failure(&failure.when_cancelled())
        }
        Err(failure) => {
            note(&context, args, &failure);
            reporter.failure(&failure)
        }
    }
}

/// Runs the program on PATH that an unknown verb names, or says what is wrong with the command line.
fn run_external(args: &[OsString], error: &clap::Error) -> u8 {
    match external::find(args, error).map(External::run) {
        None => report::usage(error, args),
        Some(Ok(code)) => code,
        Some(Err(failed)) => Reporter::of_line(args).failure(&failed.into()),
    }
}

/// Keeps what failed for `doctor`, unless it is the person's own slip.
fn note(context: &Context, args: &[OsString], failure: &Failure) {
    if let (Failure::Op(error), Some(verb)) = (failure, args::verb_in(args))
        && !matches!(error.kind(), ErrorKind::Usage | ErrorKind::NoRepository)
    {
        doctor::note_failure(context, verb, &error.to_string());
    }
}

fn execute(command: Command, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
    signal::stop_on_interrupt(&context.cancel);
    if !command.may_be_ended() {
        signal::listen();
    }
    command.run(context, ui)
}
