//! What of which packs will be read, told from recipes before anything is.

use crate::id::PackId;
use crate::recipe::{Body, Page, Recipe, Run};

/// Bytes of a pack that will be read, as far as they are known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The pack.
    pub pack: PackId,
    /// What of it.
    pub part: Part,
}

/// A part of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One block: offset and stored length.
    Block(u32, u32),
    /// `raw_bytes` raw bytes from `position` in the block at `block_offset` on.
    Run {
        /// Offset of the block.
        block_offset: u32,
        /// Position in it.
        position: u32,
        /// How many raw bytes.
        raw_bytes: u64,
    },
}

/// What of which packs reading all of a blob needs; nothing of one whose pages lie apart.
pub fn needs_of_whole(recipe: &Recipe) -> Vec<Need> {
    let Body::Inline(page) = &recipe.body else { return Vec::new() };
    needs_of(page, &RunStart { index: 0, offset: 0, start: None, left: recipe.size })
}

/// Pack, block and position of a blob's first byte that is stored, where its recipe says so itself.
pub fn first_byte(recipe: &Recipe) -> Option<(PackId, u32, u32)> {
    let Body::Inline(page) = &recipe.body else { return None };
    let stored = page.runs.iter().find_map(|run| match run {
        Run::Stored(run) => Some(run),
        Run::Zero { .. } => None,
    })?;
    let pack = page.packs.get(stored.pack as usize)?;
    Some((*pack, stored.block_offset, stored.position))
}

/// What of which packs a copy will read.
pub(super) fn needs_of(page: &Page, from: &RunStart) -> Vec<Need> {
    let (mut offset, mut start, mut left) = (from.offset, from.start, from.left);
    let mut needs = Vec::new();
    for run in page.runs.iter().skip(from.index) {
        let take = run.bytes().saturating_sub(offset).min(left);
        if let Run::Stored(stored) = run
            && let Some(pack) = page.packs.get(stored.pack as usize)
        {
            let within = offset % stored.unit_bytes;
            let unit = stored.unit_bytes - within;
            if let Some((block_offset, position)) = start {
                let raw_bytes = take.min(unit);
                let part = Part::Run { block_offset, position, raw_bytes };
                needs.push(Need { pack: *pack, part });
            }
            // From its beginning, unless all is in the part that begins later.
            if start.is_none() || take > unit {
                let raw_bytes = if take > unit { stored.unit_bytes } else { within + take };
                let (block_offset, position) = (stored.block_offset, stored.position);
                let part = Part::Run { block_offset, position, raw_bytes };
                needs.push(Need { pack: *pack, part });
            }
        }
        left -= take;
        (offset, start) = (0, None);
        if left == 0 {
            break;
        }
    }
    needs
}

/// Where a copy begins among the runs of a page.
pub(super) struct RunStart {
    pub(super) index: usize,
    /// Offset in that run.
    pub(super) offset: u64,
    /// Block and position of the first byte, where a group row names them.
    pub(super) start: Option<(u32, u32)>,
    /// How many bytes are copied.
    pub(super) left: u64,
}
