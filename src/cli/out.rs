//! Standard output, or a pager in its place: buffered, and calm when its reader goes away.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, StdoutLock, Write};

use super::pager::Pager;

/// Standard output. Once the reader has closed the pipe every write fails and
/// [`Out::is_closed`] says so; the program then ends as if all had been read.
pub struct Out {
    inner: BufWriter<Sink>,
    is_closed: bool,
}

enum Sink {
    Stdout(StdoutLock<'static>),
    Pager(Pager),
    Nothing,
}

impl Out {
    /// Takes standard output for the whole run.
    pub fn new() -> Self {
        let sink = Sink::Stdout(io::stdout().lock());
        Self { inner: BufWriter::with_capacity(64 << 10, sink), is_closed: false }
    }

    /// Sends what follows through a pager.
    pub fn page(&mut self, pager: Pager) {
        *self.inner.get_mut() = Sink::Pager(pager);
    }

    /// Whether a person sees it, through a pager or not.
    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether the reader has gone.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes what is still buffered, and waits until a pager is left.
    pub fn finish(&mut self) -> io::Result<()> {
        let flushed = self.flush();
        if let Sink::Pager(pager) = std::mem::replace(self.inner.get_mut(), Sink::Nothing) {
            pager.finish();
        }
        flushed
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

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Pager(pager) => pager.write(bytes),
            Self::Nothing => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Pager(pager) => pager.flush(),
            Self::Nothing => Ok(()),
        }
    }
}
