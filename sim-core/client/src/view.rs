//! The cluster as one component sees it: late by the delay of its watches, and nowhere else stale.

use crate::{Change, Cursor, Table};
use api::apps::{Deployment, ReplicaSet};
use api::coordination::Lease;
use api::core::{Namespace, Service};
use api::discovery::EndpointSlice;
use api::event::Event;
use api::generic::Generic;
use api::node::Node;
use api::pod::Pod;
use api::{Kind, Object, ObjectKey};
use journal::RecordId;
use std::collections::BTreeMap;
use std::sync::Arc;

macro_rules! tables {
    ($($field:ident, $kind:ident;)+) => {
        /// All objects of a cluster, one table per kind. The store writes here; views read here.
        #[derive(Clone, Debug, Default)]
        #[allow(missing_docs)]
        pub struct Tables {
            $(pub $field: Table<$kind>,)+
            pub generic: BTreeMap<Kind, Table<Generic>>,
        }

        impl Tables {
            /// The newest version of an object.
            pub fn get(&self, kind: Kind, key: &ObjectKey) -> Option<Object> {
                match kind {
                    $(Kind::$kind => self.$field.get(key).cloned().map(Object::$kind),)+
                    _ => self.generic.get(&kind).and_then(|t| t.get(key)).cloned().map(Object::Generic),
                }
            }
            /// The newest versions of all objects of a kind (in a namespace), by namespace and name.
            pub fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Object> {
                match kind {
                    $(Kind::$kind => list(&self.$field, namespace).map(Object::$kind).collect(),)+
                    _ => match self.generic.get(&kind) {
                        Some(table) => list(table, namespace).map(Object::Generic).collect(),
                        None => Vec::new(),
                    },
                }
            }
            /// The cursor of one who has seen everything of a kind.
            pub fn head(&self, kind: Kind) -> Cursor {
                match kind {
                    $(Kind::$kind => self.$field.head(),)+
                    _ => self.generic.get(&kind).map(Table::head).unwrap_or_default(),
                }
            }
            /// The change that a view at this cursor sees next.
            pub fn change(&self, kind: Kind, cursor: Cursor) -> Option<Change> {
                match kind {
                    $(Kind::$kind => self.$field.entry(cursor).map(|e| Change {
                        kind: e.kind,
                        old: e.old.clone().map(Object::$kind),
                        object: Object::$kind(e.new.clone()),
                        record: e.record,
                        serial: e.serial,
                        version: e.version,
                    }),)+
                    _ => self.generic.get(&kind).and_then(|t| t.entry(cursor)).map(|e| Change {
                        kind: e.kind,
                        old: e.old.clone().map(Object::Generic),
                        object: Object::Generic(e.new.clone()),
                        record: e.record,
                        serial: e.serial,
                        version: e.version,
                    }),
                }
            }
            /// Writes a new version (or deletes) and returns the cursor of the change.
            pub fn commit(&mut self, object: Object, deleted: bool, record: Option<RecordId>) -> Cursor {
                let key = object.key();
                match object {
                    $(Object::$kind(o) => self.$field.commit(&key, o, deleted, record),)+
                    Object::Generic(o) => self.generic.entry(o.kind).or_default().commit(&key, o, deleted, record),
                }
            }
            /// Cuts a kind's log behind the slowest view.
            pub fn trim(&mut self, kind: Kind, slowest: Cursor) {
                match kind {
                    $(Kind::$kind => self.$field.trim(slowest),)+
                    _ => if let Some(table) = self.generic.get_mut(&kind) { table.trim(slowest) },
                }
            }
            /// How many recorded commits of an object's name there were, as far as it is remembered.
            pub fn version(&self, kind: Kind, key: &ObjectKey) -> u32 {
                match kind {
                    $(Kind::$kind => self.$field.version(key),)+
                    _ => self.generic.get(&kind).map_or(0, |t| t.version(key)),
                }
            }
            /// Dense number of an object among all of its kind that ever were.
            pub fn serial(&self, kind: Kind, key: &ObjectKey) -> Option<u32> {
                match kind {
                    $(Kind::$kind => self.$field.serial(key),)+
                    _ => self.generic.get(&kind).and_then(|t| t.serial(key)),
                }
            }
        }
    };
}

tables! {
    namespaces, Namespace;
    nodes, Node;
    pods, Pod;
    services, Service;
    events, Event;
    deployments, Deployment;
    replica_sets, ReplicaSet;
    endpoint_slices, EndpointSlice;
    leases, Lease;
}

fn list<'a, T>(table: &'a Table<T>, namespace: Option<&'a str>) -> Box<dyn Iterator<Item = Arc<T>> + 'a> {
    match namespace {
        Some(namespace) => Box::new(table.namespace_at(namespace, table.head()).cloned()),
        None => Box::new(table.iter().cloned()),
    }
}

/// How much of each kind a process has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursors(BTreeMap<Kind, Cursor>);

impl Cursors {
    /// The cursor of a kind.
    pub fn get(&self, kind: Kind) -> Cursor {
        self.0.get(&kind).copied().unwrap_or_default()
    }
    /// Moves the cursor of a kind; never backwards.
    pub fn advance(&mut self, kind: Kind, to: Cursor) {
        let cursor = self.0.entry(kind).or_default();
        *cursor = (*cursor).max(to);
    }
}

/// The cluster as one component sees it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    tables: &'a Tables,
    cursors: &'a Cursors,
}

macro_rules! readers {
    ($($one:ident, $all:ident, $within:ident, $field:ident, $kind:ident;)+) => {
        impl<'a> View<'a> {
            $(
                #[doc = concat!("The ", stringify!($kind), " of that key, as it is seen.")]
                pub fn $one(&self, key: &ObjectKey) -> Option<&'a Arc<$kind>> {
                    self.tables.$field.get_at(key, self.cursors.get(Kind::$kind))
                }
                #[doc = concat!("Every ", stringify!($kind), " that is seen, by namespace and name.")]
                pub fn $all(&self) -> impl Iterator<Item = &'a Arc<$kind>> + use<'a> {
                    self.tables.$field.iter_at(self.cursors.get(Kind::$kind))
                }
                #[doc = concat!("Every ", stringify!($kind), " of a namespace that is seen, by name.")]
                pub fn $within(&self, namespace: &str) -> impl Iterator<Item = &'a Arc<$kind>> + use<'a> {
                    self.tables.$field.namespace_at(namespace, self.cursors.get(Kind::$kind))
                }
            )+
        }
    };
}

readers! {
    namespace, namespaces, namespaces_in, namespaces, Namespace;
    node, nodes, nodes_in, nodes, Node;
    pod, pods, pods_in, pods, Pod;
    service, services, services_in, services, Service;
    deployment, deployments, deployments_in, deployments, Deployment;
    replica_set, replica_sets, replica_sets_in, replica_sets, ReplicaSet;
    endpoint_slice, endpoint_slices, endpoint_slices_in, endpoint_slices, EndpointSlice;
    lease, leases, leases_in, leases, Lease;
}

impl<'a> View<'a> {
    /// A view of these tables at these cursors.
    pub fn new(tables: &'a Tables, cursors: &'a Cursors) -> Self {
        Self { tables, cursors }
    }
    /// How much of a kind is seen; for the read-your-writes guard use objects' resourceVersions instead.
    pub fn cursor(&self, kind: Kind) -> Cursor {
        self.cursors.get(kind)
    }
}
