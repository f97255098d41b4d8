//! A long history of a dataset that changes slowly: what it takes once it was rewritten.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::data::{Csv, Random};
use crate::report::{Bar, line};
use crate::{Bench, Outcome};

/// Bytes of the table of each version, nearly.
const TABLE_BYTES: usize = 4 << 20;
/// Places in the table at which a version changes lines, and how many at each.
const PLACES: usize = 6;
const LINES: usize = 10;
/// Small files of each version, of which it changes a twentieth.
const SMALL_FILES: u64 = 200;

/// A dataset and how it changes.
struct Dataset {
    random: Random,
    lines: Vec<Vec<u8>>,
    small: Vec<Vec<u8>>,
    noise: Vec<u8>,
}

impl Dataset {
    fn new() -> io::Result<Self> {
        let mut random = Random::new(7);
        let mut table = vec![0; TABLE_BYTES];
        Csv::new(1).read_exact(&mut table)?;
        let lines = table.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let small =
            (0..SMALL_FILES).map(|n| small_file(n, &mut random)).collect::<Result<_, _>>()?;
        let mut noise = vec![0; 1 << 20];
        random.read_exact(&mut noise)?;
        Ok(Self { random, lines, small, noise })
    }

    fn change(&mut self) -> io::Result<()> {
        let mut new = vec![0; 1 << 16];
        Csv::new(self.random.below(u64::MAX)).read_exact(&mut new)?;
        let new: Vec<&[u8]> = new.split_inclusive(|byte| *byte == b'\n').collect();
        for place in new.chunks(LINES).take(PLACES) {
            let at = self.random.below((self.lines.len() - LINES) as u64) as usize;
            for (old, new) in self.lines[at..].iter_mut().zip(place) {
                *old = new.to_vec();
            }
        }
        self.lines.extend(new.iter().take(100).map(|line| line.to_vec()));
        for _ in 0..SMALL_FILES / 20 {
            let n = self.random.below(SMALL_FILES);
            self.small[n as usize] = small_file(n, &mut self.random)?;
        }
        let at = self.random.below(self.noise.len() as u64 - 1000) as usize;
        self.random.read_exact(&mut self.noise[at..at + 1000])
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder.join("small"))?;
        fs::write(folder.join("table.csv"), self.lines.concat())?;
        fs::write(folder.join("weights.bin"), &self.noise)?;
        let mut small = self.small.iter().enumerate();
        small.try_for_each(|(n, bytes)| fs::write(folder.join(format!("small/{n:03}.csv")), bytes))
    }
}

fn small_file(seed: u64, random: &mut Random) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 1000 + random.below(5000) as usize];
    Csv::new(seed).read_exact(&mut bytes)?;
    // The same table with some other numbers in it.
    let at = random.below(bytes.len() as u64 - 20) as usize;
    bytes[at..at + 8].copy_from_slice(format!("{:08}", random.below(99_999_999)).as_bytes());
    Ok(bytes)
}

/// `versions`.
pub fn run(bench: &Bench) -> Outcome {
    let history = bench.scratch.folder("history")?;
    let fresh = bench.scratch.folder("fresh")?;
    let mut dataset = Dataset::new()?;
    bench.esker.init(&history)?;
    for version in 0..bench.args.versions {
        dataset.change()?;
        dataset.write(&history.join("data"))?;
        dataset.write(&fresh.join(format!("{version:02}")))?;
        bench.esker.run(&history, "add .")?;
        bench.esker.run(&history, &format!("commit -m {version}"))?;
    }
    bench.esker.init(&fresh)?;
    bench.esker.run(&fresh, "add .")?;
    bench.esker.run(&fresh, "commit -m all")?;
    let before = packs(&history)?;
    let cost = bench.esker.run(&history, "repack --grace 0")?;
    let (after, import) = (packs(&history)?, packs(&fresh)?);
    let how = format!(
        "{} versions; {}; as written, {}; imported at once, {}; {:.2} s",
        bench.args.versions,
        told(after),
        told(before),
        told(import),
        cost.wall
    );
    let ratio = sum(after) / sum(import);
    line("versions, rewritten against imported", ratio, "x", Bar::AtMost(1.0), &how);
    collect(bench, &history)?;
    bench.esker.run(&history, "fsck --data").map(drop)
}

/// Lets go of the older half; what a dry run says will be freed against what then is.
fn collect(bench: &Bench, history: &Path) -> Outcome {
    let keep = bench.args.versions.div_ceil(2);
    bench.esker.run(history, &format!("forget --keep-last {keep}"))?;
    let told = bench.esker.json(history, "gc --dry-run --grace 0 --json")?;
    let said = told["freed_bytes"].as_f64().ok_or("no number of bytes")?;
    let before = sum(packs(history)?);
    bench.esker.run(history, "gc --grace 0")?;
    let freed = before - sum(packs(history)?);
    let how = format!("the files of all but {keep} versions let go of: {freed} bytes freed");
    let off = (said - freed).abs() / freed * 100.0;
    line("versions, gc --dry-run against gc", off, "%", Bar::AtMost(1.0), &how);
    Ok(())
}

/// Bytes of the packs of each kind: history, layout, data.
fn packs(folder: &Path) -> io::Result<[u64; 3]> {
    let mut bytes = [0; 3];
    for entry in fs::read_dir(folder.join(".esker/packs"))? {
        let path = entry?.path();
        let mut header = [0; 11];
        fs::File::open(&path)?.read_exact(&mut header)?;
        bytes[usize::from(header[10]) - 1] += path.metadata()?.len();
    }
    Ok(bytes)
}

fn sum(packs: [u64; 3]) -> f64 {
    packs.iter().sum::<u64>() as f64
}

fn told(packs: [u64; 3]) -> String {
    let [history, layout, data] = packs.map(|bytes| bytes as f64 / 1e6);
    format!(
        "{:.3} MB = {history:.3} history + {layout:.3} layout + {data:.3} data",
        sum(packs) / 1e6
    )
}
