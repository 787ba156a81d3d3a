//! The lines of a recording.

use super::value::same_time;
use super::view::{Body, Meta, body, meta};
use serde_json::Value;
use std::cmp::Ordering;
use std::io::{self, BufRead};
use std::{error, fmt};

/// One watch event, with no more of its object than is observed.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it stands in the recording, from 1.
    pub(super) line: usize,
    /// When it was seen, in seconds.
    pub(super) at: f64,
    pub(super) change: Change,
    pub(super) meta: Meta,
    pub(super) body: Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Added,
    Modified,
    Deleted,
}

/// A recording that cannot be read. Lines count from 1.
#[derive(Debug)]
pub enum RecordingError {
    /// Reading failed.
    Io(io::Error),
    /// A line is no JSON.
    Json {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// A line lacks a field, or has it with another type.
    Missing {
        /// Which line.
        line: usize,
        /// The path of the field.
        field: &'static str,
    },
    /// A time is not of the form `2026-01-31T23:59:59Z`.
    Time {
        /// Which line.
        line: usize,
        /// The time as it stands there.
        text: String,
    },
}

/// The events of a text with one JSON object a line, in order of time. Blank lines are skipped.
pub(super) fn read_lines(text: impl BufRead) -> Result<Vec<Entry>, RecordingError> {
    let mut entries = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.map_err(RecordingError::Io)?;
        if !line.trim().is_empty() {
            let value =
                serde_json::from_str(&line).map_err(|cause| RecordingError::Json { line: n + 1, cause })?;
            entries.push(read(n + 1, &value)?);
        }
    }
    Ok(in_order(entries))
}

/// The same for events that were parsed before.
pub(super) fn read_values(values: impl IntoIterator<Item = Value>) -> Result<Vec<Entry>, RecordingError> {
    let entries = values.into_iter().enumerate().map(|(n, value)| read(n + 1, &value));
    entries.collect::<Result<_, _>>().map(in_order)
}

/// By time; at one instant as they came.
fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| a.at.partial_cmp(&b.at).unwrap_or(Ordering::Equal));
    entries
}

fn read(line: usize, value: &Value) -> Result<Entry, RecordingError> {
    let need = |field| RecordingError::Missing { line, field };
    let at = value.get("t").and_then(Value::as_f64).ok_or(need("t"))?;
    let change = match value.get("type").and_then(Value::as_str).ok_or(need("type"))? {
        "ADDED" => Change::Added,
        "DELETED" => Change::Deleted,
        _ => Change::Modified,
    };
    let object = value.get("object").ok_or(need("object"))?;
    let meta = meta(object).map_err(need)?;
    let body = body(object, &meta).map_err(|text| RecordingError::Time { line, text })?;
    Ok(Entry { line, at, change, meta, body })
}

impl Entry {
    /// When its object was created, in seconds since the Unix epoch.
    pub(super) fn created(&self) -> Result<Option<i64>, RecordingError> {
        epoch(&self.meta.created).map_err(|text| RecordingError::Time { line: self.line, text })
    }

    /// Whether it tells what was there when the recording began.
    pub(super) fn is_initial(&self) -> bool {
        same_time(self.at, 0.0)
    }

    pub(super) fn gone(&self) -> bool {
        self.change == Change::Deleted
    }
}

/// Seconds since the Unix epoch of an RFC 3339 time in UTC, fractions cut off; none of an empty text. The error is the text.
pub(super) fn epoch(text: &str) -> Result<Option<i64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    seconds_since_epoch(text).map(Some).ok_or_else(|| text.to_owned())
}

fn seconds_since_epoch(text: &str) -> Option<i64> {
    let text = text.get(..19)?;
    let separators = [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':')];
    let well_formed =
        separators.iter().all(|&(at, mark)| text.get(at..).is_some_and(|t| t.starts_with(mark)));
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let valid = well_formed
        && year >= 1
        && (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 62;
    valid.then(|| ((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar since 1970-01-01; the year is counted from March, so that the leap day is its last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_TO_EPOCH
}

/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(cause) => write!(f, "cannot read the recording: {cause}"),
            Self::Json { line, cause } => write!(f, "line {line} of the recording is no JSON: {cause}"),
            Self::Missing { line, field } => write!(f, "line {line} of the recording lacks {field}"),
            Self::Time { line, text } => {
                write!(f, "line {line} of the recording: {text:?} is no time like \"2026-01-31T23:59:59Z\"")
            }
        }
    }
}

impl error::Error for RecordingError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(cause) => Some(cause),
            Self::Json { cause, .. } => Some(cause),
            Self::Missing { .. } | Self::Time { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds() {
        #[track_caller]
        fn check(text: &str, expect: Option<i64>) {
            assert_eq!(epoch(text), expect.map(Some).ok_or_else(|| text.to_owned()));
        }
        check("1970-01-01T00:00:00Z", Some(0));
        check("2026-11-20T22:59:56Z", Some(1_795_215_596));
        check("2026-11-20T22:59:56.999999Z", Some(1_795_215_596));
        check("2000-02-29T00:00:00Z", Some(951_782_400));
        check("1969-12-31T23:59:59Z", Some(-1));
        check("0001-01-01T00:00:00Z", Some(-62_135_596_800));
        check("2026-02-29T00:00:00Z", None);
        check("1900-02-29T00:00:00Z", None);
        check("2026-13-01T00:00:00Z", None);
        check("2026-11-20T24:00:00Z", None);
        check("2026-11-20", None);
        check("2026-11-20 22:59:56Z", None);
        check("+026-11-20T22:59:56Z", None);
        check("2026-11-20T22:59:5µZ", None);
        assert_eq!(epoch(""), Ok(None));
    }

    #[test]
    fn errors_name_the_line() {
        #[track_caller]
        fn check(text: &str, expect: &str) {
            assert_eq!(read_lines(text.as_bytes()).unwrap_err().to_string(), expect);
        }
        let pod = r#"{"t":1,"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","uid":"1","creationTimestamp":"2026-01-01T00:00:00Z"}}}"#;
        check(&format!("{pod}\n\n{{}}"), "line 3 of the recording lacks t");
        check(
            &format!("{pod}\n[\n"),
            "line 2 of the recording is no JSON: EOF while parsing a list at line 1 column 1",
        );
        check(r#"{"t":"0","type":"ADDED"}"#, "line 1 of the recording lacks t");
        check(r#"{"t":0}"#, "line 1 of the recording lacks type");
        check(r#"{"t":0,"type":"ADDED"}"#, "line 1 of the recording lacks object");
        check(r#"{"t":0,"type":"ADDED","object":[]}"#, "line 1 of the recording lacks object.kind");
        check(&pod.replace("\"uid\"", "\"u\""), "line 1 of the recording lacks object.metadata.uid");
        check(
            &pod.replace("\"creation", "\"c"),
            "line 1 of the recording lacks object.metadata.creationTimestamp",
        );
    }
}
