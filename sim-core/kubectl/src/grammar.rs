//! From a command line to its parts, with kubectl's words for what is wrong.

pub mod flags;
mod line;
pub mod resources;
mod usage;

pub use line::split;
pub use usage::UsageError;
