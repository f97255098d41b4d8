//! A zstd setting written as text: `3`, or `1:h16,m6,dfast` for explicit parameters.

use std::io;
use std::str::FromStr;

use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, Strategy};

/// A level and the parameters that override the level's own.
#[derive(Clone, Debug)]
pub struct Codec {
    text: String,
    level: i32,
    parameters: Vec<Parameter>,
}

#[derive(Clone, Copy, Debug)]
enum Parameter {
    Window(u32),
    Hash(u32),
    Chain(u32),
    MinMatch(u32),
    Target(u32),
    Fast,
    DoubleFast,
    Greedy,
}

impl Codec {
    /// The text it was made from.
    pub fn name(&self) -> &str {
        &self.text
    }

    /// A compressor with this setting.
    pub fn compressor(&self) -> io::Result<Compressor<'static>> {
        let mut compressor = Compressor::new(self.level)?;
        for parameter in &self.parameters {
            compressor.set_parameter(match *parameter {
                Parameter::Window(log) => CParameter::WindowLog(log),
                Parameter::Hash(log) => CParameter::HashLog(log),
                Parameter::Chain(log) => CParameter::ChainLog(log),
                Parameter::MinMatch(bytes) => CParameter::MinMatch(bytes),
                Parameter::Target(step) => CParameter::TargetLength(step),
                Parameter::Fast => CParameter::Strategy(Strategy::ZSTD_fast),
                Parameter::DoubleFast => CParameter::Strategy(Strategy::ZSTD_dfast),
                Parameter::Greedy => CParameter::Strategy(Strategy::ZSTD_greedy),
            })?;
        }
        Ok(compressor)
    }
}

impl FromStr for Codec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (level, rest) = text.split_once(':').unwrap_or((text, ""));
        let level = level.parse().map_err(|_| format!("not a level: {level}"))?;
        let parameters = rest.split(',').filter(|word| !word.is_empty()).map(parameter);
        Ok(Self { text: text.to_owned(), level, parameters: parameters.collect::<Result<_, _>>()? })
    }
}

fn parameter(word: &str) -> Result<Parameter, String> {
    let bad = || format!("not a parameter: {word} (w20 h16 c15 m6 t1 fast dfast greedy)");
    match word {
        "fast" => return Ok(Parameter::Fast),
        "dfast" => return Ok(Parameter::DoubleFast),
        "greedy" => return Ok(Parameter::Greedy),
        _ => {}
    }
    let number = word.get(1..).and_then(|digits| digits.parse().ok()).ok_or_else(bad)?;
    match &word[..1] {
        "w" => Ok(Parameter::Window(number)),
        "h" => Ok(Parameter::Hash(number)),
        "c" => Ok(Parameter::Chain(number)),
        "m" => Ok(Parameter::MinMatch(number)),
        "t" => Ok(Parameter::Target(number)),
        _ => Err(bad()),
    }
}
