//! The jobs that are timed, tool by tool in turn, each from a clean state.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::corpus::{self, Content};
use crate::measure::{Cost, Runner, Step};
use crate::peers::Tool;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A job by its name, and the tools that matter for its bars.
pub struct Scenario {
    /// Name on the command line and in the report.
    pub name: &'static str,
    /// Corpus it works on.
    corpus: &'static str,
    /// Tools that run it unless others are asked for.
    pub tools: &'static [&'static str],
    run: fn(&Bench, &Scenario, &[&Tool]) -> Outcome<Vec<Figure>>,
}

/// In the order they are run.
pub const ALL: &[Scenario] = &[
    Scenario { name: "csv", corpus: "csv", tools: RECORD, run: record },
    Scenario { name: "csv2", corpus: "csv2", tools: RECORD, run: second_version },
    Scenario { name: "random", corpus: "random", tools: &["esker", "dvc", "borg"], run: record },
    Scenario { name: "small", corpus: "small", tools: RECORD, run: record },
    Scenario { name: "unchanged", corpus: "small", tools: UNCHANGED, run: unchanged },
    Scenario { name: "checkout-csv", corpus: "csv", tools: CHECKOUT, run: checkout },
    Scenario { name: "checkout-random", corpus: "random", tools: CHECKOUT, run: checkout },
    Scenario { name: "checkout-small", corpus: "small", tools: CHECKOUT, run: checkout },
];

const RECORD: &[&str] = &["esker", "dvc", "restic"];
const UNCHANGED: &[&str] = &["esker", "git", "dvc", "restic"];
const CHECKOUT: &[&str] = &["esker", "dvc", "restic", "git", "borg", "oxen", "cp"];

/// Every run of one job by one tool.
pub struct Figure {
    pub scenario: &'static str,
    pub job: &'static str,
    pub tool: &'static str,
    pub runs: Vec<Cost>,
    /// Bytes of the store after the last run.
    pub stored: Option<u64>,
    /// Bytes the last run added to a store that held another version.
    pub added: Option<u64>,
}

/// What the scenarios share.
pub struct Bench {
    /// Corpora, as they lie on disk.
    pub corpora: PathBuf,
    /// Folder everything happens in.
    pub work: PathBuf,
    /// Runs the commands.
    pub runner: Runner,
    /// Runs of each job.
    pub runs: usize,
}

impl Scenario {
    /// Runs it and tidies up behind it.
    pub fn run(&self, bench: &Bench, tools: &[&Tool]) -> Outcome<Vec<Figure>> {
        let figures = (self.run)(bench, self, tools);
        for tool in tools {
            corpus::remove(&tool.folder)?;
        }
        corpus::remove(&bench.work.join("source"))?;
        figures
    }

    fn figure(&self, job: &'static str, tool: &Tool) -> Figure {
        let (scenario, tool) = (self.name, tool.name);
        Figure { scenario, job, tool, runs: Vec::new(), stored: None, added: None }
    }

    fn figures(&self, job: &'static str, tools: &[&Tool]) -> Vec<Figure> {
        tools.iter().map(|tool| self.figure(job, tool)).collect()
    }
}

impl Bench {
    /// A copy of the corpus beside the tools' folders, so that all copies cost the same.
    fn source(&self, name: &str) -> Outcome<PathBuf> {
        let source = self.work.join("source").join(name);
        if !source.exists() {
            corpus::copy(&self.corpora.join(name), &source)?;
        }
        Ok(source)
    }

    /// An empty repository and the data beside it.
    fn fresh(&self, tool: &Tool, corpus: &str) -> Outcome<()> {
        corpus::remove(&tool.folder)?;
        fs::create_dir_all(&tool.folder)?;
        self.runner.cost(&tool.init)?;
        corpus::copy(&self.source(corpus)?, &tool.data)
    }

    fn cost(&self, steps: &[Step]) -> Outcome<Cost> {
        self.runner.cost(steps)
    }
}

fn record(bench: &Bench, scenario: &Scenario, tools: &[&Tool]) -> Outcome<Vec<Figure>> {
    let mut figures = scenario.figures("add+commit", tools);
    for _ in 0..bench.runs {
        for (tool, figure) in tools.iter().zip(&mut figures) {
            bench.fresh(tool, scenario.corpus)?;
            figure.runs.push(bench.cost(&tool.record)?);
            figure.stored = Some(corpus::disk_usage(&tool.store)?);
            corpus::remove(&tool.folder)?;
        }
    }
    Ok(figures)
}

/// All files are written again, as a program that exports its tables does; one of them differs.
fn second_version(bench: &Bench, scenario: &Scenario, tools: &[&Tool]) -> Outcome<Vec<Figure>> {
    let mut figures = scenario.figures("add+commit", tools);
    let source = bench.source(scenario.corpus)?;
    for _ in 0..bench.runs {
        for (tool, figure) in tools.iter().zip(&mut figures) {
            bench.fresh(tool, "csv")?;
            bench.cost(&tool.record)?;
            let before = corpus::disk_usage(&tool.store)?;
            corpus::remove(&tool.data)?;
            corpus::copy(&source, &tool.data)?;
            figure.runs.push(bench.cost(&tool.record)?);
            let after = corpus::disk_usage(&tool.store)?;
            figure.stored = Some(after);
            figure.added = Some(after.saturating_sub(before));
            corpus::remove(&tool.folder)?;
        }
    }
    Ok(figures)
}

fn unchanged(bench: &Bench, scenario: &Scenario, tools: &[&Tool]) -> Outcome<Vec<Figure>> {
    for tool in tools {
        bench.fresh(tool, scenario.corpus)?;
        bench.cost(&tool.record)?;
    }
    // Files as young as an index are looked into again; the first status after that settles it.
    thread::sleep(Duration::from_secs(2));
    for tool in tools {
        bench.cost(&tool.status)?;
        bench.cost(&tool.add_again)?;
    }
    let mut status = scenario.figures("status", tools);
    let mut again = scenario.figures("add again", tools);
    for _ in 0..bench.runs {
        for (index, tool) in tools.iter().enumerate() {
            status[index].runs.push(bench.cost(&tool.status)?);
            if !tool.add_again.is_empty() {
                again[index].runs.push(bench.cost(&tool.add_again)?);
            }
        }
    }
    status.extend(again.into_iter().filter(|figure| !figure.runs.is_empty()));
    Ok(status)
}

/// The data is deleted, brought back and compared with the source.
fn checkout(bench: &Bench, scenario: &Scenario, tools: &[&Tool]) -> Outcome<Vec<Figure>> {
    let mut figures = scenario.figures("checkout", tools);
    let content = Content::read(&bench.source(scenario.corpus)?)?;
    for tool in tools {
        bench.fresh(tool, scenario.corpus)?;
        bench.cost(&tool.record)?;
        corpus::remove(&tool.data)?;
    }
    for _ in 0..bench.runs {
        for (tool, figure) in tools.iter().zip(&mut figures) {
            figure.runs.push(bench.cost(&tool.restore)?);
            content.check(&tool.data)?;
            corpus::remove(&tool.data)?;
        }
    }
    Ok(figures)
}
