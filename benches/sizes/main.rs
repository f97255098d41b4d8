//! Stored bytes and speed for chunk averages, block sizes and zstd settings.
//!
//! `cargo bench --bench sizes -- CORPORA` prints one row a combination. One thread; seconds are
//! those the thread ran. What is stored counts the framing a pack and a table add, so that it
//! compares with the whole folder of another tool.

mod blocks;
#[path = "../common/clock.rs"]
mod clock;
mod codec;
#[path = "../common/files.rs"]
mod files;

use std::env;
use std::error::Error;
use std::ops::Range;
use std::path::PathBuf;

use clap::Parser;

use blocks::Unique;
use clock::Clock;
use codec::Codec;

/// Block header and row of the trailer.
const BLOCK_BYTES: usize = 8 + 32;
/// Row of the trailer and entry of a table.
const CHUNK_BYTES: usize = 35 + 39;
/// A larger file has its blocks to itself.
const WHOLE_FILE: usize = 1 << 20;

#[derive(Parser)]
struct Args {
    /// Folder of the corpora; default: ESKER_BENCH_CORPORA
    corpora: Option<PathBuf>,
    /// Corpora by name
    #[arg(long, value_delimiter = ' ', default_value = "csv geo small")]
    corpus: Vec<String>,
    /// Average chunk sizes in KiB
    #[arg(long, value_delimiter = ' ', default_value = "16 64 256")]
    chunk: Vec<usize>,
    /// Block sizes in KiB
    #[arg(long, value_delimiter = ' ', default_value = "64 128 256 512 1024 2048")]
    block: Vec<usize>,
    /// zstd settings: a level, or level:parameters as in 1:w20,h16,c15,m6,dfast
    #[arg(
        long,
        value_delimiter = ' ',
        allow_hyphen_values = true,
        default_value = "-1 1 2 3 1:w20,h15,m6 1:w20,h16,m6 1:w20,c14,h15,m6,dfast 1:w20,c15,h16,m5,dfast"
    )]
    zstd: Vec<Codec>,
    /// Speeds are taken over every n-th block
    #[arg(long, default_value_t = 8)]
    every: usize,
    /// Passes for the speed; the fastest counts
    #[arg(long, default_value_t = 8)]
    repeat: usize,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let corpora = args.corpora.or_else(|| env::var_os("ESKER_BENCH_CORPORA").map(PathBuf::from));
    let corpora = corpora.ok_or("name a folder, or set ESKER_BENCH_CORPORA")?;
    println!(
        "| corpus | raw MB | chunk KiB | block KiB | zstd | stored MB | framing MB | compress MB/s | decompress MB/s |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for name in &args.corpus {
        let files = files::list(&corpora.join(name))?;
        for &average in &args.chunk {
            let unique = Unique::read(&files, average << 10, WHOLE_FILE)?;
            for &size in &args.block {
                let blocks = unique.blocks(size << 10);
                let sample: Vec<_> = blocks.iter().step_by(args.every.max(1)).cloned().collect();
                let speeds = best_of(args.repeat, &unique.bytes, &sample, &args.zstd)?;
                for (codec, speed) in args.zstd.iter().zip(&speeds) {
                    let stored = measure(&unique.bytes, &blocks, codec)?.stored;
                    let framing = blocks.len() * BLOCK_BYTES + unique.lengths.len() * CHUNK_BYTES;
                    println!(
                        "| {name} | {:.1} | {average} | {size} | {} | {:.2} | {:.2} | {:.0} | {:.0} |",
                        unique.raw as f64 / 1e6,
                        codec.name(),
                        (stored + framing) as f64 / 1e6,
                        framing as f64 / 1e6,
                        speed.raw as f64 / 1e6 / speed.compress_seconds,
                        speed.raw as f64 / 1e6 / speed.decompress_seconds,
                    );
                }
            }
        }
    }
    Ok(())
}

/// What one setting does to one corpus.
struct Figures {
    raw: usize,
    stored: usize,
    compress_seconds: f64,
    decompress_seconds: f64,
}

/// The fastest of some passes, for each setting.
///
/// Settings take turns, so that a busy minute of the machine hits all of them.
fn best_of(
    passes: usize,
    bytes: &[u8],
    blocks: &[Range<usize>],
    codecs: &[Codec],
) -> Result<Vec<Figures>, Box<dyn Error>> {
    let mut best: Vec<Figures> = Vec::new();
    for pass in 0..passes.max(1) {
        for (index, codec) in codecs.iter().enumerate() {
            let next = measure(bytes, blocks, codec)?;
            if pass == 0 {
                best.push(next);
            } else {
                let best = &mut best[index];
                best.compress_seconds = best.compress_seconds.min(next.compress_seconds);
                best.decompress_seconds = best.decompress_seconds.min(next.decompress_seconds);
            }
        }
    }
    Ok(best)
}

/// Compresses every block and decompresses it again.
fn measure(
    bytes: &[u8],
    blocks: &[Range<usize>],
    codec: &Codec,
) -> Result<Figures, Box<dyn Error>> {
    let mut compressor = codec.compressor()?;
    let largest = blocks.iter().map(Range::len).max().unwrap_or(0);
    let bound = zstd::zstd_safe::compress_bound(largest);
    // One byte written a page now, so that page faults are not counted as compression.
    let mut stored = vec![1u8; blocks.iter().map(Range::len).sum::<usize>() + bound];
    let mut ends = Vec::with_capacity(blocks.len());
    let mut end = 0;
    let clock = Clock::start();
    for block in blocks {
        end += compressor.compress_to_buffer(&bytes[block.clone()], &mut stored[end..])?;
        ends.push(end);
    }
    let compress_seconds = clock.seconds();

    let mut decompressor = zstd::bulk::Decompressor::new()?;
    let mut out = vec![1u8; largest];
    let mut start = 0;
    let mut kept = 0;
    let clock = Clock::start();
    for (block, &end) in blocks.iter().zip(&ends) {
        decompressor.decompress_to_buffer(&stored[start..end], &mut out[..])?;
        kept += stored_len(block.len(), end - start);
        start = end;
    }
    let decompress_seconds = clock.seconds();
    let raw = blocks.iter().map(Range::len).sum();
    Ok(Figures { raw, stored: kept, compress_seconds, decompress_seconds })
}

/// A block that does not shrink by 3 % is kept raw.
fn stored_len(raw: usize, compressed: usize) -> usize {
    if compressed * 100 < raw * 97 { compressed } else { raw }
}
