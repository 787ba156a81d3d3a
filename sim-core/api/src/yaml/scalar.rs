//! Scalars: of which kind they are, and whether they have a JSON form.

use std::borrow::Cow;

use saphyr_parser::Tag;

use super::resolve::{self, Scalar};
use super::tree::Kind;

/// The kind of a scalar and its text; an error if its tag does not fit.
pub(super) fn read_scalar<'t>(
    text: &'t str,
    quoted: bool,
    tag: Option<&Tag>,
) -> Result<(Kind, Cow<'t, str>), String> {
    let plain = Cow::Borrowed(text);
    let Some(tag) = tag else {
        return Ok((if quoted { Kind::String } else { kind_of(text) }, plain));
    };
    if tag.handle.is_empty() && tag.suffix == "!" {
        return Ok((kind_of(text), plain));
    }
    if !tag.is_yaml_core_schema() {
        return Ok((Kind::String, plain));
    }
    let wanted = match tag.suffix.as_str() {
        "int" => Kind::Integer,
        "float" => Kind::Float,
        "bool" => Kind::Bool,
        "null" => Kind::Null,
        "binary" => return binary(text).map(|decoded| (Kind::String, Cow::Owned(decoded))),
        _ => return Ok((Kind::String, plain)),
    };
    match (kind_of(text), wanted) {
        (Kind::Integer, Kind::Float) => Ok((Kind::Integer, plain)),
        (kind, wanted) if kind == wanted => Ok((kind, plain)),
        _ => Err(format!("cannot decode `{text}` as a !!{}", tag.suffix)),
    }
}

fn kind_of(text: &str) -> Kind {
    match resolve::resolve(text) {
        Scalar::Null => Kind::Null,
        Scalar::Bool(_) => Kind::Bool,
        Scalar::Int(_) | Scalar::Uint(_) => Kind::Integer,
        Scalar::Float(_) => Kind::Float,
        Scalar::Text => Kind::String,
    }
}

fn binary(text: &str) -> Result<String, String> {
    match super::base64::decode(text) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => Err("!!binary value contains invalid base64 data".to_owned()),
    }
}

/// A key that is no string, as JSON text.
///
/// DIFFERENCE: a float is written as Rust writes it (`1e6` as `1000000`), where Go writes `1e+06`.
pub(super) fn key_text(text: &str) -> String {
    match resolve::resolve(text) {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(value) => value.to_string(),
        Scalar::Uint(value) => value.to_string(),
        Scalar::Float(value) => value.to_string(),
        Scalar::Null | Scalar::Text => text.to_owned(),
    }
}

/// Why a value has no JSON form.
pub(super) fn unwritable(kind: Kind, text: &str, json: bool) -> Option<String> {
    match kind {
        Kind::Float if !matches!(resolve::resolve(text), Scalar::Float(value) if value.is_finite()) => {
            Some(format!("unsupported value: {text}"))
        }
        Kind::String if json && resolve::is_decimal(text) => {
            Some(format!("the number {text} is out of range"))
        }
        _ => None,
    }
}
