//! What is wrong with a command line.

use std::fmt;

/// A command line that kubectl refuses before it asks the server anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// What it prints to standard error, with the newline at the end.
    pub stderr: String,
    /// Its exit status.
    pub status: i32,
}

impl UsageError {
    /// `error: <message>`
    pub fn error(message: impl fmt::Display) -> Self {
        Self::plain(format!("error: {message}"))
    }
    /// The message as it stands.
    pub fn plain(message: impl fmt::Display) -> Self {
        Self { stderr: format!("{message}\n"), status: 1 }
    }
    /// A wrong flag, with the hint where flags are explained.
    pub fn flag(command: &str, message: impl fmt::Display) -> Self {
        Self::error(format!("{message}\nSee 'kubectl {command} --help' for usage."))
    }
    /// Wrong arguments, with the hint where they are explained.
    pub fn arguments(command: &str, message: impl fmt::Display) -> Self {
        Self::error(format!("{message}\nSee 'kubectl {command} -h' for help and examples"))
    }
    /// What the real kubectl can and this one cannot yet.
    pub fn not_modelled(what: impl fmt::Display) -> Self {
        Self::error(format!("{what} is not modelled yet"))
    }
    /// A file of `-f` that does not exist.
    pub fn missing_path(path: &str) -> Self {
        Self::error(format!("the path {path:?} does not exist"))
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stderr.trim_end())
    }
}
impl std::error::Error for UsageError {}
