//! The door through which blocks are sealed and opened.
//!
//! Writer and reader hand every block to a [`BlockCipher`]; [`NullCipher`] belongs to key number 0
//! and passes bytes through. A real cipher is derived for one pack from the key its header numbers
//! and the header's salt. Its nonce is the block's *offset*: unique in a pack like the block's
//! index, but known to a reader that has only a table entry or a recipe.

use super::layout::{Codec, Header, PackError, PackKind};

/// What a sealed block is bound to: opening it under another context fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockContext {
    /// Kind of the pack.
    pub kind: PackKind,
    /// Codec in the block header.
    pub codec: Codec,
    /// Raw length in the block header.
    pub raw_len: u32,
    /// Offset of the block header in the pack.
    pub offset: u32,
}

/// Seals and opens the blocks of one pack.
pub trait BlockCipher: Send + Sync {
    /// Seals `plain`, and returns either `plain` itself or the bytes it put into `scratch`.
    ///
    /// # Errors
    /// Whatever stops the cipher; the block is not written then.
    fn seal<'a>(
        &self,
        context: BlockContext,
        plain: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], PackError>;

    /// Opens `sealed` in place and returns the part of it that holds the plain bytes.
    ///
    /// # Errors
    /// `Damaged` at the block's offset if the bytes were not sealed under this context.
    fn open<'a>(
        &self,
        context: BlockContext,
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], PackError>;
}

/// Finds the cipher for a pack.
pub trait PackKeys {
    /// The cipher for the pack with this header.
    ///
    /// # Errors
    /// `UnknownKey` if the key is not at hand.
    fn cipher(&self, header: &Header) -> Result<Box<dyn BlockCipher>, PackError>;
}

/// The cipher of packs that are not sealed, and the keys of somebody who has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullCipher;

impl BlockCipher for NullCipher {
    fn seal<'a>(
        &self,
        _context: BlockContext,
        plain: &'a [u8],
        _scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], PackError> {
        Ok(plain)
    }

    fn open<'a>(
        &self,
        _context: BlockContext,
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], PackError> {
        Ok(sealed)
    }
}

impl PackKeys for NullCipher {
    fn cipher(&self, header: &Header) -> Result<Box<dyn BlockCipher>, PackError> {
        match header.key_number {
            0 => Ok(Box::new(Self)),
            number => Err(PackError::UnknownKey { number }),
        }
    }
}
