//! Packs: immutable files of compressed blocks of chunks, ended by a trailer that lists them.
//!
//! This module owns the pack format: [`layout`] turns its parts into bytes and back, [`codec`]
//! compresses and verifies one block, [`cipher`] is the door for encryption, [`writer`] appends
//! blocks to anything that is `Write`, [`reader`] reads them from anything that is [`ReadAt`].
//! It names no file, takes no lock and syncs nothing: who owns the file does that.
//!
//! Guarantees: whatever the bytes are, reading them never panics and never allocates more than the
//! input's own length plus one block (16 MiB); [`PackReader::check`] finds any changed byte. A
//! block that is read by its offset is *not* verified by itself: the caller compares the bytes
//! with the id it wanted.

pub mod cipher;
pub mod codec;
pub mod layout;
pub mod reader;
pub mod writer;

pub use cipher::{BlockCipher, BlockContext, NullCipher, PackKeys};
pub use codec::{BlockCodec, Decompressor};
pub use layout::{
    BlockHeader, BlockRow, ChunkPlace, ChunkRow, Codec, Compressed, Header, PackError, PackKind,
    StoredHash, Trailer,
};
pub use reader::{
    BlockBuf, BlockScanner, CheckReport, DamagedBlock, PackReader, ReadAt, RunReader,
};
pub use writer::{BlockPlace, FinishedPack, PackWriter};

#[cfg(test)]
mod tests;
