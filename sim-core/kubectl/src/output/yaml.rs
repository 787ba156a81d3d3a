//! YAML as kubectl writes it: keys sorted, lists not indented below their key, and each string in the plainest style
//! that reads back as a string.
//!
//! Source: `sigs.k8s.io/yaml` (goyaml v2's encoder and emitter), as kubectl v1.36.2 uses it.
//!
//! DIFFERENCE: a key longer than 128 bytes is written like any other; goyaml writes `? key`. A number that is no
//! integer is written as JSON writes it. Only odd custom resources could tell.

use api::yaml::resolve::{Scalar, resolve};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::fmt::Write;

/// An object as a document, with a newline at the end.
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => map(&mut out, fields, 0, true),
        Value::Array(items) if !items.is_empty() => list(&mut out, items, 0, true),
        scalar_value => {
            scalar(&mut out, scalar_value, 0);
            out.push('\n');
        }
    }
    out
}

/// `begun`: the first line has its indent already.
fn map(out: &mut String, fields: &Map<String, Value>, indent: usize, begun: bool) {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by(|a, b| key_order(a.0, b.0));
    for (at, (key, value)) in fields.into_iter().enumerate() {
        if at > 0 || !begun {
            out.push_str(&" ".repeat(indent));
        }
        string(out, key, None);
        out.push(':');
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                out.push('\n');
                map(out, fields, indent + 2, false);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                list(out, items, indent, false);
            }
            other => {
                out.push(' ');
                scalar(out, other, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn list(out: &mut String, items: &[Value], indent: usize, begun: bool) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 || !begun {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str("- ");
        match item {
            Value::Object(fields) if !fields.is_empty() => map(out, fields, indent + 2, true),
            Value::Array(items) if !items.is_empty() => list(out, items, indent + 2, true),
            other => {
                scalar(out, other, indent + 2);
                out.push('\n');
            }
        }
    }
}

/// Without a newline at its end; `indent` is that of a literal's lines.
fn scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(text) => string(out, text, Some(indent)),
        other => out.push_str(&other.to_string()),
    }
}

/// `indent`: that of a literal's lines; `None` for a key, which must stay on its line.
fn string(out: &mut String, text: &str, indent: Option<usize>) {
    let form = Form::of(text);
    match indent {
        Some(indent) if text.contains('\n') && form.literal => literal(out, text, indent),
        _ if text.contains('\n') || !reads_as_text(text) => double_quoted(out, text),
        _ if form.plain => out.push_str(text),
        _ if form.single => {
            out.push('\'');
            out.push_str(&text.replace('\'', "''"));
            out.push('\'');
        }
        _ => double_quoted(out, text),
    }
}

/// Whether a reader takes the plain text for a string.
fn reads_as_text(text: &str) -> bool {
    resolve(text) == Scalar::Text && text != "<<" && !is_timestamp(text) && !is_base_60(text)
}

/// `2026-01-31`, or with a time behind `T`, `t` or a blank.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return false;
    }
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[5..at.max(5)], Some(&text[at + 1..])),
        None => (&text[5..], None),
    };
    let Some((month, day)) = date.split_once('-') else { return false };
    between(month, 1, 12) && between(day, 1, 31) && time.is_none_or(|t| is_time(t, !text.contains(' ')))
}

/// `15:4:5.9`, and a zone where there must be one.
fn is_time(text: &str, zoned: bool) -> bool {
    let zone = text.find(['Z', '+', '-']);
    if zone.is_some() != zoned {
        return false;
    }
    let clock = &text[..zone.unwrap_or(text.len())];
    let parts: Vec<&str> = clock.split(':').collect();
    let &[hour, minute, second] = parts.as_slice() else { return false };
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let zone = zone.map_or("Z", |at| &text[at..]);
    let offset = zone.len() == 6 && zone.as_bytes()[3] == b':' && zone.is_ascii();
    between(hour, 0, 23)
        && between(minute, 0, 59)
        && between(second, 0, 59)
        && fraction.bytes().all(|b| b.is_ascii_digit())
        && (zone == "Z" || (offset && between(&zone[1..3], 0, 23) && between(&zone[4..], 0, 59)))
}

/// One or two digits in this range.
fn between(digits: &str, least: u8, most: u8) -> bool {
    digits.len() <= 2
        && digits.bytes().all(|b| b.is_ascii_digit())
        && digits.parse().is_ok_and(|number: u8| (least..=most).contains(&number))
}

/// `[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?`, a number to old readers.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = match unsigned.split_once('.') {
        Some((whole, rest)) if rest.bytes().all(|b| b.is_ascii_digit() || b == b'_') => whole,
        Some(_) => return false,
        None => unsigned,
    };
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let mut rest = parts.peekable();
    first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && rest.peek().is_some()
        && rest.all(|part| between(part, 0, 59))
}

/// Which styles a text can be written in (the emitter's `analyze_scalar`).
#[allow(clippy::struct_excessive_bools)]
struct Form {
    plain: bool,
    single: bool,
    literal: bool,
}

impl Form {
    fn of(text: &str) -> Self {
        let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let mut plain = !(edge(text.chars().next()) || edge(text.chars().next_back()) || text.is_empty());
        plain &= !text.contains(is_break) && !has_indicators(text);
        let pairs = || text.chars().zip(text.chars().skip(1));
        let break_space = pairs().any(|(a, b)| is_break(a) && b == ' ');
        let space_break = pairs().any(|(a, b)| a == ' ' && is_break(b));
        let special = space_break || text.chars().any(|c| !is_printable(c));
        Self {
            plain: plain && !special,
            single: !special && !break_space,
            literal: !special && !text.ends_with(' '),
        }
    }
}

/// Whether something in it means something else in a block: `#x`, `- x`, `a: b`, `x #y`.
fn has_indicators(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let blank_follows = chars.peek().is_none_or(|&c| c == ' ' || c == '\t' || is_break(c));
        let means = match (before, c) {
            (None, '?' | '-') | (_, ':') => blank_follows,
            (None, c) => "#,[]{}&*!|>'\"%@`".contains(c),
            (Some(before), '#') => before == ' ' || before == '\t' || is_break(before),
            _ => false,
        };
        if means {
            return true;
        }
        before = Some(c);
    }
    false
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
        || c > '\u{ffff}'
}

fn literal(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    if text.starts_with(|c| c == ' ' || is_break(c)) {
        out.push('2');
    }
    match text.strip_suffix('\n') {
        None => out.push('-'),
        Some(rest) if rest.is_empty() || rest.ends_with('\n') => out.push('+'),
        Some(_) => {}
    }
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
    }
}

fn double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        let short = match c {
            '"' | '\\' => c,
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ if is_printable(c) => {
                out.push(c);
                continue;
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = match u32::from(c) {
                    code @ ..=0xff => write!(out, "\\x{code:02X}"),
                    code @ ..=0xffff => write!(out, "\\u{code:04X}"),
                    code => write!(out, "\\U{code:08X}"),
                };
                continue;
            }
        };
        out.extend(['\\', short]);
    }
    out.push('"');
}

/// The order of keys: numbers within them by value, letters behind all else.
fn key_order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len().cmp(&b.len()) };
    let (x, y) = (a[at], b[at]);
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let behind_digits = a[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|&c| c != '0');
    let leads = (x == '0' || y == '0') && behind_digits;
    let number = |chars: &[char]| {
        let digits: Vec<char> = chars[at..].iter().copied().take_while(char::is_ascii_digit).collect();
        let value = digits.iter().fold(u128::from(leads), |n, c| {
            n.saturating_mul(10).saturating_add(c.to_digit(10).unwrap_or_default().into())
        });
        (value, digits.len())
    };
    number(&a).cmp(&number(&b)).then(x.cmp(&y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::yaml::{Limits, parse};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn styles_of_strings() {
        for (text, expect) in [
            ("web", "web"),
            ("true", "\"true\""),
            ("1.0", "\"1.0\""),
            ("", "\"\""),
            ("null", "\"null\""),
            ("0644", "\"0644\""),
            ("y", "\"y\""),
            (" lead", "' lead'"),
            ("a: b", "'a: b'"),
            ("a:b", "a:b"),
            ("a:", "'a:'"),
            ("#x", "'#x'"),
            ("x #y", "'x #y'"),
            ("x#y", "x#y"),
            ("-x", "-x"),
            ("- x", "'- x'"),
            ("*", "'*'"),
            ("it's", "it's"),
            ("'x", "'''x'"),
            ("2026-01-01T00:00:00Z", "\"2026-01-01T00:00:00Z\""),
            ("2026-01-01T00:00:00.000000Z", "\"2026-01-01T00:00:00.000000Z\""),
            ("2026-01-01", "\"2026-01-01\""),
            ("2026-01-01-x", "2026-01-01-x"),
            ("1:30", "\"1:30\""),
            ("192.168.0.1", "192.168.0.1"),
            ("a\tb", "\"a\\tb\""),
            ("25%", "25%"),
            ("%x", "'%x'"),
            ("grüße", "grüße"),
        ] {
            assert_eq!(document(&json!(text)), format!("{expect}\n"), "{text:?}");
        }
    }

    #[test]
    fn nesting() {
        let value = json!({"spec": {"args": ["x", "a\nb", "c\n", "\n"], "empty": {}, "none": [],
            "list": [{"b": 1, "a": [[1], []]}]}, "a10": null, "a9": true});
        let expect = "a9: true\na10: null\nspec:\n  args:\n  - x\n  - |-\n    a\n    b\n  - |\n    c\n  - |2+\n\n  empty: {}\n  \
                      list:\n  - a:\n    - - 1\n    - []\n    b: 1\n  none: []\n";
        assert_eq!(document(&value), expect);
    }

    #[test]
    fn keys_are_in_the_order_of_their_numbers() {
        let mut keys = ["b", "a10", "a9", "a", "A", "app.kubernetes.io/name", "app", "9", "10", "a-b", "a/b"];
        keys.sort_by(|a, b| key_order(a, b));
        assert_eq!(
            keys,
            ["9", "10", "A", "a", "a-b", "a/b", "a9", "a10", "app", "app.kubernetes.io/name", "b"]
        );
    }

    proptest! {
        #[test]
        fn strings_read_back(text in "[ -~\\n\\t\u{e9}]{0,12}", key in "[a-z0-9:#. -]{1,8}") {
            let value = json!({"a": {key: [text]}});
            let written = document(&value);
            let (documents, problems) = parse("x.yaml", written.as_bytes(), &Limits::scenario());
            prop_assert_eq!(documents.len(), 1, "{} {:?}", written, problems);
            prop_assert_eq!(documents[0].root().to_json(), value, "{}", written);
        }
    }
}
