//! Values that many objects share: each is written once after a snapshot.

use super::{Sink, Source, Wire};
use crate::error::{Read, ReadError};
use api::core::ServiceSpec;
use api::discovery::{Endpoint, EndpointPort};
use api::json::{Fields, Object};
use api::meta::Owners;
use api::node::NodeImage;
use api::pod::{PodSpec, PodTemplate, ResourceList};
use api::{LabelSelector, OwnerReference, StringMap};
use serde_json::Value;
use std::sync::Arc;

/// A value that is written once and then referred to.
pub(crate) trait Pooled: Clone + Content {
    /// Its type's number.
    const TAG: u8;
    /// As one of the closed set of shared values.
    fn wrap(self) -> Shared;
    /// Back again; `None` if it is of another type.
    fn unwrap(shared: &Shared) -> Option<Self>;
}

/// What a shared value is, apart from its being shared.
pub(crate) trait Content: Sized {
    /// Where it lies; 0 if there is nothing to point to.
    fn address(&self) -> usize;
    /// What there is if there is nothing to point to.
    fn empty() -> Option<Self>;
    /// Writes all of it.
    fn put_content(&self, to: &mut Sink);
    /// Reads all of it.
    fn take_content(from: &mut Source<'_>) -> Read<Self>;
    /// Whether the two have the same content.
    fn same_content(&self, old: &Self) -> bool;
}

macro_rules! shared {
    ($($tag:literal = $variant:ident($type:ty)),+ $(,)?) => {
        /// Any shared value.
        #[derive(Clone, Debug)]
        pub(crate) enum Shared { $($variant($type)),+ }

        $(impl Pooled for $type {
            const TAG: u8 = $tag;
            fn wrap(self) -> Shared {
                Shared::$variant(self)
            }
            fn unwrap(shared: &Shared) -> Option<Self> {
                match shared {
                    Shared::$variant(value) => Some(value.clone()),
                    _ => None,
                }
            }
        }
        impl Wire for $type {
            fn put(&self, to: &mut Sink) {
                to.shared(self);
            }
            fn take(from: &mut Source<'_>) -> Read<Self> {
                from.shared()
            }
            fn same(&self, old: &Self) -> bool {
                self.address() == old.address() || self.same_content(old)
            }
        })+
    };
}

shared! {
    0 = PodSpec(Arc<PodSpec>),
    1 = PodTemplate(Arc<PodTemplate>),
    2 = Strings(StringMap),
    3 = Owners(Owners),
    4 = Selector(Arc<LabelSelector>),
    5 = Resources(Arc<ResourceList>),
    6 = Images(Arc<[NodeImage]>),
    7 = Json(Arc<Object>),
    8 = Ports(Arc<[EndpointPort]>),
    9 = Endpoint(Arc<Endpoint>),
    10 = ServiceSpec(Arc<ServiceSpec>),
}

impl<T: Wire> Content for Arc<T> {
    fn address(&self) -> usize {
        Self::as_ptr(self).addr()
    }
    fn empty() -> Option<Self> {
        None
    }
    fn put_content(&self, to: &mut Sink) {
        (**self).put(to);
    }
    fn take_content(from: &mut Source<'_>) -> Read<Self> {
        T::take(from).map(Self::new)
    }
    fn same_content(&self, old: &Self) -> bool {
        (**self).same(old)
    }
}

/// Empty slices of all types may lie at one address, so they count as nothing to point to.
impl<T: Wire> Content for Arc<[T]> {
    fn address(&self) -> usize {
        if self.is_empty() { 0 } else { self.as_ptr().addr() }
    }
    fn empty() -> Option<Self> {
        Some(Self::from(Vec::new()))
    }
    fn put_content(&self, to: &mut Sink) {
        to.list(self);
    }
    fn take_content(from: &mut Source<'_>) -> Read<Self> {
        from.list().map(Self::from)
    }
    fn same_content(&self, old: &Self) -> bool {
        self.len() == old.len() && self.iter().zip(old.iter()).all(|(new, old)| T::same(new, old))
    }
}

impl Content for StringMap {
    fn address(&self) -> usize {
        StringMap::address(self)
    }
    fn empty() -> Option<Self> {
        Some(Self::default())
    }
    fn put_content(&self, to: &mut Sink) {
        to.length(self.len());
        for (key, value) in self.iter() {
            to.name(key);
            to.name(value);
        }
    }
    fn take_content(from: &mut Source<'_>) -> Read<Self> {
        let length = from.length()?;
        (0..length).map(|_| Ok((from.text()?, from.text()?))).collect::<Read<Vec<_>>>().map(Self::from_iter)
    }
    fn same_content(&self, old: &Self) -> bool {
        self == old
    }
}

impl Content for Owners {
    fn address(&self) -> usize {
        Owners::address(self)
    }
    fn empty() -> Option<Self> {
        Some(Self::default())
    }
    fn put_content(&self, to: &mut Sink) {
        to.list(self);
    }
    fn take_content(from: &mut Source<'_>) -> Read<Self> {
        from.list::<OwnerReference>().map(Self::from)
    }
    fn same_content(&self, old: &Self) -> bool {
        self == old
    }
}

/// A pod's spec is its JSON and whether it has a token volume: everything else follows.
impl Wire for PodSpec {
    fn put(&self, to: &mut Sink) {
        self.token_volume.put(to);
        self.json.put(to);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        let token_volume = bool::take(from)?;
        let json = Value::Object(Object::take(from)?);
        let spec = Self::from_json(&json).map_err(|_| ReadError::Corrupt("a pod's spec cannot be read"))?;
        Ok(Self { token_volume, ..spec })
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

/// A Service's spec is its JSON: everything else follows.
impl Wire for ServiceSpec {
    fn put(&self, to: &mut Sink) {
        self.json.put(to);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        let json = Value::Object(Object::take(from)?);
        let fields = Fields::root(&json).and_then(|fields| Self::from_fields(&fields));
        fields.map_err(|_| ReadError::Corrupt("a Service's spec cannot be read"))
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

/// Quantities are one number in several notations; all of it counts.
impl Wire for ResourceList {
    fn put(&self, to: &mut Sink) {
        to.serialized(&notation(self));
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        from.serialized()
    }
    fn same(&self, old: &Self) -> bool {
        self == old && notation(self) == notation(old)
    }
}

fn notation(list: &ResourceList) -> Vec<u8> {
    postcard::to_stdvec(list).unwrap_or_else(|error| panic!("a resource list cannot be written: {error}"))
}

wire_struct!(PodTemplate { labels, annotations, finalizers, spec });
