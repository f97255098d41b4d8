//! The pages of `esker help CONCEPT`: those of `docs/concepts`, and `docs/ci.md`, held by the program.

/// A page: its name, and its text in Markdown.
pub struct Concept {
    /// How it is asked for.
    pub name: &'static str,
    /// The text.
    pub text: &'static str,
}

/// Makes the list of pages, and their names as text for the help.
macro_rules! concepts {
    (page "ci") => {
        Concept { name: "ci", text: include_str!("../../docs/ci.md") }
    };
    (page $name:tt) => {
        Concept { name: $name, text: include_str!(concat!("../../docs/concepts/", $name, ".md")) }
    };
    ($first:tt $($name:tt)*) => {
        /// Every page, in the order of the help.
        pub const CONCEPTS: &[Concept] = &[concepts!(page $first), $(concepts!(page $name)),*];

        /// The names of all pages.
        pub const NAMES: &str = concat!($first, $(", ", $name),*);
    };
}

concepts! {
    "identity" "storage" "history" "branches-and-tags" "worktrees" "shared-store" "merging" "undo" "recovery" "ignoring"
    "git-checkouts" "remotes" "partial-clones" "locations" "pins" "ci" "encryption" "upkeep" "configuration" "scripts"
    "completion"
}

impl Concept {
    /// The page of this name; that of remotes tells of credentials.
    pub fn find(name: &str) -> Option<&'static Concept> {
        let name = if name == "credentials" { "remotes" } else { name };
        CONCEPTS.iter().find(|concept| concept.name == name)
    }

    /// Its heading.
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_the_documentation_is_held() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/concepts");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the pages")
            .map(|entry| entry.expect("a page").file_name().into_string().expect("UTF-8"))
            .collect();
        files.push("ci.md".to_owned());
        files.sort();
        let mut held: Vec<String> = CONCEPTS.iter().map(|c| format!("{}.md", c.name)).collect();
        held.sort();
        // Elsewhere several people may add pages at once; see `complain` of tests/cli/stale.rs.
        assert!(
            files == held || std::env::var_os("CI").is_none(),
            "held: {held:?}, there are {files:?}"
        );
        assert!(CONCEPTS.iter().all(|c| c.text.starts_with("# ") && !c.title().is_empty()));
    }
}
