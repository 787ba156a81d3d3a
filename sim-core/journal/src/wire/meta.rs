//! Metadata, references, conditions and selectors.

use super::{Sink, Source, Wire};
use crate::error::{Read, ReadError};
use api::meta::Deletion;
use api::pod::ContainerId;
use api::selector::{Operator, Requirement};
use api::{
    Condition, ConditionStatus, Kind, LabelSelector, ObjectKey, ObjectMeta, ObjectRef, OwnerReference, Uid,
};

impl Wire for Kind {
    /// The stored form has its place among the kinds, the content form its name.
    fn put(&self, to: &mut Sink) {
        to.stored.push(u8::try_from(self.index()).unwrap_or(u8::MAX));
        to.content.extend_from_slice(self.info().kind.as_bytes());
        to.content.push(0);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        let place = usize::from(from.byte()?);
        Self::ALL.get(place).copied().ok_or(ReadError::Corrupt("no such kind"))
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

macro_rules! wire_id {
    ($($type:ty),+) => {
        $(impl Wire for $type {
            fn put(&self, to: &mut Sink) {
                to.id(self.0);
            }
            fn take(from: &mut Source<'_>) -> Read<Self> {
                from.id().map(Self)
            }
            fn same(&self, old: &Self) -> bool {
                self == old
            }
        })+
    };
}
wire_id!(Uid, ContainerId);

wire_struct!(ObjectMeta {
    resource_version,
    generation,
    deletion,
    labels,
    annotations,
    owners,
    finalizers,
    name,
    generate_name,
    namespace,
    uid,
    creation,
});
wire_struct!(Deletion { timestamp, grace_seconds });
wire_struct!(OwnerReference { api_version, kind, name, uid, controller, block_owner_deletion });
wire_struct!(ObjectKey { namespace, name });
wire_struct!(ObjectRef { kind, key, uid });
wire_struct!(Condition { status, last_transition, reason, message, last_update, observed_generation, kind });
wire_enum!(ConditionStatus { 0 = True, 1 = False, 2 = Unknown });
wire_struct!(LabelSelector { match_labels, match_expressions });
wire_struct!(Requirement { key, operator, values });
wire_enum!(Operator { 0 = In, 1 = NotIn, 2 = Exists, 3 = DoesNotExist, 4 = Gt, 5 = Lt });
