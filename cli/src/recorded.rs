//! The objects in a watch recording, of a run or of a real cluster.
//!
//! A recording says how many seconds after t = 0 a change was seen, but not what the clock of the cluster said at
//! t = 0. That is narrowed down by the creation of objects: an object seen as new at `t` was created no later, and its
//! `creationTimestamp` is that moment, cut off to whole seconds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use api::Kind;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::Value;
use units::{MicroTime, SimDuration, SimTime, Timestamp};

use crate::failure::Failure;
use crate::moment::Moment;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A line of a recording.
#[derive(Deserialize)]
struct Line {
    t: f64,
    #[serde(rename = "type")]
    change: String,
    object: Value,
}

/// The objects of these kinds after the last line that is not later than `at`.
///
/// # Errors
/// It cannot be read, or is no recording.
pub(crate) fn moment(path: &Path, kinds: &[Kind], at: Option<SimDuration>) -> Result<Moment, Failure> {
    let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
    let is_compressed = path.extension().is_some_and(|ending| ending == "gz");
    let source: Box<dyn Read> =
        if is_compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    read(BufReader::new(source), kinds, at).map_err(|why| Failure::usage(format!("{}:{why}", path.display())))
}

fn read(source: impl BufRead, kinds: &[Kind], at: Option<SimDuration>) -> Result<Moment, String> {
    let limit = at.map(|at| SimTime::ZERO + at);
    let (mut objects, mut start, mut last) = (BTreeMap::new(), Start::default(), SimTime::ZERO);
    for (number, line) in (1..).zip(source.lines()) {
        let line = line.map_err(|error| format!("{number}: {}", crate::failure::in_words(&error)))?;
        if line.trim().is_empty() {
            continue;
        }
        let read: Result<Line, _> = serde_json::from_str(&line);
        let line =
            read.map_err(|error| format!("{number}: this is no line of a watch recording: {error}"))?;
        let time =
            nanos(line.t).ok_or_else(|| format!("{number}: t must be a number of seconds from 0 on"))?;
        start.narrow(&line, time);
        // Later lines still tell what the clock said at t = 0.
        if limit.is_none_or(|limit| time <= limit) {
            last = last.max(time);
            keep(&mut objects, kinds, line);
        }
    }
    let mut by_kind: BTreeMap<Kind, Vec<Value>> = BTreeMap::new();
    for ((kind, ..), object) in objects {
        by_kind.entry(kind).or_default().push(object);
    }
    Ok(Moment { objects: by_kind, at: limit.unwrap_or(last), start: start.estimate() })
}

/// Kind, namespace, name.
type Key = (Kind, String, String);

fn keep(objects: &mut BTreeMap<Key, Value>, kinds: &[Kind], line: Line) {
    let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
    let object = line.object;
    let kind = Kind::of_manifest(&text(&object["apiVersion"]), &text(&object["kind"]));
    let Some(kind) = kind.filter(|kind| kinds.contains(kind)) else { return };
    let key = (kind, text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]));
    match line.change.as_str() {
        "ADDED" | "MODIFIED" => {
            objects.insert(key, object);
        }
        "DELETED" => {
            objects.remove(&key);
        }
        // BOOKMARK and ERROR are no changes of an object.
        _ => {}
    }
}

/// Seconds as virtual time, rounded to nanoseconds.
fn nanos(seconds: f64) -> Option<SimTime> {
    // A day of nanoseconds has 47 bits, a century 62.
    let is_sane = (0.0..=3.2e9).contains(&seconds);
    #[allow(clippy::cast_possible_truncation, reason = "within 62 bits, and rounded")]
    is_sane.then(|| SimTime::from_nanos((seconds * 1e9).round() as i64))
}

/// What the clock said at t = 0, in microseconds since the epoch: at least, and less than.
#[derive(Default)]
struct Start {
    at_least: Option<i64>,
    less_than: Option<i64>,
    /// The newest object of t = 0.
    newest: i64,
}

impl Start {
    fn narrow(&mut self, line: &Line, time: SimTime) {
        let created = line.object["metadata"]["creationTimestamp"].as_str();
        let Some(created) = created.and_then(|created| Timestamp::parse(created).ok()) else { return };
        let created = created.0.saturating_mul(MICROS_PER_SECOND);
        if time == SimTime::ZERO {
            self.newest = self.newest.max(created);
        } else if line.change == "ADDED" {
            let latest = created - time.as_nanos() / 1_000;
            self.at_least = Some(self.at_least.map_or(latest, |known| known.max(latest)));
            let beyond = latest + MICROS_PER_SECOND;
            self.less_than = Some(self.less_than.map_or(beyond, |known| known.min(beyond)));
        }
    }

    /// A whole second if one is possible (a run of ours), else the earliest possible moment.
    fn estimate(&self) -> MicroTime {
        let Some(at_least) = self.at_least else { return MicroTime(self.newest) };
        let whole = at_least.div_euclid(MICROS_PER_SECOND) * MICROS_PER_SECOND;
        let whole = if whole < at_least { whole + MICROS_PER_SECOND } else { whole };
        MicroTime(if self.less_than.is_some_and(|bound| whole < bound) { whole } else { at_least })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(t: f64, change: &str, name: &str, created: &str) -> String {
        format!(
            "{{\"t\":{t},\"type\":\"{change}\",\"object\":{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":\
             {{\"name\":\"{name}\",\"namespace\":\"default\",\"creationTimestamp\":\"2026-01-01T{created}Z\"}}}}}}\n"
        )
    }

    fn names(moment: &Moment) -> Vec<&str> {
        let pods = moment.objects.get(&Kind::Pod).into_iter().flatten();
        pods.filter_map(|pod| pod["metadata"]["name"].as_str()).collect()
    }

    #[test]
    fn a_moment_is_after_all_that_is_not_later() {
        let text = line(0.0, "ADDED", "a", "09:59:00")
            + &line(1.5, "ADDED", "b", "10:00:01")
            + &line(2.0, "MODIFIED", "b", "10:00:01")
            + &line(2.0, "DELETED", "a", "09:59:00")
            + &line(2.001, "ADDED", "c", "10:00:02");
        let check = |at: Option<i64>, expect: &[&str], end: i64| {
            let moment = read(text.as_bytes(), &[Kind::Pod], at.map(SimDuration::from_millis));
            let moment = moment.expect("it is a recording");
            assert_eq!((names(&moment).as_slice(), moment.at), (expect, SimTime::from_millis(end)), "{at:?}");
            assert_eq!(moment.start.to_string(), "2026-01-01T10:00:00.000000Z");
        };
        check(Some(0), &["a"], 0);
        check(Some(1_500), &["a", "b"], 1_500);
        check(Some(2_000), &["b"], 2_000);
        check(Some(60_000), &["b", "c"], 60_000);
        check(None, &["b", "c"], 2_001);
        let other = read(text.as_bytes(), &[Kind::Node], None).expect("it is a recording");
        assert!(other.objects.is_empty());
    }

    #[test]
    fn the_clock_is_narrowed_down() {
        let check = |lines: &[(f64, &str)], expect: &str| {
            let text: String = lines.iter().map(|(t, created)| line(*t, "ADDED", "a", created)).collect();
            let moment = read(text.as_bytes(), &[], None).expect("it is a recording");
            assert_eq!(moment.start.to_string(), format!("2026-01-01T{expect}Z"), "{lines:?}");
        };
        check(&[(0.0, "10:00:00")], "10:00:00.000000");
        check(&[(1.9, "10:00:02"), (2.7, "10:00:02")], "10:00:00.100000");
        check(&[(1.9, "10:00:01"), (2.7, "10:00:02")], "10:00:00.000000");
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_line() {
        let check = |text: &str, expect: &str| {
            let why = read(text.as_bytes(), &[Kind::Pod], None).expect_err(text);
            assert!(why.starts_with(expect), "{why}");
        };
        check("kind: Pod\n", "1: this is no line of a watch recording");
        check(&(line(0.0, "ADDED", "a", "10:00:00") + "\n{\"t\":1"), "3: this is no line");
        check("{\"t\":-1,\"type\":\"ADDED\",\"object\":{}}", "1: t must be");
        check("{\"t\":1e300,\"type\":\"ADDED\",\"object\":{}}", "1: t must be");
        assert!(read(&b"\xff\n"[..], &[], None).is_err());
    }
}
