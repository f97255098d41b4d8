//! The steps, each a function from the data of some files to the seconds it took.

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use fastcdc::v2020::FastCDC;
use zstd::bulk::{Compressor, Decompressor};

use crate::clock::Clock;

type Seconds = Result<f64, Box<dyn Error>>;
type Run = Box<dyn Fn(&[Vec<u8>]) -> Seconds>;

type Compressed = (Vec<u8>, usize);

/// One row of the table.
pub struct Step {
    pub name: &'static str,
    pub run: Run,
}

/// Rows in the order of the table. The disk rows write below `disk`.
pub fn all(disk: &Path) -> Vec<Step> {
    let step = |name, run: Run| Step { name, run };
    let (synced, cached) = (disk.to_owned(), disk.to_owned());
    vec![
        step("fastcdc v2020, 16/64/256 KiB", Box::new(cut)),
        step("BLAKE3 of chunks", Box::new(hash_chunks)),
        step("BLAKE3 of files, 1 thread", Box::new(hash_files)),
        step("BLAKE3 of files, 2 threads", Box::new(hash_files_by_two)),
        step("zstd -1, chunk by chunk", Box::new(|data| compress(data, -1))),
        step("zstd 1, chunk by chunk", Box::new(|data| compress(data, 1))),
        step("zstd 3, chunk by chunk", Box::new(|data| compress(data, 3))),
        step("zstd decompress (of level 1)", Box::new(decompress)),
        step("disk write with fsync", Box::new(move |data| write(data, &synced, true))),
        step("disk write without", Box::new(move |data| write(data, &cached, false))),
    ]
}

fn chunks(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    FastCDC::new(data, 16 << 10, 64 << 10, 256 << 10)
        .map(|chunk| &data[chunk.offset..][..chunk.length])
}

fn cut(files: &[Vec<u8>]) -> Seconds {
    let clock = Clock::start();
    black_box(files.iter().map(|data| chunks(data).count()).sum::<usize>());
    Ok(clock.seconds())
}

fn hash_chunks(files: &[Vec<u8>]) -> Seconds {
    let all: Vec<&[u8]> = files.iter().flat_map(|data| chunks(data)).collect();
    let clock = Clock::start();
    for chunk in all {
        black_box(blake3::hash(chunk));
    }
    Ok(clock.seconds())
}

fn hash_files(files: &[Vec<u8>]) -> Seconds {
    let clock = Clock::start();
    for data in files {
        black_box(blake3::hash(data));
    }
    Ok(clock.seconds())
}

/// Both threads work on the same file, in turn on its aligned 1 MiB groups.
fn hash_files_by_two(files: &[Vec<u8>]) -> Seconds {
    let start = Instant::now();
    let hashes: Vec<_> = files.iter().map(|data| hash_by_two(data)).collect();
    let seconds = start.elapsed().as_secs_f64();
    for (data, hash) in files.iter().zip(hashes) {
        if hash != blake3::hash(data) {
            return Err("two threads made another hash".into());
        }
    }
    Ok(seconds)
}

fn hash_by_two(data: &[u8]) -> blake3::Hash {
    const GROUP: usize = 1 << 20;
    if data.len() <= GROUP {
        return blake3::hash(data);
    }
    let half = |first: usize| -> Vec<ChainingValue> {
        let groups = data.chunks(GROUP).enumerate().skip(first).step_by(2);
        groups.map(|(index, group)| group_value(group, (index * GROUP) as u64)).collect()
    };
    let (even, odd) = thread::scope(|scope| {
        let odd = scope.spawn(|| half(1));
        (half(0), odd.join().expect("hashing does not panic"))
    });
    let values: Vec<_> = (0..even.len() + odd.len())
        .map(|index| if index % 2 == 0 { even[index / 2] } else { odd[index / 2] })
        .collect();
    let (left, right) = values.split_at(left_len(values.len()));
    merge_subtrees_root(&merge(left), &merge(right), Mode::Hash)
}

fn group_value(group: &[u8], offset: u64) -> ChainingValue {
    blake3::Hasher::new().set_input_offset(offset).update(group).finalize_non_root()
}

fn merge(values: &[ChainingValue]) -> ChainingValue {
    if let [only] = values {
        return *only;
    }
    let (left, right) = values.split_at(left_len(values.len()));
    merge_subtrees_non_root(&merge(left), &merge(right), Mode::Hash)
}

/// BLAKE3's left subtree: the greatest power of two that leaves something on the right.
fn left_len(groups: usize) -> usize {
    groups.next_power_of_two() / 2
}

fn compress(files: &[Vec<u8>], level: i32) -> Seconds {
    Ok(compressed(files, level)?.1)
}

/// Compressed chunks, each with its raw length, and the seconds compressing took.
fn compressed(files: &[Vec<u8>], level: i32) -> Result<(Vec<Compressed>, f64), Box<dyn Error>> {
    let mut compressor = Compressor::new(level)?;
    let mut out = Vec::new();
    let clock = Clock::start();
    for chunk in files.iter().flat_map(|data| chunks(data)) {
        out.push((compressor.compress(chunk)?, chunk.len()));
    }
    // Cutting is a step of its own.
    Ok((out, clock.seconds() - cut(files)?))
}

fn decompress(files: &[Vec<u8>]) -> Seconds {
    let (chunks, _) = compressed(files, 1)?;
    let mut decompressor = Decompressor::new()?;
    let mut raw = vec![0; 256 << 10];
    let clock = Clock::start();
    for (chunk, len) in &chunks {
        decompressor.decompress_to_buffer(chunk, &mut raw[..*len])?;
    }
    Ok(clock.seconds())
}

fn write(files: &[Vec<u8>], folder: &Path, sync: bool) -> Seconds {
    let path: PathBuf = folder.join(".esker-bench-limits");
    let mut file = File::create(&path)?;
    let start = Instant::now();
    for data in files {
        file.write_all(data)?;
    }
    if sync {
        file.sync_all()?;
    }
    let seconds = start.elapsed().as_secs_f64();
    drop(file);
    fs::remove_file(path)?;
    Ok(seconds)
}
