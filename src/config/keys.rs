//! The keys esker knows, in one table: default, variable, and what a value must be.

use super::{Config, ConfigError, Origin};

/// A key esker knows.
pub(super) struct KeyRule {
    pub name: &'static str,
    pub default: Option<&'static str>,
    pub env: Option<&'static str>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Flag,
    Count,
    Level,
    Rate,
    Size,
    Seconds,
    Color,
}

/// A value of the type a configuration file writes it in.
pub(super) enum Typed {
    Text(String),
    Integer(i64),
    Bool(bool),
}

pub(super) const KEYS: &[KeyRule] = &[
    key("user.name", None, Some("ESKER_AUTHOR_NAME"), Kind::Text),
    key("user.email", None, Some("ESKER_AUTHOR_EMAIL"), Kind::Text),
    key("core.compression_level", Some("1"), Some("ESKER_COMPRESSION_LEVEL"), Kind::Level),
    key("core.verify_writes", Some("true"), Some("ESKER_VERIFY_WRITES"), Kind::Flag),
    key("core.jobs", Some("0"), Some("ESKER_JOBS"), Kind::Count),
    key("core.pager", None, Some("ESKER_PAGER"), Kind::Text),
    key("transfer.limit_rate", Some("0"), Some("ESKER_LIMIT_RATE"), Kind::Rate),
    key("transfer.stall_seconds", Some("60"), Some("ESKER_STALL_SECONDS"), Kind::Seconds),
    key("transfer.local_limit", Some("1800M"), Some("ESKER_LOCAL_LIMIT"), Kind::Size),
    key("ui.color", Some("auto"), None, Kind::Color),
];

const fn key(
    name: &'static str,
    default: Option<&'static str>,
    env: Option<&'static str>,
    kind: Kind,
) -> KeyRule {
    KeyRule { name, default, env, kind }
}

/// The rule of a key, if esker knows it.
pub(super) fn find(name: &str) -> Option<&'static KeyRule> {
    KEYS.iter().find(|key| key.name == name)
}

impl KeyRule {
    /// Checks a value; the error says what the key takes.
    pub(super) fn parse(&self, text: &str) -> Result<Typed, &'static str> {
        let integer = |from: i64, to: i64| {
            let number = text.trim().parse().ok().filter(|n| (from..=to).contains(n));
            number.map(Typed::Integer)
        };
        match self.kind {
            Kind::Text => Ok(Typed::Text(text.into())),
            Kind::Flag => parse_flag(text).map(Typed::Bool).ok_or("true or false"),
            Kind::Count => integer(0, 65_536).ok_or("a number from 0 to 65536"),
            Kind::Level => integer(-7, 22).ok_or("a zstd level from -7 to 22"),
            Kind::Seconds => integer(1, 86_400).ok_or("a number of seconds from 1 to 86400"),
            Kind::Rate => parse_rate(text).map(|_| Typed::Text(text.into())).ok_or(RATE),
            Kind::Size => match parse_rate(text) {
                Some(size) if size > 0 => Ok(Typed::Text(text.into())),
                _ => Err("a size, such as 500M or 2G"),
            },
            Kind::Color => match parse_color(text) {
                Some(_) => Ok(Typed::Text(text.into())),
                None => Err("auto, always or never"),
            },
        }
    }
}

const RATE: &str = "bytes a second, such as 500K, 10M or 1G; 0 is no limit";

/// Checks what `transfer.limit_rate` may be; the error says that.
pub fn check_rate(text: &str) -> Result<(), &'static str> {
    parse_rate(text).map(|_| ()).ok_or(RATE)
}

/// Bytes a second, with a letter for powers of 1024; 0 is no limit.
fn parse_rate(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[number.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(1 << shift)
}

/// Spellings of git's.
fn parse_flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn parse_color(text: &str) -> Option<ColorChoice> {
    match text {
        "auto" => Some(ColorChoice::Auto),
        "always" => Some(ColorChoice::Always),
        "never" => Some(ColorChoice::Never),
        _ => None,
    }
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Not at all.
    Never,
}

/// The settings the library and the terminal act on, by section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `[user]`.
    pub user: UserSettings,
    /// `[core]`.
    pub core: CoreSettings,
    /// `[transfer]`.
    pub transfer: TransferSettings,
    /// `[ui]`.
    pub ui: UiSettings,
}

/// `[user]`: who makes commits; [`Config::author`] also asks git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSettings {
    /// `user.name`.
    pub name: Option<String>,
    /// `user.email`.
    pub email: Option<String>,
}

/// `[core]`: how data is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreSettings {
    /// `core.compression_level`: zstd level of new blocks.
    pub compression_level: i32,
    /// `core.verify_writes`: whether each new block is decompressed and compared.
    pub verify_writes: bool,
    /// `core.jobs`: number of worker threads; 0 is one for each core.
    pub jobs: usize,
}

/// `[transfer]`: how data goes to remotes and comes from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferSettings {
    /// `transfer.limit_rate`: how many bytes may move in a second, in both directions together.
    pub limit_rate: Option<u64>,
    /// `transfer.stall_seconds`: a request is given up when nothing moved for so long.
    pub stall_seconds: u64,
    /// `transfer.local_limit`: how many bytes of files are stored here at most, before they are sent on, while
    /// they are added to a remote.
    pub local_limit: u64,
}

/// `[ui]`: what people see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UiSettings {
    /// `ui.color`.
    pub color: ColorChoice,
}

impl Settings {
    pub(super) fn from_config(config: &Config) -> Result<Self, ConfigError> {
        let text = |name| config.get(name).map(|setting| setting.value.clone());
        let flag = |typed| match typed {
            Typed::Bool(value) => Some(value),
            _ => None,
        };
        let color = |typed| match typed {
            Typed::Text(text) => parse_color(&text),
            _ => None,
        };
        let size = |typed| match typed {
            Typed::Text(text) => parse_rate(&text),
            _ => None,
        };
        let rate = |typed| match typed {
            Typed::Text(text) => Some(parse_rate(&text)),
            _ => None,
        };
        Ok(Self {
            user: UserSettings { name: text("user.name"), email: text("user.email") },
            core: CoreSettings {
                compression_level: checked(config, "core.compression_level", integer)?,
                verify_writes: checked(config, "core.verify_writes", flag)?,
                jobs: checked(config, "core.jobs", integer)?,
            },
            transfer: TransferSettings {
                limit_rate: checked(config, "transfer.limit_rate", rate)?.filter(|rate| *rate > 0),
                stall_seconds: checked(config, "transfer.stall_seconds", integer)?,
                local_limit: checked(config, "transfer.local_limit", size)?,
            },
            ui: UiSettings { color: checked(config, "ui.color", color)? },
        })
    }
}

fn integer<T: TryFrom<i64>>(typed: Typed) -> Option<T> {
    match typed {
        Typed::Integer(value) => T::try_from(value).ok(),
        _ => None,
    }
}

fn checked<T>(
    config: &Config,
    name: &str,
    convert: impl FnOnce(Typed) -> Option<T>,
) -> Result<T, ConfigError> {
    let rule = find(name).expect("settings are made from keys of the table");
    let setting = config.get(name).expect("these keys have defaults");
    let wrong = |expected| bad_value(name, &setting.value, setting.origin.clone(), expected);
    let typed = rule.parse(&setting.value).map_err(wrong)?;
    Ok(convert(typed).expect("the rule gives values of the key's type"))
}

pub(super) fn bad_value(
    key: &str,
    value: &str,
    origin: Origin,
    expected: &'static str,
) -> ConfigError {
    ConfigError::BadValue { key: key.into(), value: value.into(), origin, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_letters_of_powers_of_1024() {
        let cases = [("0", 0), ("500", 500), ("2b", 2), ("500K", 512_000), (" 10m ", 10 << 20)];
        for (text, rate) in cases {
            assert_eq!(parse_rate(text), Some(rate), "{text}");
        }
        for text in ["", "K", "fast", "-1", "1.5M", "1T", "18446744073709551615K", "1 M"] {
            assert!(check_rate(text).is_err(), "{text}");
        }
    }
}
