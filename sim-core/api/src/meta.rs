//! Object metadata: names, uids, labels, owners, deletion.

use crate::Kind;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;
use units::Timestamp;

/// A name or another short text of the API. Up to 23 bytes lie in place; longer ones are shared.
pub type Name = SmolStr;

/// A uid: 128 random bits, shown as a version-4 UUID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(pub u128);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        write!(f, "{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

impl Uid {
    /// Reads the UUID form; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        if hex.len() != 32 || text.len() != 36 {
            return None;
        }
        u128::from_str_radix(&hex, 16).ok().map(Self)
    }
}

/// Labels, annotations and selectors' `matchLabels`: sorted by key, shared between objects.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StringMap(Option<Arc<[(Name, Name)]>>);

impl StringMap {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Name> {
        let entries = self.entries();
        entries.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok().map(|at| &entries[at].1)
    }
    fn entries(&self) -> &[(Name, Name)] {
        self.0.as_deref().unwrap_or_default()
    }
    /// Whether `key` is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
    /// Entries in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Name)> {
        self.entries().iter().map(|(k, v)| (k, v))
    }
    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries().len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
    /// Whether every entry of `other` is here too.
    pub fn contains_all(&self, other: &Self) -> bool {
        other.iter().all(|(key, value)| self.get(key) == Some(value))
    }
    /// The same with `key` set to `value`.
    pub fn with(&self, key: impl Into<Name>, value: impl Into<Name>) -> Self {
        let key = key.into();
        let rest = self.entries().iter().filter(|(k, _)| *k != key).cloned();
        rest.chain([(key.clone(), value.into())]).collect()
    }
    /// The same without `key`.
    pub fn without(&self, key: &str) -> Self {
        self.entries().iter().filter(|(k, _)| k != key).cloned().collect()
    }
    /// Whether both are the very same shared value (a quick test that may miss equal ones).
    pub fn same(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
    /// An address for tables of shared values; 0 for the empty map.
    pub fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |entries| entries.as_ptr().addr())
    }
}

impl<K: Into<Name>, V: Into<Name>> FromIterator<(K, V)> for StringMap {
    /// The last of equal keys counts.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let sorted: std::collections::BTreeMap<Name, Name> =
            entries.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self((!sorted.is_empty()).then(|| sorted.into_iter().collect()))
    }
}

impl fmt::Debug for StringMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for StringMap {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for StringMap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::collections::BTreeMap::<Name, Name>::deserialize(deserializer).map(|m| m.into_iter().collect())
    }
}

/// Namespace and name. The namespace of a cluster-scoped object is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: Name,
    /// Name.
    pub name: Name,
}

impl ObjectKey {
    /// A key of a namespaced object (or, with an empty namespace, of a cluster-scoped one).
    pub fn new(namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
    /// A key of a cluster-scoped object.
    pub fn cluster(name: impl Into<Name>) -> Self {
        Self { namespace: Name::default(), name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// An owner of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OwnerReference {
    /// `apps/v1`
    pub api_version: Name,
    /// `ReplicaSet`; a kind may be none of the built-in ones.
    pub kind: Name,
    /// The owner's name.
    pub name: Name,
    /// The owner's uid.
    pub uid: Uid,
    /// Whether it is the managing controller; at most one owner is.
    pub controller: bool,
    /// Whether foreground deletion of the owner waits for this object.
    pub block_owner_deletion: bool,
}

impl OwnerReference {
    /// The reference that a controller puts on what it creates (controllers.md 1.8).
    pub fn controller(kind: Kind, name: &Name, uid: Uid) -> Self {
        let kind_name = Name::new_static(kind.info().kind);
        let api_version = kind.api_version().into();
        Self {
            api_version,
            kind: kind_name,
            name: name.clone(),
            uid,
            controller: true,
            block_owner_deletion: true,
        }
    }
}

/// A deletion that has been asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// `deletionTimestamp`: the request plus the grace, so it lies in the future.
    pub timestamp: Timestamp,
    /// `deletionGracePeriodSeconds`
    pub grace_seconds: Option<i64>,
}

/// `metadata`. Created and changed by the API server alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectMeta {
    /// Name; empty in a create request with `generate_name`.
    pub name: Name,
    /// Prefix for a generated name.
    pub generate_name: Name,
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: Name,
    /// Set at creation.
    pub uid: Uid,
    /// Number of the commit that wrote this version; 0 in a create request.
    pub resource_version: u64,
    /// Raised by changes of the desired state.
    pub generation: i64,
    /// Set at creation.
    pub creation: Timestamp,
    /// Present while the object is being deleted.
    pub deletion: Option<Deletion>,
    /// Labels.
    pub labels: StringMap,
    /// Annotations.
    pub annotations: StringMap,
    /// Owners, shared between siblings.
    pub owners: Owners,
    /// What must be done before the object may go.
    pub finalizers: Vec<Name>,
}

/// Owner references, shared between the objects of one owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners(Option<Arc<[OwnerReference]>>);

impl Owners {
    /// An address for tables of shared values; 0 for no owners.
    pub fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |owners| owners.as_ptr().addr())
    }
}

impl std::ops::Deref for Owners {
    type Target = [OwnerReference];
    fn deref(&self) -> &[OwnerReference] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl From<Vec<OwnerReference>> for Owners {
    fn from(owners: Vec<OwnerReference>) -> Self {
        Self((!owners.is_empty()).then(|| owners.into()))
    }
}

impl Serialize for Owners {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Owners {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<OwnerReference>::deserialize(deserializer).map(Self::from)
    }
}

impl ObjectMeta {
    /// Metadata of an object to be created.
    pub fn named(namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { namespace: namespace.into(), name: name.into(), ..Self::default() }
    }
    /// Namespace and name.
    pub fn key(&self) -> ObjectKey {
        ObjectKey { namespace: self.namespace.clone(), name: self.name.clone() }
    }
    /// The managing controller's reference.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owners.iter().find(|owner| owner.controller)
    }
    /// Whether a deletion has been asked for.
    pub fn is_deleting(&self) -> bool {
        self.deletion.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_read_as_they_are_shown() {
        let uid = Uid(0xe95f_352d_47b0_4168_9022_4b42_4d7e_d905);
        assert_eq!(uid.to_string(), "e95f352d-47b0-4168-9022-4b424d7ed905");
        assert_eq!(Uid::parse(&uid.to_string()), Some(uid));
        assert_eq!(Uid::parse("e95f352d"), None);
    }

    #[test]
    fn maps_are_sorted_and_the_last_of_equal_keys_counts() {
        let map: StringMap = [("b", "1"), ("a", "2"), ("b", "3")].into_iter().collect();
        assert_eq!(map.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(), ["a=2", "b=3"]);
        assert_eq!(map.with("a", "9").get("a").map(Name::as_str), Some("9"));
        assert!(!map.without("a").contains_key("a"));
        assert!(map.contains_all(&StringMap::default()));
    }
}
