//! Numbers of records, and sets of them as causes.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::fmt;

/// Place of a record in its journal, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub u64);

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The records that caused something: sorted ranges that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Causes(SmallVec<[(u64, u64); 1]>);

impl Causes {
    /// No cause: the beginning of a chain.
    pub fn none() -> Self {
        Self::default()
    }
    /// Adds one record. Most additions are newer than what is there.
    pub fn add(&mut self, record: RecordId) {
        self.add_range(record.0, record.0);
    }
    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Self) {
        for &(first, last) in &other.0 {
            self.add_range(first, last);
        }
    }
    /// The ranges, both ends included, in rising order.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = (RecordId, RecordId)> + ExactSizeIterator + '_ {
        self.0.iter().map(|&(first, last)| (RecordId(first), RecordId(last)))
    }
    /// Every record, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.0.iter().flat_map(|&(first, last)| (first..=last).map(RecordId))
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The newest one.
    pub fn last(&self) -> Option<RecordId> {
        self.0.last().map(|&(_, last)| RecordId(last))
    }
    /// Takes all, leaving none.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    pub(crate) fn add_range(&mut self, first: u64, last: u64) {
        // Position behind all ranges that end before `first` and do not touch it.
        let at = self.0.partition_point(|&(_, end)| end.saturating_add(1) < first);
        let touching = self.0[at..].iter().take_while(|&&(start, _)| start <= last.saturating_add(1)).count();
        if touching == 0 {
            self.0.insert(at, (first, last));
            return;
        }
        let merged = (first.min(self.0[at].0), last.max(self.0[at + touching - 1].1));
        self.0[at] = merged;
        self.0.drain(at + 1..at + touching);
    }
}

impl From<RecordId> for Causes {
    fn from(record: RecordId) -> Self {
        let mut causes = Self::default();
        causes.add(record);
        causes
    }
}

impl FromIterator<RecordId> for Causes {
    fn from_iter<I: IntoIterator<Item = RecordId>>(records: I) -> Self {
        let mut causes = Self::default();
        records.into_iter().for_each(|record| causes.add(record));
        causes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_merge_whatever_the_order() {
        let check = |records: &[u64], ranges: &[(u64, u64)]| {
            let causes: Causes = records.iter().copied().map(RecordId).collect();
            assert_eq!(causes.0.as_slice(), ranges, "{records:?}");
        };
        check(&[1, 2, 3], &[(1, 3)]);
        check(&[3, 1, 2], &[(1, 3)]);
        check(&[5, 1, 3, 3], &[(1, 1), (3, 3), (5, 5)]);
        check(&[1, 3, 5, 2, 4], &[(1, 5)]);
        check(&[9, 0], &[(0, 0), (9, 9)]);
    }
}
