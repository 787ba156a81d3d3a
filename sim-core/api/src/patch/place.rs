//! Where a patch is in an object: what the schema says about the field there.

use crate::schema::{Schema, Shape, Type};

/// A place in an object.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// In an object of a known type.
    Type(&'a Type),
    /// In what has this shape.
    Shape(&'a Shape),
    /// Nothing is known.
    Unknown,
}

/// How a field is patched.
#[derive(Clone, Copy)]
pub struct Rule<'a> {
    /// What stands in the field (of a list: in its items).
    pub inside: Place<'a>,
    /// Lists are merged instead of replaced.
    pub merges: bool,
    /// Maps are replaced instead of merged.
    pub replaces: bool,
    /// A patch names all keys that stay.
    pub retains_keys: bool,
    /// Which field names an item; empty for lists of scalars.
    pub key: &'a str,
}

impl<'a> Place<'a> {
    /// What the schema says about a field of an object here.
    pub fn field(self, name: &str) -> Rule<'a> {
        let schema = Schema::builtin();
        let unknown =
            Rule { inside: Place::Unknown, merges: false, replaces: false, retains_keys: false, key: "" };
        let object = match self {
            Self::Type(object) => object,
            Self::Shape(Shape::Type(id)) => schema.get(*id),
            Self::Shape(Shape::Map(values)) => return Rule { inside: Place::Shape(values), ..unknown },
            Self::Shape(_) | Self::Unknown => return unknown,
        };
        let Some(field) = object.field(name) else { return unknown };
        let has = |word: &str| field.patch_strategy.is_some_and(|text| text.split(',').any(|s| s == word));
        let inside = if let Shape::List(items) = &field.shape { items } else { &field.shape };
        Rule {
            inside: Place::Shape(inside),
            merges: has("merge"),
            replaces: has("replace"),
            retains_keys: has("retainKeys"),
            key: field.merge_key.unwrap_or_default(),
        }
    }
}
