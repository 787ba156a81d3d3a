//! A test basin for Kubernetes clusters: real manifests in, virtual time, everything a cluster would have done out.
//!
//! The command line: files, flags and printing. What a cluster does is in `sim-core`, what a scenario says in
//! `scenarios`, what is told of a run in `reports`. Results go to standard output, diagnostics and progress to standard
//! error.

mod args;
mod bug;
mod choice;
mod columns;
mod determinism;
mod diagnostics;
mod drive;
mod failure;
mod files;
mod get;
mod interrupt;
mod library;
mod moment;
mod origin;
mod output_dir;
mod record_file;
mod recorded;
mod replay;
mod run;
mod run_file;
mod schedule;
mod sinks;
mod telling;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use failure::Failure;
use terminal::{Level, complain};

/// Reads the command line, does what it says, and gives the exit status.
pub fn main() -> ExitCode {
    interrupt::install();
    bug::install();
    let command = Arguments::parse().command;
    match bug::guarded(|| act(command)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            explain(&failure);
            ExitCode::from(failure.status())
        }
        Err(_) => ExitCode::from(bug::STATUS),
    }
}

fn act(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Schedule(args) => schedule::schedule(&args),
        Command::Get(args) => get::get(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Scenarios(args) => library::scenarios(&args),
        Command::Validate(args) => library::validate(args),
    }
}

fn explain(failure: &Failure) {
    match failure {
        Failure::Negative => {}
        Failure::Usage(message, help) => complain(Level::Error, message, help.as_deref()),
        Failure::Input(found, sources) => terminal::tell(&diagnostics::render(found, sources)),
        Failure::Refused(text) => terminal::tell(text),
        Failure::Write(message) => complain(Level::Error, message, None),
        Failure::Interrupted => complain(Level::Error, "interrupted", None),
    }
}
