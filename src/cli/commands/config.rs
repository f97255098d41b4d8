use esker::ops::config::{self, ConfigAction, ConfigOptions, ConfigScope};
use esker::ops::{Context, OpError};

use crate::cli::help::after_help;
use crate::cli::render::text;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Show and change settings
///
/// Settings come in layers, the later before the earlier: defaults, the machine's file, yours, the
/// repository's, environment variables, flags. A change goes to the repository's file unless a flag
/// names another. Without arguments, all settings are listed.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "esker config [OPTIONS] [KEY [VALUE]]\n       \
                      esker config [OPTIONS] get KEY | set KEY VALUE | unset KEY | list",
    after_long_help = after_help!(
        "esker config --show-origin" "esker config user.name"
        "esker config --global user.name \"Your Name\"" "esker config --unset core.jobs";
        "  1" "failed, or the key asked for is not set", " 10" "no repository"
    )
)]
pub struct Args {
    /// A key such as user.name, to show it; with a value, to set it
    #[arg(value_name = "KEY", num_args = 0..=3)]
    words: Vec<String>,

    /// List all settings
    #[arg(short, long, conflicts_with_all = ["words", "unset"])]
    list: bool,

    /// Remove KEY from the file
    #[arg(long, value_name = "KEY", conflicts_with = "words")]
    unset: Option<String>,

    /// Also show where each setting comes from
    #[arg(long)]
    show_origin: bool,

    /// Change your file, for all your repositories
    #[arg(long, visible_alias = "user", group = "scope")]
    global: bool,

    /// Change the machine's file
    #[arg(long, group = "scope")]
    system: bool,

    /// Change the file of this repository on this machine
    #[arg(long, group = "scope")]
    local: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = ConfigOptions { action: self.action()?, scope: self.scope() };
        let outcome = config::run(context, &options)?;
        match options.action {
            ConfigAction::Set(..) | ConfigAction::Unset(_) => {
                ui.summary(&outcome, |_, _, _| Ok(()))?;
            }
            ConfigAction::Get(_) if !self.show_origin => {
                ui.result(&outcome, |out, _, outcome| {
                    outcome.entries.iter().try_for_each(|entry| writeln!(out, "{}", entry.value))
                })?;
            }
            ConfigAction::Get(_) | ConfigAction::List => {
                ui.result(&outcome, |out, _, outcome| {
                    let mut entries = outcome.entries.iter();
                    entries.try_for_each(|entry| text::setting(out, entry, self.show_origin))
                })?
            }
        }
        let is_missing =
            matches!(options.action, ConfigAction::Get(_)) && outcome.entries.is_empty();
        Ok(if is_missing { Exit::No } else { Exit::Done })
    }

    /// Keys contain a dot, so that git's newer words cannot be taken for one.
    fn action(&self) -> Result<ConfigAction, OpError> {
        if let Some(key) = &self.unset {
            return Ok(ConfigAction::Unset(key.clone()));
        }
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let owned = |text: &str| text.to_string();
        match words[..] {
            [] | ["list"] => Ok(ConfigAction::List),
            ["get", key] => Ok(ConfigAction::Get(owned(key))),
            ["unset", key] => Ok(ConfigAction::Unset(owned(key))),
            ["set", key, value] => Ok(ConfigAction::Set(owned(key), owned(value))),
            [key] if key.contains('.') => Ok(ConfigAction::Get(owned(key))),
            [key, value] if key.contains('.') => Ok(ConfigAction::Set(owned(key), owned(value))),
            _ => Err(OpError::Usage {
                message: format!("no setting is named by '{}'", words.join(" ")),
                hint: Some("see all keys: esker config --list".to_string()),
            }),
        }
    }

    fn scope(&self) -> ConfigScope {
        match (self.global, self.system, self.local) {
            (true, ..) => ConfigScope::User,
            (_, true, _) => ConfigScope::System,
            (.., true) => ConfigScope::Local,
            _ => ConfigScope::Repository,
        }
    }
}
