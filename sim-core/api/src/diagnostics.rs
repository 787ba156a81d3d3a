//! What is wrong with an input: data with a place, collected so that all of it can be shown at once.
//!
//! Nothing is rendered here; `cli` shows a diagnostic with its source line.

use std::sync::Arc;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input is taken, but probably not meant so.
    Warning,
    /// The input cannot be used.
    Error,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters of that line are meant; at least 1.
    pub length: u32,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The same diagnostic, with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it makes the input unusable.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// How many diagnostics are kept; the rest is only counted. A broken file of megabytes must not fill the memory.
const KEPT: usize = 1_000;

/// All that is wrong with an input, in the order in which it was found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
    omitted: usize,
}

impl Diagnostics {
    /// Adds one. Beyond 1,000 it is only counted (see [`Diagnostics::omitted`]); an error still counts as one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.is_error());
        if self.list.len() < KEPT {
            self.list.push(diagnostic);
        } else {
            self.omitted += 1;
        }
    }

    /// Adds those of another input.
    pub fn append(&mut self, other: Self) {
        let omitted_errors = other.errors - other.list.iter().filter(|d| d.is_error()).count();
        self.errors += omitted_errors;
        self.omitted += other.omitted;
        self.extend(other.list);
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are, with those that are not kept.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many were too many to keep.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Those that are kept.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        for diagnostic in iter {
            self.push(diagnostic);
        }
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(severity: Severity) -> Diagnostic {
        Diagnostic {
            severity,
            file: "a.yaml".into(),
            line: 1,
            column: 1,
            length: 1,
            message: "m".to_owned(),
            help: None,
        }
    }

    #[test]
    fn only_errors_count_as_errors() {
        let mut all = Diagnostics::default();
        all.push(diagnostic(Severity::Warning));
        assert!(!all.has_errors());
        all.push(diagnostic(Severity::Error));
        assert!(all.has_errors());
        assert_eq!((all.len(), all.errors(), all.omitted()), (2, 1, 0));
    }

    #[test]
    fn what_is_not_kept_is_counted() {
        let mut all = Diagnostics::default();
        for _ in 0..KEPT {
            all.push(diagnostic(Severity::Warning));
        }
        all.push(diagnostic(Severity::Error));
        assert!(all.has_errors());
        let mut sum = Diagnostics::default();
        sum.append(all);
        assert_eq!((sum.len(), sum.errors(), sum.omitted()), (KEPT, 1, 1));
    }
}
