//! What the protocol asks of a store of bytes under keys, and how that fails.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

/// Whether a create made the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The key did not exist; it now holds exactly the bytes given.
    Made,
    /// The key exists. It may be ours: an answer that was lost makes the retry say so.
    Taken,
}

/// A key and its length, as a listing tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The key.
    pub key: String,
    /// Number of bytes.
    pub bytes: u64,
    /// When it was written, in Unix seconds.
    pub modified: i64,
}

/// What a store promises by its kind. Only a probe can tell whether it keeps its promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// `create_if_absent` is atomic among all writers.
    pub has_atomic_create: bool,
    /// How many requests may usefully run at once.
    pub parallel: usize,
}

/// Why a request failed, as far as a caller acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// There is nothing under the key.
    Missing,
    /// There is no such bucket.
    NoBucket,
    /// The credentials do not allow it, or there are none.
    Denied,
    /// What answers is not known to be the server: nobody who is trusted here vouches for its certificate.
    Untrusted,
    /// Nothing answered, or the answer broke off: whether the request was carried out is unknown.
    Lost,
    /// The store answered that it cannot do it now.
    Busy,
    /// The disk of a folder is full or failed.
    Disk,
    /// More bytes than the caller is ready for.
    TooLarge,
    /// Anything else: trying again will not help.
    Failed,
}

/// A request that failed: what, where, on which key, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} {}{host}: {detail}", at(.key))]
pub struct TransportError {
    /// A verb, such as "read".
    pub op: &'static str,
    /// The store, without credentials.
    pub host: String,
    /// The key.
    pub key: String,
    /// What a caller acts on.
    pub fault: Fault,
    /// What the store or the system said.
    pub detail: String,
}

/// The key and the word behind it; nothing where a request is of no key.
fn at(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("{} at ", crate::path::escape(key)) }
}

impl TransportError {
    /// An error of operation `op` on `key`.
    pub fn new(
        op: &'static str,
        host: impl fmt::Display,
        key: &str,
        fault: Fault,
        detail: impl fmt::Display,
    ) -> Self {
        let (host, key, detail) = (host.to_string(), key.to_owned(), detail.to_string());
        Self { op, host, key, fault, detail }
    }

    /// Whether there is nothing under the key.
    pub fn is_missing(&self) -> bool {
        self.fault == Fault::Missing
    }

    /// Whether the credentials do not suffice.
    pub fn is_denied(&self) -> bool {
        self.fault == Fault::Denied
    }

    /// Whether the request may have been carried out, or may succeed when sent again.
    pub fn is_uncertain(&self) -> bool {
        matches!(self.fault, Fault::Lost | Fault::Busy)
    }
}

/// A store of bytes under keys.
///
/// Keys are `/`-separated and of ASCII letters, digits, `-`, `_` and `.`. Implementations retry what is
/// safe to retry; what they report has failed for good, or its outcome is unknown.
pub trait Transport: Send + Sync {
    /// Where this is, for people: without credentials.
    fn place(&self) -> String;

    /// What the store promises.
    fn capabilities(&self) -> Capabilities;

    /// Writes the bytes under `key` to `out`, those of `range` only if one is given; returns how many.
    ///
    /// After an error `out` may have been given some of them. A range that reaches beyond the end
    /// gives what there is.
    fn read(
        &self,
        key: &str,
        range: Option<Range<u64>>,
        out: &mut dyn Write,
    ) -> Result<u64, TransportError>;

    /// Puts bytes under a key, over what was there. A reader sees the old bytes or the new.
    fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), TransportError>;

    /// Makes a key with its whole content, or changes nothing because it exists.
    ///
    /// An error that [is uncertain](TransportError::is_uncertain) may have made the key, even later.
    fn create_if_absent(&self, key: &str, bytes: &[u8]) -> Result<Created, TransportError>;

    /// Keys that begin with `prefix`, ascending, behind `after`; at most about a thousand. An empty
    /// answer is the end.
    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Item>, TransportError>;

    /// What is half written, now or by writers that are gone, where a store does not clear that away
    /// itself: under keys that no listing shows and that [`Transport::delete`] takes.
    fn unfinished(&self) -> Result<Vec<Item>, TransportError> {
        Ok(Vec::new())
    }

    /// Removes a key. One that is not there is as good as removed.
    fn delete(&self, key: &str) -> Result<(), TransportError>;
}

/// All bytes under a key, of which there may be `max_bytes`.
pub fn get(
    transport: &dyn Transport,
    key: &str,
    max_bytes: u64,
) -> Result<Vec<u8>, TransportError> {
    let mut sink = Capped { bytes: Vec::new(), max_bytes, is_over: false };
    let result = transport.read(key, None, &mut sink);
    if sink.is_over {
        let detail = format!("it holds more than {max_bytes} bytes");
        return Err(TransportError::new("read", transport.place(), key, Fault::TooLarge, detail));
    }
    result.map(|_| sink.bytes)
}

/// As [`get`], with `None` for a key that is not there.
pub fn get_optional(
    transport: &dyn Transport,
    key: &str,
    max_bytes: u64,
) -> Result<Option<Vec<u8>>, TransportError> {
    match get(transport, key, max_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.is_missing() => Ok(None),
        Err(e) => Err(e),
    }
}

struct Capped {
    bytes: Vec<u8>,
    max_bytes: u64,
    is_over: bool,
}

impl Write for Capped {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if (self.bytes.len() + more.len()) as u64 > self.max_bytes {
            self.is_over = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
