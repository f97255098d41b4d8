//! What transfers cost, in requests and bytes: counted, at sizes that are quick.

use super::*;

const MIB: usize = 1 << 20;

#[test]
fn pushes_and_fetches_cost_what_changed() {
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    site.write("table.csv", &table_text(400_000));
    let first = site.commit("first");
    let counted = || Counting::new(memory.clone());
    let push = counted();
    site.push(&push, "main", first).expect("push");
    let whole = push.traffic().bytes_out;
    assert!(push.traffic().requests() <= 18, "{:?}", push.traffic());
    // A row in the middle.
    let mut text = table_text(400_000);
    let middle = text.len() / 2;
    text.splice(middle..middle, b"a new row\n".iter().copied());
    site.write("table.csv", &text);
    let second = site.commit("second");
    let push = counted();
    site.push(&push, "main", second).expect("push");
    let edit = push.traffic();
    assert!(edit.bytes_out < whole / 4, "{} of {whole}", edit.bytes_out);
    // The file under another name, in an unrelated commit.
    let other = Site::sibling(&site);
    other.write("moved.csv", &text);
    let moved = other.commit("moved");
    let push = counted();
    other.push(&push, "moved", moved).expect("push");
    let moved = push.traffic();
    assert!(moved.bytes_out < 12_000, "{moved:?}");
    assert_eq!((edit.lists, moved.lists), (0, 0), "no listing on a hot path");
    let fetch = counted();
    Site::sibling(&site).fetch(&fetch).expect("fetch");
    assert_eq!(fetch.traffic().lists, 0);
    assert!(fetch.traffic().requests() < 40, "{:?}", fetch.traffic());
}

/// Requests of a push of so many bytes of new data, and of a clone of it.
fn requests(len: usize) -> (u64, u64) {
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    site.write("data", &noise(1, len));
    let commit = site.commit("data");
    let push = Counting::new(memory.clone());
    site.push(&push, "main", commit).expect("push");
    let clone = Counting::new(memory);
    readable(&site, &clone);
    assert_eq!((push.traffic().lists, clone.traffic().lists), (0, 0), "no listing on a hot path");
    (push.traffic().requests(), clone.traffic().requests())
}

#[test]
fn a_gigabyte_costs_few_requests() {
    // Of two sizes that differ by little more than a pack, so that the rest can be reckoned.
    let ((push, clone), (longer_push, longer_clone)) = (requests(4 * MIB), requests(58 * MIB));
    let packs = 1_000_000_000 / (48 * MIB as u64) + 1;
    let (more, more_to_clone) = (longer_push - push, longer_clone - clone);
    assert!(push + packs * more <= 40, "{push}, and {more} a pack");
    assert!(clone + packs * more_to_clone <= 130, "{clone}, and {more_to_clone} a pack");
}
