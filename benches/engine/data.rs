//! Data that is made as it is read, the same in every run.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Bytes that nothing compresses and that never repeat.
pub struct Random {
    stream: blake3::OutputReader,
}

impl Random {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        Self { stream: hasher.finalize_xof() }
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        let mut bytes = [0; 8];
        self.stream.fill(&mut bytes);
        u64::from_le_bytes(bytes) % limit.max(1)
    }

    /// Puts `items` into another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

impl Read for Random {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.fill(buf);
        Ok(buf.len())
    }
}

/// Lines of numbers, dates and words, as databases export them; zstd makes a third of them.
pub struct Csv {
    random: Random,
    row: u64,
    line: Vec<u8>,
    at: usize,
}

const WORDS: [&str; 16] = [
    "furiously",
    "regular",
    "deposits",
    "carefully",
    "ironic",
    "packages",
    "final",
    "requests",
    "express",
    "accounts",
    "blithely",
    "pending",
    "theodolites",
    "slyly",
    "even",
    "instructions",
];

impl Csv {
    /// The table of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), row: 0, line: Vec::new(), at: 0 }
    }

    fn next_line(&mut self) {
        self.row += 1;
        let mut pick = |limit| self.random.below(limit);
        let numbers = (self.row, pick(200_000), pick(10_000), pick(50), pick(9_999_999));
        let date = (1992 + pick(7), 1 + pick(12), 1 + pick(28));
        let words: Vec<_> = (0..5).map(|_| WORDS[pick(16) as usize]).collect();
        self.line.clear();
        let (row, part, supplier, count, price) = numbers;
        let (cents, price) = (price % 100, price / 100);
        let (y, m, d) = date;
        let words = words.join(" ");
        writeln!(
            self.line,
            "{row},{part},{supplier},{count},{price}.{cents:02},{y}-{m:02}-{d:02},TRUCK,{words}"
        )
        .expect("writing to a Vec cannot fail");
        self.at = 0;
    }
}

impl Read for Csv {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            if self.at == self.line.len() {
                self.next_line();
            }
            let len = (self.line.len() - self.at).min(buf.len() - filled);
            buf[filled..filled + len].copy_from_slice(&self.line[self.at..self.at + len]);
            (self.at, filled) = (self.at + len, filled + len);
        }
        Ok(filled)
    }
}

/// A stream that says the same again and again, with a few new bytes before each repetition.
pub struct Refrain {
    refrain: Vec<u8>,
    round: u64,
    at: usize,
}

impl Refrain {
    /// A refrain of `bytes` bytes.
    pub fn new(bytes: usize) -> io::Result<Self> {
        let mut refrain = vec![0; bytes];
        Random::new(3).read_exact(&mut refrain)?;
        Ok(Self { refrain, round: 0, at: 0 })
    }
}

impl Read for Refrain {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.refrain.len() {
            (self.at, self.round) = (0, self.round + 1);
            self.refrain[..8].copy_from_slice(&self.round.to_le_bytes());
        }
        let len = buf.len().min(self.refrain.len() - self.at);
        buf[..len].copy_from_slice(&self.refrain[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

/// Writes a stream to a file.
pub fn write(path: &Path, mut data: impl Read) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    io::copy(&mut data, &mut file)?;
    file.flush()
}

/// Makes files of 1–6 KB below `folder`, half random and half text, in up to 1,000 folders.
pub fn small_files(folder: &Path, count: usize) -> io::Result<()> {
    let mut random = Random::new(7);
    for dir in 0..count.min(1000) {
        fs::create_dir_all(folder.join(format!("{dir:03}")))?;
    }
    let mut bytes = Vec::new();
    for i in 0..count {
        let len = 1000 + random.below(5001) as usize;
        bytes.resize(len / 2, 0);
        random.read_exact(&mut bytes)?;
        let label = format!("label:{};", i % 10);
        (0..len / 18).for_each(|_| bytes.extend_from_slice(label.as_bytes()));
        fs::write(folder.join(format!("{:03}/{i:06}.bin", i % 1000)), &bytes)?;
    }
    Ok(())
}
