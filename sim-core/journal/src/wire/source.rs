//! Where values are read from. Nothing that the bytes say makes a read fail otherwise than with an error.

use super::Wire;
use super::shared::{Pooled, Shared};
use super::sink::{EMPTY, FIRST_ID, FIRST_SHARED, FIRST_TEXT, INLINE, NEW};
use crate::error::{Read, ReadError};
use api::Name;

/// How deep lists and objects may lie in each other.
const DEEPEST: u32 = 256;

/// What the numbers in the stored form stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pools {
    texts: Vec<Name>,
    ids: Vec<u128>,
    shared: Vec<Shared>,
}

/// Stored bytes being read.
pub(crate) struct Source<'a> {
    bytes: &'a [u8],
    pools: &'a mut Pools,
    depth: u32,
    /// Seconds since the epoch at t = 0.
    pub(super) base: i64,
}

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a [u8], pools: &'a mut Pools, base: i64) -> Self {
        Self { bytes, pools, depth: 0, base }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn byte(&mut self) -> Read<u8> {
        let (&first, rest) = self.bytes.split_first().ok_or(ReadError::Corrupt("a chunk ends too early"))?;
        self.bytes = rest;
        Ok(first)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Read<&'a [u8]> {
        let (head, rest) =
            self.bytes.split_at_checked(count).ok_or(ReadError::Corrupt("a chunk ends too early"))?;
        self.bytes = rest;
        Ok(head)
    }

    pub(crate) fn varint(&mut self) -> Read<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ReadError::Corrupt("an integer is too long"))
    }

    pub(crate) fn signed(&mut self) -> Read<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// The length of something of which each item takes at least one byte.
    pub(crate) fn length(&mut self) -> Read<usize> {
        match usize::try_from(self.varint()?) {
            Ok(length) if length <= self.bytes.len() => Ok(length),
            _ => Err(ReadError::Corrupt("a length goes beyond its chunk")),
        }
    }

    pub(crate) fn text(&mut self) -> Read<Name> {
        match self.varint()? {
            EMPTY => Ok(Name::default()),
            NEW => {
                let text = Name::new(self.plain_text()?);
                self.pools.texts.push(text.clone());
                Ok(text)
            }
            INLINE => self.plain_text().map(Name::new),
            number => at(&self.pools.texts, number - FIRST_TEXT).cloned(),
        }
    }

    fn plain_text(&mut self) -> Read<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| ReadError::Corrupt("a text is not UTF-8"))
    }

    pub(crate) fn id(&mut self) -> Read<u128> {
        match self.varint()? {
            EMPTY => Ok(0),
            NEW => {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(self.bytes(16)?);
                let id = u128::from_le_bytes(bytes);
                self.pools.ids.push(id);
                Ok(id)
            }
            number => at(&self.pools.ids, number - FIRST_ID).copied(),
        }
    }

    pub(super) fn shared<T: Pooled>(&mut self) -> Read<T> {
        match self.varint()? {
            EMPTY => T::empty().ok_or(ReadError::Corrupt("a value is missing")),
            NEW => {
                let value = self.deeper(T::take_content)?;
                self.pools.shared.push(value.clone().wrap());
                Ok(value)
            }
            number => T::unwrap(at(&self.pools.shared, number - FIRST_SHARED)?)
                .ok_or(ReadError::Corrupt("a reference names a value of another type")),
        }
    }

    pub(super) fn serialized<T: serde::de::DeserializeOwned>(&mut self) -> Read<T> {
        let length = self.length()?;
        postcard::from_bytes(self.bytes(length)?).map_err(|_| ReadError::Corrupt("a value cannot be decoded"))
    }

    pub(super) fn list<T: Wire>(&mut self) -> Read<Vec<T>> {
        let length = self.length()?;
        (0..length).map(|_| T::take(self)).collect()
    }

    /// Reads something that lies within something else.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == DEEPEST {
            return Err(ReadError::Corrupt("values lie too deep in each other"));
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }
}

fn at<T>(pool: &[T], number: u64) -> Read<&T> {
    let found = usize::try_from(number).ok().and_then(|number| pool.get(number));
    found.ok_or(ReadError::Corrupt("a reference leads nowhere"))
}
