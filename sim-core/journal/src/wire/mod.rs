//! How values are written: compact, each shared value once, and of a changed value what differs.
//!
//! Two forms are written side by side. The *stored* form refers to texts, ids and shared values by number; the
//! *content* form, which is hashed, has what they stand for. The numbers begin anew with each snapshot.
//!
//! Integers are LEB128 (signed ones zigzag), texts and lists carry their length, a struct is its fields in order. A
//! changed struct is a mask of its fields, then the changed ones. The order of [`api::Kind`] and of the fields and
//! variants listed here is part of the format: who changes it raises [`FORMAT`].

#[macro_use]
mod macros;
mod basic;
mod json;
mod meta;
mod objects;
mod records;
mod shared;
mod sink;
mod source;

pub(crate) use objects::{put_object, put_object_change, take_object, take_object_change};
pub(crate) use sink::Sink;
pub(crate) use source::{Pools, Source};

use crate::error::Read;

/// Version of the format.
pub(crate) const FORMAT: u32 = 1;

/// A value that can be written and read.
pub(crate) trait Wire: Sized {
    /// Writes all of it.
    fn put(&self, to: &mut Sink);
    /// Reads what [`Wire::put`] wrote.
    fn take(from: &mut Source<'_>) -> Read<Self>;
    /// Whether the two would be written alike.
    fn same(&self, old: &Self) -> bool;
    /// Writes what differs from `old`.
    fn put_change(&self, _old: &Self, to: &mut Sink) {
        self.put(to);
    }
    /// Reads what [`Wire::put_change`] wrote.
    fn take_change(_old: &Self, from: &mut Source<'_>) -> Read<Self> {
        Self::take(from)
    }
}
