//! The conditions of the protocol's rules, one by one. The model keeps all of them, or all but one: then a
//! counterexample must be found, or else the condition is idle or the model blind.

use crate::configurations::{self, Configuration};
use crate::properties::{COMPLETE, LISTED, NAMES, ONCE, READERS, UPDATES};

/// What happens without a condition.
pub struct Mutation {
    pub dropped: Condition,
    /// Where it shows.
    pub configuration: fn() -> Configuration,
    /// What breaks.
    pub breaks: &'static str,
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $name:ident: $configuration:ident, $breaks:ident;)*) => {
        /// A condition, named after what the code does when it keeps it. The digit is the rule's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Condition {
            $($(#[$doc])* $name,)*
        }

        /// Each condition, where its absence shows, and what it breaks.
        pub const MUTATIONS: &[Mutation] = &[$(Mutation {
            dropped: Condition::$name,
            configuration: configurations::$configuration,
            breaks: $breaks,
        },)*];
    };
}

conditions! {
    /// 1: a new session takes nothing over from a fenced one.
    NothingTakenOver: resumed, LISTED;
    /// 1: packs listed as staged count for their own chain only.
    StagedCountForTheirChain: chain, COMPLETE;
    /// 2: a tree or commit is skipped by an anchor only, not because a live pack holds it.
    AnchorNotPresence: deletion, COMPLETE;
    /// 3: after a restart, only packs whose upload was answered are used.
    AnsweredPacksOnly: resumed, LISTED;
    /// 3: after a restart, what was not answered gets a new name.
    NewNameAfterRestart: resumed, NAMES;
    /// 4: the note is written before the create is sent.
    JournalBeforeCreate: resumed, ONCE;
    /// 4: a restarted session reads the root it noted before all else.
    NoteReadFirst: resumed, ONCE;
    /// 5: what became of a create is read, not guessed.
    UnknownIsReadBack: two_pushers, ONCE;
    /// 5: a create that was found absent is sent again under its seq, before a newer root is looked at.
    SameSeqAgain: two_pushers, ONCE;
    /// 5a: a fenced session creates no root.
    FenceChecked: two_pushers, LISTED;
    /// 5b: a ref that is not forced has the value seen, or an ancestor of the new one.
    RefChecked: forced, UPDATES;
    /// 5b: a ref that vanished refuses.
    VanishedRefRefuses: forced, UPDATES;
    /// 5b: a forced move or a deletion names the value it replaces.
    ForceNamesValue: forced, UPDATES;
    /// 5b: the value named is that of the command's first session, not of its latest.
    ValueNamedOnce: forced, UPDATES;
    /// 5b: every ref of a push is checked.
    EveryRefChecked: two_refs, UPDATES;
    /// 5c: every anchor is still reached from a ref.
    AnchorsChecked: deletion, COMPLETE;
    /// 5d: every pack relied on is still live.
    ReliedPacksChecked: two_pushers, COMPLETE;
    /// 5d: staged packs of the same chain are still staged.
    ChainChecked: chain, LISTED;
    /// 5d: every pack that own recipes name is still live.
    RecipesChecked: recipes, COMPLETE;
    /// 5d: a recipe relied on is relied on together with the packs it names.
    RecipeWithItsPacks: dead_recipes, COMPLETE;
    /// 5: what is missing and cannot be supplied refuses the push.
    RefusedIfNotSupplied: partial, COMPLETE;
    /// 6: a collection obeys rule 5a too.
    CollectionsAreFenced: two_collectors, LISTED;
    /// 6: mark and plan are made again from the newest root.
    PlanFromNewestRoot: two_pushers, COMPLETE;
    /// 6: so is the list of orphans.
    OrphansFromNewestRoot: two_pushers, LISTED;
    /// 6: copies are kept only if the plan came out the same, down to what their recipes name.
    CopiesOfSamePlan: recipes, COMPLETE;
    /// 6: blobs are marked through the recipe that readers will use.
    MarkedAsRead: rewriting, COMPLETE;
    /// 6: a table that is written anew keeps every entry of a pack that stays live, reachable or not.
    TablesKeepWholePacks: folding, COMPLETE;
    /// 6: a reachable recipe that named a swept pack is written anew.
    RecipesRewritten: recipes, COMPLETE;
    /// 6: a recipe that a collection writes names packs that stay live, not whatever place a table tells.
    RecipesNameWhatStays: rewriting, COMPLETE;
    /// 6: nothing is deleted before the collection's own root was read back.
    DeletedAfterReadBack: two_pushers, LISTED;
    /// 6: nothing is deleted before the grace is over.
    DeletedAfterGrace: two_collectors, READERS;
    /// 6: staged packs are not swept as if nothing reached them.
    StagedIsListed: chain, LISTED;
    /// 6: what a keep reaches is marked, though it is no branch and no tag.
    KeepsMarked: keep, COMPLETE;
    /// 10: a push that folds a pack writes those recipes anew that name it and that readers go by.
    FoldRewritesRecipes: folding_recipes, COMPLETE;
    /// 10: a push condemns what it folded only if the root that it replaces lists no recipes it has not read.
    FoldedIfRecipesRead: folding_recipes, COMPLETE;
    /// 11: a repair condemns a pack only if all that is reached in it was sent again.
    RepairedIfSupplied: repair, COMPLETE;
    /// 11: a repair is decided against the very root that it replaces.
    RepairFromNewestRoot: repair, COMPLETE;
    /// 7: the session of a condemned pack is fenced in the same root.
    CondemnedIsFenced: resumed, LISTED;
    /// 7: orphans are packs of fenced sessions only.
    OrphansAreFenced: two_pushers, LISTED;
    /// 8: a root keeps the fences of the root before it.
    FencesKept: two_pushers, LISTED;
    /// 9: a place in a pack that is not live counts as absent.
    DeadPlacesAbsent: two_pushers, COMPLETE;
    /// 9: a recipe that names a pack that is not live counts as absent, for pushers …
    DeadRecipesAbsent: dead_recipes, COMPLETE;
    /// 9: … for collections …
    DeadRecipesNotMarked: recipes, COMPLETE;
    /// 9: … and for readers.
    DeadRecipesNotRead: recipes, COMPLETE;
}
