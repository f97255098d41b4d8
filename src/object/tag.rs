//! Annotated tags: a name given to a commit, by whom and why.

use crate::id::CommitId;
use crate::object::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::object::commit::{Person, decode_signature, encode_optional};

/// An annotated tag: its id is the hash of its encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The commit it names.
    pub target: CommitId,
    /// The name it was made under, without `refs/tags/`; any text.
    pub name: String,
    /// Who made it.
    pub tagger: Person,
    /// Why, in words.
    pub message: String,
    /// A signature over [`Tag::signing_payload`].
    pub signature: Option<Vec<u8>>,
}

impl Tag {
    /// The canonical encoding.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        self.encode_signed(self.signature.as_deref())
    }

    /// What a signature signs: the encoding without the signature.
    pub fn signing_payload(&self) -> Result<Vec<u8>, EncodeError> {
        self.encode_signed(None)
    }

    fn encode_signed(&self, signature: Option<&[u8]>) -> Result<Vec<u8>, EncodeError> {
        let mut w = Writer::object(6, 192 + self.message.len());
        w.bytes(self.target.as_bytes());
        w.text(&self.name);
        self.tagger.encode(&mut w);
        w.text(&self.message);
        encode_optional(&mut w, signature);
        w.finish_bounded()
    }

    /// Reads a tag; accepts exactly what [`Tag::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes)?;
        r.object(6)?;
        let tag = Self {
            target: CommitId::from_bytes(r.id()?),
            name: r.text()?.to_owned(),
            tagger: Person::decode(&mut r)?,
            message: r.text()?.to_owned(),
            signature: decode_signature(&mut r)?,
        };
        r.finish()?;
        Ok(tag)
    }
}
