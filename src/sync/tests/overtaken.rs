//! Pushes that were cut short or overtaken, and what they must not take for granted when they go on.

use super::collect::gc;
use super::*;

/// A grace that outlasts the test: nothing is fenced for its age, nothing deleted.
const FOR_EVER: i64 = 1 << 40;

#[test]
fn recipes_of_a_push_that_was_cut_short_are_written_anew() {
    let (site, memory) = (Site::new(), Memory::new());
    let data = noise(1, 600_000);
    site.write("a", &data);
    let base = site.commit("base");
    site.push(&memory, "old", base).expect("push");
    let other = Site::sibling(&site);
    other.write("copy", &[data, noise(2, 1_000)].concat());
    let mine = other.commit("unrelated");
    memory.script(Operation::Put, "table/", Mishap::Denied);
    other.push(&memory, "new", mine).expect_err("cut short");
    // What was uploaded names packs of the push before: they go, and their session's fence is not ours.
    site.push_wants(&memory, &[want("old", None, Mode::FastForward)]).expect("deleted");
    gc(&site, &memory, FOR_EVER).expect("gc");
    other.push(&memory, "new", mine).expect("push");
    readable(&other, &memory);
}

#[test]
fn an_anchor_and_a_pack_that_go_away_together_are_made_up_for() {
    let (ours, memory) = (Site::new(), Memory::new());
    ours.write("a", &noise(1, 10_000));
    let base = ours.commit("base");
    ours.push(&memory, "old", base).expect("push");
    let data = noise(2, 600_000);
    let theirs = Site::sibling(&ours);
    theirs.write("data", &data);
    let unrelated = theirs.commit("unrelated");
    theirs.push(&memory, "theirs", unrelated).expect("push");
    ours.write("copy", &[data, noise(3, 1_000)].concat());
    let mine = ours.commit("mine");
    let before = Before::create(&memory, || {
        let delete = ["old", "theirs"].map(|name| want(name, None, Mode::FastForward));
        theirs.push_wants(&memory, &delete).expect("deleted");
        gc(&theirs, &memory, FOR_EVER).expect("gc");
    });
    ours.push(&before, "new", mine).expect("push");
    readable(&ours, &memory);
}

#[test]
fn a_place_in_an_older_pack_outlives_the_younger_one() {
    let text =
        |name: &str| (0..300).map(|n| format!("{name} {n}\n")).collect::<String>().into_bytes();
    let (first, memory) = (Site::new(), Memory::new());
    first.write("keep", &text("keep"));
    first.write("x", &text("x"));
    let both = first.commit("both");
    first.push(&memory, "first", both).expect("push");
    // It relies on the pack of the first push for "x", which lies in a block of its own here.
    let ours = Site::sibling(&first);
    ours.write("x", &text("x"));
    ours.commit("x");
    ours.write("y", &text("y"));
    let mine = ours.commit("y");
    let before = Before::create(&memory, || {
        // Here "x" lies in one block with what is new, and goes along: the merged table has two places
        // of it, the younger one …
        let second = Site::sibling(&first);
        second.write("x", &text("x"));
        second.write("z", &text("z"));
        let other = second.commit("other");
        second.push(&memory, "second", other).expect("push");
        // … in a pack that dies, while the older pack stays for the sake of another file.
        let third = Site::sibling(&first);
        third.write("keep", &text("keep"));
        let kept = third.commit("kept");
        let moves = [want("first", Some(kept), Mode::Force), want("second", None, Mode::Force)];
        third.push_wants(&memory, &moves).expect("push");
        gc(&third, &memory, FOR_EVER).expect("gc");
    });
    ours.push(&before, "ours", mine).expect("push");
    readable(&ours, &memory);
}
