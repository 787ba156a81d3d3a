//! What a recording is reduced to: names, and what was seen under each.

use super::json;
use super::reference::{ReadError, entries};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;

/// All that one run shows, by canonical name: `Deployment/default/web/pods.ready`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observables(pub BTreeMap<String, Observable>);

/// What was seen under one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Observable {
    /// A value that changes over time.
    Steps {
        /// Changes at most this many seconds apart are one transition.
        settle: f64,
        /// The changes, as they were seen or drawn together.
        #[serde(flatten)]
        course: Course,
    },
    /// All Events of one reason about one object.
    Event {
        /// How often it happened, over all Event objects.
        count: i64,
        /// When it was first seen, in seconds.
        first: f64,
        /// When it was last seen, in seconds.
        last: f64,
        /// Up to four of its messages without what is random in them; they are not compared.
        messages: Vec<String>,
    },
    /// The runs of a container, in order of their start.
    Runs {
        /// One entry per container ID.
        runs: Vec<Run>,
    },
    /// A value at the end of the run, or one over all of it.
    Scalar {
        /// Any JSON value; null is one too.
        value: Value,
    },
}

/// How a value changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Course {
    /// Each change as it was seen.
    Points(Vec<Point>),
    /// Bursts of changes drawn together.
    Steps(Vec<Step>),
}

/// One change of a value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "(f64, Value)")]
pub struct Point {
    /// When, in seconds.
    pub at: f64,
    /// What it became.
    pub value: Value,
}

/// A burst of changes that ends in a value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "(f64, f64, Value)")]
pub struct Step {
    /// When its first change was seen, in seconds.
    pub from: f64,
    /// When its last change was seen, in seconds.
    pub to: f64,
    /// What the value became.
    pub value: Value,
}

/// One run of a container; times are whole seconds since t = 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "(Option<i64>, Option<i64>, Option<i64>, Option<String>)")]
pub struct Run {
    /// When it started.
    pub started: Option<i64>,
    /// When it ended, if it was seen to.
    pub finished: Option<i64>,
    /// With which exit code.
    pub exit_code: Option<i64>,
    /// And for which reason (`Completed`, `Error`).
    pub reason: Option<String>,
}

impl Observables {
    /// Reads what [`Observables::write`] wrote.
    ///
    /// # Errors
    /// When the text is no JSON, or an entry is no observable; the error names it.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let document = serde_json::from_str(text).map_err(ReadError::document)?;
        entries(&document).map(Self)
    }

    /// Writes them as JSON, one observable a line, in ASCII.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        out.write_all(b"{\"observables\": ")?;
        json::write_lines(out, &self.0)?;
        out.write_all(b"}\n")
    }
}

impl From<(f64, Value)> for Point {
    fn from((at, value): (f64, Value)) -> Self {
        Self { at, value }
    }
}

impl From<(f64, f64, Value)> for Step {
    fn from((from, to, value): (f64, f64, Value)) -> Self {
        Self { from, to, value }
    }
}

impl From<(Option<i64>, Option<i64>, Option<i64>, Option<String>)> for Run {
    fn from(row: (Option<i64>, Option<i64>, Option<i64>, Option<String>)) -> Self {
        let (started, finished, exit_code, reason) = row;
        Self { started, finished, exit_code, reason }
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.at, &self.value).serialize(to)
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.from, self.to, &self.value).serialize(to)
    }
}

impl Serialize for Run {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.started, self.finished, self.exit_code, &self.reason).serialize(to)
    }
}
