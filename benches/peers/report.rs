//! The tables: every figure, and the bars esker is held to.

use std::env;

use crate::measure::Cost;
use crate::scenario::Figure;

/// What is compared.
#[derive(Clone, Copy)]
enum What {
    Wall,
    Stored,
    Added,
    Peak,
}

/// How ours must compare with theirs.
#[derive(Clone, Copy)]
enum Rule {
    /// Theirs is at least so many times ours.
    Faster(f64),
    /// Ours is at most so many times theirs.
    AtMost(f64),
    /// Ours is at most so many bytes.
    Bytes(f64),
}

struct Bar {
    scenario: &'static str,
    job: &'static str,
    what: What,
    /// A tool, `fastest` for the fastest of the peers, empty for none.
    peer: &'static str,
    rule: Rule,
}

const fn bar(
    scenario: &'static str,
    job: &'static str,
    what: What,
    peer: &'static str,
    rule: Rule,
) -> Bar {
    Bar { scenario, job, what, peer, rule }
}

/// The bars that hold for the settings in the environment.
///
/// At a higher level than the default only what is stored is judged.
fn bars() -> Vec<Bar> {
    use Rule::{AtMost, Bytes, Faster};
    use What::{Added, Stored, Wall};
    let level = env::var("ESKER_COMPRESSION_LEVEL").ok().and_then(|text| text.parse::<i32>().ok());
    if level.unwrap_or(1) > 1 {
        return vec![bar("csv", "add+commit", Stored, "restic", AtMost(1.0))];
    }
    let unverified = env::var("ESKER_VERIFY_WRITES").is_ok_and(|text| text == "false");
    let csv_times = if unverified { 1.8 } else { 1.4 };
    let mut bars = vec![
        bar("csv", "add+commit", Wall, "dvc", Faster(csv_times)),
        bar("csv", "add+commit", Wall, "restic", Faster(2.5)),
        bar("csv", "add+commit", Stored, "restic", AtMost(1.04)),
        bar("csv2", "add+commit", Wall, "dvc", Faster(3.0)),
        bar("csv2", "add+commit", Added, "", Bytes(8e6)),
        bar("random", "add+commit", Wall, "dvc", Faster(3.0)),
        bar("random", "add+commit", Wall, "borg", Faster(2.0)),
        bar("small", "add+commit", Wall, "restic", Faster(4.0)),
        bar("small", "add+commit", Wall, "dvc", Faster(16.0)),
        bar("small", "add+commit", Stored, "restic", AtMost(0.92)),
        bar("unchanged", "status", Wall, "git", AtMost(1.0)),
        bar("unchanged", "add again", Wall, "git", AtMost(1.0)),
    ];
    for scenario in ["checkout-csv", "checkout-random", "checkout-small"] {
        bars.push(bar(scenario, "checkout", Wall, "fastest", AtMost(1.0)));
        bars.push(bar(scenario, "checkout", Wall, "cp", AtMost(1.3)));
    }
    bars
}

/// A line a figure on stderr, so that a run that is stopped was not in vain.
pub fn progress(figures: &[Figure]) {
    for figure in figures {
        eprintln!("  {} {}: {:.3} s", figure.tool, figure.job, figure.median(|cost| cost.wall));
    }
}

/// Every figure of every tool.
pub fn figures(all: &[Figure]) {
    println!(
        "| scenario | job | tool | wall s, median (least–most) | CPU s | peak MB | stored MB | added MB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for figure in all {
        let (least, most) = (figure.at(0.0, |cost| cost.wall), figure.at(1.0, |cost| cost.wall));
        println!(
            "| {} | {} | {} | {:.3} ({least:.3}–{most:.3}) | {:.2} | {:.0} | {} | {} |",
            figure.scenario,
            figure.job,
            figure.tool,
            figure.median(|cost| cost.wall),
            figure.median(|cost| cost.cpu),
            figure.median(|cost| cost.peak) / 1e6,
            megabytes(figure.stored),
            megabytes(figure.added),
        );
    }
}

/// Ours beside theirs, and whether the bar is met. Says nothing where either was not run.
pub fn comparison(all: &[Figure]) {
    println!("| scenario | figure | ours | peer | ratio | bar | |");
    println!("|---|---|---|---|---|---|---|");
    let ours = all.iter().filter(|figure| figure.tool == "esker");
    let peaks =
        ours.map(|figure| bar(figure.scenario, figure.job, What::Peak, "", Rule::Bytes(300e6)));
    for bar in bars().into_iter().chain(peaks) {
        if let Some(line) = judge(&bar, all) {
            println!("{line}");
        }
    }
}

fn judge(bar: &Bar, all: &[Figure]) -> Option<String> {
    let here = || all.iter().filter(|figure| figure.scenario == bar.scenario);
    let ours = here().find(|figure| figure.tool == "esker" && figure.job == bar.job)?;
    let mine = ours.value(bar.what)?;
    let theirs = match bar.peer {
        "" => None,
        "fastest" => Some(fastest(here())?),
        // Nothing but git's status is the measure for our `add` of what did not change.
        peer => Some(here().find(|figure| figure.tool == peer && figure.job != "add again")?),
    };
    let peer = theirs.and_then(|figure| figure.value(bar.what));
    let (ratio, target, met) = match (bar.rule, peer) {
        (Rule::Faster(times), Some(peer)) => {
            (format!("{:.2}× faster", peer / mine), format!("≥ {times}×"), peer / mine >= times)
        }
        (Rule::AtMost(times), Some(peer)) => {
            (format!("{:.3} of theirs", mine / peer), format!("≤ {times}"), mine / peer <= times)
        }
        (Rule::Bytes(bytes), _) => {
            (String::new(), format!("≤ {:.0} MB", bytes / 1e6), mine <= bytes)
        }
        _ => return None,
    };
    let peer = theirs.zip(peer).map_or(String::new(), |(figure, value)| {
        format!("{} {}", figure.tool, bar.what.show(value))
    });
    Some(format!(
        "| {} | {}, {} | {} | {peer} | {ratio} | {target} | {} |",
        bar.scenario,
        bar.job,
        bar.what.name(),
        bar.what.show(mine),
        if met { "pass" } else { "**miss**" },
    ))
}

fn fastest<'a>(figures: impl Iterator<Item = &'a Figure>) -> Option<&'a Figure> {
    let peers = figures.filter(|figure| !["esker", "cp"].contains(&figure.tool));
    peers.min_by(|a, b| a.median(|cost| cost.wall).total_cmp(&b.median(|cost| cost.wall)))
}

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Wall => "seconds",
            What::Stored => "stored",
            What::Added => "added",
            What::Peak => "peak memory",
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            What::Wall => format!("{value:.3} s"),
            What::Stored | What::Added | What::Peak => format!("{:.1} MB", value / 1e6),
        }
    }
}

impl Figure {
    fn value(&self, what: What) -> Option<f64> {
        match what {
            What::Wall => Some(self.median(|cost| cost.wall)),
            What::Stored => self.stored.map(|bytes| bytes as f64),
            What::Added => self.added.map(|bytes| bytes as f64),
            What::Peak => Some(self.at(1.0, |cost| cost.peak)),
        }
    }

    fn median(&self, of: impl Fn(&Cost) -> f64) -> f64 {
        self.at(0.5, of)
    }

    /// The value at a share of the sorted runs: 0 the least, 1 the greatest.
    fn at(&self, share: f64, of: impl Fn(&Cost) -> f64) -> f64 {
        let mut values: Vec<f64> = self.runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let last = values.len().saturating_sub(1) as f64;
        values.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or(String::new(), |bytes| format!("{:.1}", bytes as f64 / 1e6))
}
