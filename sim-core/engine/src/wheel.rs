//! A hierarchical timing wheel on integer nanoseconds: 11 levels of 64 slots, which covers 64 bits.
//!
//! An entry waits at the level of the highest base-64 digit in which its time differs from the base, in the slot of
//! that digit of its own. So a lower level comes before every higher one, and within a level a lower slot before a
//! higher one; only the first occupied slot is ever taken apart. It is taken apart around its earliest time, which
//! becomes the new base: what is due then goes to a heap, the rest to lower levels. An entry falls through as many
//! levels as it has near neighbours to be told from, not through all eleven.
//!
//! The heap orders what is due, by all of the key, and takes in whatever comes in not later than the base; so the
//! order is exact in any case, and a base that has run ahead costs time only.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = 11;
/// A slot that has been taken apart keeps memory for so many entries, and gives back more.
const KEPT: usize = 512;

/// What waits. Ordered by time, then by the rest of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Nanoseconds, moved so that the earliest time is 0.
    pub(crate) time: u64,
    /// The rest of the key.
    pub(crate) rest: u64,
    /// Where the event itself lies.
    pub(crate) slot: u32,
    /// Which of the events that lay there.
    pub(crate) generation: u32,
}

/// Entries in the order of their keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wheel {
    /// Every entry in the slots is later, every entry in the heap is not.
    base: u64,
    due: BinaryHeap<Reverse<Entry>>,
    /// One bit per slot that holds something, by level.
    occupied: [u64; LEVELS],
    /// Level by level.
    slots: Vec<Vec<Entry>>,
}

impl Wheel {
    /// An empty wheel; `base` is the time before which nothing is expected.
    pub(crate) fn new(base: u64) -> Self {
        Self { base, due: BinaryHeap::new(), occupied: [0; LEVELS], slots: vec![Vec::new(); LEVELS * SLOTS] }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        if entry.time <= self.base {
            self.due.push(Reverse(entry));
        } else {
            self.put_in_slot(entry);
        }
    }

    fn put_in_slot(&mut self, entry: Entry) {
        // The times differ, so the level is at most (63 − 0) / 6 = 10.
        let level = (63 - (entry.time ^ self.base).leading_zeros()) / DIGIT_BITS;
        let digit = (entry.time >> (level * DIGIT_BITS)) & (SLOTS as u64 - 1);
        let (level, digit) = (level as usize, index(digit));
        self.occupied[level] |= 1 << digit;
        self.slots[level * SLOTS + digit].push(entry);
    }

    /// Takes out the first entry if its time is not after `limit`.
    pub(crate) fn pop_until(&mut self, limit: u64) -> Option<Entry> {
        if self.due.is_empty()
            && let Some(only) = self.advance(limit)
        {
            return Some(only);
        }
        if self.due.peek()?.0.time <= limit { self.due.pop().map(|Reverse(entry)| entry) } else { None }
    }

    /// The first entry of those that are wanted. Nothing moves: what is put in later may still come before it.
    pub(crate) fn first(&self, is_wanted: impl Fn(&Entry) -> bool) -> Option<Entry> {
        // Nearly always the top itself is wanted.
        let due = match self.due.peek() {
            Some(Reverse(top)) if is_wanted(top) => Some(*top),
            _ => first_of(self.due.iter().map(|Reverse(entry)| entry), &is_wanted),
        };
        due.or_else(|| self.occupied_slots().find_map(|slot| first_of(&self.slots[slot], &is_wanted)))
    }

    /// The next entry, if it is known already.
    pub(crate) fn next_due(&self) -> Option<&Entry> {
        self.due.peek().map(|Reverse(entry)| entry)
    }

    /// Keeps only what is wanted.
    pub(crate) fn retain(&mut self, is_wanted: impl Fn(&Entry) -> bool) {
        self.due.retain(|Reverse(entry)| is_wanted(entry));
        for slot in self.occupied_slots().collect::<Vec<_>>() {
            self.slots[slot].retain(&is_wanted);
            if self.slots[slot].is_empty() {
                self.occupied[slot / SLOTS] &= !(1 << (slot % SLOTS));
            }
        }
    }

    /// How many entries there are, wanted or not.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.due.len() + self.slots.iter().map(Vec::len).sum::<usize>()
    }

    /// Occupied slots in the order of their times.
    fn occupied_slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.occupied.iter().enumerate().flat_map(|(level, bits)| {
            let next = |bits: &u64| Some(bits & (bits - 1)).filter(|rest| *rest != 0);
            let bits = Some(*bits).filter(|bits| *bits != 0);
            std::iter::successors(bits, next).map(move |bits| level * SLOTS + bits.trailing_zeros() as usize)
        })
    }

    /// Takes apart the first occupied slot, if it holds anything not after `limit`: its earliest time becomes the base.
    /// An entry that is alone in its slot is handed out at once.
    fn advance(&mut self, limit: u64) -> Option<Entry> {
        let level = self.occupied.iter().position(|bits| *bits != 0)?;
        let digit = self.occupied[level].trailing_zeros() as usize;
        let slot = &mut self.slots[level * SLOTS + digit];
        let earliest = slot.iter().map(|entry| entry.time).min().filter(|time| *time <= limit)?;
        self.occupied[level] &= !(1 << digit);
        self.base = earliest;
        if slot.len() == 1 {
            return slot.pop();
        }
        let mut taken = std::mem::take(slot);
        // None of them comes back here: the digit of this level is now that of the base.
        for entry in taken.drain(..) {
            self.push(entry);
        }
        if taken.capacity() <= KEPT {
            self.slots[level * SLOTS + digit] = taken;
        }
        None
    }
}

fn first_of<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    is_wanted: impl Fn(&Entry) -> bool,
) -> Option<Entry> {
    let earlier = |first: Option<&'a Entry>, entry: &'a Entry| match first {
        Some(first) if first <= entry => Some(first),
        first => {
            if is_wanted(entry) {
                Some(entry)
            } else {
                first
            }
        }
    };
    entries.into_iter().fold(None, earlier).copied()
}

#[allow(clippy::cast_possible_truncation)] // a digit is below 64
const fn index(digit: u64) -> usize {
    digit as usize
}
