//! The blocks of a pack of a remote, stored as its bytes come: nothing waits for the rest of the pack.

use std::io::{self, Write};

use crate::id::PackId;
use crate::pack::layout::BLOCK_HEADER_LEN;
use crate::pack::{BlockRow, ChunkRow};
use crate::progress::{Cancel, Progress};
use crate::store::lane::Lane;
use crate::sync::SyncError;
use crate::sync::arriving::{Arriving, Landing};
use crate::sync::blocks::{Blocks, RawBlock, compared};

/// Whoever waits for a pack is told of so many bytes at once.
const TOLD_BYTES: u64 = 1 << 20;

/// What is done with what comes, beside storing it.
#[derive(Clone, Copy)]
pub(super) struct Watch<'w> {
    pub(super) arriving: Option<&'w Arriving<'w>>,
    pub(super) progress: &'w dyn Progress,
    /// Asked between two blocks.
    pub(super) stops: [&'w Cancel; 2],
    /// Whether every chunk is compared with its address.
    pub(super) is_proving: bool,
}

/// Takes the bytes of a pack and stores the wanted blocks, each once all of it is here and is as the pack's
/// list says.
pub(super) struct Incoming<'i, 'l> {
    key: &'i str,
    id: PackId,
    watch: Watch<'i>,
    blocks: &'i Blocks,
    /// How many of them were stored.
    stored: usize,
    /// Offset in the pack of the byte that comes next.
    at: u64,
    /// What came of the block at hand.
    held: Vec<u8>,
    raw: RawBlock,
    lane: &'i mut Lane<'l>,
    landing: Landing,
    /// Why what came could not be stored.
    failure: Option<SyncError>,
}

impl<'i, 'l> Incoming<'i, 'l> {
    /// Wants `blocks` of the pack under `key`.
    pub(super) fn new(
        (key, id): (&'i str, PackId),
        blocks: &'i Blocks,
        lane: &'i mut Lane<'l>,
        watch: Watch<'i>,
    ) -> Self {
        let (landing, raw) = (Landing::default(), RawBlock::default());
        let (stored, at, held, failure) = (0, 0, Vec::new(), None);
        Self { key, id, watch, blocks, stored, at, held, raw, lane, landing, failure }
    }

    /// What comes next begins at an offset of the pack, which is no later than the next wanted block.
    pub(super) fn begin_at(&mut self, offset: u64) {
        self.at = offset;
    }

    /// The offset behind what came.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Why a write failed, if it was for what came and not for how it came.
    pub(super) fn take_failure(&mut self) -> Option<SyncError> {
        self.failure.take()
    }

    /// Nothing more is wanted.
    pub(super) fn finish(mut self) {
        self.landing.is_all = true;
        self.tell();
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<(), SyncError> {
        let blocks = self.blocks;
        while !bytes.is_empty() {
            let Some((block, rows)) = blocks.get(self.stored) else {
                self.at += bytes.len() as u64;
                return Ok(());
            };
            let (start, len) = (u64::from(block.offset), block.header().file_len() as usize);
            let left = match self.at < start {
                true => start - self.at,
                false => len as u64 - self.held.len() as u64,
            };
            let (now, rest) = bytes.split_at(left.min(bytes.len() as u64) as usize);
            if self.at >= start {
                self.take_of_block((block, rows), len, now)?;
            }
            self.at += now.len() as u64;
            bytes = rest;
        }
        Ok(())
    }

    /// Takes bytes of one block, which is stored from where they lie if all of it came at once.
    fn take_of_block(
        &mut self,
        block: (&BlockRow, &[ChunkRow]),
        len: usize,
        bytes: &[u8],
    ) -> Result<(), SyncError> {
        if bytes.len() == len {
            return self.store(block, bytes);
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() < len {
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        self.store(block, &held)?;
        held.clear();
        self.held = held;
        Ok(())
    }

    fn store(
        &mut self,
        (block, rows): (&BlockRow, &[ChunkRow]),
        bytes: &[u8],
    ) -> Result<(), SyncError> {
        self.watch.stops.iter().try_for_each(|stop| stop.check())?;
        let stored = compared(self.key, block, &bytes[BLOCK_HEADER_LEN..])?;
        if self.watch.is_proving {
            self.raw.prove(self.key, (block, rows), stored)?;
        }
        let chunks: Vec<_> = rows.iter().map(|row| (row.address, row.raw_len)).collect();
        let landing = &mut self.landing;
        self.lane.append(stored, &chunks, &mut |_, at| landing.note(block, &at))?;
        self.stored += 1;
        self.watch.progress.advance(bytes.len() as u64, 0);
        if self.landing.bytes() >= TOLD_BYTES {
            self.tell();
        }
        Ok(())
    }

    fn tell(&mut self) {
        let landing = std::mem::take(&mut self.landing);
        if let Some(arriving) = self.watch.arriving {
            arriving.note(self.id, landing);
        }
    }
}

impl Write for Incoming<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.take(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(e) => {
                self.failure = Some(e);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
