//! What every command prints through: results, summaries, warnings, progress.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use esker::ops::{Context, OpError, RemoteCost, Skipped};
use serde::Serialize;

use super::args::Global;
use super::out::Out;
use super::pager::Pager;
use super::progress::Meter;
use super::render::json;
use super::render::units::{bytes, counted};
use super::report::{Exit, Failure};
use super::term::Palette;

/// The terminal as a command sees it.
pub struct Ui {
    /// Standard output.
    pub out: Out,
    /// Styles for standard output.
    pub palette: Palette,
    /// Print documents instead of text.
    pub json: bool,
    /// Leave out summaries.
    pub quiet: bool,
    /// Say more.
    pub verbose: bool,
    /// Use the colours of standard error.
    warning: Palette,
    /// Whether long output may go through a pager.
    may_page: bool,
    meter: Arc<Meter>,
}

impl Ui {
    /// The terminal, as the flags want it used.
    pub fn new(global: &Global, meter: Arc<Meter>) -> Self {
        Self {
            out: Out::new(),
            palette: Palette::for_stdout(global.color),
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            warning: Palette::for_stderr(global.color),
            may_page: !global.no_pager && !global.json,
            meter,
        }
    }

    /// Whether standard output is shown in colours.
    pub fn has_color(&self) -> bool {
        self.palette.id != anstyle::Style::new()
    }

    /// Removes the progress bar, so that text can follow.
    pub fn stop_progress(&self) {
        self.meter.stop();
    }

    /// Lets what follows go through a pager, if standard output is a terminal and nobody forbade it.
    /// Called before anything is printed, by commands whose output may be long.
    pub fn page(&mut self, context: &Context) {
        if self.may_page
            && let Some(pager) = Pager::start(context)
        {
            self.may_page = false;
            self.out.page(pager);
        }
    }

    /// Prints what was asked for: as JSON, or by `text`.
    pub fn result<T: Serialize>(
        &mut self,
        outcome: &T,
        text: impl FnOnce(&mut dyn Write, &Palette, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.stop_progress();
        if self.json {
            return json::document(&mut self.out, outcome);
        }
        text(&mut self.out, &self.palette, outcome)
    }

    /// Prints what was done: like [`Ui::result`], but `--quiet` leaves the text out.
    pub fn summary<T: Serialize>(
        &mut self,
        outcome: &T,
        text: impl FnOnce(&mut dyn Write, &Palette, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.quiet && !self.json { Ok(()) } else { self.result(outcome, text) }
    }

    /// Says on standard error what a person should know.
    pub fn warn(&self, text: &str) {
        self.stop_progress();
        let style = self.warning.warning;
        let _ = writeln!(io::stderr(), "{style}warning{style:#}: {text}");
    }

    /// Says what to do about a warning.
    pub fn hint(&self, text: &str) {
        let style = self.warning.hint;
        let _ = writeln!(io::stderr(), "{style}hint{style:#}: {text}");
    }

    /// Says what looking at a remote has cost, to whoever wants to know more.
    pub fn cost(&mut self, cost: Option<RemoteCost>) {
        if let Some(RemoteCost { requests, received_bytes }) = cost.filter(|_| self.verbose) {
            let _ = self.out.flush();
            let (requests, came) = (counted(requests, "request"), bytes(received_bytes));
            let _ = writeln!(io::stderr(), "{requests}, {came} received");
        }
    }

    /// Says what an outcome warns of; in JSON it is part of the document.
    pub fn warnings(&mut self, warnings: &[String]) {
        if !self.json {
            // What was done comes first even when both streams end in one file.
            let _ = self.out.flush();
            warnings.iter().for_each(|text| self.warn(text));
        }
    }

    /// Names the files that were left out, and gives the exit code that says so.
    pub fn skipped(&mut self, skipped: &[Skipped]) -> Exit {
        if skipped.is_empty() {
            return Exit::Done;
        }
        // In JSON they are part of the document.
        if !self.json {
            // What was done comes first even when both streams end in one file.
            let _ = self.out.flush();
            for file in skipped {
                self.warn(&format!("skipped {}: {}", file.path, file.reason));
            }
            self.hint("mend or rename what is named above, or name it in .eskerignore");
        }
        Exit::Skipped
    }
}

/// Prints a stream of entries that a verb hands out one by one, and stops it when printing fails.
pub struct Stream<'u> {
    out: &'u mut Out,
    result: io::Result<()>,
}

impl<'u> Stream<'u> {
    /// A stream on standard output.
    pub fn new(ui: &'u mut Ui) -> Self {
        ui.stop_progress();
        Self { out: &mut ui.out, result: Ok(()) }
    }

    /// Prints one entry.
    pub fn write(
        &mut self,
        print: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> ControlFlow<()> {
        self.result = print(self.out);
        if self.result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// How the stream ended: the verb's error, or that of printing.
    pub fn end<T>(self, verb: Result<T, OpError>) -> Result<T, Failure> {
        let outcome = verb?;
        self.result?;
        Ok(outcome)
    }
}
