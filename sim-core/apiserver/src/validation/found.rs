//! What was found wrong, in the forms that `field.Error` has.

use api::json::FieldError;
use serde_json::Value;
use std::fmt::Display;

/// What was found wrong, in the order in which the server finds it.
#[derive(Debug, Default)]
pub(super) struct Found(pub(super) Vec<FieldError>);

impl Found {
    pub(super) fn add(&mut self, path: impl Into<String>, message: String) {
        self.0.push(FieldError { path: path.into(), message });
    }

    pub(super) fn invalid(
        &mut self,
        path: impl Into<String>,
        value: impl Into<Value>,
        problem: impl Display,
    ) {
        self.add(path, format!("Invalid value: {}: {problem}", value.into()));
    }

    /// As [`Found::invalid`], for each of the problems with one value.
    pub(super) fn each(&mut self, path: &str, value: &str, problems: Vec<String>) {
        problems.into_iter().for_each(|problem| self.invalid(path, value, problem));
    }

    pub(super) fn required(&mut self, path: impl Into<String>) {
        self.add(path, "Required value".to_owned());
    }

    pub(super) fn duplicate(&mut self, path: impl Into<String>, value: impl Into<Value>) {
        self.add(path, format!("Duplicate value: {}", value.into()));
    }

    pub(super) fn forbidden(&mut self, path: impl Into<String>, why: &str) {
        self.add(path, format!("Forbidden: {why}"));
    }

    pub(super) fn unsupported(&mut self, path: impl Into<String>, value: &str, known: &[&str]) {
        let known: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
        self.add(path, format!("Unsupported value: {value:?}: supported values: {}", known.join(", ")));
    }

    /// A number that must be at least 0.
    pub(super) fn not_negative(&mut self, path: impl Into<String>, value: impl Into<i64>) {
        let value = value.into();
        if value < 0 {
            self.invalid(path, value, NOT_NEGATIVE);
        }
    }
}

pub(super) const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
