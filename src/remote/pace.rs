//! A limit on how many bytes move in a second, over all connections and both directions.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Hands out moments at which bytes may move.
#[derive(Debug)]
pub struct Pace {
    bytes_per_second: u64,
    /// When all that was asked for so far will have moved.
    free: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many bytes a second, at least 1.
    pub fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), free: Mutex::default() }
    }

    /// How long to wait before `bytes` more may move. They count from now on.
    pub fn reserve(&self, bytes: u64) -> Duration {
        let now = Instant::now();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let start = free.map_or(now, |free| free.max(now));
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second);
        *free = Some(start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)));
        start - now
    }

    /// How many bytes to move at once, so that a slow line is used evenly.
    pub fn piece(&self) -> usize {
        usize::try_from(self.bytes_per_second / 8).unwrap_or(usize::MAX).clamp(1 << 10, 64 << 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_wait_for_those_before_them() {
        let pace = Pace::new(1000);
        assert_eq!(pace.reserve(2000), Duration::ZERO);
        let wait = pace.reserve(1000);
        assert!(wait > Duration::from_millis(1900) && wait <= Duration::from_secs(2), "{wait:?}");
        let wait = pace.reserve(1);
        assert!(wait > Duration::from_millis(2900) && wait <= Duration::from_secs(3), "{wait:?}");
        assert_eq!(
            [10, 100_000, 1 << 30].map(|rate| Pace::new(rate).piece()),
            [1024, 12_500, 65_536]
        );
    }
}
