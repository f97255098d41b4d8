//! Makes sealed packs durable beside the workers, writes recipes, and publishes round by round.

use crossbeam_channel::Receiver;

use super::layout::recipe_objects;
use super::{
    Finished, IngestError, IngestOptions, Ingested, ItemResult, Observer, Partial, Results,
};
use crate::catalog::Claims;
use crate::pack::codec::BlockCodec;
use crate::pack::layout::PackKind;
use crate::store::lane::{Lane, SealedPack};
use crate::store::session::Session;
use crate::store::{Store, StoreError};

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
                Message::Pack(pack) => {
                    pack.file.sync_all().map_err(|e| StoreError::write(&pack.path, e))?;
                    self.packs.push(pack);
                }
                Message::Round(round) => self.publish(round)?,
            }
        }
        Ok(self.ingested)
    }

    fn publish(&mut self, round: Round) -> Result<(), IngestError> {
        let mut packs = std::mem::take(&mut self.packs);
        packs.extend(self.write_recipes(&round.finished)?);
        if !packs.is_empty() {
            self.ingested.new_bytes +=
                packs.iter().filter(|p| p.kind == PackKind::Data).map(|p| p.raw_bytes).sum::<u64>();
            self.ingested.stored_bytes += packs.iter().map(|p| p.bytes).sum::<u64>();
            let ids = packs.iter().map(|p| p.id).collect();
            let relied = self.claims.relied_packs();
            self.store.publish(packs, &relied, |_| Ok::<_, StoreError>(()))?;
            self.claims.forget_published(&ids);
        }
        self.report(round);
        Ok(())
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
        let packs = lane.seal(&mut |_, _| ())?;
        for pack in &packs {
            pack.file.sync_all().map_err(|e| StoreError::write(&pack.path, e))?;
        }
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
