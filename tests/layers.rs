//! Who may import whom: the layers of the library, checked.
//!
//! Every module of the library is read, from `src/lib.rs` down; every path in it that begins at the
//! crate's root, written so or by way of `super`, must be allowed by [`TABLE`]. Tests inside modules
//! are left out: they may use what they like.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree, Visibility};

/// Each module of the library and the modules it may import, from the ground up. A module may only
/// name those above its own line: a cycle cannot be written down.
const TABLE: &[(&str, &[&str])] = &[
    // L0 ground: knows no noun of esker but ids and paths.
    ("id", &[]),
    ("path", &[]),
    ("progress", &[]),
    ("date", &[]),
    ("stat", &[]),
    ("fsio", &["path"]),
    // L1 formats: bytes to values and back.
    ("object", &["id", "path"]),
    ("chunk", &[]),
    ("format", &["chunk"]),
    ("recipe", &["id"]),
    ("pack", &["id"]),
    ("table", &["id", "pack"]),
    ("stat_cache", &["id", "path", "stat"]),
    // L2 local state: every table and file has one owner.
    ("refs", &["fsio", "id", "path"]),
    ("db", &["format", "fsio", "id", "path", "refs"]),
    ("config", &["fsio", "path"]),
    ("pins", &["db", "fsio", "id", "path"]),
    ("catalog", &["db", "id", "pack", "table"]),
    (
        "store",
        &[
            "catalog", "chunk", "db", "format", "fsio", "id", "object", "pack", "path", "progress",
            "recipe", "refs", "table",
        ],
    ),
    (
        "repo",
        &["config", "db", "format", "fsio", "id", "object", "path", "refs", "stat_cache", "store"],
    ),
    // L3 domain: sees objects through object::access, never where they lie.
    ("diff", &["id", "object", "path"]),
    ("history", &["diff", "id", "object", "path"]),
    ("merge", &["diff", "history", "id", "object", "path"]),
    ("revision", &["date", "db", "history", "id", "object", "path", "refs"]),
    ("remote", &["fsio", "path"]),
    ("worktree", &["fsio", "id", "object", "path", "progress", "stat", "stat_cache"]),
    (
        "sync",
        &[
            "catalog", "chunk", "db", "format", "fsio", "history", "id", "object", "pack", "path",
            "progress", "recipe", "refs", "remote", "store", "table",
        ],
    ),
    // L3½: what several verbs end with.
    (
        "steps",
        &[
            "catalog",
            "config",
            "date",
            "db",
            "diff",
            "format",
            "fsio",
            "history",
            "id",
            "merge",
            "object",
            "pack",
            "path",
            "progress",
            "recipe",
            "refs",
            "remote",
            "repo",
            "revision",
            "stat",
            "stat_cache",
            "store",
            "sync",
            "table",
            "worktree",
        ],
    ),
    // L4 verbs.
    (
        "ops",
        &[
            "catalog",
            "chunk",
            "config",
            "date",
            "db",
            "diff",
            "format",
            "fsio",
            "history",
            "id",
            "merge",
            "object",
            "pack",
            "path",
            "pins",
            "progress",
            "recipe",
            "refs",
            "remote",
            "repo",
            "revision",
            "stat",
            "stat_cache",
            "steps",
            "store",
            "sync",
            "table",
            "worktree",
        ],
    ),
];

/// What the terminal may see of the library.
const TERMINAL: &[&str] = &["id", "ops", "path", "progress"];

/// Verbs that name others: most for their types; `demo` because it does what a person would do.
const VERBS_THAT_NAME_OTHERS: &[(&str, &[&str])] = &[
    ("annotate", &["log", "ls"]),
    ("diff", &["ls"]),
    ("find", &["ls"]),
    ("get", &["verify"]),
    ("show", &["log", "ls"]),
    ("update", &["pin"]),
    ("demo", &["add", "checkout", "commit", "fsck", "hash", "init", "log", "stats", "status"]),
];

/// The verbs: the public modules of `ops`. Its private ones are for all of them.
static ALL_VERBS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let text = fs::read_to_string(source("ops/mod.rs")).expect("the verbs have a module");
    let items = syn::parse_file(&text).expect("the library compiles").items;
    let name = |item: Item| match item {
        Item::Mod(item) if matches!(item.vis, Visibility::Public(_)) => {
            Some(item.ident.to_string())
        }
        _ => None,
    };
    items.into_iter().filter_map(name).collect()
});

/// What only the terminal does: the library does not print, read the environment or end the process.
const FORBIDDEN_PATHS: &[&str] = &[
    "std::env::args",
    "std::env::current_dir",
    "std::env::set_current_dir",
    "std::env::var",
    "std::env::var_os",
    "std::env::vars",
    "std::env::vars_os",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::process::abort",
    "std::process::exit",
];
const FORBIDDEN_MACROS: &[&str] = &["dbg", "eprint", "eprintln", "print", "println"];

/// A module of a crate: its path from the crate's root, and all paths and macros it names.
struct Module {
    path: Vec<String>,
    names: Names,
}

#[derive(Default)]
struct Names {
    /// Absolute paths: `crate::…` for this crate, otherwise as written.
    paths: BTreeSet<Vec<String>>,
    macros: BTreeSet<String>,
}

/// Collects the names of one module; paths relative to it become absolute.
struct Reader {
    module: Vec<String>,
    names: Names,
    /// Modules declared here that lie in files of their own.
    files: Vec<String>,
    inline: Vec<Module>,
}

impl Reader {
    fn note(&mut self, path: &[String]) {
        let mut rest = path;
        let mut base = self.module.clone();
        match rest.first().map(String::as_str) {
            Some("crate" | "$crate") => base.clear(),
            Some("self" | "super") => {
                while let Some((first, after)) = rest.split_first() {
                    match first.as_str() {
                        "super" => drop(base.pop()),
                        "self" => {}
                        _ => break,
                    }
                    rest = after;
                }
                let absolute = ["crate".to_string()].into_iter().chain(base);
                self.names.paths.insert(absolute.chain(rest.iter().cloned()).collect());
                return;
            }
            _ => {}
        }
        self.names.paths.insert(path.to_vec());
    }

    fn note_use(&mut self, tree: &UseTree, before: &[String]) {
        let mut path = before.to_vec();
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.note_use(&part.tree, &path);
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.note(&path);
            }
            UseTree::Rename(name) => {
                path.push(name.ident.to_string());
                self.note(&path);
            }
            UseTree::Glob(_) => self.note(&path),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.note_use(item, before));
            }
        }
    }

    /// Paths in the arguments of a macro, which the parser leaves as tokens.
    fn note_tokens(&mut self, tokens: &str) {
        let words = tokens.split(|c: char| !(c.is_alphanumeric() || "_:$ ".contains(c)));
        for run in words {
            let run = run.replace(" :: ", "::").replace(":: ", "::");
            for word in run.split([' ', '$']) {
                let parts: Vec<String> = word.split("::").map(str::to_string).collect();
                if parts.len() > 1 && !parts.iter().any(String::is_empty) {
                    self.note(&parts);
                }
            }
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        let Some((_, items)) = &item.content else { return self.files.push(name) };
        let mut path = self.module.clone();
        path.push(name);
        let mut reader = Reader::of(path);
        items.iter().for_each(|item| reader.visit_item(item));
        assert!(reader.files.is_empty(), "a file declared in an inline module is not looked for");
        self.inline.extend(reader.inline);
        self.inline.push(Module { path: reader.module, names: reader.names });
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        self.note(&parts);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let name = item.path.segments.last().map(|part| part.ident.to_string());
        self.names.macros.extend(name);
        self.note_tokens(&item.tokens.to_string());
        visit::visit_macro(self, item);
    }
}

impl Reader {
    fn of(module: Vec<String>) -> Self {
        Self { module, names: Names::default(), files: Vec::new(), inline: Vec::new() }
    }

    fn read(module: Vec<String>, source: &str) -> Self {
        let mut reader = Self::of(module);
        reader.visit_file(&syn::parse_file(source).expect("the library compiles"));
        reader
    }
}

/// All modules of the crate whose root is `root`, without those of tests.
fn modules(root: &Path) -> Vec<Module> {
    let mut all = Vec::new();
    let dir = root.parent().expect("a file is in a directory").to_path_buf();
    read_file(root, &dir, Vec::new(), &mut all);
    all
}

fn read_file(file: &Path, dir: &Path, module: Vec<String>, all: &mut Vec<Module>) {
    let source = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let Reader { module, names, files, inline } = Reader::read(module, &source);
    for name in files {
        let mut path = module.clone();
        path.push(name.clone());
        let below = dir.join(&name);
        let beside = dir.join(format!("{name}.rs"));
        let file = if beside.exists() { beside } else { below.join("mod.rs") };
        read_file(&file, &below, path, all);
    }
    all.extend(inline);
    all.push(Module { path: module, names });
}

fn source(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)
}

fn allowed(
    table: &[(&str, &'static [&'static str])],
    module: &str,
) -> Option<&'static [&'static str]> {
    table.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed)
}

/// What a module imports that the tables do not allow, as "from -> to".
fn offences(module: &Module) -> Vec<String> {
    let Some(from) = module.path.first() else { return Vec::new() };
    let Some(may) = allowed(TABLE, from) else {
        return vec![format!("{from}: not in the table")];
    };
    let targets = module.names.paths.iter().filter(|path| path[0] == "crate" && path.len() > 1);
    let mut found = Vec::new();
    for path in targets {
        let is_allowed = path[1] == *from || may.contains(&path[1].as_str());
        if !is_allowed || calls_another_verb(&module.path, path) {
            found.push(format!("{} -> {}", module.path.join("::"), path[1..].join("::")));
        }
    }
    found
}

fn calls_another_verb(from: &[String], to: &[String]) -> bool {
    let ([ops, verb, ..], [_, _, other, ..]) = (from, to) else { return false };
    ops == "ops"
        && to[1] == "ops"
        && other != verb
        && ALL_VERBS.contains(verb)
        && ALL_VERBS.contains(other)
        && !allowed(VERBS_THAT_NAME_OTHERS, verb).is_some_and(|may| may.contains(&other.as_str()))
}

#[test]
fn modules_import_only_what_lies_below() {
    let modules = modules(&source("lib.rs"));
    assert!(ALL_VERBS.contains("add"));
    assert!(modules.len() > 20, "only {} modules were found", modules.len());
    let found: Vec<_> = modules.iter().flat_map(offences).collect();
    assert!(found.is_empty(), "imports against the table:\n{}", found.join("\n"));
}

#[test]
fn the_table_goes_from_the_ground_up() {
    for (at, (module, may)) in TABLE.iter().enumerate() {
        for name in *may {
            let is_below = TABLE[..at].iter().any(|(below, _)| below == name);
            assert!(is_below, "{module} may import {name}, which is not below it");
        }
    }
}

#[test]
fn the_terminal_sees_verbs_and_ground_only() {
    let modules = modules(&source("main.rs"));
    let paths = modules.iter().flat_map(|module| &module.names.paths);
    let imports: Vec<_> = paths.filter(|path| path[0] == "esker" && path.len() > 1).collect();
    assert!(!imports.is_empty());
    for path in imports {
        assert!(TERMINAL.contains(&path[1].as_str()), "the terminal uses {}", path.join("::"));
    }
}

#[test]
fn the_library_leaves_the_process_alone() {
    for module in modules(&source("lib.rs")) {
        let place = module.path.join("::");
        for name in FORBIDDEN_MACROS {
            assert!(!module.names.macros.contains(*name), "{place} uses {name}!");
        }
        for path in &module.names.paths {
            let path = path.join("::");
            let is_forbidden =
                |name: &&&str| path == **name || name.strip_prefix("std::") == Some(&path);
            let found = FORBIDDEN_PATHS.iter().find(is_forbidden);
            assert!(found.is_none(), "{place} uses {path}");
        }
    }
}

/// The check itself: it must see every way to name a module.
#[test]
fn every_way_to_name_a_module_is_seen() {
    let source = "
        use crate::{id, store::read::{self, X as Y}};
        use super::super::repo as r;
        fn f(_: &crate::catalog::Catalog) { super::super::db::open(); }
        fn g() { assert_eq!(crate::ops::add::run(), [ $crate::refs::x ]); println!(\"x\"); }
        mod inner { use super::super::super::config::Settings; }
        #[cfg(test)] mod tests { use crate::hidden; }
        #[cfg(test)] use crate::hidden2;
    ";
    let path = vec!["diff".to_string(), "tree".to_string()];
    let reader = Reader::read(path.clone(), source);
    let mut modules = reader.inline;
    assert!(reader.names.macros.contains("println"));
    modules.push(Module { path, names: reader.names });
    let found: Vec<_> = modules.iter().flat_map(offences).collect();
    assert_eq!(
        found,
        [
            "diff::tree::inner -> config::Settings",
            "diff::tree -> catalog::Catalog",
            "diff::tree -> db::open",
            "diff::tree -> ops::add::run",
            "diff::tree -> refs::x",
            "diff::tree -> repo",
            "diff::tree -> store::read::X",
            "diff::tree -> store::read::self",
        ]
    );
}
