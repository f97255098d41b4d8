//! Bytes under keys: what a remote must be able to do, and the stores that can.
//!
//! A remote is a plain key space: a bucket, or a folder. [`Transport`] is all that the protocol in
//! `sync` asks of one; nothing here knows what the bytes mean. [`folder`] and [`s3`] reach real
//! stores, [`memory`] is for tests and makes requests fail on demand. One suite, `conformance`,
//! holds for all of them.
//!
//! This is the only module with an async runtime, and only [`s3`] starts one: a verb that stays on
//! the machine never does.

pub mod counting;
pub mod credentials;
pub mod folder;
pub mod memory;
pub mod pace;
pub mod probe;
mod profile;
pub mod s3;
pub mod transport;
pub mod url;

#[cfg(test)]
mod conformance;
#[cfg(test)]
#[path = "../../tests/support/s3/mod.rs"]
#[allow(dead_code)]
mod test_server;

pub use transport::{
    Capabilities, Created, Fault, Item, Transport, TransportError, get, get_optional,
};
pub use url::{Location, LocationError};

use std::sync::Arc;

/// What is needed to reach a remote beside its location.
#[derive(Clone, Default)]
pub struct Access {
    /// Settings of S3: endpoint, region, credentials.
    pub s3: s3::S3Options,
    /// How many bytes may move in a second.
    pub pace: Option<Arc<pace::Pace>>,
}

/// The transport to a location. Nothing is asked of the store yet.
pub fn open(location: &Location, access: &Access) -> Result<Arc<dyn Transport>, TransportError> {
    Ok(match location {
        Location::Folder(path) => {
            Arc::new(folder::Folder::new(path.clone()).at_pace(access.pace.clone()))
        }
        Location::S3 { bucket, prefix } => {
            Arc::new(s3::S3::new(bucket, prefix, &access.s3, access.pace.clone())?)
        }
    })
}
