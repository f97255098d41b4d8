//! A store that several repositories of one machine share: what makes a folder one, how a repository
//! names it, and who its members are.
//!
//! The store knows each member by a file in `members/`, which is there before the member names anything
//! in it, and survives the loss of `state.db`. A collection reads what every member points at in the
//! transaction that condemns; where it cannot read one, it condemns nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::session::random_u64;
use super::upkeep::GcRoots;
use super::{StoreError, StorePaths};
use crate::db::{self, DbError, StateDb, View};
use crate::format::FormatParameters;
use crate::fsio::{self, AtPath, Holder, LockFile};

/// Says in a folder that it is a shared store, and which.
const STORE_FILE: &str = "store";
const STORE_HEADING: &str = "esker shared store 1";
/// Says in a repository's `.esker` which store has its packs.
const LINK_FILE: &str = "store";
const LINK_HEADING: &str = "esker store 1";
const MEMBERS: &str = "members";
const MEMBER_HEADING: &str = "esker member 1";
const STATE_DB: &str = "state.db";
/// A member's file is written again when it says less than this, in seconds.
const SEEN_EVERY: i64 = 86_400;

/// A shared store, as one of its members knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedStore {
    /// Its folder.
    pub dir: PathBuf,
    /// The link that led to it.
    pub link: StoreLink,
    /// The member's `.esker`.
    pub member: PathBuf,
}

/// The file `.esker/store` of a repository whose packs lie elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreLink {
    /// Which store it is: 32 hex digits.
    pub id: String,
    /// What the store knows the repository by: 16 hex digits.
    pub token: String,
    /// The store's folder, absolute.
    pub dir: PathBuf,
    /// The same from the repository's `.esker`, for when both are moved together.
    pub relative: Option<PathBuf>,
}

/// A repository on a shared store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What the store knows it by.
    pub token: String,
    /// Its `.esker`, absolute.
    pub path: PathBuf,
    /// When a command last ran there, to the day, in Unix seconds.
    pub seen: i64,
}

/// A member that a collection cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Its `.esker`.
    pub path: PathBuf,
    /// Why.
    pub why: Unreadable,
}

/// Why a member cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What was met.
    pub what: String,
    /// What helps.
    pub cure: Cure,
}

/// What helps where a member cannot be read, but to forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cure {
    /// It is not where it was: its next command makes its new place known.
    RunThere,
    /// It does not know its store any more: it must be told.
    TellStore,
    /// Its database must be made anew.
    Rebuild,
    /// What keeps its files from being read must end: rights, a disk, an older program.
    MakeReadable,
}

impl Unreadable {
    fn new(what: impl Into<String>, cure: Cure) -> Self {
        Self { what: what.into(), cure }
    }

    fn of_link(e: &StoreError) -> Self {
        let is_odd = matches!(e, StoreError::BadNote { .. });
        Self::new(e.to_string(), if is_odd { Cure::TellStore } else { Cure::MakeReadable })
    }

    fn of_database(e: &DbError) -> Self {
        let is_lost = e.is_missing() || e.is_damaged();
        Self::new(e.to_string(), if is_lost { Cure::Rebuild } else { Cure::MakeReadable })
    }
}

/// What the other members of a store point at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// What each that can be read points at, by its `.esker`.
    pub roots: Vec<(PathBuf, GcRoots)>,
    /// Those that cannot be read: nothing may be dropped while there are any.
    pub unseen: Vec<Unseen>,
}

/// Fields of a text file: a heading, then a name and a value on each line.
fn fields<'t>(text: &'t str, heading: &str) -> Option<impl Fn(&str) -> Option<&'t str>> {
    let rest = text.strip_prefix(heading)?.strip_prefix('\n')?;
    Some(move |name: &str| rest.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')))
}

fn read_text(file: &Path) -> Result<Option<String>, StoreError> {
    match fs::read_to_string(file).at("read", file) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.is_not_found() => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// The id of the shared store in `dir`; nothing when there is none.
pub fn store_id(dir: &Path) -> Result<Option<String>, StoreError> {
    let file = dir.join(STORE_FILE);
    let Some(text) = read_text(&file)? else { return Ok(None) };
    let id = fields(&text, STORE_HEADING).and_then(|field| field("id"));
    id.map(|id| Some(id.to_owned())).ok_or(StoreError::BadNote { file })
}

/// The database of the store in `dir`.
pub fn state_db(dir: &Path) -> PathBuf {
    dir.join(STATE_DB)
}

/// Makes a shared store in `dir`, or takes the one that is there; gives its id.
///
/// # Errors
/// `NoStore` if there is something else in the folder.
pub fn create(dir: &Path, format: &FormatParameters) -> Result<String, StoreError> {
    fsio::create_dirs(dir)?;
    let paths = StorePaths::new(dir);
    let id = match store_id(dir)? {
        Some(id) => id,
        None => {
            if let Some(name) = first_foreign(dir)? {
                return Err(StoreError::NoStore { dir: dir.to_owned(), name });
            }
            // Of two that make it at once, the second finds what the first wrote.
            let _lock = LockFile::acquire(&paths.upkeep_lock, &Holder::this_process("local", 0))?;
            match store_id(dir)? {
                Some(id) => id,
                None => write_store(dir)?,
            }
        }
    };
    for folder in [&paths.packs, &paths.tables, &paths.tmp, &dir.join(MEMBERS)] {
        fs::create_dir_all(folder).at("create", folder)?;
    }
    let state_db = state_db(dir);
    if !state_db.exists() && has_any(&paths.packs)? {
        return Err(db::DbError::LostStore.into());
    }
    StateDb::create_store(&state_db, format)?;
    fsio::sync_dir(dir)?;
    Ok(id)
}

fn write_store(dir: &Path) -> Result<String, StoreError> {
    let id = format!("{:016x}{:016x}", random_u64()?, random_u64()?);
    fsio::write_atomic(&dir.join(".gitignore"), b"*\n")?;
    fsio::write_atomic(&dir.join(STORE_FILE), format!("{STORE_HEADING}\nid {id}\n").as_bytes())?;
    Ok(id)
}

/// Something in a folder that the making of a store does not put there.
fn first_foreign(dir: &Path) -> Result<Option<String>, StoreError> {
    for entry in fs::read_dir(dir).at("read", dir)? {
        let name = entry.at("read", dir)?.file_name().to_string_lossy().into_owned();
        let is_ours = ["upkeep.lock", ".gitignore"].contains(&name.as_str())
            || (name.starts_with('.') && name.ends_with(".tmp"));
        if !is_ours {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn has_any(dir: &Path) -> Result<bool, StoreError> {
    Ok(fs::read_dir(dir).at("read", dir)?.next().is_some())
}

impl StoreLink {
    /// A link from the repository in `member` (its `.esker`) to the store in `dir`, with a token that
    /// was never used. Both are absolute.
    pub fn new(id: &str, member: &Path, dir: &Path) -> Result<Self, StoreError> {
        let token = format!("{:016x}", random_u64()?);
        let relative = fsio::way_between(member, dir);
        Ok(Self { id: id.to_owned(), token, dir: dir.to_owned(), relative })
    }

    /// The same link from the repository in `member` to the store in `dir`.
    pub fn at(&self, member: &Path, dir: &Path) -> Result<Self, StoreError> {
        let member = member.canonicalize().at("find", member)?;
        let (dir, relative) = (dir.to_owned(), fsio::way_between(&member, dir));
        Ok(Self { dir, relative, ..self.clone() })
    }

    /// The file in the `.esker` at `member`.
    pub fn file(member: &Path) -> PathBuf {
        member.join(LINK_FILE)
    }

    /// Reads the link of the repository in `member`; nothing when it has a store of its own.
    pub fn read(member: &Path) -> Result<Option<Self>, StoreError> {
        let file = Self::file(member);
        let Some(text) = read_text(&file)? else { return Ok(None) };
        let parse = || {
            let field = fields(&text, LINK_HEADING)?;
            let (id, token) = (field("id")?.to_owned(), field("token")?.to_owned());
            let dir = PathBuf::from(field("path")?);
            let relative = field("relative").map(PathBuf::from);
            dir.is_absolute().then_some(Self { id, token, dir, relative })
        };
        parse().map(Some).ok_or(StoreError::BadNote { file })
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, member: &Path) -> Result<(), StoreError> {
        let Self { id, token, dir, relative } = self;
        let mut text = format!("{LINK_HEADING}\nid {id}\ntoken {token}\npath {}\n", dir.display());
        if let Some(relative) = relative {
            text += &format!("relative {}\n", relative.display());
        }
        Ok(fsio::write_atomic(&Self::file(member), text.as_bytes())?)
    }

    /// The store's folder, where it is now.
    pub fn find(&self, member: &Path) -> Result<PathBuf, StoreError> {
        let beside = self.relative.as_ref().map(|relative| member.join(relative));
        let places = [Some(self.dir.clone()), beside].into_iter().flatten();
        for dir in places {
            if store_id(&dir)?.is_some_and(|id| id == self.id) {
                return Ok(dir.canonicalize().at("find", &dir)?);
            }
        }
        Err(StoreError::LostStore { dir: self.dir.clone() })
    }
}

impl SharedStore {
    /// The store that the repository in `member` (its `.esker`) is on; nothing when it has its own.
    pub fn of(member: &Path) -> Result<Option<Self>, StoreError> {
        let Some(link) = StoreLink::read(member)? else { return Ok(None) };
        let member = member.canonicalize().at("find", member)?;
        let dir = link.find(&member)?;
        Ok(Some(Self { dir, link, member }))
    }

    /// The store's database.
    pub fn state_db(&self) -> PathBuf {
        state_db(&self.dir)
    }

    /// Whether the store must be told of the member: it does not know it, or not where it is, or has not
    /// seen it for a day. `now` is in Unix seconds.
    pub fn is_out_of_date(&self, now: i64) -> Result<bool, StoreError> {
        let known = read_own(&self.dir, &self.link.token)?;
        Ok(known.is_none_or(|known| {
            known.path != self.member || (now - known.seen).abs() >= SEEN_EVERY
        }) || self.dir != self.link.dir)
    }

    /// Tells the store where the member is. Call it in a transaction of the member, so that only one
    /// does so at a time, and no collection decides meanwhile.
    ///
    /// A copy of a member that is still where it was becomes a member of its own.
    pub fn register(&self, now: i64) -> Result<(), StoreError> {
        let mut link = StoreLink::read(&self.member)?.unwrap_or_else(|| self.link.clone());
        let known = read_own(&self.dir, &link.token)?;
        let is_copy = known.is_some_and(|known| {
            known.path != self.member && is_at(&known, &self.link.id) && !self.is_same(&known)
        });
        let is_right = link.at(&self.member, &self.dir)?;
        if is_copy {
            link = StoreLink::new(&link.id, &self.member, &self.dir)?;
            link.write(&self.member)?;
        } else if link != is_right {
            link = is_right;
            link.write(&self.member)?;
        }
        let member = Member { token: link.token, path: self.member.clone(), seen: now };
        member.write(&self.dir)
    }

    /// Whether a registered member is this one, by another name of its folder.
    fn is_same(&self, known: &Member) -> bool {
        known.path.canonicalize().is_ok_and(|path| path == self.member)
            || fsio::is_same_file(&known.path.join(STATE_DB), &self.member.join(STATE_DB))
    }

    /// All members, the one that asks too, by their folders.
    pub fn members(&self) -> Result<Vec<Member>, StoreError> {
        members(&self.dir)
    }

    /// What all members but this one point at.
    ///
    /// Everything their reflogs name counts: how old a move may be is for each member to say.
    pub fn others(&self) -> Result<Others, StoreError> {
        let mut others = Others::default();
        for member in self.members()? {
            // Not by its folder: whoever was there before and moved is another.
            if member.token == self.link.token {
                continue;
            }
            match member.roots(&self.link.id) {
                Ok(roots) => others.roots.push((member.path, roots)),
                Err(why) => others.unseen.push(Unseen { path: member.path, why }),
            }
        }
        Ok(others)
    }
}

/// The members of the store in `dir`, by their folders.
///
/// # Errors
/// A file that cannot be read is one: what that member needs is not known.
pub fn members(dir: &Path) -> Result<Vec<Member>, StoreError> {
    let folder = dir.join(MEMBERS);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).at("read", &folder)? {
        let name = entry.at("read", &folder)?.file_name();
        let Some(token) = name.to_str().filter(|name| is_token(name)) else { continue };
        // Forgotten between the two.
        found.extend(read_member(dir, token)?);
    }
    found.sort_by(|a, b| (&a.path, &a.token).cmp(&(&b.path, &b.token)));
    Ok(found)
}

/// Lets the store in `dir` forget a member; what only it needed goes with the next collection.
pub fn forget(dir: &Path, member: &Member) -> Result<(), StoreError> {
    let file = member_file(dir, &member.token);
    fs::remove_file(&file).at("remove", &file)?;
    Ok(fsio::sync_dir(&dir.join(MEMBERS))?)
}

fn is_token(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

fn member_file(dir: &Path, token: &str) -> PathBuf {
    dir.join(MEMBERS).join(token)
}

fn read_member(dir: &Path, token: &str) -> Result<Option<Member>, StoreError> {
    let file = member_file(dir, token);
    let Some(text) = read_text(&file)? else { return Ok(None) };
    let parse = || {
        let field = fields(&text, MEMBER_HEADING)?;
        let (path, seen) = (PathBuf::from(field("path")?), field("seen")?.parse().ok()?);
        Some(Member { token: token.to_owned(), path, seen })
    };
    parse().map(Some).ok_or(StoreError::BadMember { file })
}

/// As [`read_member`], for the member itself, which writes anew what is damaged.
fn read_own(dir: &Path, token: &str) -> Result<Option<Member>, StoreError> {
    match read_member(dir, token) {
        Err(StoreError::BadMember { .. }) => Ok(None),
        known => known,
    }
}

/// Whether a member is where the store says.
fn is_at(member: &Member, store: &str) -> bool {
    member.presence(store).is_ok()
}

impl Member {
    fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let text = format!("{MEMBER_HEADING}\npath {}\nseen {}\n", self.path.display(), self.seen);
        Ok(fsio::write_atomic(&member_file(dir, &self.token), text.as_bytes())?)
    }

    /// Whether the member can be seen from here, of the store with this id; otherwise why not.
    pub fn presence(&self, store: &str) -> Result<(), Unreadable> {
        let (what, cure) = match StoreLink::read(&self.path) {
            Ok(Some(link)) if link.id == store && link.token == self.token => {
                return self.read(|view| view.worktrees().map(|_| ()));
            }
            Ok(Some(_)) => ("another repository is there", Cure::RunThere),
            Ok(None) if !self.path.exists() => ("the folder is not there", Cure::RunThere),
            Ok(None) => ("what is there is on no shared store", Cure::TellStore),
            Err(e) => return Err(Unreadable::of_link(&e)),
        };
        Err(Unreadable::new(what, cure))
    }

    /// What it points at; otherwise why that cannot be told.
    fn roots(&self, store: &str) -> Result<GcRoots, Unreadable> {
        self.presence(store)?;
        self.read(|view| GcRoots::of(view, i64::MIN))
    }

    fn read<T>(&self, work: impl FnOnce(&View) -> Result<T, DbError>) -> Result<T, Unreadable> {
        let path = self.path.join(STATE_DB);
        db::read_alone(&path, work).map_err(|e| Unreadable::of_database(&e))
    }

    /// The folder of its main worktree, where that can be told.
    pub fn root(&self) -> &Path {
        root_of(&self.path)
    }
}

/// The folder of the main worktree of the repository in `dir` (its `.esker`), where that can be told.
pub fn root_of(dir: &Path) -> &Path {
    match (dir.file_name(), dir.parent()) {
        (Some(name), Some(root)) if name == ".esker" => root,
        _ => dir,
    }
}
