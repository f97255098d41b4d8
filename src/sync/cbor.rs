//! What the codecs of this module share: canonical CBOR of arrays, integers, byte and text strings.
//!
//! A decoder takes what its encoder makes and nothing else: it encodes again and compares, so that one
//! value has one encoding. No count read from outside is used to allocate.

use minicbor::{Decoder, Encoder};

/// Why bytes are refused.
pub type Problem = String;

/// Encodes with `write`.
pub fn encode(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Written) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut Encoder::new(&mut out)).expect("writing to a Vec cannot fail");
    out
}

/// What a writer returns.
pub type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

/// Reads the head of an array of exactly `len` elements.
pub fn expect_array(d: &mut Decoder<'_>, len: u64) -> Result<(), Problem> {
    match array(d)? {
        found if found == len => Ok(()),
        found => Err(format!("an array of {found} where {len} belong")),
    }
}

/// Reads the head of an array and gives its length.
pub fn array(d: &mut Decoder<'_>) -> Result<u64, Problem> {
    d.array().map_err(text)?.ok_or_else(|| "an array without a length".to_owned())
}

/// Reads an integer.
pub fn u64(d: &mut Decoder<'_>) -> Result<u64, Problem> {
    d.u64().map_err(text)
}

/// Reads an integer of a narrower type.
pub fn int<T: TryFrom<u64>>(d: &mut Decoder<'_>) -> Result<T, Problem> {
    T::try_from(u64(d)?).map_err(|_| "a number out of range".to_owned())
}

/// Reads a byte string of exactly `N` bytes.
pub fn bytes<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], Problem> {
    let found = d.bytes().map_err(text)?;
    found.try_into().map_err(|_| format!("{} bytes where {N} belong", found.len()))
}

/// Reads a text string.
pub fn string<'b>(d: &mut Decoder<'b>) -> Result<&'b str, Problem> {
    d.str().map_err(text)
}

/// Reads each element of an array.
pub fn each(
    d: &mut Decoder<'_>,
    mut read: impl FnMut(&mut Decoder<'_>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    (0..array(d)?).try_for_each(|_| read(d))
}

/// Any error as a [`Problem`].
pub fn text(e: impl ToString) -> Problem {
    e.to_string()
}
