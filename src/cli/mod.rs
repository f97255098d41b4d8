//! The terminal: arguments in, text or JSON out, errors into messages and exit codes.

pub mod age;
pub mod args;
pub mod commands;
mod complete;
mod concepts;
pub mod external;
pub mod gather;
mod generate;
mod help;
mod location;
mod message;
mod out;
mod pager;
pub mod progress;
mod render;
pub mod report;
pub mod signal;
mod static_completion;
mod stdin;
mod term;
pub mod ui;
