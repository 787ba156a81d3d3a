//! Cuts a file into the pieces that kubectl reads on their own, before any YAML is understood: a mistake in one
//! document hides no mistake of the next.
//!
//! Source: apimachinery `pkg/util/yaml/decoder.go` (v1.36.2): a line `---` with nothing but blanks or a comment
//! behind it separates; a text that begins with `{` is a stream of JSON values.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// One piece of a file.
pub(super) struct Chunk<'a> {
    pub text: Cow<'a, str>,
    /// Lines before it.
    pub line: u32,
    /// Characters before it in its first line.
    pub column: u32,
    /// Whether it begins with `{` and so is read as JSON where it is JSON.
    pub json: bool,
}

/// The pieces of a file, in order.
pub(super) struct Chunks<'a> {
    rest: &'a str,
    line: u32,
    /// JSON values that are still to come out of the present piece.
    json: Option<(&'a str, u32, u32)>,
}

impl<'a> Chunks<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 0, json: None }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (text, line, column) = match self.json.take() {
            Some(pending) => pending,
            None if self.rest.is_empty() => return None,
            None => {
                let (text, line) = (self.rest, self.line);
                let (size, after, lines) = until_separator(text);
                self.rest = &text[after..];
                self.line += lines;
                (&text[..size], line, 0)
            }
        };
        if !text.trim_start().starts_with('{') {
            return Some(Chunk { text: Cow::Borrowed(text), line, column, json: false });
        }
        let size = json_value(text);
        let (value, rest) = text.split_at(size);
        if !rest.is_empty() {
            let (lines, characters) = extent(value);
            let column = if lines == 0 { column + characters } else { characters };
            self.json = Some((rest, line + lines, column));
        }
        Some(Chunk { text: escapes(value), line, column, json: true })
    }
}

/// The size of the text before the next separator, where the text after it begins, and the lines to there.
fn until_separator(text: &str) -> (usize, usize, u32) {
    let (mut at, mut lines) = (0, 0);
    for line in text.split_inclusive('\n') {
        let after = at + line.len();
        lines += 1;
        // A separator in the first line belongs to its piece: the parser knows it.
        if at > 0 && line.strip_prefix("---").is_some_and(is_blank) {
            return (at, after, lines);
        }
        at = after;
    }
    (at, at, lines)
}

fn is_blank(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with('#')
}

/// The size of the first JSON value, if another one follows it; otherwise of the whole text.
fn json_value(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return if is_stream(text, at + 1) { at + 1 } else { text.len() };
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn is_stream(text: &str, end: usize) -> bool {
    text[end..].trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(&text[..end]).is_ok()
}

/// Line breaks in a text, and characters after the last one.
fn extent(text: &str) -> (u32, u32) {
    let lines = text.bytes().filter(|b| *b == b'\n').count();
    let last = text.rsplit('\n').next().unwrap_or("").chars().count();
    (super::tree::small(lines), super::tree::small(last))
}

/// JSON writes characters beyond 16 bits as two `\u` escapes, YAML as one `\U`. A half alone is U+FFFD, as Go reads
/// it. (Columns behind such a character in the same line are two too small.)
fn escapes(text: &str) -> Cow<'_, str> {
    let is_half = |at: usize| text.as_bytes().get(at + 2).is_some_and(|b| matches!(b, b'd' | b'D'));
    if !text.match_indices("\\u").any(|(at, _)| is_half(at)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (size, replacement) = match (surrogate(rest), surrogate(rest.get(6..).unwrap_or(""))) {
            (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
                (12, format!("\\U{:08x}", 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)))
            }
            (Some(_), _) => (6, "\\ufffd".to_owned()),
            (None, _) => {
                let size = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                (size, rest[..size].to_owned())
            }
        };
        out.push_str(&replacement);
        rest = &rest[size..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The half of a character that `text` begins with.
fn surrogate(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    (0xd800..0xe000).contains(&value).then_some(value)
}

/// The first character that may not stand in YAML, with its place: (line, column, character).
pub(super) fn forbidden(text: &str) -> Option<(u32, u32, char)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Nothing but ASCII controls begins with these bytes; the rest is looked at character by character.
    let suspicious =
        |b: u8| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || matches!(b, 0x7f | 0xc2 | 0xef);
    if !text.bytes().any(suspicious) {
        return None;
    }
    let (at, character) = text.char_indices().find(|(_, c)| !is_printable(*c))?;
    let (lines, column) = extent(&text[..at]);
    Some((lines + 1, column + 1, character))
}

fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}'
        | '\u{10000}'..='\u{10ffff}')
        && c != '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(&str, u32, u32)]) {
        let chunks: Vec<_> = Chunks::new(text).map(|c| (c.text.into_owned(), c.line, c.column)).collect();
        let expect: Vec<_> = expect.iter().map(|(t, l, c)| ((*t).to_owned(), *l, *c)).collect();
        assert_eq!(chunks, expect, "{text:?}");
    }

    #[test]
    fn separators() {
        check("", &[]);
        check("a: 1\n---\nb: 2\n", &[("a: 1\n", 0, 0), ("b: 2\n", 2, 0)]);
        check("---\na: 1\n--- # two\nb: 2", &[("---\na: 1\n", 0, 0), ("b: 2", 3, 0)]);
        check("a: 1\n---\n", &[("a: 1\n", 0, 0)]);
        check("a: |\n ---\n---x\n", &[("a: |\n ---\n---x\n", 0, 0)]);
        check("\u{feff}a: 1", &[("a: 1", 0, 0)]);
    }

    #[test]
    fn json_values() {
        check("{\"a\":\"}\"}\n", &[("{\"a\":\"}\"}\n", 0, 0)]);
        check("{\"é\":1}{\"b\":2}\n{}", &[("{\"é\":1}", 0, 0), ("{\"b\":2}", 0, 7), ("\n{}", 0, 14)]);
        check("{\"a\":1}\n---\nb: 2\n", &[("{\"a\":1}\n", 0, 0), ("b: 2\n", 2, 0)]);
        check("{'a': '}{'}", &[("{'a': '}{'}", 0, 0)]);
        check("{\"a\":", &[("{\"a\":", 0, 0)]);
    }

    #[test]
    fn surrogates() {
        for (text, expect) in [
            (r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\U0001f600"}"#),
            (r#"{"a":"\uD83D"}"#, r#"{"a":"\ufffd"}"#),
            (r#"{"a":"\\ud83d\ude00"}"#, r#"{"a":"\\ud83d\ufffd"}"#),
            (r#"{"a":"\u00e9\n"}"#, r#"{"a":"\u00e9\n"}"#),
            (r#"{"a":"\ud8"}"#, r#"{"a":"\ud8"}"#),
        ] {
            assert_eq!(escapes(text), expect);
        }
    }

    #[test]
    fn forbidden_characters() {
        for (text, expect) in [
            ("a: b\tc\r\n", None),
            ("a: \u{e9}\u{a0}\u{85}\u{1f600}\u{ffe5}", None),
            ("a: b\n b\0", Some((2, 3, '\0'))),
            ("\u{1b}", Some((1, 1, '\u{1b}'))),
            ("é\u{7f}", Some((1, 2, '\u{7f}'))),
            ("a\u{80}", Some((1, 2, '\u{80}'))),
            ("a\u{feff}", Some((1, 2, '\u{feff}'))),
            ("\u{ffff}", Some((1, 1, '\u{ffff}'))),
        ] {
            assert_eq!(forbidden(text), expect, "{text:?}");
        }
    }
}
