//! What can be wrong with a stored journal.

use std::fmt;

/// Why a journal cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// Reading the source failed.
    Io(std::io::Error),
    /// It is no journal at all.
    NotAJournal,
    /// It was written in a format that this program does not know.
    Version(u32),
    /// Its end is missing: whoever wrote it did not finish.
    Unfinished,
    /// Its bytes are not what was written; what is wrong, and where it was seen.
    Corrupt(&'static str),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read the journal: {error}"),
            Self::NotAJournal => f.write_str("this is no journal"),
            Self::Version(version) => {
                write!(f, "the journal has format {version}, which this program cannot read")
            }
            Self::Unfinished => f.write_str("the journal was not finished: its end is missing"),
            Self::Corrupt(what) => write!(f, "the journal is damaged: {what}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// A result with such an error.
pub type Read<T> = Result<T, ReadError>;
