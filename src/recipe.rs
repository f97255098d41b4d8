//! Recipes: where the bytes of a blob of several chunks lie, and how any range of it is verified.
//!
//! A recipe is a list of *runs* (consecutive chunks of one pack) plus the BLAKE3 chaining value of
//! every aligned *group* of the blob. The values merge to the `BlobId`, so that a range is proved by
//! its own groups without trusting the recipe, and several threads can read one file. Above
//! [`PAGE_GROUPS`] groups the runs and values are split over pages and the recipe keeps one value a page.
//!
//! The tree is BLAKE3's own (section 2.1 of the BLAKE3 paper): a group is a complete subtree, only
//! the last may be shorter.

mod values;

use blake3::hazmat::{self, HasherExt, Mode};
use minicbor::{Decoder, Encoder};

pub use self::values::{GroupValues, Merging};
use crate::id::{Address, BlobId, PackId};

/// Groups that one page covers.
pub const PAGE_GROUPS: usize = 4096;
const GROUP_ROW_BYTES: usize = 40;
const VALUE_BYTES: usize = 32;
/// Binary logarithms that a group's bytes may have.
const GROUP_LOG2: std::ops::RangeInclusive<u8> = 16..=22;
/// First byte of a page stored apart, an array of three; a recipe is an array of five.
const APART_HEAD: u8 = 0x83;
/// Longest encoded recipe or page that is accepted, in bytes.
pub const MAX_RECIPE_BYTES: usize = (16 << 20) - 1;

/// The chaining value of one group or page.
pub type Value = [u8; VALUE_BYTES];

/// Why bytes are not a recipe.
#[derive(Debug, thiserror::Error)]
#[error("not a valid recipe: {0}")]
pub struct RecipeError(String);

impl From<minicbor::decode::Error> for RecipeError {
    fn from(e: minicbor::decode::Error) -> Self {
        Self(e.to_string())
    }
}

fn bad(why: &str) -> RecipeError {
    RecipeError(why.to_owned())
}

impl RecipeError {
    /// An error of a recipe that contradicts the packs it names.
    pub(crate) fn new(why: &str) -> Self {
        bad(why)
    }
}

/// Consecutive bytes of one pack, or a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Chunks of a pack.
    Stored(StoredRun),
    /// A hole of that many zero bytes.
    Zero {
        /// Length in bytes.
        bytes: u64,
    },
}

impl Run {
    /// Bytes of the blob that the run covers.
    pub fn bytes(&self) -> u64 {
        match self {
            Run::Stored(run) => run.unit_bytes * u64::from(run.repeat),
            Run::Zero { bytes } => *bytes,
        }
    }
}

/// Consecutive chunks of one pack, the whole repeated `repeat` times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRun {
    /// Index into the page's list of packs.
    pub pack: u32,
    /// Index of the first chunk in the pack.
    pub first_chunk: u32,
    /// How many chunks follow each other.
    pub count: u32,
    /// How often the run is repeated, at least 1.
    pub repeat: u32,
    /// Bytes of one repetition.
    pub unit_bytes: u64,
    /// Offset in the pack of the block that holds the first byte.
    pub block_offset: u32,
    /// Position of the first byte in that block's raw bytes. A run that continues a chunk begun on
    /// the page before starts inside that chunk.
    pub position: u32,
}

/// What is known of one group: its value and where its first byte lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The group's chaining value.
    pub value: Value,
    /// Block of the first byte; 0 in a hole.
    pub block_offset: u32,
    /// Position in that block; 0 in a hole.
    pub position: u32,
}

/// Runs and groups of up to [`PAGE_GROUPS`] groups of a blob.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Packs that the runs name.
    pub packs: Vec<PackId>,
    /// Cover the page's bytes exactly, in order.
    pub runs: Vec<Run>,
    /// One row a group; empty in a blob of a single group.
    pub groups: Vec<GroupRow>,
}

/// The head of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The blob's length in bytes.
    pub size: u64,
    /// Binary logarithm of a group's bytes.
    pub group_log2: u8,
    /// The page itself, or the values of the pages stored apart.
    pub body: Body,
}

/// What follows a recipe's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A blob of at most [`PAGE_GROUPS`] groups.
    Inline(Page),
    /// The value of each page; page `n` is stored under [`page_address`].
    Paged(Vec<Value>),
}

/// The packs that an object of a layout pack names itself: a recipe, or a page of one. A recipe whose
/// pages lie apart names none.
///
/// # Errors
/// Whatever makes the object no valid recipe or page.
pub fn packs_named(layout: &[u8]) -> Result<Vec<PackId>, RecipeError> {
    if Page::is_apart(layout) {
        return Page::decode_apart(layout).map(|(_, page, _)| page.packs);
    }
    Recipe::decode(layout).map(|recipe| match recipe.body {
        Body::Inline(page) => page.packs,
        Body::Paged(_) => Vec::new(),
    })
}

/// The address of page `number` of a blob's recipe.
pub fn page_address(blob: BlobId, number: u64) -> Address {
    let mut hasher = blake3::Hasher::new_derive_key("esker recipe page v1");
    hasher.update(blob.as_bytes()).update(&number.to_le_bytes());
    Address::from_bytes(*hasher.finalize().as_bytes())
}

/// The chaining value of the group that starts at `offset` (a multiple of the group's bytes).
pub fn group_value(offset: u64, data: &[u8]) -> Value {
    blake3::Hasher::new().set_input_offset(offset).update(data).finalize_non_root()
}

/// Merges the values of consecutive equal subtrees (the last may be shorter) into their parent's.
/// `values` must not be empty.
pub fn merge_values(values: &[Value]) -> Value {
    match values {
        [one] => *one,
        _ => {
            let (left, right) = values.split_at(left_count(values.len()));
            hazmat::merge_subtrees_non_root(&merge_values(left), &merge_values(right), Mode::Hash)
        }
    }
}

/// The id of the blob whose groups (or pages) have these values; `None` below two values, where
/// BLAKE3's root is no merge.
pub fn root_of(values: &[Value]) -> Option<BlobId> {
    if values.len() < 2 {
        return None;
    }
    let (left, right) = values.split_at(left_count(values.len()));
    let root = hazmat::merge_subtrees_root(&merge_values(left), &merge_values(right), Mode::Hash);
    Some(BlobId::from_bytes(*root.as_bytes()))
}

/// The largest power of two below `n`: BLAKE3's left subtree.
fn left_count(n: usize) -> usize {
    n.div_ceil(2).next_power_of_two()
}

impl Recipe {
    /// Bytes of one group.
    pub fn group_bytes(&self) -> u64 {
        1 << self.group_log2
    }

    /// Bytes of one full page.
    pub fn page_bytes(&self) -> u64 {
        (PAGE_GROUPS as u64) << self.group_log2
    }

    /// The id that the values prove, or `None` for a blob of one group.
    pub fn proven_id(&self) -> Option<BlobId> {
        match &self.body {
            Body::Inline(page) => {
                let values: Vec<Value> = page.groups.iter().map(|g| g.value).collect();
                root_of(&values)
            }
            Body::Paged(values) => root_of(values),
        }
    }

    /// The recipe's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut e = Encoder::new(&mut out);
        let head = e.array(5).and_then(|e| e.u8(1)?.u64(self.size)?.u8(self.group_log2));
        match &self.body {
            Body::Inline(page) => head.and_then(|e| {
                e.u8(0)?;
                encode_page(e, page)
            }),
            Body::Paged(values) => head.and_then(|e| e.u8(1)?.bytes(&values.concat())).map(|_| ()),
        }
        .expect("writing to a Vec cannot fail");
        out
    }

    /// Reads a recipe and checks that it covers exactly its size.
    pub fn decode(data: &[u8]) -> Result<Self, RecipeError> {
        let mut d = Decoder::new(data);
        expect_array(&mut d, 5)?;
        if d.u8()? != 1 {
            return Err(bad("unknown schema"));
        }
        let (size, group_log2) = (d.u64()?, d.u8()?);
        if !GROUP_LOG2.contains(&group_log2) {
            return Err(bad("group size out of bounds"));
        }
        let groups = size.div_ceil(1 << group_log2);
        let body = match d.u8()? {
            0 => {
                let page = decode_page(&mut d)?;
                check_page(&page, size, group_log2)?;
                // One value alone is not the root: nothing would prove it.
                if groups < 2 && !page.groups.is_empty() {
                    return Err(bad("values of a blob of one group"));
                }
                if groups >= 2 && page.groups.is_empty() {
                    return Err(bad("no values"));
                }
                Body::Inline(page)
            }
            1 if groups > PAGE_GROUPS as u64 => {
                Body::Paged(decode_values(d.bytes()?, groups.div_ceil(PAGE_GROUPS as u64))?)
            }
            _ => return Err(bad("unknown body")),
        };
        expect_end(&d, data)?;
        Ok(Self { size, group_log2, body })
    }
}

impl Page {
    /// The bytes of page `number`, stored apart.
    pub fn encode(&self, number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut e = Encoder::new(&mut out);
        e.array(3)
            .and_then(|e| e.u8(1)?.u64(number))
            .and_then(|e| encode_page(e, self))
            .expect("writing to a Vec cannot fail");
        out
    }

    /// Reads page `number` of `recipe` and checks that it covers its part and has the page's value.
    pub fn decode(data: &[u8], recipe: &Recipe, number: u64) -> Result<Self, RecipeError> {
        let mut d = Decoder::new(data);
        expect_array(&mut d, 3)?;
        if d.u8()? != 1 || d.u64()? != number {
            return Err(bad("unknown schema or another page"));
        }
        let page = decode_page(&mut d)?;
        expect_end(&d, data)?;
        let start = number.checked_mul(recipe.page_bytes()).ok_or_else(|| bad("page number"))?;
        let bytes = recipe.size.saturating_sub(start).min(recipe.page_bytes());
        check_page(&page, bytes, recipe.group_log2)?;
        let values: Vec<Value> = page.groups.iter().map(|g| g.value).collect();
        let Body::Paged(expected) = &recipe.body else { return Err(bad("recipe has no pages")) };
        let index = usize::try_from(number).map_err(|_| bad("page number"))?;
        if values.is_empty() || expected.get(index) != Some(&merge_values(&values)) {
            return Err(bad("page does not have the value its recipe names"));
        }
        Ok(page)
    }

    /// Whether an object of a layout pack is a page rather than a recipe, by its first byte.
    pub fn is_apart(data: &[u8]) -> bool {
        data.first() == Some(&APART_HEAD)
    }

    /// Reads a page without its recipe: its number, the page, and the bytes of one of its groups.
    ///
    /// Nothing says whose it is. Runs and groups are checked to belong together.
    pub fn decode_apart(data: &[u8]) -> Result<(u64, Self, u64), RecipeError> {
        let mut d = Decoder::new(data);
        expect_array(&mut d, 3)?;
        if d.u8()? != 1 {
            return Err(bad("unknown schema"));
        }
        let number = d.u64()?;
        let page = decode_page(&mut d)?;
        expect_end(&d, data)?;
        let bytes = page.runs.iter().try_fold(0u64, |sum, run| {
            let len = match run {
                Run::Zero { bytes } => Some(*bytes),
                Run::Stored(r) => r.unit_bytes.checked_mul(u64::from(r.repeat)),
            };
            sum.checked_add(len?)
        });
        let bytes = bytes.ok_or_else(|| bad("a run's length is out of bounds"))?;
        // Of two groups or more only one size fits the rows; of one group the size does not matter.
        let fits = |log2: &u8| bytes.div_ceil(1 << log2) == page.groups.len() as u64;
        let group_log2 = GROUP_LOG2.clone().find(fits).ok_or_else(|| bad("rows do not fit"))?;
        check_page(&page, bytes, group_log2)?;
        Ok((number, page, 1 << group_log2))
    }

    /// The run that holds byte `offset` of the page, and the offset within that run.
    pub fn run_at(&self, mut offset: u64) -> Option<(usize, u64)> {
        for (index, run) in self.runs.iter().enumerate() {
            if offset < run.bytes() {
                return Some((index, offset));
            }
            offset -= run.bytes();
        }
        None
    }
}

type EncodeResult = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn encode_page(e: &mut Encoder<&mut Vec<u8>>, page: &Page) -> EncodeResult {
    e.array(3)?.array(page.packs.len() as u64)?;
    for pack in &page.packs {
        e.bytes(&pack.to_bytes())?;
    }
    e.array(page.runs.len() as u64)?;
    for run in &page.runs {
        match run {
            Run::Zero { bytes } => e.array(1)?.u64(*bytes)?,
            Run::Stored(r) => e
                .array(7)?
                .u32(r.pack)?
                .u32(r.first_chunk)?
                .u32(r.count)?
                .u32(r.repeat)?
                .u64(r.unit_bytes)?
                .u32(r.block_offset)?
                .u32(r.position)?,
        };
    }
    let mut rows = Vec::with_capacity(page.groups.len() * GROUP_ROW_BYTES);
    for group in &page.groups {
        rows.extend_from_slice(&group.value);
        rows.extend_from_slice(&group.block_offset.to_le_bytes());
        rows.extend_from_slice(&group.position.to_le_bytes());
    }
    e.bytes(&rows)?;
    Ok(())
}

fn decode_page(d: &mut Decoder<'_>) -> Result<Page, RecipeError> {
    expect_array(d, 3)?;
    let mut page = Page::default();
    for _ in 0..array_len(d)? {
        let bytes = d.bytes()?.try_into().map_err(|_| bad("pack id of another length"))?;
        page.packs.push(PackId::from_bytes(bytes));
    }
    for _ in 0..array_len(d)? {
        let run = match array_len(d)? {
            1 => Run::Zero { bytes: d.u64()? },
            7 => Run::Stored(StoredRun {
                pack: d.u32()?,
                first_chunk: d.u32()?,
                count: d.u32()?,
                repeat: d.u32()?,
                unit_bytes: d.u64()?,
                block_offset: d.u32()?,
                position: d.u32()?,
            }),
            _ => return Err(bad("unknown kind of run")),
        };
        page.runs.push(run);
    }
    let rows = d.bytes()?;
    if rows.len() % GROUP_ROW_BYTES != 0 {
        return Err(bad("group rows cut short"));
    }
    page.groups = rows.chunks_exact(GROUP_ROW_BYTES).map(decode_group).collect();
    Ok(page)
}

fn decode_group(row: &[u8]) -> GroupRow {
    let u32_at =
        |at: usize| u32::from_le_bytes(row[at..at + 4].try_into().expect("a slice of four bytes"));
    let value = row[..VALUE_BYTES].try_into().expect("a slice of 32 bytes");
    GroupRow { value, block_offset: u32_at(32), position: u32_at(36) }
}

fn decode_values(bytes: &[u8], count: u64) -> Result<Vec<Value>, RecipeError> {
    if !bytes.len().is_multiple_of(VALUE_BYTES) || (bytes.len() / VALUE_BYTES) as u64 != count {
        return Err(bad("another number of pages than the size needs"));
    }
    let value = |v: &[u8]| v.try_into().expect("a slice of 32 bytes");
    Ok(bytes.chunks_exact(VALUE_BYTES).map(value).collect())
}

/// Runs cover `bytes`, name packs that are listed, and groups are as many as `bytes` needs.
fn check_page(page: &Page, bytes: u64, group_log2: u8) -> Result<(), RecipeError> {
    let mut total = 0u64;
    for run in &page.runs {
        let length = match run {
            Run::Zero { bytes } => Some(*bytes),
            Run::Stored(r) if (r.pack as usize) < page.packs.len() => {
                r.unit_bytes.checked_mul(u64::from(r.repeat))
            }
            Run::Stored(_) => return Err(bad("a run names a pack that is not listed")),
        };
        total = length
            .filter(|&n| n > 0)
            .and_then(|n| total.checked_add(n))
            .ok_or_else(|| bad("a run's length is out of bounds"))?;
    }
    let groups = bytes.div_ceil(1 << group_log2);
    let rows = page.groups.len() as u64;
    if total != bytes {
        return Err(bad("the runs do not cover the blob"));
    }
    if rows != groups && !(groups == 1 && rows == 0) || rows > PAGE_GROUPS as u64 {
        return Err(bad("another number of groups than the size needs"));
    }
    Ok(())
}

fn expect_array(d: &mut Decoder<'_>, len: u64) -> Result<(), RecipeError> {
    (array_len(d)? == len).then_some(()).ok_or_else(|| bad("array of another length"))
}

fn array_len(d: &mut Decoder<'_>) -> Result<u64, RecipeError> {
    d.array()?.ok_or_else(|| bad("indefinite length"))
}

fn expect_end(d: &Decoder<'_>, data: &[u8]) -> Result<(), RecipeError> {
    (d.position() == data.len()).then_some(()).ok_or_else(|| bad("bytes after the end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    fn noise(len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        blake3::Hasher::new().update(b"recipe").finalize_xof().fill(&mut out);
        out
    }

    fn values(data: &[u8], group: usize) -> Vec<Value> {
        let value = |(i, g): (usize, &[u8])| group_value((i * group) as u64, g);
        data.chunks(group).enumerate().map(value).collect()
    }

    #[test]
    fn group_values_merge_to_the_blob_id() {
        let group = 1 << 16;
        for len in [group + 1, 2 * group, 3 * group, 5 * group + 1000, 17 * group + 77] {
            let data = noise(len);
            assert_eq!(root_of(&values(&data, group)), Some(BlobId::of(&data)), "{len}");
        }
        assert_eq!(root_of(&values(&noise(group), group)), None);
    }

    #[test]
    fn page_values_merge_to_the_blob_id() {
        let group = 1 << 10;
        let data = noise(group * PAGE_GROUPS * 2 + 5000);
        let all = values(&data, group);
        let pages: Vec<Value> = all.chunks(PAGE_GROUPS).map(merge_values).collect();
        assert_eq!(pages.len(), 3);
        assert_eq!(root_of(&pages), Some(BlobId::of(&data)));
    }

    fn sample() -> Recipe {
        let pack = PackId { session: SessionId { seq: 3, random: 9 }, random: 77 };
        let stored = StoredRun {
            pack: 0,
            first_chunk: 5,
            count: 2,
            repeat: 1,
            unit_bytes: 70_000,
            block_offset: 64,
            position: 10,
        };
        let group = GroupRow { value: [7; 32], block_offset: 64, position: 10 };
        let page = Page {
            packs: vec![pack],
            runs: vec![Run::Stored(stored), Run::Zero { bytes: 30_000 }],
            groups: vec![group, GroupRow { value: [8; 32], ..group }],
        };
        Recipe { size: 100_000, group_log2: 16, body: Body::Inline(page) }
    }

    #[test]
    fn recipe_round_trips() {
        let recipe = sample();
        assert_eq!(Recipe::decode(&recipe.encode()).expect("own encoding"), recipe);
    }

    #[test]
    fn damaged_recipes_are_errors_not_panics() {
        let good = sample().encode();
        for len in 0..good.len() {
            assert!(Recipe::decode(&good[..len]).is_err(), "cut at {len}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x81;
            let _ = Recipe::decode(&bad);
        }
    }
}
