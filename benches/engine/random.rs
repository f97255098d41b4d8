//! A few kilobytes at random places of one large file.

use std::io::Read;

use esker::id::BlobId;
use esker::repo::Repo;
use esker::store::read::{BlobPlace, BlobReader};

use crate::clock::Clock;
use crate::data::{Csv, Random};
use crate::report::{Bar, line};
use crate::{Bench, Outcome, small};

const READS: u64 = 10_000;
const LEN: u64 = 4096;
const CSV_BYTES: u64 = 1_000_000_000;

/// `random-large`: bytes that are stored as they are.
pub fn incompressible(bench: &Bench) -> Outcome {
    let size = (bench.args.large_gb * 1e9) as u64;
    measure(bench, "random-large", size, Random::new(2))
}

/// `random-csv`: bytes that are compressed.
pub fn compressible(bench: &Bench) -> Outcome {
    measure(bench, "random-csv", CSV_BYTES, Csv::new(2))
}

fn measure(bench: &Bench, name: &str, size: u64, data: impl Read + Send) -> Outcome {
    let folder = bench.scratch.folder("large")?;
    bench.esker.init(&folder)?;
    bench.esker.add_stream(&folder, "big", data.take(size))?;
    let repo = small::open(&folder)?;
    let (id, found) = small::find(&repo, "big")?;
    if found != size {
        return Err(format!("{found} bytes were staged, not {size}").into());
    }
    let mut random = Random::new(4);
    let places: Vec<u64> = (0..READS).map(|_| random.below(size - LEN)).collect();
    let of =
        format!("4 KiB at 10,000 places of {:.1} GB, one thread's CPU time", size as f64 / 1e9);

    let (seconds, decoded) = with_one_reader(&repo, id, size, &places)?;
    let how = format!("{of}, one open reader");
    line(name, READS as f64 / seconds, "reads/s", Bar::AtLeast(2000.0), &how);
    let decoded = decoded as f64 / READS as f64 / 1024.0;
    line(&format!("{name} decoded"), decoded, "KiB each", Bar::AtMost(512.0), "mean");
    let seconds = apart(&repo, id, size, &places)?;
    let how = format!("{of}, each read finds the file anew");
    line(&format!("{name} apart"), READS as f64 / seconds, "reads/s", Bar::None, &how);
    bench.scratch.folder("large")?;
    Ok(())
}

type Timed<T> = Result<T, Box<dyn std::error::Error>>;

fn with_one_reader(repo: &Repo, id: BlobId, size: u64, places: &[u64]) -> Timed<(f64, u64)> {
    let clock = Clock::start();
    let Some(BlobPlace::Recipe(recipe)) = repo.store.find_blob(id, size)? else {
        return Err("the file has no recipe".into());
    };
    let mut reader = BlobReader::new(&repo.store, id, recipe);
    let mut out = Vec::with_capacity(LEN as usize);
    for &at in places {
        out.clear();
        reader.copy(at..at + LEN, &mut out)?;
    }
    Ok((clock.seconds(), reader.decoded_bytes()))
}

fn apart(repo: &Repo, id: BlobId, size: u64, places: &[u64]) -> Timed<f64> {
    let clock = Clock::start();
    let mut out = Vec::with_capacity(LEN as usize);
    for &at in places {
        out.clear();
        repo.store.read_blob_range(id, size, at..at + LEN, &mut out)?;
    }
    Ok(clock.seconds())
}
