//! The `esker` program: gathers arguments and environment, runs one verb, turns its end into an
//! exit code. All work is done by the library; all text is made in [`cli`].

use std::env;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

mod cli;

use cli::args::Cli;
use cli::report::{self, Failure, Reporter};
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
    let cli = match args::parse(args) {
        Ok(cli) => cli,
        Err(error) => return report::usage(&error, args),
    };
    let reporter = Reporter::new(&cli.global, cli.is_comparison());
    let mut ui = Ui::new(&cli.global);
    let result = execute(cli, &mut ui);
    ui.stop_progress();
    match result {
        _ if ui.out.is_closed() => report::DONE,
        Ok(exit) => exit.code(),
        Err(failure) => reporter.failure(&failure),
    }
}

fn execute(cli: Cli, ui: &mut Ui) -> Result<report::Exit, Failure> {
    let context = gather::context(&cli.global, ui)?;
    signal::cancel_on_interrupt(&context.cancel);
    let exit = cli.command.run(&context, ui)?;
    ui.out.finish()?;
    Ok(exit)
}
