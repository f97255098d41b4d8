//! Keys that were condemned long ago are deleted by pushes, a few at a time.

use super::collect::checked;
use super::*;

const DAY: i64 = 86_400;

/// A remote whose pushes have condemned some keys of each kind.
fn with_condemned() -> (Site, Memory) {
    let (mut site, memory) = (Site::new(), Memory::new());
    (0..8).for_each(|n| push(&mut site, &memory, n));
    for area in Area::ALL {
        assert!(!condemned(&memory, area).is_empty(), "{area:?}");
    }
    (site, memory)
}

fn push(site: &mut Site, memory: &Memory, n: u64) {
    site.write("file", &noise(n, 5_000));
    let commit = site.commit(&format!("{n}"));
    site.push(memory, "main", commit).expect("push");
}

/// The condemned keys of an area, of the newest root.
fn condemned(memory: &Memory, area: Area) -> Vec<String> {
    let state = newest(memory).1;
    let keys = state.condemned.into_keys();
    keys.filter(|key| Area::parse(key).is_some_and(|(of, _)| of == area)).collect()
}

fn is_there(memory: &Memory, key: &str) -> bool {
    get(memory, key, 1 << 30).is_ok()
}

#[test]
fn a_day_later_segments_and_tables_go_and_packs_stay() {
    let (mut site, memory) = with_condemned();
    let old = [Area::List, Area::Table].map(|area| condemned(&memory, area)).concat();
    let packs = condemned(&memory, Area::Pack);
    site.ctx.now.seconds += DAY;
    (100..106).for_each(|n| push(&mut site, &memory, n));
    assert!(old.iter().all(|key| !is_there(&memory, key)));
    assert!(packs.iter().all(|key| is_there(&memory, key)));
    let state = newest(&memory).1;
    assert!(old.iter().all(|key| !state.condemned.contains_key(key)));
    assert!(packs.iter().all(|key| state.condemned.contains_key(key)));
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn two_weeks_later_packs_go_too() {
    let (mut site, memory) = with_condemned();
    let old = Area::ALL.map(|area| condemned(&memory, area)).concat();
    site.ctx.now.seconds += 14 * DAY;
    (100..108).for_each(|n| push(&mut site, &memory, n));
    assert!(old.iter().all(|key| !is_there(&memory, key)));
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn who_may_not_delete_pushes_and_leaves_them_listed() {
    for mishap in [Mishap::Denied, Mishap::Late] {
        let (mut site, memory) = with_condemned();
        let old = Area::ALL.map(|area| condemned(&memory, area)).concat();
        site.ctx.now.seconds += 14 * DAY;
        memory.script(Operation::Delete, "", mishap);
        push(&mut site, &memory, 100);
        let state = newest(&memory).1;
        assert!(old.iter().all(|key| state.condemned.contains_key(key)), "{mishap:?}");
        memory.deliver_late();
        readable(&site, &memory);
        (101..108).for_each(|n| push(&mut site, &memory, n));
        assert!(old.iter().all(|key| !is_there(&memory, key)), "{mishap:?}");
        readable(&site, &memory);
        assert!(checked(&site, &memory).problems.is_empty());
    }
}
