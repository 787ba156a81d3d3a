//! Where values are written to.

use super::Wire;
use super::shared::{Pooled, Shared};
use crate::hash::content_hash;
use api::Name;
use rustc_hash::FxHashMap;

/// Texts longer than this are not remembered: they hardly come twice.
const LONGEST_POOLED_TEXT: usize = 512;

/// A value's number in its pool, shifted past the marks.
pub(super) const EMPTY: u64 = 0;
pub(super) const NEW: u64 = 1;
pub(super) const INLINE: u64 = 2;
pub(super) const FIRST_TEXT: u64 = 3;
pub(super) const FIRST_SHARED: u64 = 2;
pub(super) const FIRST_ID: u64 = 2;

/// Both forms of what is being written, and the pools that the stored form refers to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sink {
    /// The stored form.
    pub stored: Vec<u8>,
    /// The content form, which is hashed.
    pub content: Vec<u8>,
    /// Seconds since the epoch at t = 0: timestamps are written from there.
    pub(super) base: i64,
    texts: FxHashMap<Name, u64>,
    ids: FxHashMap<u128, u64>,
    shared: SharedPool,
}

/// The shared values that have been written, by address and by content.
#[derive(Clone, Debug, Default)]
struct SharedPool {
    /// Number and content hash by address and type. The value is held, so that its address is not used again.
    by_address: FxHashMap<(usize, u8), (u64, u128, Shared)>,
    by_content: FxHashMap<(u128, u8), u64>,
}

/// Takes bits from the lowest on.
pub(crate) struct Mask(pub u64);

impl Mask {
    pub(crate) fn next(&mut self) -> bool {
        let set = self.0 & 1 == 1;
        self.0 >>= 1;
        set
    }
}

/// Appends an integer in LEB128.
#[allow(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Small numbers of either sign as small numbers.
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

impl Sink {
    /// Nothing written yet; timestamps are written as seconds since `base`.
    pub(crate) fn new(base: i64) -> Self {
        Self { base, ..Self::default() }
    }

    /// Forgets what has been written before: numbers begin anew.
    pub(crate) fn reset_pools(&mut self) {
        self.texts.clear();
        self.ids.clear();
        self.shared.by_address.clear();
        self.shared.by_content.clear();
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.stored.push(byte);
        self.content.push(byte);
    }

    pub(crate) fn varint(&mut self, value: u64) {
        push_varint(&mut self.stored, value);
        push_varint(&mut self.content, value);
    }

    pub(crate) fn signed(&mut self, value: i64) {
        self.varint(zigzag(value));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.stored.extend_from_slice(bytes);
        self.content.extend_from_slice(bytes);
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.varint(length as u64);
    }

    /// Writes something into the stored form alone: what follows from the content and what was before.
    pub(crate) fn stored_varint(&mut self, value: u64) {
        push_varint(&mut self.stored, value);
    }

    /// A text: its number, or itself the first time.
    pub(crate) fn text(&mut self, text: &str) {
        self.text_as(text, || Name::new(text));
    }

    /// The same for a text that can be remembered without being copied.
    pub(crate) fn name(&mut self, name: &Name) {
        self.text_as(name, || name.clone());
    }

    fn text_as(&mut self, text: &str, name: impl FnOnce() -> Name) {
        push_varint(&mut self.content, text.len() as u64);
        self.content.extend_from_slice(text.as_bytes());
        if text.is_empty() {
            self.stored.push(0);
        } else if text.len() > LONGEST_POOLED_TEXT {
            self.new_text(INLINE, text);
        } else if let Some(number) = self.texts.get(text) {
            push_varint(&mut self.stored, FIRST_TEXT + number);
        } else {
            self.new_text(NEW, text);
            let number = self.texts.len() as u64;
            self.texts.insert(name(), number);
        }
    }

    fn new_text(&mut self, mark: u64, text: &str) {
        push_varint(&mut self.stored, mark);
        push_varint(&mut self.stored, text.len() as u64);
        self.stored.extend_from_slice(text.as_bytes());
    }

    /// A uid or a container's id: its number, or itself the first time.
    pub(crate) fn id(&mut self, id: u128) {
        self.content.extend_from_slice(&id.to_le_bytes());
        if id == 0 {
            push_varint(&mut self.stored, EMPTY);
        } else if let Some(number) = self.ids.get(&id) {
            push_varint(&mut self.stored, FIRST_ID + number);
        } else {
            push_varint(&mut self.stored, NEW);
            self.stored.extend_from_slice(&id.to_le_bytes());
            let number = self.ids.len() as u64;
            self.ids.insert(id, number);
        }
    }

    /// A shared value: its number, or itself the first time; for the hash, the hash of its content.
    pub(super) fn shared<T: Pooled>(&mut self, value: &T) {
        if value.address() == 0 {
            push_varint(&mut self.stored, EMPTY);
            self.content.extend_from_slice(&[0; 16]);
            return;
        }
        let key = (value.address(), T::TAG);
        let (number, hash) = match self.shared.by_address.get(&key) {
            Some(&(number, hash, _)) => (Some(number), hash),
            None => self.first_at_address(value),
        };
        if let Some(number) = number {
            push_varint(&mut self.stored, FIRST_SHARED + number);
        }
        self.content.extend_from_slice(&hash.to_le_bytes());
    }

    /// A value at an address that has not been seen: written, unless one like it has been. In that case every text
    /// and value within has been written too, so that what is taken back defined nothing.
    fn first_at_address<T: Pooled>(&mut self, value: &T) -> (Option<u64>, u128) {
        let (stored, content) = (self.stored.len(), self.content.len());
        push_varint(&mut self.stored, NEW);
        value.put_content(self);
        let hash = content_hash(&self.content[content..]);
        self.content.truncate(content);
        let known = self.shared.by_content.get(&(hash, T::TAG)).copied();
        if known.is_some() {
            self.stored.truncate(stored);
        }
        let number = known.unwrap_or(self.shared.by_content.len() as u64);
        self.shared.by_content.insert((hash, T::TAG), number);
        self.shared.by_address.insert((value.address(), T::TAG), (number, hash, value.clone().wrap()));
        (known, hash)
    }

    /// A value in the encoding of its `Serialize`, with its length.
    pub(super) fn serialized(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes(bytes);
    }

    /// A list of what one kind of value is.
    pub(super) fn list<T: Wire>(&mut self, items: &[T]) {
        self.length(items.len());
        items.iter().for_each(|item| item.put(self));
    }
}
