//! A change of an object, as a watcher sees it.

use api::{Kind, Object, ObjectMeta};
use journal::{ChangeType, RecordId};

/// A change of an object. Versions are shared with the store.
#[derive(Clone, Debug)]
pub struct Change {
    /// Added, Modified or Deleted.
    pub kind: ChangeType,
    /// The version before; `None` of an object that was added.
    pub old: Option<Object>,
    /// The new version; of a deletion the last one, with the resourceVersion of the deletion.
    pub object: Object,
    /// The commit's record; `None` for a commit that is no record (a lease's renewal, a heartbeat).
    pub record: Option<RecordId>,
    /// Dense number of the object among all of its kind that ever were; below 2²⁷.
    pub serial: u32,
    /// How many recorded commits of the object's name there were before.
    pub version: u32,
}

impl Change {
    /// The new version, unless it was deleted.
    pub fn current(&self) -> Option<&Object> {
        (self.kind != ChangeType::Deleted).then_some(&self.object)
    }
    /// Kind of the object.
    pub fn object_kind(&self) -> Kind {
        self.object.kind()
    }
    /// Metadata of the newest version.
    pub fn meta(&self) -> &ObjectMeta {
        self.object.meta()
    }
}
