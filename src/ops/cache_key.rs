//! `cache-key`: a name for the pinned data, for the caches of CI.

use serde::Serialize;

use super::locked::{self, Lock};
use super::{Context, OpError};

/// Which pins.
#[derive(Clone, Debug, Default)]
pub struct CacheKeyOptions {
    /// Where they go; all pins when empty.
    pub pins: Vec<String>,
}

/// The name.
#[derive(Clone, Debug, Serialize)]
pub struct CacheKeyOutcome {
    /// Depends on where the pins go and on their data, on nothing else.
    pub key: String,
}

/// Makes a name that is the same as long as the data and its places are.
pub fn run(ctx: &Context, options: &CacheKeyOptions) -> Result<CacheKeyOutcome, OpError> {
    let lock = Lock::find(ctx)?;
    let mut hasher = blake3::Hasher::new_derive_key("esker cache key v1");
    let mut pins = lock.select(ctx, &options.pins)?;
    pins.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (dest, pin) in pins {
        // No path holds a line's end that is not its own: lengths keep them apart.
        let dest = locked::shown(&dest);
        hasher.update(&(dest.len() as u64).to_le_bytes()).update(dest.as_bytes());
        hasher.update(locked::id_text(pin.pinned).as_bytes());
    }
    let hex = hasher.finalize().to_hex();
    Ok(CacheKeyOutcome { key: format!("esker-{}", &hex[..32]) })
}
