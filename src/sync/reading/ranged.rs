//! A key of a remote as a file that is read at any offset.
//!
//! What was read is held for a while: neighbours are often wanted next, and a request costs far more
//! than some kilobytes. Memory is bounded for what is held by chance; what was [held](Ranged::hold) on
//! purpose stays until it is released.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::pack::ReadAt;
use crate::remote::{Transport, TransportError};

/// Parts held by chance, of one file.
const MAX_PARTS: usize = 4;
/// Longest part that is read because it may be wanted next, in bytes.
const MAX_WINDOW: u64 = 4 << 20;

/// A key of a remote, read part by part.
pub struct Ranged {
    transport: Arc<dyn Transport>,
    key: String,
    bytes: u64,
    /// How much is read around what is wanted, in bytes; 0 reads just that.
    window: u64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    parts: VecDeque<Part>,
    next_id: u64,
}

struct Part {
    id: u64,
    start: u64,
    bytes: Arc<Vec<u8>>,
    is_pinned: bool,
}

impl Part {
    fn covers(&self, range: &Range<u64>) -> bool {
        self.start <= range.start && range.end <= self.start + self.bytes.len() as u64
    }
}

impl Ranged {
    /// The key, which holds so many bytes. Nothing is read yet.
    pub fn new(transport: Arc<dyn Transport>, key: String, bytes: u64, window: u64) -> Self {
        Self { transport, key, bytes, window, held: Mutex::default() }
    }

    /// Reads a range in one request and holds it until it is [released](Ranged::release) by the number
    /// that is returned.
    pub fn hold(&self, range: Range<u64>) -> Result<u64, TransportError> {
        let bytes = self.fetch(&range)?;
        Ok(self.keep(range.start, Arc::new(bytes), true))
    }

    /// Whether all of a range is held at this moment.
    pub fn is_held(&self, range: &Range<u64>) -> bool {
        self.lock().parts.iter().any(|part| part.covers(range))
    }

    /// Drops what was held.
    pub fn release(&self, id: u64) {
        self.lock().parts.retain(|part| part.id != id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, start: u64, bytes: Arc<Vec<u8>>, is_pinned: bool) -> u64 {
        let mut held = self.lock();
        let id = held.next_id;
        held.next_id += 1;
        held.parts.push_back(Part { id, start, bytes, is_pinned });
        if held.parts.iter().filter(|part| !part.is_pinned).count() > MAX_PARTS
            && let Some(oldest) = held.parts.iter().position(|part| !part.is_pinned)
        {
            held.parts.remove(oldest);
        }
        id
    }

    fn fetch(&self, range: &Range<u64>) -> Result<Vec<u8>, TransportError> {
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        self.transport.read(&self.key, Some(range.clone()), &mut bytes)?;
        Ok(bytes)
    }

    /// What is read when `wanted` is: more around it, and twice as much as last time where that was
    /// near, as a walk through the file makes it.
    fn around(&self, wanted: &Range<u64>) -> Range<u64> {
        if self.window == 0 {
            return wanted.clone();
        }
        let held = self.lock();
        let last = held.parts.iter().rev().find(|part| !part.is_pinned);
        let near = last.filter(|part| {
            let len = part.bytes.len() as u64;
            let end = part.start + len;
            wanted.start <= end + len && part.start <= wanted.end + len
        });
        let window = near.map_or(self.window, |part| 2 * part.bytes.len() as u64).min(MAX_WINDOW);
        let more = window.saturating_sub(wanted.end - wanted.start) / 2;
        // Half of it before: what is written last is read first.
        let start = wanted.start.saturating_sub(more);
        start..(wanted.end + more + (more - (wanted.start - start))).min(self.bytes)
    }
}

impl ReadAt for Ranged {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= self.bytes);
        let wanted = offset..end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let found = self
            .lock()
            .parts
            .iter()
            .find(|part| part.covers(&wanted))
            .map(|part| (part.start, part.bytes.clone()));
        let (start, bytes) = match found {
            Some(found) => found,
            None => {
                let range = self.around(&wanted);
                let bytes = Arc::new(self.fetch(&range).map_err(io::Error::other)?);
                if self.window > 0 {
                    self.keep(range.start, bytes.clone(), false);
                }
                (range.start, bytes)
            }
        };
        let from = (offset - start) as usize;
        let part = bytes.get(from..from + buf.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(part);
        Ok(())
    }

    fn byte_len(&self) -> io::Result<u64> {
        Ok(self.bytes)
    }
}

/// Few ranges that cover all of `wanted`: what lies between near ones is read along, as long as that is
/// a twentieth of what is wanted.
pub fn coalesce(mut wanted: Vec<Range<u64>>) -> Vec<Range<u64>> {
    wanted.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in wanted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    let total: u64 = merged.iter().map(|range| range.end - range.start).sum();
    let mut left = total / 20 + FREE_GAP;
    let mut gaps: Vec<(u64, usize)> =
        merged.windows(2).map(|w| w[1].start - w[0].end).zip(1..).collect();
    gaps.sort_unstable();
    let mut is_joined = vec![false; merged.len()];
    for (gap, at) in gaps {
        if gap > left {
            break;
        }
        left -= gap;
        is_joined[at] = true;
    }
    let mut few: Vec<Range<u64>> = Vec::new();
    for (range, is_joined) in merged.into_iter().zip(is_joined) {
        match few.last_mut() {
            Some(last) if is_joined => last.end = range.end,
            _ => few.push(range),
        }
    }
    few
}

/// Bytes that are read in vain rather than asked around, in each pack.
const FREE_GAP: u64 = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::counting::Counting;
    use crate::remote::memory::Memory;

    fn file(window: u64) -> (Arc<Counting>, Ranged, Vec<u8>) {
        let bytes: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        let memory = Memory::new();
        memory.put("k", bytes.clone()).expect("put");
        let counting = Arc::new(Counting::new(Arc::new(memory)));
        let len = bytes.len() as u64;
        (counting.clone(), Ranged::new(counting, "k".to_owned(), len, window), bytes)
    }

    fn read(file: &Ranged, range: Range<usize>) -> Vec<u8> {
        let mut buf = vec![0; range.len()];
        file.read_exact_at(&mut buf, range.start as u64).expect("read");
        buf
    }

    #[test]
    fn neighbours_cost_no_request() {
        let (counting, file, bytes) = file(10_000);
        for range in [50_000..50_100, 46_000..46_100, 54_900..55_000] {
            assert_eq!(read(&file, range.clone()), bytes[range]);
        }
        assert_eq!((counting.traffic().reads, counting.traffic().bytes_in), (1, 10_000));
        // A walk reads twice as much each time.
        for at in (55_000..200_000).step_by(1000) {
            assert_eq!(read(&file, at..at + 1000), bytes[at..at + 1000]);
        }
        assert!(counting.traffic().reads < 10, "{:?}", counting.traffic());
        assert!(file.read_exact_at(&mut [0; 2], 199_999).is_err());
    }

    #[test]
    fn without_a_window_only_what_is_wanted_is_read() {
        let (counting, file, bytes) = file(0);
        assert_eq!(read(&file, 5..9), bytes[5..9]);
        assert_eq!(counting.traffic().bytes_in, 4);
        let held = file.hold(1000..3000).expect("hold");
        assert_eq!(read(&file, 1500..2500), bytes[1500..2500]);
        assert_eq!(counting.traffic().reads, 2);
        file.release(held);
        assert_eq!(read(&file, 1500..2500), bytes[1500..2500]);
        assert_eq!(counting.traffic().reads, 3);
    }

    #[test]
    fn near_ranges_become_one_as_long_as_little_is_in_vain() {
        let mib = 1u64 << 20;
        assert_eq!(coalesce(vec![5..9, 0..6, 3 * mib..4 * mib]), [0..9, 3 * mib..4 * mib]);
        // 40 pieces of 1 KiB, a MiB apart: nearly all of it would be in vain.
        let far: Vec<_> = (0..40).map(|n| n * mib..n * mib + 1024).collect();
        assert_eq!(coalesce(far.clone()), far);
        let gaps = vec![0..10 * mib, 10 * mib + 400_000..20 * mib, 23 * mib..30 * mib];
        assert_eq!(coalesce(gaps), [0..20 * mib, 23 * mib..30 * mib]);
        assert_eq!(coalesce(Vec::new()), Vec::<Range<u64>>::new());
    }
}
