//! The recipe of a blob that is stored in spans, each a blob of its own.
//!
//! Spans follow each other; their recipes say where the blob's bytes lie, and only the groups' values depend
//! on the place in the blob. So its recipe is theirs, one after the other, with the blob's values. No page
//! of a span may lie in two pages of the blob: a span is some pages long, or a page some spans.

use super::ingest::layout::{PageBuilder, Piece, page_value};
use crate::catalog::Location;
use crate::id::{Address, BlobId};
use crate::recipe::{Body, GroupRow, PAGE_GROUPS, Page, Recipe, Run, Value, page_address};

/// Length of the span that begins at byte `offset` of a blob of which `max_bytes` may lie in one place.
///
/// A whole number of pages, or a page divided by a power of two where `max_bytes` is less; eight groups at
/// least. It is shorter after spans of another length, and the last ends with the blob.
pub fn span_bytes(group_bytes: u64, max_bytes: u64, offset: u64) -> u64 {
    let page = PAGE_GROUPS as u64 * group_bytes;
    if max_bytes >= page && offset.is_multiple_of(page) {
        return max_bytes / page * page;
    }
    let len = 1 << max_bytes.clamp(8 * group_bytes, page).ilog2();
    len - offset % len
}

/// Puts a recipe together, and holds a page of it at a time: what it gives are objects with their addresses,
/// the pages that are stored apart, and the recipe at the end.
pub struct Joining {
    blob: BlobId,
    size: u64,
    group_bytes: u64,
    /// Of the blob's groups from the page's first on, up to the end of the span.
    values: Vec<Value>,
    page: PageBuilder<'static>,
    /// Bytes of the blob so far.
    offset: u64,
    /// The values of the pages so far.
    pages: Vec<Value>,
}

/// An object of a recipe.
pub type Object = (Address, Vec<u8>);

impl Joining {
    /// Begins a blob of some bytes.
    pub fn new(blob: BlobId, size: u64, group_bytes: u64) -> Self {
        let page = PageBuilder::new(group_bytes, &[]);
        let (values, pages) = (Vec::new(), Vec::new());
        Self { blob, size, group_bytes, values, page, offset: 0, pages }
    }

    /// Begins the next span, with the values of the blob's groups in it.
    pub fn begin_span(&mut self, values: &[Value]) {
        self.values.extend_from_slice(values);
    }

    /// Adds a span that is one chunk.
    pub fn push_chunk(&mut self, place: Location) -> Option<Object> {
        let len = place.place.raw_len.into();
        self.push_piece(Some(place), len);
        self.end_page()
    }

    /// Adds the next page of a span.
    pub fn push_page(&mut self, page: &Page) -> Option<Object> {
        let start = self.offset;
        for run in &page.runs {
            let (from, len) = (self.offset, run.bytes());
            match run {
                Run::Zero { .. } => self.push_piece(None, len),
                Run::Stored(stored) => {
                    let of_page = |at: u64| (at - start).div_ceil(self.group_bytes) as usize;
                    let rows: Vec<GroupRow> = (of_page(from)..of_page(from + len))
                        .filter_map(|group| self.row(page, start, group))
                        .collect();
                    self.page.keep(stored, page.packs[stored.pack as usize], &rows);
                    self.offset += len;
                }
            }
        }
        self.end_page()
    }

    fn push_piece(&mut self, place: Option<Location>, len: u64) {
        let start = self.offset - self.page_start();
        self.page.push_valued(Piece { place, skip: 0, start, len }, &self.values);
        self.offset += len;
    }

    /// The row of a group of a span's page that begins at `start`, with the blob's value.
    fn row(&self, page: &Page, start: u64, group: usize) -> Option<GroupRow> {
        let first = (start - self.page_start()) / self.group_bytes;
        let value = *self.values.get(first as usize + group)?;
        let place = match (page.groups.get(group), page.runs.first()) {
            (Some(row), _) => (row.block_offset, row.position),
            // A span of one group has no rows.
            (None, Some(Run::Stored(first))) => (first.block_offset, first.position),
            (None, _) => (0, 0),
        };
        Some(GroupRow { value, block_offset: place.0, position: place.1 })
    }

    fn page_bytes(&self) -> u64 {
        PAGE_GROUPS as u64 * self.group_bytes
    }

    /// Where the page begins that is being put together.
    fn page_start(&self) -> u64 {
        self.pages.len() as u64 * self.page_bytes()
    }

    /// The page that ends here, if one does; a blob's only one is in its recipe.
    fn end_page(&mut self) -> Option<Object> {
        let is_full = self.offset == self.page_start() + self.page_bytes();
        (is_full && self.size > self.page_bytes()).then(|| self.take_page())
    }

    fn take_page(&mut self) -> Object {
        let (page, number) = (self.page.take(), self.pages.len() as u64);
        self.pages.push(page_value(&page));
        self.values.drain(..self.values.len().min(PAGE_GROUPS));
        (page_address(self.blob, number), page.encode(number))
    }

    /// The last page, where it is stored apart, and the recipe.
    pub fn finish(mut self) -> Vec<Object> {
        let mut objects = Vec::new();
        let body = match self.size > self.page_bytes() {
            false => Body::Inline(self.page.take()),
            true => {
                if self.offset > self.page_start() {
                    objects.push(self.take_page());
                }
                Body::Paged(self.pages)
            }
        };
        let group_log2 = self.group_bytes.trailing_zeros() as u8;
        let recipe = Recipe { size: self.size, group_log2, body };
        objects.push((self.blob.into(), recipe.encode()));
        objects
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{PackId, SessionId};
    use crate::pack::layout::ChunkPlace;
    use crate::recipe::group_value;

    const GROUP: u64 = 1 << 16;
    const PAGE_BYTES: u64 = PAGE_GROUPS as u64 * GROUP;

    fn chunk(number: u32, raw_len: u32) -> Location {
        let pack =
            PackId { session: SessionId { seq: 1, random: 1 }, random: u64::from(number / 8) };
        let (block_offset, position) = (number % 8 * 100, number * 7);
        let place =
            ChunkPlace { chunk: number % 8 * 3, block_offset, stored_len: 90, position, raw_len };
        Location { pack, place }
    }

    /// Chunks of a blob of `size` bytes, cut at spans; every fifth is a hole.
    fn chunks(size: u64, span: u64) -> Vec<(Option<Location>, u64)> {
        let (mut chunks, mut offset, mut number) = (Vec::new(), 0, 0);
        while offset < size {
            let end = (offset / span + 1) * span;
            let len = (20_000 + u64::from(number) * 9_973 % 90_000).min(end.min(size) - offset);
            let place = (number % 5 != 4).then(|| chunk(number, len as u32));
            chunks.push((place, len));
            (offset, number) = (offset + len, number + 1);
        }
        chunks
    }

    fn pages_of(chunks: &[(Option<Location>, u64)], values: &[Value]) -> Vec<Page> {
        let (mut builder, mut start) = (PageBuilder::new(GROUP, values), 0);
        let mut pages = Vec::new();
        for &(place, len) in chunks {
            let mut skip = 0;
            while skip < len {
                let take = (len - skip).min(PAGE_BYTES - start % PAGE_BYTES);
                builder.push(Piece { place, skip: skip as u32, start, len: take });
                (skip, start) = (skip + take, start + take);
                if start.is_multiple_of(PAGE_BYTES) {
                    pages.push(builder.take());
                }
            }
        }
        let last = builder.take();
        pages.extend((!last.runs.is_empty()).then_some(last));
        pages
    }

    fn values(size: u64) -> Vec<Value> {
        (0..size.div_ceil(GROUP)).map(|n| group_value(n * GROUP, &[n as u8])).collect()
    }

    /// A recipe without the joints of its runs: lengths by pack and chunk, and the rows.
    fn content(page: &Page) -> (Vec<(Option<PackId>, u64)>, Vec<GroupRow>) {
        let run = |run: &Run| match run {
            Run::Zero { bytes } => (None, *bytes),
            Run::Stored(stored) => (Some(page.packs[stored.pack as usize]), run.bytes()),
        };
        let mut runs: Vec<(Option<PackId>, u64)> = Vec::new();
        for (pack, bytes) in page.runs.iter().map(run) {
            match runs.last_mut().filter(|last| last.0 == pack) {
                Some(last) => last.1 += bytes,
                None => runs.push((pack, bytes)),
            }
        }
        (runs, page.groups.clone())
    }

    fn joined(size: u64, span: u64) -> (Recipe, Vec<Page>) {
        let (all, values) = (chunks(size, span), values(size));
        let mut joining = Joining::new(BlobId::EMPTY, size, GROUP);
        let (mut offset, mut of_span, mut objects) = (0, Vec::new(), Vec::new());
        for chunk in &all {
            of_span.push(*chunk);
            offset += chunk.1;
            if !offset.is_multiple_of(span) && offset < size {
                continue;
            }
            let len: u64 = of_span.iter().map(|(_, len)| len).sum();
            let groups = |at: u64| at.div_ceil(GROUP) as usize;
            joining.begin_span(&values[groups(offset - len)..groups(offset)]);
            match of_span.as_slice() {
                [(Some(place), _)] => objects.extend(joining.push_chunk(*place)),
                _ => {
                    // Values of its own, none where it is one group.
                    let own =
                        if len <= GROUP { Vec::new() } else { vec![[9; 32]; 2 * PAGE_GROUPS] };
                    let pages = pages_of(&of_span, &own);
                    objects.extend(pages.iter().filter_map(|page| joining.push_page(page)));
                    assert!(joining.values.len() <= PAGE_GROUPS, "no more than a page is held");
                }
            }
            of_span.clear();
        }
        objects.extend(joining.finish());
        let (head, apart) = objects.split_last().expect("a recipe");
        let recipe = Recipe::decode(&head.1).expect("valid");
        let pages = match &recipe.body {
            Body::Inline(page) => vec![page.clone()],
            Body::Paged(_) => apart
                .iter()
                .zip(0..)
                .map(|((_, bytes), number)| Page::decode(bytes, &recipe, number).expect("valid"))
                .collect(),
        };
        (recipe, pages)
    }

    #[test]
    fn a_joined_recipe_says_what_one_of_the_whole_blob_would() {
        let span = 8 * GROUP;
        // With a last span of one chunk, of one group in some chunks, of some groups, and whole.
        for size in [3 * span + 10_000, 2 * span + 60_000, 3 * span + 200_000, 4 * span] {
            let (recipe, pages) = joined(size, span);
            let whole = pages_of(&chunks(size, span), &values(size)).remove(0);
            assert_eq!((recipe.size, pages.len()), (size, 1));
            assert_eq!(content(&pages[0]), content(&whole), "{size}");
        }
    }

    #[test]
    fn pages_are_full_whether_a_span_is_longer_or_shorter_than_one() {
        let page = PAGE_BYTES;
        let size = 2 * page + 300_000;
        for span in [page / 4, page, 2 * page] {
            let (recipe, pages) = joined(size, span);
            assert_eq!(recipe.proven_id(), crate::recipe::root_of(&values(size)), "{span}");
            let rows: Vec<usize> = pages.iter().map(|page| page.groups.len()).collect();
            assert_eq!(rows, [PAGE_GROUPS, PAGE_GROUPS, 5], "{span}");
        }
    }

    #[test]
    fn spans_are_pages_or_parts_of_a_page() {
        let page = PAGE_BYTES;
        assert_eq!(span_bytes(GROUP, 3 * page + 5, 7 * page), 3 * page);
        assert_eq!(span_bytes(GROUP, page, 0), page);
        assert_eq!(span_bytes(GROUP, page - 1, page / 2), page / 2);
        assert_eq!(span_bytes(GROUP, 3 << 20, 0), 2 << 20);
        assert_eq!(span_bytes(GROUP, 0, 0), 8 * GROUP);
        // After shorter spans, up to where one of this length may begin.
        assert_eq!(span_bytes(GROUP, 3 * page, page / 2), page / 2);
        assert_eq!(span_bytes(GROUP, 4 << 20, 7 << 20), 1 << 20);
    }
}
