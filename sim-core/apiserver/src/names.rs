//! Uids and generated names: luck that belongs to the object, or to the base of its name.

use api::{Kind, Name, ObjectKey, Uid};
use random::Seed;
use std::collections::BTreeMap;
use units::SimTime;

/// Longest base that a generated name keeps (controllers.md 1.9).
const MAX_BASE: usize = 58;

/// How many names have been generated from each base.
#[derive(Clone, Debug, Default)]
pub struct Names {
    generated: BTreeMap<(Kind, ObjectKey), u64>,
}

impl Names {
    /// The uid of an object that is created now.
    pub fn uid(&self, seed: Seed, kind: Kind, key: &ObjectKey, now: SimTime) -> Uid {
        let stream = seed.stream("uid", &format!("{kind}/{key}"));
        Uid(stream.at(now.as_nanos().unsigned_abs()).uuid())
    }

    /// The next name with this base: five letters behind it (controllers.md 1.9).
    pub fn generate(&mut self, seed: Seed, kind: Kind, namespace: &Name, base: &Name) -> Name {
        let end =
            base.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MAX_BASE).last();
        let base = &base[..end.unwrap_or(0)];
        let key = ObjectKey::new(namespace.clone(), base);
        let stream = seed.stream("name", &format!("{kind}/{key}"));
        let count = self.generated.entry((kind, key)).or_default();
        let suffix = stream.at(*count).suffix();
        *count += 1;
        format!("{base}{suffix}").into()
    }
}
