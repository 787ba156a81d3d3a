//! Where something stands in the file, and what is said of it.

use saphyr_parser::{Marker, ScanError};

use super::{Builder, Stop};
use crate::diagnostics::{Diagnostic, Severity};
use crate::yaml::tree::small;

impl Builder<'_> {
    pub(super) fn line_column(&self, mark: Marker) -> (u32, u32) {
        let line = mark.line().max(1);
        let first = if line == 1 { self.chunk.column } else { 0 };
        let added =
            self.added.binary_search_by_key(&(line - 1), |(line, _)| *line).map_or(0, |at| self.added[at].1);
        (self.chunk.line + small(line), first + small(mark.col().saturating_sub(added)) + 1)
    }

    pub(super) fn diagnostic(&self, mark: Marker, severity: Severity, message: String) -> Diagnostic {
        let (line, column) = self.line_column(mark);
        Diagnostic { severity, file: self.file.clone(), line, column, length: 1, message, help: None }
    }

    /// Something that has no JSON form: the document is not handed on, its other mistakes are still found.
    pub(super) fn breaks(&mut self, mark: Marker, message: impl Into<String>) {
        let diagnostic = self.diagnostic(mark, Severity::Error, message.into());
        self.diagnostics.push(diagnostic);
        self.broken = true;
    }

    pub(super) fn stop(&self, mark: Marker, message: impl Into<String>) -> Stop {
        Box::new(self.diagnostic(mark, Severity::Error, message.into()))
    }

    pub(super) fn syntax(&self, error: &ScanError) -> Stop {
        let diagnostic = self.diagnostic(*error.marker(), Severity::Error, error.info().to_owned());
        Box::new(match advice(error.info()) {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        })
    }

    pub(super) fn after_end(&self, error: &ScanError) -> Stop {
        let message = "text after the end of the document".to_owned();
        let diagnostic = self.diagnostic(*error.marker(), Severity::Error, message);
        Box::new(diagnostic.with_help("put `---` on a line of its own between two documents"))
    }

    pub(super) fn second_document(&self, mark: Marker) -> Diagnostic {
        let message = "this second document is not read, as kubectl does not read it".to_owned();
        self.diagnostic(mark, Severity::Warning, message)
            .with_help("put `---` on a line of its own between two documents")
    }
}

fn advice(info: &str) -> Option<&'static str> {
    let table = [
        ("tab", "indent with spaces"),
        ("mapping values are not allowed", "check the indentation, or quote a value with `: ` in it"),
        ("unknown anchor", "an alias `*name` needs an anchor `&name` before it in the same document"),
        ("start any token", "quote a value that begins with @, ` or %"),
        ("simple key expect", "a key needs a `:` and a blank behind it"),
        ("document start", "check the indentation; `%` directives are not read"),
    ];
    table.iter().find(|(part, _)| info.contains(part)).map(|(_, help)| *help)
}
