//! Standard output: buffered, and calm when its reader goes away.

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

/// Standard output. Once the reader has closed the pipe every write fails and
/// [`Out::is_closed`] says so; the program then ends as if all had been read.
pub struct Out {
    inner: BufWriter<StdoutLock<'static>>,
    is_closed: bool,
}

impl Out {
    /// Takes standard output for the whole run.
    pub fn new() -> Self {
        Self { inner: BufWriter::with_capacity(64 << 10, io::stdout().lock()), is_closed: false }
    }

    /// Whether the reader has gone.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes what is still buffered.
    pub fn finish(&mut self) -> io::Result<()> {
        self.flush()
    }

    fn noting<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.is_closed |= matches!(&result, Err(e) if e.kind() == ErrorKind::BrokenPipe);
        result
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.noting(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.noting(result)
    }
}
