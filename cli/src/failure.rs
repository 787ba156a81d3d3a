//! Why a command ends without having done what it was asked for, and its exit status.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use api::diagnostics::Diagnostics;

/// The bytes of the files that diagnostics speak of, by the name the user gave them.
pub(crate) type Sources = BTreeMap<String, Arc<[u8]>>;

/// Why a command ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// `get` found nothing, or a difference was found: already told.
    Negative,
    /// The words on the command line, or what they name, cannot be used: why, and what would be right.
    Usage(String, Option<String>),
    /// Files are wrong.
    Input(Diagnostics, Sources),
    /// A command has already printed what is wrong with its input.
    Refused(String),
    /// A result could not be written.
    Write(String),
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Failure {
    /// A usage error without advice.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into(), None)
    }

    /// A usage error that says what would be right.
    pub(crate) fn advice(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage(message.into(), Some(help.into()))
    }

    /// A path that could not be written.
    pub(crate) fn write(path: &Path, error: &std::io::Error) -> Self {
        Self::Write(format!("cannot write {}: {}", path.display(), in_words(error)))
    }

    /// A path that could not be read.
    pub(crate) fn read(path: &Path, error: &std::io::Error) -> Self {
        Self::usage(format!("{} cannot be read: {}", path.display(), in_words(error)))
    }

    /// The exit status, as documented in the help.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Negative => 1,
            Self::Usage(..) | Self::Input(..) | Self::Refused(_) => 2,
            Self::Write(_) => 3,
            Self::Interrupted => 130,
        }
    }
}

/// An error of the operating system without its number.
pub(crate) fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
