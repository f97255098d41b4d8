//! What lies under the keys of a remote, compared with what its newest root names.
//!
//! No rule of the protocol rests on a listing: one that leaves a key out makes a collection keep it, and a
//! check look at it in another way.

use std::collections::{BTreeMap, HashSet};

use super::SyncError;
use super::root::{Area, Root};
use super::state::State;
use crate::id::PackId;
use crate::remote::{Item, Transport};

/// All keys that sessions wrote, as far as the store lists them.
pub struct Listing {
    items: BTreeMap<String, (Area, PackId, Item)>,
    /// What is half written, by writers that may be gone.
    pub unfinished: Vec<Item>,
}

/// A key that no root names.
pub struct Unnamed<'l> {
    /// The session that wrote it, and its name.
    pub id: PackId,
    /// The key with its length.
    pub item: &'l Item,
}

impl Listing {
    /// Lists packs, tables and segments, and what is half written.
    pub fn read(transport: &dyn Transport) -> Result<Self, SyncError> {
        let mut found = BTreeMap::new();
        for area in Area::ALL {
            let prefix = format!("{}/", area.name());
            let mut after = None;
            loop {
                let items = transport.list(&prefix, after.as_deref())?;
                let Some(last) = items.last() else { break };
                after = Some(last.key.clone());
                for item in items {
                    if let Some((area, id)) = Area::parse(&item.key) {
                        found.insert(item.key.clone(), (area, id, item));
                    }
                }
            }
        }
        Ok(Self { items: found, unfinished: transport.unfinished()? })
    }

    /// The length of what lies under a key.
    pub fn bytes(&self, key: &str) -> Option<u64> {
        self.items.get(key).map(|(_, _, item)| item.bytes)
    }

    /// Keys that `root` neither names nor condemns.
    pub fn unnamed<'l>(
        &'l self,
        root: &Root,
        state: &'l State,
    ) -> impl Iterator<Item = Unnamed<'l>> {
        let segments: HashSet<PackId> = root.segments.iter().map(|segment| segment.id).collect();
        self.items.iter().filter_map(move |(key, (area, id, item))| {
            let is_named = match area {
                Area::Pack => state.packs.contains_key(id) || state.staged.contains_key(id),
                Area::Table => state.tables.contains_key(id),
                Area::List => segments.contains(id),
            };
            let is_listed = is_named || state.condemned.contains_key(key);
            (!is_listed).then_some(Unnamed { id: *id, item })
        })
    }
}
