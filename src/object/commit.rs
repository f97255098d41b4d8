//! Commits: a state of the dataset, where it came from, who recorded it and why.

use std::collections::BTreeMap;

use crate::id::{CommitId, TreeId};
use crate::object::codec::{DecodeError, EncodeError, Reader, Writer};

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    /// A name, as given; any text.
    pub name: String,
    /// A mail address, as given; any text.
    pub email: String,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// The local clock's distance from UTC in minutes, east positive; any number.
    pub offset_minutes: i64,
}

/// A commit: its id is the hash of its encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The dataset.
    pub tree: TreeId,
    /// File attributes (times, owners) kept on request, beside the dataset.
    pub attributes: Option<TreeId>,
    /// The commits this one continues, first the one it was made on.
    pub parents: Vec<CommitId>,
    /// Who made the change.
    pub author: Person,
    /// Who recorded it.
    pub committer: Person,
    /// Why, in words.
    pub message: String,
    /// Further facts; no key is empty.
    pub metadata: BTreeMap<String, String>,
    /// A signature over [`Commit::signing_payload`].
    pub signature: Option<Vec<u8>>,
}

impl Commit {
    /// The canonical encoding.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        self.encode_signed(self.signature.as_deref())
    }

    /// What a signature signs: the encoding without the signature.
    pub fn signing_payload(&self) -> Result<Vec<u8>, EncodeError> {
        self.encode_signed(None)
    }

    fn encode_signed(&self, signature: Option<&[u8]>) -> Result<Vec<u8>, EncodeError> {
        if self.metadata.contains_key("") {
            return Err(EncodeError::EmptyKey);
        }
        let mut w = Writer::object(9, 256 + self.message.len());
        w.bytes(self.tree.as_bytes());
        encode_optional(&mut w, self.attributes.as_ref().map(|id| &id.as_bytes()[..]));
        w.list(self.parents.len());
        self.parents.iter().for_each(|parent| w.bytes(parent.as_bytes()));
        self.author.encode(&mut w);
        self.committer.encode(&mut w);
        w.text(&self.message);
        w.list(self.metadata.len());
        for (key, value) in &self.metadata {
            w.list(2);
            w.text(key);
            w.text(value);
        }
        encode_optional(&mut w, signature);
        w.finish_bounded()
    }

    /// Reads a commit; accepts exactly what [`Commit::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes)?;
        r.object(9)?;
        let commit = Self {
            tree: TreeId::from_bytes(r.id()?),
            attributes: if r.optional()? { Some(TreeId::from_bytes(r.id()?)) } else { None },
            parents: decode_parents(&mut r)?,
            author: Person::decode(&mut r)?,
            committer: Person::decode(&mut r)?,
            message: r.text()?.to_owned(),
            metadata: decode_metadata(&mut r)?,
            signature: decode_signature(&mut r)?,
        };
        r.finish()?;
        Ok(commit)
    }
}

impl Person {
    pub(crate) fn encode(&self, w: &mut Writer) {
        w.list(4);
        w.text(&self.name);
        w.text(&self.email);
        w.signed(self.seconds);
        w.signed(self.offset_minutes);
    }

    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array(4)?;
        Ok(Self {
            name: r.text()?.to_owned(),
            email: r.text()?.to_owned(),
            seconds: r.signed()?,
            offset_minutes: r.signed()?,
        })
    }
}

pub(crate) fn encode_optional(w: &mut Writer, bytes: Option<&[u8]>) {
    w.list(usize::from(bytes.is_some()));
    if let Some(bytes) = bytes {
        w.bytes(bytes);
    }
}

pub(crate) fn decode_signature(r: &mut Reader<'_>) -> Result<Option<Vec<u8>>, DecodeError> {
    if r.optional()? { Ok(Some(r.bytes()?.to_vec())) } else { Ok(None) }
}

fn decode_parents(r: &mut Reader<'_>) -> Result<Vec<CommitId>, DecodeError> {
    // An id takes 34 bytes with its head.
    let count = r.list(34)?;
    let mut parents = Vec::with_capacity(count);
    for _ in 0..count {
        parents.push(CommitId::from_bytes(r.id()?));
    }
    Ok(parents)
}

fn decode_metadata(r: &mut Reader<'_>) -> Result<BTreeMap<String, String>, DecodeError> {
    // A pair takes 4 bytes at least: two heads, a key of one byte, an empty value.
    let count = r.list(4)?;
    let mut metadata = BTreeMap::new();
    let mut last = "";
    for _ in 0..count {
        r.array(2)?;
        let key = r.text()?;
        if key.as_bytes() <= last.as_bytes() {
            return Err(r.not_canonical("metadata keys must ascend and not be empty"));
        }
        last = key;
        metadata.insert(key.to_owned(), r.text()?.to_owned());
    }
    Ok(metadata)
}
