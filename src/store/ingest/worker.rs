//! One thread of an ingest: takes jobs until none is left, and helps with anybody's large files.
//!
//! What it does with a span of small files is in `small`, with a large file in `large`.

use super::batch::{self, Buffers};
use super::layout::FileLayout;
use super::schedule::Job;
use super::segment::{Answer, Piece};
use super::{Deposit, Finished, IngestError, ItemResult, Shared};
use crate::pack::codec::BlockCodec;
use crate::store::lane::Lane;

/// How often a file that changes while it is read is read again.
pub(super) const ATTEMPTS: usize = 3;

pub(super) struct Worker<'a, 's> {
    pub(super) shared: &'a Shared<'s>,
    /// None when files are only hashed.
    pub(super) lane: Option<Lane<'s>>,
    codec: BlockCodec,
    pub(super) deposit: Deposit,
    /// Buffers of batches, to be used again.
    pub(super) spare: Vec<Buffers>,
}

impl<'a, 's> Worker<'a, 's> {
    pub(super) fn new(shared: &'a Shared<'s>) -> Result<Self, IngestError> {
        let lane = shared.new_lane()?;
        let codec = shared.new_codec()?;
        Ok(Self { shared, lane, codec, deposit: Deposit::default(), spare: Vec::new() })
    }

    /// Works until nothing is left; an error stops the other workers too.
    pub(super) fn run(mut self) -> Result<(), IngestError> {
        let result = self.work();
        if result.is_err() {
            self.shared.schedule.stop();
        }
        result
    }

    fn work(&mut self) -> Result<(), IngestError> {
        let mut retired = false;
        loop {
            self.shared.check_cancel()?;
            match self.shared.schedule.next(retired) {
                Job::Small(span) => self.small_files(span)?,
                Job::Large(item) => {
                    let result = self.large_file(item);
                    self.shared.schedule.large_done();
                    result?;
                }
                Job::Piece(piece) => self.help(piece),
                Job::Checkpoint => self.checkpoint()?,
                Job::Retire => {
                    self.hand_over()?;
                    self.shared.schedule.retire(|| self.shared.close_round());
                    retired = true;
                }
                Job::Done => return Ok(()),
            }
        }
    }

    /// Works on a piece of somebody's large file.
    pub(super) fn help(&mut self, piece: Piece) {
        let (shared, params) = (self.shared, &self.shared.params);
        // The reader of the file may have failed and gone; then nobody needs the answer.
        let _ = match (piece, &shared.claims) {
            (Piece::Scan(segment), claims) => {
                let reply = segment.reply.clone();
                let chunker = claims.as_ref().map(|_| &shared.chunker);
                reply.send(Answer::Scanned(segment.scan(chunker, params.group_bytes)))
            }
            (Piece::Store(batch), Some(claims)) => {
                let reply = batch.reply.clone();
                let block_bytes = params.large_block_bytes(shared.level);
                let done = batch::run(batch, claims, &mut self.codec, block_bytes);
                reply.send(Answer::Stored(done))
            }
            (Piece::Store(_), None) => Ok(()),
        };
    }

    pub(super) fn checkpoint(&mut self) -> Result<(), IngestError> {
        self.hand_over()?;
        self.shared.schedule.arrive(|| self.shared.close_round());
        Ok(())
    }

    /// Seals the lane and gives away what is finished.
    fn hand_over(&mut self) -> Result<(), IngestError> {
        if let Some(lane) = &mut self.lane {
            let sealed = lane.seal(&mut self.shared.placer())?;
            self.shared.send_packs(sealed)?;
        }
        self.shared.deposit(std::mem::take(&mut self.deposit));
        Ok(())
    }

    /// Hands over the packs that are full.
    pub(super) fn send_filled_packs(&mut self) -> Result<(), IngestError> {
        match &mut self.lane {
            Some(lane) => self.shared.send_packs(lane.take_sealed()),
            None => Ok(()),
        }
    }

    pub(super) fn finish(&mut self, item: usize, result: ItemResult, layout: Option<FileLayout>) {
        self.shared.progress.advance(0, 1);
        self.deposit.finished.push(Finished { item, result, layout });
    }

    pub(super) fn skip(&mut self, item: usize, why: std::io::Error) {
        self.finish(item, ItemResult::Unreadable(why), None);
    }
}

impl Drop for Worker<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.schedule.stop();
        }
    }
}
