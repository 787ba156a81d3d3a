//! Numbers, texts, options, lists.

use super::{Sink, Source, Wire};
use crate::error::{Read, ReadError};
use api::Name;
use std::net::IpAddr;
use units::{MicroTime, SimTime, Timestamp};

impl Wire for bool {
    fn put(&self, to: &mut Sink) {
        to.byte(u8::from(*self));
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ReadError::Corrupt("a truth value is neither")),
        }
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

impl Wire for u64 {
    fn put(&self, to: &mut Sink) {
        to.varint(*self);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        from.varint()
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
    fn put_change(&self, old: &Self, to: &mut Sink) {
        to.signed(self.wrapping_sub(*old).cast_signed());
    }
    fn take_change(old: &Self, from: &mut Source<'_>) -> Read<Self> {
        Ok(old.wrapping_add(from.signed()?.cast_unsigned()))
    }
}

macro_rules! wire_integer {
    ($($type:ty),+) => {
        $(impl Wire for $type {
            fn put(&self, to: &mut Sink) {
                to.signed(i64::from(*self));
            }
            fn take(from: &mut Source<'_>) -> Read<Self> {
                Self::try_from(from.signed()?).map_err(|_| ReadError::Corrupt("a number is too large"))
            }
            fn same(&self, old: &Self) -> bool {
                self == old
            }
        })+
    };
}
wire_integer!(i64, i32, u32);

impl Wire for Name {
    fn put(&self, to: &mut Sink) {
        to.name(self);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        from.text()
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

impl Wire for String {
    fn put(&self, to: &mut Sink) {
        to.text(self);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        from.text().map(Self::from)
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

impl Wire for SimTime {
    fn put(&self, to: &mut Sink) {
        to.signed(self.as_nanos());
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        from.signed().map(Self::from_nanos)
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

impl Wire for Timestamp {
    fn put(&self, to: &mut Sink) {
        to.signed(self.0.wrapping_sub(to.base));
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        Ok(Self(from.signed()?.wrapping_add(from.base)))
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

impl Wire for MicroTime {
    fn put(&self, to: &mut Sink) {
        to.signed(self.0.wrapping_sub(to.base.wrapping_mul(1_000_000)));
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        Ok(Self(from.signed()?.wrapping_add(from.base.wrapping_mul(1_000_000))))
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

impl Wire for IpAddr {
    fn put(&self, to: &mut Sink) {
        match self {
            Self::V4(ip) => {
                to.byte(4);
                to.bytes(&ip.octets());
            }
            Self::V6(ip) => {
                to.byte(6);
                to.bytes(&ip.octets());
            }
        }
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        let family = from.byte()?;
        let count = if family == 4 { 4 } else { 16 };
        let octets = from.bytes(count)?;
        let v4 = <[u8; 4]>::try_from(octets).map(Self::from);
        let v6 = <[u8; 16]>::try_from(octets).map(Self::from);
        match family {
            4 | 6 => v4.or(v6).map_err(|_| ReadError::Corrupt("an address is too short")),
            _ => Err(ReadError::Corrupt("no such family of addresses")),
        }
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, to: &mut Sink) {
        to.byte(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(to);
        }
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        if bool::take(from)? { T::take(from).map(Some) } else { Ok(None) }
    }
    fn same(&self, old: &Self) -> bool {
        match (self, old) {
            (Some(new), Some(old)) => T::same(new, old),
            (None, None) => true,
            _ => false,
        }
    }
    fn put_change(&self, old: &Self, to: &mut Sink) {
        match (self, old) {
            (Some(new), Some(old)) => {
                to.byte(1);
                new.put_change(old, to);
            }
            _ => self.put(to),
        }
    }
    fn take_change(old: &Self, from: &mut Source<'_>) -> Read<Self> {
        match (bool::take(from)?, old) {
            (false, _) => Ok(None),
            (true, Some(old)) => T::take_change(old, from).map(Some),
            (true, None) => T::take(from).map(Some),
        }
    }
}

impl<T: Wire> Wire for Box<T> {
    fn put(&self, to: &mut Sink) {
        (**self).put(to);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        T::take(from).map(Self::new)
    }
    fn same(&self, old: &Self) -> bool {
        (**self).same(old)
    }
    fn put_change(&self, old: &Self, to: &mut Sink) {
        (**self).put_change(old, to);
    }
    fn take_change(old: &Self, from: &mut Source<'_>) -> Read<Self> {
        T::take_change(old, from).map(Self::new)
    }
}

/// A changed list: how much of its beginning and of its end is as it was, and what lies between.
impl<T: Wire + Clone> Wire for Vec<T> {
    fn put(&self, to: &mut Sink) {
        to.list(self);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        from.list()
    }
    fn same(&self, old: &Self) -> bool {
        self.len() == old.len() && self.iter().zip(old).all(|(new, old)| T::same(new, old))
    }
    fn put_change(&self, old: &Self, to: &mut Sink) {
        let shorter = self.len().min(old.len());
        let alike = |(new, old): &(&T, &T)| T::same(new, old);
        let first = self.iter().zip(old).take_while(alike).count();
        let last = self.iter().rev().zip(old.iter().rev()).take(shorter - first).take_while(alike).count();
        to.length(first);
        to.length(last);
        let (new, old) = (&self[first..self.len() - last], &old[first..old.len() - last]);
        to.length(new.len());
        if new.len() == old.len() {
            new.iter().zip(old).for_each(|(new, old)| new.put_change(old, to));
        } else {
            new.iter().for_each(|item| item.put(to));
        }
    }
    fn take_change(old: &Self, from: &mut Source<'_>) -> Read<Self> {
        let count = |from: &mut Source<'_>| usize::try_from(from.varint()?).map_err(|_| TOO_LONG);
        let (first, last) = (count(from)?, count(from)?);
        if first.checked_add(last).is_none_or(|kept| kept > old.len()) {
            return Err(TOO_LONG);
        }
        let length = from.length()?;
        let middle = &old[first..old.len() - last];
        let mut items = old[..first].to_vec();
        if middle.len() == length {
            for old in middle {
                items.push(T::take_change(old, from)?);
            }
        } else {
            for _ in 0..length {
                items.push(T::take(from)?);
            }
        }
        items.extend_from_slice(&old[old.len() - last..]);
        Ok(items)
    }
}

const TOO_LONG: ReadError = ReadError::Corrupt("a list keeps more than it had");
