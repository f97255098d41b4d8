//! The terminal: arguments in, text or JSON out, errors into messages and exit codes.

pub mod args;
mod commands;
pub mod gather;
mod help;
mod message;
mod out;
mod progress;
mod render;
pub mod report;
pub mod signal;
mod term;
pub mod ui;
