//! The hash of the processed events, for finding the first that differs between two runs.

use crate::Key;
use serde::{Deserialize, Serialize};
use std::fmt;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// State, time and rest of the key.
const HEAD: usize = 32;
/// Payloads up to this length are hashed together with the head, longer ones by their digest.
const INLINE: usize = 64;

/// A chained 128-bit hash (XXH3) of keys and payloads: equal for equal sequences, on every platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventHash(u128);

impl EventHash {
    /// Adds one event. `payload` is whatever describes it, numbers as little-endian bytes.
    pub fn feed(&mut self, key: Key, payload: &[u8]) {
        let mut bytes = [0; HEAD + INLINE];
        bytes[..16].copy_from_slice(&self.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&key.time().as_nanos().to_le_bytes());
        bytes[24..HEAD].copy_from_slice(&key.rest().to_le_bytes());
        let digest;
        let tail = if payload.len() <= INLINE {
            payload
        } else {
            digest = xxh3_128_with_seed(payload, 0).to_le_bytes();
            &digest
        };
        let end = HEAD + tail.len();
        bytes[HEAD..end].copy_from_slice(tail);
        // The length as the seed keeps a digest apart from a payload that looks like one.
        let length = u64::try_from(payload.len()).unwrap_or(u64::MAX);
        self.0 = xxh3_128_with_seed(&bytes[..end], length);
    }

    /// The hash of all events so far; 0 before the first.
    pub const fn value(self) -> u128 {
        self.0
    }
}

impl fmt::Display for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use units::SimTime;

    fn hash(events: &[(i64, u32, &[u8])]) -> EventHash {
        let mut hash = EventHash::default();
        for (nanos, entity, payload) in events {
            hash.feed(Key::new(SimTime::from_nanos(*nanos), 1, *entity, 0), payload);
        }
        hash
    }

    #[test]
    fn exact_bits() {
        let payloads: [&[u8]; 4] = [b"", b"pod started", &[9; 64], &[9; 65]];
        let hashes = payloads.map(|payload| hash(&[(5, 7, payload)]).to_string());
        let expect = [
            "dc5daff312e9670aa2046ca624ce3bfc",
            "008fafffa6a807e775f9f9265a86de28",
            "e81665ac1b3f36439510cd9c4787487b",
            "fec1602edca9c234dd3287b8d2c354a4",
        ];
        assert_eq!(hashes, expect);
        assert_eq!(EventHash::default().value(), 0);
    }

    #[test]
    fn every_part_and_the_order_count() {
        let long = [1; 65];
        let mut other = long;
        other[64] = 2;
        let digest = xxh3_128_with_seed(&long, 0).to_le_bytes();
        let hashes = [
            hash(&[]),
            hash(&[(0, 0, b"")]),
            hash(&[(1, 0, b"")]),
            hash(&[(0, 1, b"")]),
            hash(&[(0, 0, b"a")]),
            hash(&[(0, 0, b"a"), (0, 0, b"b")]),
            hash(&[(0, 0, b"b"), (0, 0, b"a")]),
            hash(&[(0, 0, b"ab"), (0, 0, b"")]),
            hash(&[(0, 0, &[0])]),
            hash(&[(0, 0, &[0, 0])]),
            hash(&[(0, 0, &long)]),
            hash(&[(0, 0, &other)]),
            hash(&[(0, 0, &digest)]),
        ];
        let different: BTreeSet<u128> = hashes.iter().map(|hash| hash.value()).collect();
        assert_eq!(different.len(), hashes.len());
    }
}
