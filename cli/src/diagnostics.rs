//! Shows diagnostics as a compiler does: file, line, column, the line itself, and what would be right.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};
use api::diagnostics::{Diagnostic, Diagnostics};
use std::collections::BTreeMap;
use std::ops::Range;

use crate::failure::Sources;

/// A longer line (JSON without line breaks, say) is not shown: in bytes.
const LONGEST_LINE: usize = 4_000;

/// All of them, each with its line, and how many there are.
pub(crate) fn render(found: &Diagnostics, sources: &Sources) -> String {
    let mut lines = Lines::new(sources);
    let mut text: String = found.iter().map(|diagnostic| one(diagnostic, &mut lines) + "\n\n").collect();
    if let Some(total) = total(found) {
        text.push_str(&total);
        text.push('\n');
    }
    text
}

fn one(diagnostic: &Diagnostic, lines: &mut Lines<'_>) -> String {
    let level = if diagnostic.is_error() { Level::ERROR } else { Level::WARNING };
    let mut group = level.primary_title(diagnostic.message.as_str()).elements(place(diagnostic, lines));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

fn place<'a>(diagnostic: &'a Diagnostic, lines: &mut Lines<'_>) -> Option<Element<'a>> {
    let file = diagnostic.file.as_ref();
    let (line, column) = lines.within(file, at_least_one(diagnostic.line), at_least_one(diagnostic.column));
    let is_named = diagnostic.message.contains(file);
    match lines.get(file, line) {
        Found::Line(text) => {
            let span = span(&text, column - 1, at_least_one(diagnostic.length));
            let snippet = Snippet::source(text).line_start(line).path(file);
            Some(snippet.annotation(AnnotationKind::Primary.span(span)).into())
        }
        Found::NotShown => Some(Origin::path(file).line(line).char_column(column).into()),
        Found::NoFile => (!is_named).then(|| Origin::path(file).into()),
    }
}

fn at_least_one(number: u32) -> usize {
    usize::try_from(number).unwrap_or(1).max(1)
}

/// Characters `from..from + length` of a line as bytes; at its end if it is shorter.
fn span(line: &str, from: usize, length: usize) -> Range<usize> {
    let mut starts = line.char_indices().map(|(at, _)| at).skip(from);
    let start = starts.next().unwrap_or(line.len());
    let end = starts.nth(length.saturating_sub(1)).unwrap_or(line.len());
    start..end.max(start)
}

/// `error: 3 errors, 1 warning`; nothing if it is one alone.
fn total(found: &Diagnostics) -> Option<String> {
    let warnings = found.len() + found.omitted() - found.errors();
    let count = |number: usize, what: &str| match number {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{number} {what}s")),
    };
    let counts = [count(found.errors(), "error"), count(warnings, "warning")];
    let counts = counts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let unseen = match found.omitted() {
        0 => String::new(),
        omitted => format!("; {omitted} of them are not shown"),
    };
    let level = if found.has_errors() { Level::ERROR } else { Level::WARNING };
    let group = level.primary_title(format!("{counts}{unseen}")).elements(None::<Element<'_>>);
    (found.len() > 1).then(|| Renderer::styled().render(&[group]))
}

enum Found {
    Line(String),
    /// The file is there, but not such a line, or it is too long.
    NotShown,
    NoFile,
}

/// The lines of the files, each file split once.
struct Lines<'a> {
    sources: &'a Sources,
    split: BTreeMap<String, Vec<Range<usize>>>,
}

impl<'a> Lines<'a> {
    fn new(sources: &'a Sources) -> Self {
        Self { sources, split: BTreeMap::new() }
    }

    fn split(&mut self, file: &str) -> Option<(&'a [u8], &[Range<usize>])> {
        let bytes: &[u8] = self.sources.get(file)?;
        Some((bytes, self.split.entry(file.to_owned()).or_insert_with(|| split(bytes))))
    }

    /// A place behind the last line is the end of the last line that says something: there the file is cut off.
    fn within(&mut self, file: &str, line: usize, column: usize) -> (usize, usize) {
        let Some((bytes, split)) = self.split(file).filter(|(_, split)| line > split.len()) else {
            return (line, column);
        };
        let last =
            split.iter().rposition(|range| !bytes[range.clone()].trim_ascii().is_empty()).unwrap_or_default();
        let length = String::from_utf8_lossy(&bytes[split[last].clone()]).chars().count();
        (last + 1, length + 1)
    }

    fn get(&mut self, file: &str, line: usize) -> Found {
        if let Some(change) = file.strip_prefix("--set ").filter(|_| !self.sources.contains_key(file)) {
            return Found::Line(change.to_owned());
        }
        let Some((bytes, split)) = self.split(file) else { return Found::NoFile };
        let range = split.get(line - 1).cloned().filter(|range| range.len() <= LONGEST_LINE);
        range
            .map_or(Found::NotShown, |range| Found::Line(String::from_utf8_lossy(&bytes[range]).into_owned()))
    }
}

/// Where the lines lie; YAML ends a line with LF, CR LF or CR.
fn split(bytes: &[u8]) -> Vec<Range<usize>> {
    let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let width = match &bytes[at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        if width > 0 {
            lines.push(start..at);
            start = at + width;
        }
        at += width.max(1);
    }
    lines.push(start..bytes.len());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::diagnostics::Severity;

    fn diagnostic(file: &str, line: u32, column: u32, length: u32) -> Diagnostic {
        let (severity, message) = (Severity::Error, "it is wrong".to_owned());
        Diagnostic { severity, file: file.into(), line, column, length, message, help: None }
    }

    fn shown(diagnostics: impl IntoIterator<Item = Diagnostic>, source: &str) -> String {
        let mut all = Diagnostics::default();
        all.extend(diagnostics);
        let sources = Sources::from([("a.yaml".to_owned(), source.as_bytes().into())]);
        anstream::adapter::strip_str(&render(&all, &sources)).to_string()
    }

    #[test]
    fn the_line_is_shown_with_what_would_be_right() {
        let one = diagnostic("a.yaml", 2, 4, 3).with_help("write two");
        let expect = "\
error: it is wrong
 --> a.yaml:2:4
  |
2 | b: tow
  |    ^^^
  |
  = help: write two

";
        assert_eq!(shown([one], "a: 1\r\nb: tow\rc: 3\n"), expect);
    }

    #[test]
    fn every_place_is_shown_somehow() {
        let check = |(file, line, column), source: &str, expect: &str| {
            let text = shown([diagnostic(file, line, column, 1)], source);
            assert!(text.contains(expect), "{file}:{line}:{column}\n{text}\nhas no\n{expect}");
        };
        check(("a.yaml", 1, 3), "äöü", "a.yaml:1:3");
        check(("a.yaml", 1, 4), "äöü", "a.yaml:1:4");
        check(("a.yaml", 1, 9), "äöü", "a.yaml:1:");
        check(("a.yaml", 7, 2), "x: [\n\n", "a.yaml:1:5");
        check(("a.yaml", 2, 1), "x\n", "a.yaml:2:1");
        check(("a.yaml", 1, 9), &"x".repeat(LONGEST_LINE + 1), "a.yaml:1:9");
        check(("--nodes 0", 1, 1), "", "--> --nodes 0\n");
        check(("--set a..b=1", 1, 3), "", "1 | a..b=1\n");
    }

    #[test]
    fn many_are_counted() {
        let three = shown((1..4).map(|line| diagnostic("a.yaml", line, 1, 1)), "x\ny\nz\n");
        assert!(three.ends_with("error: 3 errors\n"), "{three}");
    }

    #[test]
    fn lines_end_as_in_yaml() {
        let check = |text: &str, expect: &[&str]| {
            let lines: Vec<&str> = split(text.as_bytes()).into_iter().map(|range| &text[range]).collect();
            assert_eq!(lines, expect, "{text:?}");
        };
        check("", &[""]);
        check("a", &["a"]);
        check("a\nb\r\nc\rd", &["a", "b", "c", "d"]);
        check("\r\r\n\n", &["", "", "", ""]);
    }
}
