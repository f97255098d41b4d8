//! An `add` that is killed half way, and what the next one reads again.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::data::Random;
use crate::report::{Bar, line};
use crate::{Bench, Outcome};

/// Of so many bytes the first fifth is random, the rest a hole: read like any other bytes, but
/// neither file nor store needs room for it.
const STRIDE: u64 = 5 << 20;

/// `resume`: one file, and thirty.
pub fn run(bench: &Bench) -> Outcome {
    for files in [1, 30] {
        let folder = bench.scratch.folder("resume")?;
        let total = (bench.args.resume_gb * 1e9) as u64;
        for i in 0..files {
            make(&folder.join(format!("{i:02}.bin")), total / files, i)?;
        }
        bench.esker.init(&folder)?;
        let first = bench.esker.start(&folder, "add .")?.kill_after(total / 2)?;
        let second = bench.esker.run(&folder, "add .")?;
        let share = second.read as f64 * 100.0 / total as f64;
        let killed = first as f64 * 100.0 / total as f64;
        let gb = total as f64 / 1e9;
        let how =
            format!("read by the second add of {gb:.1} GB, the first killed at {killed:.1} %");
        line(&format!("resume, {files} files"), share, "%", Bar::AtMost(55.0), &how);
        let clean = bench.esker.run(&folder, "fsck").is_ok();
        line(
            &format!("resume, {files} files, fsck"),
            f64::from(!clean),
            "errors",
            Bar::AtMost(0.0),
            "",
        );
    }
    bench.scratch.folder("resume")?;
    Ok(())
}

fn make(path: &Path, bytes: u64, seed: u64) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    let mut random = Random::new(100 + seed);
    let mut data = vec![0; STRIDE as usize / 5];
    for at in (0..bytes).step_by(STRIDE as usize) {
        random.read_exact(&mut data)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&data)?;
    }
    file.set_len(bytes)
}
