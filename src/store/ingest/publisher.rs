//! Makes sealed packs durable beside the workers, writes recipes, and publishes round by round.

use std::collections::HashSet;

use crossbeam_channel::Receiver;

use super::layout::recipe_objects;
use super::{
    Finished, IngestError, IngestOptions, Ingested, ItemResult, Observer, Partial, Results,
};
use crate::catalog::Claims;
use crate::id::PackId;
use crate::pack::codec::BlockCodec;
use crate::pack::layout::PackKind;
use crate::store::lane::{Lane, SealedPack};
use crate::store::publish::check_live;
use crate::store::session::Session;
use crate::store::{Store, StoreError};

/// How often a round is published when packs it relies on are replaced meanwhile.
const ATTEMPTS: usize = 8;

pub(super) enum Message {
    /// A pack that is complete but not synced.
    Pack(SealedPack),
    /// Everything up to here belongs together; its packs were sent before.
    Round(Round),
}

/// What is finished since the round before.
pub(super) struct Round {
    pub(super) finished: Vec<Finished>,
    pub(super) partials: Vec<(usize, Partial)>,
}

pub(super) struct Publisher<'p> {
    store: &'p Store,
    session: &'p Session,
    claims: &'p Claims<'p>,
    observer: &'p mut dyn Observer,
    level: i32,
    verify: bool,
    packs: Vec<SealedPack>,
    sizes: &'p [u64],
    ingested: Ingested,
}

impl<'p> Publisher<'p> {
    pub(super) fn new(
        store: &'p Store,
        session: &'p Session,
        claims: &'p Claims<'p>,
        observer: &'p mut dyn Observer,
        options: &IngestOptions<'_>,
        sizes: &'p [u64],
    ) -> Self {
        let results = Results::new(sizes);
        Self {
            store,
            session,
            claims,
            observer,
            level: options.compression_level,
            verify: options.verify,
            packs: Vec::new(),
            sizes,
            ingested: Ingested { results, ..Ingested::default() },
        }
    }

    pub(super) fn run(mut self, messages: Receiver<Message>) -> Result<Ingested, IngestError> {
        for message in messages {
            match message {
                Message::Pack(mut pack) => {
                    pack.sync()?;
                    self.packs.push(pack);
                }
                Message::Round(round) => self.publish(round)?,
            }
        }
        Ok(self.ingested)
    }

    fn publish(&mut self, round: Round) -> Result<(), IngestError> {
        let mut data = std::mem::take(&mut self.packs);
        let mut attempt = 1;
        let packs = loop {
            match self.try_publish(&mut data, &round.finished) {
                Err(IngestError::Store(StoreError::Changed)) if attempt < ATTEMPTS => {
                    // Chunks that were moved are found in their new packs.
                    self.store.catalog().reload(self.store.db())?;
                    self.rely_anew(&round.finished)?;
                    attempt += 1;
                }
                done => break done?,
            }
        };
        if !packs.is_empty() {
            self.claims.forget_published(&packs);
            self.store.note_published(packs);
            self.store.tidy();
        }
        self.report(round);
        Ok(())
    }

    /// Looks up anew where the files of one chunk lie; recipes look up their chunks themselves.
    fn rely_anew(&self, finished: &[Finished]) -> Result<(), IngestError> {
        self.claims.forget_relied();
        for one in finished.iter().filter(|one| one.layout.is_none()) {
            if let ItemResult::Stored { id, size: 1.. } = &one.result {
                self.claims.place(&(*id).into())?.ok_or(StoreError::Changed)?;
            }
        }
        Ok(())
    }

    /// Publishes a round, unless a pack it relies on is gone; then the data packs are as they were.
    fn try_publish(
        &mut self,
        data: &mut Vec<SealedPack>,
        finished: &[Finished],
    ) -> Result<HashSet<PackId>, IngestError> {
        let recipes = self.write_recipes(finished)?;
        let sums = (data.iter().map(|p| p.raw_bytes).sum::<u64>(), data.len());
        data.extend(recipes);
        let relied = self.claims.relied_packs();
        self.session.hold(&relied)?;
        let packs = data.iter().map(|p| p.id).collect::<HashSet<_>>();
        if packs.is_empty() && relied.is_empty() {
            return Ok(packs);
        }
        let listed = self.store.list(data, |tx| check_live(tx, &relied));
        if listed.is_err() {
            data.truncate(sums.1);
        }
        listed?;
        self.ingested.new_bytes += sums.0;
        self.ingested.stored_bytes += data.iter().map(|p| p.bytes).sum::<u64>();
        Ok(packs)
    }

    fn write_recipes(&self, finished: &[Finished]) -> Result<Vec<SealedPack>, IngestError> {
        let params = self.store.params();
        let codec = BlockCodec::new(self.level, self.verify)?;
        let mut lane = Lane::new(self.session, PackKind::Layout, params.tree_block_bytes, codec);
        for one in finished {
            let (Some(layout), ItemResult::Stored { id, size }) = (&one.layout, &one.result) else {
                continue;
            };
            for (address, bytes) in recipe_objects(*id, *size, layout, self.claims, params)? {
                lane.add(address, &bytes, &mut |_, _| ())?;
            }
        }
        let mut packs = lane.seal(&mut |_, _| ())?;
        packs.iter_mut().try_for_each(SealedPack::sync)?;
        Ok(packs)
    }

    fn report(&mut self, round: Round) {
        let mut published = Vec::with_capacity(round.finished.len());
        for one in round.finished {
            if let ItemResult::Stored { id, size } = one.result {
                published.push((one.item, id, size));
            }
            self.ingested.results.set(one.item, one.result, self.sizes[one.item]);
        }
        self.observer.published(&published);
        for (item, partial) in &round.partials {
            self.observer.partial(*item, partial);
        }
    }
}
