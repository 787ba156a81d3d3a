//! JSON text as the recordings' tools write it: ASCII only, and with or without a space after `,` and `:`.

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::collections::BTreeMap;
use std::io;

/// `{`, then one `"name": value` a line without spaces in the value, then `}`.
pub(super) fn write_lines<T: Serialize>(
    out: &mut impl io::Write,
    entries: &BTreeMap<String, T>,
) -> io::Result<()> {
    out.write_all(b"{\n")?;
    for (n, (name, value)) in entries.iter().enumerate() {
        if n > 0 {
            out.write_all(b",\n")?;
        }
        write(out, name, Spacing::NONE)?;
        out.write_all(b": ")?;
        write(out, value, Spacing::NONE)?;
    }
    out.write_all(b"\n}")
}

/// A value on one line, with spaces, to be read by people.
pub(super) fn spaced(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    match write(&mut text, value, Spacing::WIDE) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) => error.to_string(),
    }
}

fn write<T: Serialize + ?Sized>(out: &mut impl io::Write, value: &T, spacing: Spacing) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, spacing)).map_err(io::Error::from)
}

#[derive(Clone, Copy)]
struct Spacing {
    comma: &'static [u8],
    colon: &'static [u8],
}

impl Spacing {
    const NONE: Self = Self { comma: b",", colon: b":" };
    const WIDE: Self = Self { comma: b", ", colon: b": " };

    fn separate<W: ?Sized + io::Write>(self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(self.comma) }
    }
}

impl Formatter for Spacing {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.colon)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for character in fragment.chars() {
            if matches!(character, ' '..='~') {
                write!(writer, "{character}")?;
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_ascii() {
        assert_eq!(spaced(&json!("a\"\\\n\u{7f}µ\u{1f600}")), r#""a\"\\\n\u007f\u00b5\ud83d\ude00""#);
    }

    #[test]
    fn spaces_are_for_people() {
        assert_eq!(spaced(&json!({"a": [1, null], "b": {}})), r#"{"a": [1, null], "b": {}}"#);
    }

    #[test]
    fn one_entry_a_line() {
        #[track_caller]
        fn check(entries: &[(&str, serde_json::Value)], expect: &str) {
            let entries = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let mut text = Vec::new();
            write_lines(&mut text, &entries).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), expect);
        }
        check(&[], "{\n\n}");
        check(
            &[("a", json!([1, 2.0])), ("µ", json!({"b": 0}))],
            "{\n\"a\": [1,2.0],\n\"\\u00b5\": {\"b\":0}\n}",
        );
    }
}
