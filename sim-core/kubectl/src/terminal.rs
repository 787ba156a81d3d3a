//! What a command has printed so far.

use crate::failure::{Failure, report};

/// Standard output, standard error, and what has gone wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terminal {
    stdout: String,
    stderr: String,
    failures: Vec<Failure>,
}

/// All that a command printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// To standard output.
    pub stdout: String,
    /// To standard error.
    pub stderr: String,
    /// Its exit status.
    pub status: i32,
}

impl Terminal {
    /// Prints a line to standard output.
    pub fn line(&mut self, text: &str) {
        self.stdout.push_str(text);
        self.stdout.push('\n');
    }
    /// Prints text that ends its own lines.
    pub fn text(&mut self, text: &str) {
        self.stdout.push_str(text);
    }
    /// Prints a line to standard error.
    pub fn warn(&mut self, text: &str) {
        self.stderr.push_str(text);
        self.stderr.push('\n');
    }
    /// Remembers what went wrong; it is told at the end.
    pub fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
    }
    /// Whether something went wrong.
    pub fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }
    /// The end: what went wrong is told, and makes the exit status 1.
    pub fn finish(mut self) -> Printed {
        self.stderr.push_str(&report(&self.failures));
        Printed { stdout: self.stdout, stderr: self.stderr, status: i32::from(!self.failures.is_empty()) }
    }
}
