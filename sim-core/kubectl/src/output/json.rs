//! JSON as Go's `encoding/json` writes it: keys sorted, `<`, `>` and `&` escaped, four blanks an indent.

use serde_json::Value;
use std::fmt::Write;

/// On one line, without blanks.
pub fn compact(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, None);
    out
}

/// On many lines, with a newline at the end: what `-o json` prints.
pub fn indented(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, Some(0));
    out.push('\n');
    out
}

/// `depth`: how deep the lines are indented; `None` on one line.
fn write(out: &mut String, value: &Value, depth: Option<usize>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            list(out, ('{', '}'), depth, fields, |out, (key, value), depth| {
                string(out, key);
                out.push_str(if depth.is_some() { ": " } else { ":" });
                write(out, value, depth);
            });
        }
        Value::Array(items) if !items.is_empty() => list(out, ('[', ']'), depth, items, write),
        Value::String(text) => string(out, text),
        other => out.push_str(&other.to_string()),
    }
}

fn list<T>(
    out: &mut String,
    (open, close): (char, char),
    depth: Option<usize>,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut String, T, Option<usize>),
) {
    let inside = depth.map(|depth| depth + 1);
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        line(out, inside);
        write(out, item, inside);
    }
    line(out, depth);
    out.push(close);
}

fn line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.push_str(&"    ".repeat(depth));
    }
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn as_go_writes_it() {
        let value = json!({"b": [1, {"x": "a<b>&\n"}], "a": {}, "c": []});
        assert_eq!(compact(&value), r#"{"a":{},"b":[1,{"x":"a\u003cb\u003e\u0026\n"}],"c":[]}"#);
        let lines = "{\n    \"a\": {},\n    \"b\": [\n        1,\n        {\n            \"x\": \"a\\u003cb\\u003e\\u0026\\n\"\n        }\n    ],\n    \"c\": []\n}\n";
        assert_eq!(indented(&value), lines);
    }

    proptest! {
        #[test]
        fn strings_read_back(text in ".*") {
            let value = json!({ "k": text });
            prop_assert_eq!(serde_json::from_str::<Value>(&compact(&value)).unwrap(), value.clone());
            prop_assert_eq!(serde_json::from_str::<Value>(&indented(&value)).unwrap(), value);
        }
    }
}
