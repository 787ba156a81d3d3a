//! The kubectl grammar, its verbs as agents, and its printers.
//!
//! A line becomes a [`Command`] ([`Command::parse`]); the files that it names are read by whoever has files
//! ([`Command::files`], [`Command::load`]); a [`Run`] of it is an agent that makes its calls one after the other, waits
//! where kubectl waits, and ends with a `journal::KubectlLine`. [`get::render`] prints a state that lies at hand (a
//! recording, a finished run) without any calls; [`printers`] and [`output`] are what both print with.
//!
//! Source: `staging/src/k8s.io/kubectl` and `cli-runtime`, v1.36.2. Validated by tables of what the real one answers.
//!
//! DIFFERENCE: discovery and OpenAPI requests are not made (a real kubectl caches them for minutes). Requests of one
//! line leave when the answer to the one before has come; kubectl itself takes no time. Whoever counts requests or
//! compares milliseconds can tell.

pub mod get;
pub mod grammar;
pub mod output;
pub mod printers;

mod command;
mod failure;
mod run;
mod terminal;
mod verbs;

pub use command::{Command, Manifest, Verb};
pub use failure::{Failure, report};
pub use grammar::UsageError;
pub use run::{Options, Run, Timer};
