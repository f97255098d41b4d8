//! The `esker` program: gathers arguments and environment, runs one verb, turns its end into an
//! exit code. All work is done by the library; all text is made in [`cli`].

use std::env;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Arc;

use esker::ops::Context;

mod cli;

use cli::commands::Command;
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
        Err(error) => return report::usage(&error, args),
    };
    let is_comparison = cli.is_comparison();
    let meter = Arc::new(Meter::new(Look::detect(&cli.global)));
    let context = match gather::context(&cli.global, meter.clone()) {
        Ok(context) => context,
        Err(error) => return Reporter::new(&cli.global, is_comparison).failure(&error.into()),
    };
    cli.global.color = gather::color(cli.global.color, &context);
    let reporter = Reporter::new(&cli.global, is_comparison);
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
        Err(failure) => reporter.failure(&failure),
    }
}

fn execute(command: Command, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
    signal::cancel_on_interrupt(&context.cancel);
    command.run(context, ui)
}
