//! All objects of one kind in versions, with the log of their changes.
//!
//! The store writes at the head; a view reads at its [`Cursor`]. An object keeps its versions newer than the slowest
//! active view; reading at a cursor is the newest version not beyond it. So any number of views share memory, and
//! [`Table::trim`] cuts the log behind the slowest.

use api::ObjectKey;
use journal::{ChangeType, RecordId};
use smallvec::{SmallVec, smallvec};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How much of a table's log a view has seen: the number of entries since the beginning.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Cursor(pub u64);

/// One entry of the log.
#[derive(Clone, Debug)]
pub struct Entry<T> {
    /// Added, Modified or Deleted.
    pub kind: ChangeType,
    /// The version before.
    pub old: Option<Arc<T>>,
    /// The new version; of a deletion the last one.
    pub new: Arc<T>,
    /// The commit's record, if it is one.
    pub record: Option<RecordId>,
    /// Dense number of the object.
    pub serial: u32,
    /// How many recorded commits of this name there were before.
    pub version: u32,
    slot: u32,
}

#[derive(Clone, Debug)]
struct Version<T> {
    /// The cursor from which on it is seen.
    from: Cursor,
    /// `None` after a deletion.
    object: Option<Arc<T>>,
}

#[derive(Clone, Debug)]
struct Slot<T> {
    key: ObjectKey,
    serial: u32,
    /// How many recorded commits of this name there were.
    version: u32,
    versions: SmallVec<[Version<T>; 1]>,
}

/// All objects of one kind.
#[derive(Clone, Debug)]
pub struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    names: BTreeMap<ObjectKey, u32>,
    log: VecDeque<Entry<T>>,
    /// How many entries have been cut off.
    cut: u64,
    /// How many objects there ever were.
    serials: u32,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            names: BTreeMap::new(),
            log: VecDeque::new(),
            cut: 0,
            serials: 0,
        }
    }
}

impl<T> Table<T> {
    /// The cursor of one who has seen everything.
    pub fn head(&self) -> Cursor {
        Cursor(self.cut + self.log.len() as u64)
    }

    /// The newest version.
    pub fn get(&self, key: &ObjectKey) -> Option<&Arc<T>> {
        self.get_at(key, self.head())
    }

    /// The version that a view at this cursor sees.
    pub fn get_at(&self, key: &ObjectKey, cursor: Cursor) -> Option<&Arc<T>> {
        self.names.get(key).and_then(|slot| self.slots[*slot as usize].at(cursor))
    }

    /// The object's dense number: the how-many-th of its kind it is.
    pub fn serial(&self, key: &ObjectKey) -> Option<u32> {
        self.names.get(key).map(|slot| self.slots[*slot as usize].serial)
    }

    /// How many recorded commits of this name there were, as far as it is remembered.
    pub fn version(&self, key: &ObjectKey) -> u32 {
        self.names.get(key).map_or(0, |slot| self.slots[*slot as usize].version)
    }

    /// Everything that a view at this cursor sees, in the order of namespace and name.
    pub fn iter_at(&self, cursor: Cursor) -> impl Iterator<Item = &Arc<T>> {
        self.names.values().filter_map(move |slot| self.slots[*slot as usize].at(cursor))
    }

    /// What a view at this cursor sees in a namespace, in the order of names.
    pub fn namespace_at<'a>(
        &'a self,
        namespace: &str,
        cursor: Cursor,
    ) -> impl Iterator<Item = &'a Arc<T>> + use<'a, T> {
        let first = ObjectKey::new(namespace, "");
        let namespace = first.namespace.clone();
        let within = self.names.range(first..).take_while(move |(key, _)| key.namespace == namespace);
        within.filter_map(move |(_, slot)| self.slots[*slot as usize].at(cursor))
    }

    /// The newest versions, in the order of namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        self.iter_at(self.head())
    }

    /// An entry that has not been cut off: the one that a view at `cursor` sees next.
    pub fn entry(&self, cursor: Cursor) -> Option<&Entry<T>> {
        let at = cursor.0.checked_sub(self.cut)?;
        self.log.get(usize::try_from(at).ok()?)
    }

    /// Writes a new version, or (with `None`) deletes. Returns the cursor of the entry.
    /// Deleting what is not there is a bug of the caller.
    pub fn commit(
        &mut self,
        key: &ObjectKey,
        object: Arc<T>,
        deleted: bool,
        record: Option<RecordId>,
    ) -> Cursor {
        let cursor = self.head();
        let seen_from = Cursor(cursor.0 + 1);
        let (slot_number, old) = self.slot_for(key);
        let slot = &mut self.slots[slot_number as usize];
        let kind = match (&old, deleted) {
            (None, _) => ChangeType::Added,
            (Some(_), false) => ChangeType::Modified,
            (Some(_), true) => ChangeType::Deleted,
        };
        if kind == ChangeType::Added {
            slot.serial = self.serials;
            self.serials += 1;
        }
        slot.versions.push(Version { from: seen_from, object: (!deleted).then(|| Arc::clone(&object)) });
        let (serial, version) = (slot.serial, slot.version);
        slot.version += u32::from(record.is_some());
        self.log.push_back(Entry { kind, old, new: object, record, serial, version, slot: slot_number });
        cursor
    }

    fn slot_for(&mut self, key: &ObjectKey) -> (u32, Option<Arc<T>>) {
        if let Some(&slot) = self.names.get(key) {
            let old = self.slots[slot as usize].versions.last().and_then(|v| v.object.clone());
            return (slot, old);
        }
        let slot = Slot { key: key.clone(), serial: 0, version: 0, versions: smallvec![] };
        let number = match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = slot;
                number
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1)
                    .unwrap_or_else(|_| panic!("more than 2^32 objects of one kind"))
            }
        };
        self.names.insert(key.clone(), number);
        (number, None)
    }

    /// Cuts the log behind the slowest view, and the versions that nobody sees any more.
    pub fn trim(&mut self, slowest: Cursor) {
        while self.cut < slowest.0 {
            let Some(entry) = self.log.pop_front() else { break };
            self.cut += 1;
            self.forget_before(entry.slot, Cursor(self.cut));
        }
    }

    fn forget_before(&mut self, number: u32, cursor: Cursor) {
        let slot = &mut self.slots[number as usize];
        let seen = slot.versions.iter().rposition(|v| v.from <= cursor).unwrap_or(0);
        slot.versions.drain(..seen);
        let gone =
            slot.versions.len() == 1 && slot.versions[0].object.is_none() && slot.versions[0].from <= cursor;
        if gone {
            slot.versions.clear();
            let key = std::mem::take(&mut slot.key);
            if self.names.get(&key) == Some(&number) {
                self.names.remove(&key);
            }
            self.free.push(number);
        }
    }

    /// How many entries the log holds.
    pub fn log_len(&self) -> usize {
        self.log.len()
    }
}

impl<T> Slot<T> {
    fn at(&self, cursor: Cursor) -> Option<&Arc<T>> {
        let seen = self.versions.iter().rev().find(|v| v.from <= cursor)?;
        seen.object.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("default", name)
    }

    #[test]
    fn a_view_sees_the_past_until_it_moves() {
        let mut table = Table::default();
        table.commit(&key("a"), Arc::new(1), false, None);
        let early = table.head();
        table.commit(&key("a"), Arc::new(2), false, None);
        table.commit(&key("b"), Arc::new(7), false, None);
        table.commit(&key("a"), Arc::new(2), true, None);
        assert_eq!(table.get_at(&key("a"), early).map(|v| **v), Some(1));
        assert_eq!(table.get_at(&key("a"), Cursor(2)).map(|v| **v), Some(2));
        assert_eq!(table.get(&key("a")), None);
        assert_eq!(table.get_at(&key("b"), early), None);
        assert_eq!(table.iter().map(|v| **v).collect::<Vec<_>>(), [7]);
        assert_eq!(table.entry(early).map(|e| e.kind), Some(ChangeType::Modified));
    }

    #[test]
    fn trimming_keeps_what_the_slowest_view_sees() {
        let mut table = Table::default();
        for value in 0..5 {
            table.commit(&key("a"), Arc::new(value), false, None);
        }
        table.trim(Cursor(3));
        assert_eq!(table.get_at(&key("a"), Cursor(3)).map(|v| **v), Some(2));
        assert_eq!(table.get_at(&key("a"), Cursor(4)).map(|v| **v), Some(3));
        assert_eq!(table.log_len(), 2);
        table.commit(&key("a"), Arc::new(4), true, None);
        table.trim(table.head());
        assert_eq!((table.names.len(), table.free.len()), (0, 1));
        table.commit(&key("b"), Arc::new(9), false, None);
        assert_eq!((table.slots.len(), table.serial(&key("b"))), (1, Some(1)));
    }

    #[test]
    fn a_name_can_be_used_again_before_everyone_has_seen_it_go() {
        let mut table = Table::default();
        table.commit(&key("a"), Arc::new(1), false, None);
        table.commit(&key("a"), Arc::new(1), true, None);
        table.commit(&key("a"), Arc::new(2), false, None);
        table.trim(Cursor(2));
        assert_eq!(table.get_at(&key("a"), Cursor(2)), None);
        assert_eq!(table.get(&key("a")).map(|v| **v), Some(2));
        table.trim(Cursor(3));
        assert_eq!(table.get(&key("a")).map(|v| **v), Some(2));
        assert_eq!(table.serial(&key("a")), Some(1));
    }
}
