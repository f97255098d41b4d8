//! Standard input that an interruption can end.
//!
//! A read from a pipe that gives nothing blocks for as long as its writer likes. Here a thread reads,
//! and whoever waits for it looks at the cancel flag now and then.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use esker::progress::Cancel;

const PART_BYTES: usize = 256 << 10;
/// Parts that may lie read and not yet used.
const PARTS: usize = 4;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Standard input, until `cancel` is set.
pub struct Stdin {
    parts: Receiver<io::Result<Vec<u8>>>,
    current: io::Cursor<Vec<u8>>,
    cancel: Cancel,
}

impl Stdin {
    /// Starts to read.
    pub fn new(cancel: &Cancel) -> Self {
        Self::of(io::stdin(), cancel)
    }

    fn of(mut source: impl Read + Send + 'static, cancel: &Cancel) -> Self {
        let (sender, parts) = mpsc::sync_channel(PARTS);
        // Ends with its input, or with the process.
        thread::spawn(move || {
            loop {
                let part = read_part(&mut source);
                let is_last = part.as_ref().is_ok_and(Vec::is_empty) || part.is_err();
                if sender.send(part).is_err() || is_last {
                    return;
                }
            }
        });
        Self { parts, current: io::Cursor::default(), cancel: cancel.clone() }
    }

    fn next_part(&self) -> io::Result<Vec<u8>> {
        loop {
            match self.parts.recv_timeout(LOOK_EVERY) {
                Ok(part) => return part,
                Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
                // Not the kind `Interrupted`, after which everyone reads again.
                Err(RecvTimeoutError::Timeout) => {
                    self.cancel.check().map_err(io::Error::other)?;
                }
            }
        }
    }
}

fn read_part(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut part = vec![0; PART_BYTES];
    loop {
        match source.read(&mut part) {
            Ok(len) => {
                part.truncate(len);
                return Ok(part);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.current.read(buffer)?;
        if len > 0 || buffer.is_empty() {
            return Ok(len);
        }
        self.current = io::Cursor::new(self.next_part()?);
        self.current.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Never;

    impl Read for Never {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            loop {
                thread::park();
            }
        }
    }

    #[test]
    fn all_is_read_and_the_end_stays_the_end() {
        let data: Vec<u8> = (0..PART_BYTES * 6 + 7).map(|n| n as u8).collect();
        let mut stdin = Stdin::of(io::Cursor::new(data.clone()), &Cancel::new());
        let mut read = Vec::new();
        stdin.read_to_end(&mut read).expect("a cursor gives all");
        assert!(read == data);
        assert_eq!(stdin.read(&mut [0; 9]).expect("still the end"), 0);
    }

    #[test]
    fn a_read_that_waits_ends_when_cancelled() {
        let cancel = Cancel::new();
        let mut stdin = Stdin::of(Never, &cancel);
        cancel.cancel();
        let error = stdin.read(&mut [0; 9]).expect_err("cancelled");
        assert_eq!(error.to_string(), "interrupted");
    }
}
