//! The chained hash of a journal.
//!
//! It covers what happened and nothing of how it is stored: times, causes and changes, each value as its content. So
//! it does not depend on chunks, snapshots, pools, or on which objects share memory.

use serde::{Deserialize, Serialize};
use std::fmt;
use xxhash_rust::xxh3::xxh3_128;

/// Hash of everything up to a record: two journals with one hash say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JournalHash(pub u128);

impl fmt::Display for JournalHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl JournalHash {
    /// Reads the 32 hexadecimal digits that are shown.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

/// Hash of one value, for values that are written once and referred to.
pub(crate) fn content_hash(content: &[u8]) -> u128 {
    xxh3_128(content)
}
