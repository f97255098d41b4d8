#!/usr/bin/env python3
"""Prints the BLAKE3 of every file of a revision; written from docs/format.md alone.

usage: reader.py REPOSITORY [REVISION]

REVISION is a commit id, a full ref name, a branch or a tag; by default what HEAD is on. One line a file, in the
order of paths, as b3sum prints it. Every block, chunk, object and file is hashed and compared. Needs blake3 and
zstandard from PyPI, and no SQLite: section 18 of the page is what this does, comments name further sections.
"""
import os
import re
import sys
from urllib.parse import unquote
import zstandard
from blake3 import blake3

HISTORY, LAYOUT, DATA = 1, 2, 3

def check(is_right, what):
    if not is_right:
        raise ValueError(what)

def le(data, at, width):
    return int.from_bytes(data[at:at + width], "little")

# Section 3: the CBOR that objects and recipes are made of.
def decode(data, is_canonical=True):
    value, end = decode_item(data, 0, is_canonical, 0)
    check(end == len(data), "bytes after the end of an object")
    return value

def decode_item(data, at, is_canonical, depth):
    check(at < len(data) and depth < 8, "an object is cut off")
    major, n = data[at] >> 5, data[at] & 31
    at += 1
    if n >= 24:
        check(n <= 27 and at + (1 << n - 24) <= len(data), "an object is cut off")
        size = n - 24
        n = int.from_bytes(data[at:at + (1 << size)], "big")
        check(n >= (24, 1 << 8, 1 << 16, 1 << 32)[size] or not is_canonical, "a number not in its shortest form")
        at += 1 << size
    if major <= 1:
        return (n if major == 0 else -1 - n), at
    check(major <= 4 and at + n <= len(data), "an object is cut off")
    if major <= 3:
        part = bytes(data[at:at + n])
        return (part if major == 2 else part.decode()), at + n
    items = [None] * n
    for i in range(n):
        items[i], at = decode_item(data, at, is_canonical, depth + 1)
    return items, at

def expect(value, *kinds):
    """Checks an array against the types of its items: 32 stands for an id, int for a number from 0 on."""
    check(type(value) is list and len(value) == len(kinds), "an array of another length")
    for item, kind in zip(value, kinds):
        check(type(item) is (bytes if kind == 32 else kind), "an item of another type")
        check(kind != 32 or len(item) == 32, "an id of another length")
        check(kind is not int or 0 <= item < 1 << 64, "a number out of range")
    return value

# Section 4: names.
IGNORABLE = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
FOLDED = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ\u0131\u017f\u212a", "abcdefghijklmnopqrstuvwxyzisk")
RESERVED = re.compile(r"\.(esker|git)|(?=.{1,8}$)((esker|git)|(es|gi)[0-9a-f]{4})~[0-9]+")

def check_name(name):
    folded = IGNORABLE.sub("", name).rstrip(". ").translate(FOLDED)
    is_right = 1 <= len(name.encode()) <= 255 and not re.search("[/\0]", name) and name not in (".", "..")
    check(is_right and not RESERVED.fullmatch(folded), "a name that is not allowed")

# Section 9: packs.
class Pack:
    def __init__(self, path):
        self.file, self.cached = open(path, "rb"), (None, None)
        length = os.fstat(self.file.fileno()).st_size
        check(136 <= length < 1 << 32, "not a pack")
        header, tail = self.read(0, 64), self.read(length - 64, 64)
        check(header[:8] == b"ESKRPACK" and tail[56:] == b"ESKRTAIL", "not a pack")
        check(le(header, 8, 2) == 1, f"the pack has version {le(header, 8, 2)}, this reader knows 1")
        self.kind, self.id = header[10], header[24:48]
        check(self.kind in (HISTORY, LAYOUT, DATA) and header[11] == 0, "not a pack's header")
        check(header[12:16] == bytes(4) and header[48:] == bytes(16), "the pack is sealed with a key")
        name = f"{self.id[:16].hex()}-{self.id[16:].hex()}"
        check(os.path.basename(path) == name, "the pack has another pack's name")
        start, size, zeros = le(tail, 0, 8), le(tail, 8, 4), tail[12:16] + tail[48:56]
        check(start >= 64 and start + size + 64 == length and zeros == bytes(12), "not a pack's tail")
        trailer = self.read(start, size)
        check(blake3(header + trailer).digest() == tail[16:48], "header or trailer damaged")
        self.load(trailer, start)

    def read(self, offset, length):
        data = os.pread(self.file.fileno(), length, offset)
        check(len(data) == length, "the pack is cut off")
        return data

    def load(self, trailer, end):
        """Takes blocks and chunks from the trailer: the blocks lie between 64 and `end`."""
        blocks, chunks = le(trailer, 0, 4), le(trailer, 4, 4)
        check(len(trailer) == 8 + 32 * blocks + 35 * chunks and chunks <= 1 << 24, "wrong counts")
        self.blocks = {}  # offset → (stored length, raw length, codec, hash, index of the first chunk, chunks)
        self.chunks = []  # (address, length, block offset, position)
        next_offset, row = 64, 8 + 32 * blocks
        for at in range(8, row, 32):
            offset, stored, raw = le(trailer, at, 4), le(trailer, at + 4, 4), le(trailer, at + 8, 3)
            codec, count = trailer[at + 11], le(trailer, at + 12, 4)
            check(offset == next_offset and stored < 1 << 24 and count, "a wrong row of a block")
            check(codec == 1 or codec == 0 and stored == raw, "a wrong row of a block")
            self.blocks[offset] = (stored, raw, codec, trailer[at + 16:at + 32], len(self.chunks), count)
            next_offset, position = offset + 8 + stored, 0
            for row in range(row, row + 35 * count, 35):
                length = le(trailer, row + 32, 3)
                check(length, "an empty chunk, or fewer chunks than the blocks have")
                self.chunks.append((trailer[row:row + 32], length, offset, position))
                position += length
            row += 35
            check(position == raw, "the chunks do not fill their block")
        check(next_offset == end and row == len(trailer), "the blocks do not fill the pack")

    def block(self, offset):
        """The raw bytes of a block, verified; those of data chunk by chunk."""
        if self.cached[0] != offset:
            check(offset in self.blocks, "no block begins there")
            stored_length, raw_length, codec, stored_hash, first, count = self.blocks[offset]
            header, data = self.read(offset, 8), self.read(offset + 8, stored_length)
            is_same = (le(header, 0, 4), le(header, 4, 3), header[7]) == (stored_length, raw_length, codec)
            check(is_same and blake3(data).digest()[:16] == stored_hash, "a block is damaged")
            if codec == 1:
                check(zstandard.frame_content_size(data) in (-1, raw_length), "a block of another length")
                data = zstandard.ZstdDecompressor().decompress(data, max_output_size=raw_length)
            check(len(data) == raw_length, "a block of another length")
            for address, length, _, at in self.chunks[first:first + count] if self.kind == DATA else ():
                check(blake3(data[at:at + length]).digest() == address, "a chunk has another hash")
            self.cached = (offset, data)
        return self.cached[1]

    def run(self, offset, position, length):
        """Raw bytes from `position` in the block at `offset` on, as (block offset, position, bytes)."""
        while length:
            part = self.block(offset)[position:position + length]
            check(part, "a run begins behind its block")
            yield offset, position, part
            offset, position, length = offset + 8 + self.blocks[offset][0], 0, length - len(part)

# Sections 10, 11 and 13: the store.
class Store:
    def __init__(self, folder):
        self.packs, self.places = {}, {}
        for name in sorted(os.listdir(folder)):  # the youngest pack last
            pack = Pack(os.path.join(folder, name))
            self.packs[pack.id] = pack
            for address, length, offset, position in pack.chunks:
                self.places.setdefault((pack.kind, address), []).append((pack, offset, position, length))

    def find(self, kind, address):
        """The bytes of every chunk at an address, the youngest first."""
        for pack, offset, position, length in reversed(self.places.get((kind, address), [])):
            yield pack.block(offset)[position:position + length]

    def read_object(self, kind, id, *shape):
        data = next(self.find(HISTORY, id), None)
        check(data is not None, f"{kind} {id.hex()} is missing")
        check(blake3(data, derive_key_context=f"esker {kind} v1").digest() == id, f"{kind} {id.hex()} is damaged")
        value = decode(data)
        check(value[0] == 1, f"{kind} {id.hex()} has schema {value[0]}, this reader knows 1")
        return expect(value, *shape)

    def blob(self, id, size):
        """The bytes of a blob, piece by piece."""
        chunk = next(self.find(DATA, id), None) if size else b""
        if chunk is not None:
            yield chunk
            return
        at = 0
        for (packs, runs, rows), first, length, group in self.pages(id, size):
            for pack, offset, position, part in self.pieces(packs, runs):
                for start in range(at + -at % group, at + len(part), group) if rows else ():
                    row = (start - first) // group * 40 + 32
                    place = (offset, position + start - at) if pack else (0, 0)
                    check((le(rows, row, 4), le(rows, row + 4, 4)) == place, "a group's row names another place")
                at += len(part)
                yield part
            check(at == first + length, "the runs do not fill their page")

    def pages(self, id, size):
        """The pages of a blob's youngest usable recipe: (page, offset in the blob, bytes, bytes of a group)."""
        for recipe in self.find(LAYOUT, id):
            schema, own_size, g, is_paged, body = decode(recipe, is_canonical=False)
            check(schema == 1 and own_size == size and 16 <= g <= 22, "a recipe of another schema or blob")
            groups, group, span = -(-size >> g), 1 << g, 4096 << g if is_paged else size
            check(is_paged == 0 or groups > 4096 and len(body) == 32 * -(-groups // 4096), "wrong page values")
            pages = [self.page(id, n) for n in range(len(body) // 32)] if is_paged else [body]
            if None not in pages and self.has_packs(pages):
                for number, page in enumerate(pages):
                    length = min(span, size - number * span)
                    rows = -(-length // group) if groups > 1 else 0
                    check(len(expect(page, list, list, bytes)[2]) == 40 * rows, "wrong number of group rows")
                    yield page, number * span, length, group
                return
        raise ValueError(f"blob {id.hex()} is missing")

    def page(self, id, number):
        key = blake3(id + number.to_bytes(8, "little"), derive_key_context="esker recipe page v1").digest()
        values = (expect(decode(data, is_canonical=False), int, int, list) for data in self.find(LAYOUT, key))
        wanted = (page for schema, own, page in values if (schema, own) == (1, number) and self.has_packs([page]))
        return next(wanted, None)

    def has_packs(self, pages):
        return all(pack in self.packs for page in pages for pack in page[0])

    def pieces(self, packs, runs):
        """The bytes of runs: (pack or None, block offset, position, bytes)."""
        for run in runs:
            if len(run) == 1:
                for at in range(0, run[0], 1 << 16):
                    yield None, 0, 0, bytes(min(run[0] - at, 1 << 16))
                continue
            number, first, count, repeat, unit, offset, position = expect(run, *[int] * 7)
            check(number < len(packs) and unit and repeat, "a run that is out of bounds")
            pack = self.packs[packs[number]]
            chunks = pack.chunks[first:first + count]
            check(pack.kind == DATA and count and len(chunks) == count, "a run of chunks that are not there")
            skipped, length = position - chunks[0][3], sum(chunk[1] for chunk in chunks)
            check(offset == chunks[0][2] and 0 <= skipped < chunks[0][1], "a run begins elsewhere than its chunk")
            check(length - chunks[-1][1] < skipped + unit <= length, "a run is not as long as its chunks")
            for _ in range(repeat):
                yield from ((pack, *piece) for piece in pack.run(offset, position, unit))

# Sections 5 and 6: trees.
def walk(store, id, parent, path="", level=None, last=None, before=b""):
    """Files below a tree node, as (path, blob id, size); checks it against what its parent says of it."""
    _, own_level, items = store.read_object("tree", id, int, int, list)
    check(own_level <= 64 and len(items) <= 4096 and level in (None, own_level), "a tree node of another level")
    sums = [0, 0, 0]  # entries, files, bytes
    for item in items:
        check(type(item) is list and len(item) >= 3, "no entry of a tree")
        kind, name = (4, item[0]) if own_level else item[:2]
        check(type(name) is str and before < name.encode(), "names that do not ascend")
        check_name(name)
        if kind in (0, 1):
            _, _, blob, size = expect(item, int, str, 32, int)
            counts = [1, 1, size]
            yield path + name, blob, size
        elif kind == 2:
            counts, target = [1, 1, 0], expect(item, int, str, str)[2]
            check(1 <= len(target.encode()) <= 4095 and "\0" not in target, "a target that is not allowed")
        elif kind == 3:
            _, _, child, *below = expect(item, int, str, 32, int, int)
            yield from walk(store, child, [None, *below], path + name + "/")
            counts = [1, *below]
        else:
            check(own_level, "an entry of an unknown kind")
            _, child, *counts = expect(item, str, 32, int, int, int)
            yield from walk(store, child, counts, path, own_level - 1, name, before)
        sums, before = [a + b for a, b in zip(sums, counts)], name.encode()
    check(items or not own_level and last is None, "a tree node without items")
    check(last is None or before == last.encode(), "a tree node ends with another name")
    check(parent is None or parent in (sums, [None, *sums[1:]]), "a tree node's sums differ")

# Sections 7, 8 and 14: commits, tags and refs.log.
def read_refs(path):
    refs = {}
    with open(path, "rb") as file:
        for line in file.read().split(b"\n"):
            body, space, given = line.rpartition(b" ")
            if blake3(body + space).hexdigest()[:16].encode() == given and body.startswith(b"v1 "):
                _, _, _, name, _, refs[unquote(name)], _, _ = body.decode().split(" ")
    return {name: value for name, value in refs.items() if value != "-"}

def resolve(store, refs, revision):
    if re.fullmatch("[0-9a-f]{64}", revision):
        return bytes.fromhex(revision)
    names = (start + revision for start in ("", "refs/heads/", "refs/tags/"))
    value = next((refs[name] for name in names if name in refs), None)
    check(value is not None, f"no revision {revision}")
    if value.startswith("ref:"):
        return resolve(store, refs, unquote(value[4:]))
    if value.startswith("tag:"):
        return store.read_object("tag", bytes.fromhex(value[4:]), int, 32, str, list, str, list)[1]
    return bytes.fromhex(value)

def main(repository, revision="HEAD"):
    store = Store(os.path.join(repository, ".esker/packs"))
    commit = resolve(store, read_refs(os.path.join(repository, ".esker/refs.log")), revision)
    tree = store.read_object("commit", commit, int, 32, list, list, list, list, str, list, list)[1]
    for path, id, size in walk(store, tree, None):
        hasher, length = blake3(), 0
        for part in store.blob(id, size):
            hasher.update(part)
            length += len(part)
        check(hasher.digest() == id and length == size, f"{path} has other bytes than its id says")
        sys.stdout.buffer.write(f"{id.hex()}  {path}\n".encode())

if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (ValueError, OSError, zstandard.ZstdError) as error:
        sys.exit(f"error: {error}")
