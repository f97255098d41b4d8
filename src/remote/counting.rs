//! Counts the requests and bytes that go to a remote: what a transfer cost.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::transport::{Capabilities, Created, Item, Transport, TransportError};

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that read.
    pub reads: u64,
    /// Requests that write or delete.
    pub writes: u64,
    /// Listings.
    pub lists: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

impl Traffic {
    /// All requests.
    pub fn requests(&self) -> u64 {
        self.reads + self.writes + self.lists
    }
}

/// A transport that counts.
pub struct Counting {
    inner: Arc<dyn Transport>,
    reads: AtomicU64,
    writes: AtomicU64,
    lists: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Counting {
    /// Counts what goes through `inner` from now on.
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        let [reads, writes, lists, bytes_in, bytes_out] = [(); 5].map(|()| AtomicU64::new(0));
        Self { inner, reads, writes, lists, bytes_in, bytes_out }
    }

    /// What was counted so far.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            reads: self.reads.load(Relaxed),
            writes: self.writes.load(Relaxed),
            lists: self.lists.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
        }
    }
}

impl Transport for Counting {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
    ) -> Result<u64, TransportError> {
        self.reads.fetch_add(1, Relaxed);
        let bytes = self.inner.read(key, range, out)?;
        self.bytes_in.fetch_add(bytes, Relaxed);
        Ok(bytes)
    }

    fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), TransportError> {
        self.writes.fetch_add(1, Relaxed);
        self.bytes_out.fetch_add(bytes.len() as u64, Relaxed);
        self.inner.put(key, bytes)
    }

    fn create_if_absent(&self, key: &str, bytes: &[u8]) -> Result<Created, TransportError> {
        self.writes.fetch_add(1, Relaxed);
        self.bytes_out.fetch_add(bytes.len() as u64, Relaxed);
        self.inner.create_if_absent(key, bytes)
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Item>, TransportError> {
        self.lists.fetch_add(1, Relaxed);
        self.inner.list(prefix, after)
    }

    fn unfinished(&self) -> Result<Vec<Item>, TransportError> {
        self.inner.unfinished()
    }

    fn delete(&self, key: &str) -> Result<(), TransportError> {
        self.writes.fetch_add(1, Relaxed);
        self.inner.delete(key)
    }
}
