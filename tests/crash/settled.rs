//! What is known of files is believed after another boot only if they were synced before it was noted.

use esker::db::{BootRow, CacheDb, DbError};

use crate::env::Env;
use crate::trace;

fn cache(env: &Env) -> CacheDb {
    CacheDb::new(&env.path(".esker/cache.db"), true)
}

/// What is recorded of this boot.
fn noted(env: &Env) -> BootRow {
    cache(env).read(|view| view.boots()).expect("the cache can be read").remove(0)
}

fn note(env: &Env, boot: &BootRow) {
    let written: Result<(), DbError> = cache(env).write(|tx| tx.put_boot(boot));
    written.expect("the cache can be written");
}

#[test]
fn files_are_synced_before_they_are_noted_as_synced() {
    if !trace::is_possible() {
        return;
    }
    let env = Env::new();
    env.ok(&["init"]);
    env.write("file", "1");
    env.ok(&["add", "."]);
    // As if a minute had passed.
    let recorded_at = noted(&env).recorded_at - 61_000_000_000;
    let long_ago = BootRow { recorded_at, ..noted(&env) };
    note(&env, &long_ago);
    let failed = trace::run(&env, &["status"], Some("syncfs:error=EIO"));
    assert!(failed.output.status.success(), "{:?}", failed.output);
    assert!(noted(&env).synced_at <= recorded_at, "what was not synced is noted");
    note(&env, &long_ago);
    let traced = trace::run(&env, &["status"], None);
    let is_sync = |call: &trace::Call| call.name == "syncfs" && call.paths() == [env.dir()];
    assert!(traced.calls.iter().any(is_sync), "nothing was synced");
    assert!(noted(&env).synced_at > recorded_at);
    env.ok(&["fsck"]);
}
