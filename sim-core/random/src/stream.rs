//! Seeds, and the streams that they name.

use crate::Draw;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// What all randomness of a run comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

/// A named sequence of independent draws: 16 bytes, so that every pod can have some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stream {
    key: [u8; 16],
}

/// Takes the draws of a stream one after the other. It is plain data: saved and loaded, it goes on where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    stream: Stream,
    next: u64,
}

/// Which kind of part a stream is named by, so that owner `"7"` and owner number 7 stay apart.
enum Part<'a> {
    Text(&'a str),
    Number(u64),
}

impl Seed {
    /// The stream for `purpose` that belongs to `owner`. Both count: `("a", "bc")` is not `("ab", "c")`.
    pub fn stream(self, purpose: &str, owner: &str) -> Stream {
        self.root(purpose).part(&Part::Text(owner))
    }

    /// As [`Seed::stream`], with an owner that is a number: no text has to be made.
    pub fn numbered_stream(self, purpose: &str, owner: u64) -> Stream {
        self.root(purpose).part(&Part::Number(owner))
    }

    fn root(self, purpose: &str) -> Stream {
        Stream { key: xxh3_128_with_seed(purpose.as_bytes(), self.0).to_le_bytes() }
            .part(&Part::Number(self.0))
    }
}

impl Stream {
    /// The stream of one part of this one's owner: the n-th container, the n-th probe.
    pub fn child(self, part: u64) -> Self {
        self.part(&Part::Number(part))
    }

    /// The stream of the part of that name: the luck with one object, say.
    pub fn named(self, part: &str) -> Self {
        self.part(&Part::Text(part))
    }

    /// The draw number `counter`, whatever was drawn before. Several values can be taken from it.
    pub fn at(self, counter: u64) -> Draw {
        // ChaCha's own expansion of a 128-bit key: the key twice. The counter is the nonce.
        let mut key = [0; 32];
        key[..16].copy_from_slice(&self.key);
        key[16..].copy_from_slice(&self.key);
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(counter);
        Draw::new(generator)
    }

    /// Takes the draws in order, from the first.
    pub const fn counter(self) -> Counter {
        Counter { stream: self, next: 0 }
    }

    fn part(self, part: &Part<'_>) -> Self {
        let (tag, digest) = match part {
            Part::Text(text) => (1, xxh3_128_with_seed(text.as_bytes(), 0).to_le_bytes()),
            Part::Number(number) => (2, u128::from(*number).to_le_bytes()),
        };
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.key);
        bytes[16..].copy_from_slice(&digest);
        Self { key: xxh3_128_with_seed(&bytes, tag).to_le_bytes() }
    }
}

impl Counter {
    /// The next draw.
    pub fn draw(&mut self) -> Draw {
        let draw = self.stream.at(self.next);
        self.next = self.next.wrapping_add(1);
        draw
    }

    /// How many were taken.
    pub const fn taken(&self) -> u64 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn exact_bits() {
        let named = Seed(42).stream("jitter", "node-1");
        let numbered = Seed(42).numbered_stream("jitter", 1);
        let draws = [
            Seed(0).stream("", "").at(0),
            Seed(0).stream("jitter", "node-1").at(0),
            named.at(0),
            named.at(1),
            named.at(u64::MAX),
            numbered.at(0),
            numbered.child(3).at(0),
        ];
        let expect = [
            3_228_192_590_381_231_577,
            17_282_720_720_520_493_260,
            2_684_638_490_928_717_729,
            16_395_310_471_189_707_998,
            12_647_310_700_449_681_199,
            14_077_815_886_989_486_087,
            10_464_012_978_667_986_369,
        ];
        assert_eq!(draws.map(|mut draw| draw.u64()), expect);
    }

    #[test]
    fn a_draw_depends_on_its_counter_alone() {
        let stream = Seed(1).stream("start", "web-0");
        let mut counter = stream.counter();
        let in_order: Vec<u64> = (0..100).map(|_| counter.draw().u64()).collect();
        let backwards: Vec<u64> = (0..100).rev().map(|k| stream.at(k).u64()).collect();
        assert!(in_order.iter().eq(backwards.iter().rev()));
        assert_eq!(counter.taken(), 100);
    }

    #[test]
    fn every_part_of_the_name_counts() {
        let mut streams = vec![
            Seed(1).stream("a", "bc"),
            Seed(1).stream("ab", "c"),
            Seed(1).stream("bc", "a"),
            Seed(1).stream("", "abc"),
            Seed(1).stream("abc", ""),
            Seed(2).stream("abc", ""),
            Seed(1).stream("abc", "7"),
            Seed(1).numbered_stream("abc", 7),
            Seed(1).numbered_stream("abc", 0),
            Seed(1).stream("abc", "").child(0),
            Seed(1).stream("abc", "").child(1),
            Seed(1).stream("abc", "").child(0).child(1),
            Seed(1).stream("abc", "").child(1).child(0),
        ];
        streams.extend((0..1000).map(|seed| Seed(seed).stream("phase", "node")));
        let firsts: BTreeSet<u64> = streams.iter().map(|stream| stream.at(0).u64()).collect();
        assert_eq!(firsts.len(), streams.len());
    }

    #[test]
    fn a_seed_that_xxh3_treats_alike_still_counts() {
        // The hash of a long text uses a secret made from the seed; of a short one, seeds enter directly.
        for purpose in ["", "p", &"p".repeat(300)] {
            let firsts: BTreeSet<u64> =
                (0..64).map(|bit| Seed(1 << bit).stream(purpose, "o").at(0).u64()).collect();
            assert_eq!(firsts.len(), 64, "{purpose}");
        }
    }
}
