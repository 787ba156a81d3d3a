//! How far runs are from a reference: the same sequences of values, at the same times?
//!
//! One run passes when its sequence is equal and each transition is at most max(1 s, 2 % of t) away, plus the spread that the
//! reference shows between its repeats. Of several runs (other seeds) more than half must show the sequence, and each
//! transition of the reference must lie between the earliest and the latest of theirs, with that tolerance on both sides:
//! many loops of a real cluster have an arbitrary phase, and one run is one draw of them.

use super::observable::{Observable, Observables, Run, Step};
use super::reference::{Expected, Reference};
use super::value::same;
use serde::Serialize;
use std::collections::BTreeMap;

/// Seconds that a transition may be away at any time.
const LEAST_TOLERANCE: f64 = 1.0;
/// The share of its time that it may be away.
const RELATIVE_TOLERANCE: f64 = 0.02;

/// A reference beside the runs that were compared with it. Shown as text: what differs, the table by kind, the score.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    /// One per observable of the reference, by name.
    pub rows: Vec<Row<'a>>,
    /// The Events that the first run shows and the reference does not.
    pub extra_events: Vec<&'a str>,
}

/// One observable of the reference.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the runs show of it.
    pub verdict: Verdict,
    /// What the reference says.
    pub reference: &'a Expected,
    /// What the first run says, if anything.
    pub run: Option<&'a Observable>,
}

/// What the runs show of one observable. Distances in time are in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The same sequence in time.
    Passed {
        /// How far the worst transition is away.
        worst: f64,
    },
    /// The same sequence, but a transition is too far away.
    Late {
        /// How far the worst transition is away.
        worst: f64,
    },
    /// Another sequence, or none.
    Different,
}

/// The result in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// `passed / total`; 0 of nothing.
    pub score: f64,
    /// How many observables were compared.
    pub total: usize,
    /// How many passed.
    pub passed: usize,
    /// How many showed the same sequence.
    pub sequences: usize,
    /// The names of those that did not pass.
    pub failing: Vec<String>,
}

/// Compares runs of one scenario (one, or several seeds) with a reference.
pub fn compare<'a>(reference: &'a Reference, runs: &'a [Observables]) -> Comparison<'a> {
    compare_where(reference, runs, |_| true)
}

/// Compares only the observables whose names `keep` accepts.
pub fn compare_where<'a>(
    reference: &'a Reference,
    runs: &'a [Observables],
    keep: impl Fn(&str) -> bool,
) -> Comparison<'a> {
    let row = |(name, reference): (&'a String, &'a Expected)| {
        let seen: Vec<_> = runs.iter().map(|run| run.0.get(name)).collect();
        Row { name, verdict: judge(reference, &seen), reference, run: seen.first().copied().flatten() }
    };
    let rows = reference.observables.iter().filter(|(name, _)| keep(name)).map(row).collect();
    let first = runs.first().into_iter().flat_map(|run| run.0.keys());
    let extra = first.filter(|name| name.starts_with("Event/") && !reference.observables.contains_key(*name));
    Comparison { rows, extra_events: extra.map(String::as_str).collect() }
}

impl Verdict {
    /// Whether (more than half of) the runs show the sequence of the reference.
    pub fn same_sequence(self) -> bool {
        self != Self::Different
    }

    /// Whether the observable passes.
    pub fn passed(self) -> bool {
        matches!(self, Self::Passed { .. })
    }

    /// How far the worst transition is away, if the sequence is the same.
    pub fn worst(self) -> Option<f64> {
        match self {
            Self::Passed { worst } | Self::Late { worst } => Some(worst),
            Self::Different => None,
        }
    }
}

impl Comparison<'_> {
    /// Whether every observable passed.
    pub fn passed(&self) -> bool {
        self.rows.iter().all(|row| row.verdict.passed())
    }

    /// How many passed, and of how many, by the first part of the name (`Pod`, `Event`).
    pub fn by_kind(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut kinds = BTreeMap::new();
        for row in &self.rows {
            let kind = row.name.split('/').next().unwrap_or(row.name);
            let (passed, total) = kinds.entry(kind).or_insert((0, 0));
            *passed += usize::from(row.verdict.passed());
            *total += 1;
        }
        kinds
    }

    /// The result in numbers.
    pub fn summary(&self) -> Summary {
        let total = self.rows.len();
        let count = |is: fn(Verdict) -> bool| self.rows.iter().filter(|row| is(row.verdict)).count();
        let passed = count(Verdict::passed);
        let failing = self.rows.iter().filter(|row| !row.verdict.passed());
        Summary {
            score: share(passed, total),
            total,
            passed,
            sequences: count(Verdict::same_sequence),
            failing: failing.map(|row| row.name.to_owned()).collect(),
        }
    }
}

/// How far apart in time the same sequence is in two repeats, in seconds; none if the sequences differ.
pub(super) fn distance(a: &Observable, b: &Observable) -> Option<f64> {
    let offsets = offsets(a, b)?;
    Some(offsets.into_iter().map(|offset| offset.distance()).fold(0.0, f64::max))
}

/// Counts are far below 2^52.
#[allow(clippy::cast_precision_loss)]
fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}

/// A transition of the reference at `at`, and from where to where the other's lies relative to it, in seconds.
struct Offset {
    at: f64,
    from: f64,
    to: f64,
}

impl Offset {
    fn distance(&self) -> f64 {
        self.from.max(-self.to).max(0.0)
    }

    /// From the earliest to the latest of both.
    fn widen(&mut self, other: &Self) {
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
    }
}

fn judge(expected: &Expected, seen: &[Option<&Observable>]) -> Verdict {
    let mut same: Vec<Vec<Offset>> =
        seen.iter().flatten().filter_map(|run| offsets(&expected.observable, run)).collect();
    if 2 * same.len() <= seen.len() {
        return Verdict::Different;
    }
    let Some(mut widest) = same.pop() else { return Verdict::Different };
    for offsets in &same {
        widest.iter_mut().zip(offsets).for_each(|(widest, offset)| widest.widen(offset));
    }
    let spread = expected.spread.unwrap_or(0.0);
    let in_time =
        |offset: &Offset| offset.distance() <= LEAST_TOLERANCE.max(RELATIVE_TOLERANCE * offset.at) + spread;
    let worst = widest.iter().map(Offset::distance).fold(0.0, f64::max);
    if widest.iter().all(in_time) { Verdict::Passed { worst } } else { Verdict::Late { worst } }
}

/// The transitions of `b` relative to those of `a`; none if the sequences of values differ.
fn offsets(a: &Observable, b: &Observable) -> Option<Vec<Offset>> {
    use Observable::{Event, Runs, Scalar, Steps};
    match (a, b) {
        (Scalar { value: a }, Scalar { value: b }) => same(a, b).then(Vec::new),
        (Event { count, first, last, .. }, Event { count: n, first: f, last: l, .. }) => {
            (count == n).then(|| vec![instant(*first, *f), instant(*last, *l)])
        }
        (Runs { runs: a }, Runs { runs: b }) => run_offsets(a, b),
        (Steps { settle, course }, Steps { course: other, .. }) => {
            let (a, b) = (course.settled(*settle), other.settled(*settle));
            let equal = a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(&a.value, &b.value));
            let offset =
                |(a, b): (&Step, &Step)| Offset { at: a.from, from: b.from - a.to, to: b.to - a.from };
            equal.then(|| a.iter().zip(b.iter()).map(offset).collect())
        }
        _ => None,
    }
}

fn instant(a: f64, b: f64) -> Offset {
    Offset { at: a, from: b - a, to: b - a }
}

fn run_offsets(a: &[Run], b: &[Run]) -> Option<Vec<Offset>> {
    if a.len() != b.len() {
        return None;
    }
    let mut offsets = Vec::new();
    for (a, b) in a.iter().zip(b) {
        if a.exit_code != b.exit_code || a.reason != b.reason {
            return None;
        }
        for times in [(a.started, b.started), (a.finished, b.finished)] {
            match times {
                (Some(a), Some(b)) => offsets.push(instant(seconds(a), seconds(b))),
                (None, None) => {}
                _ => return None,
            }
        }
    }
    Some(offsets)
}

/// Times of a run are far below 2^52 seconds.
#[allow(clippy::cast_precision_loss)]
fn seconds(whole: i64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const DIFFERENT: Verdict = Verdict::Different;

    fn passed(worst: f64) -> Verdict {
        Verdict::Passed { worst }
    }

    fn late(worst: f64) -> Verdict {
        Verdict::Late { worst }
    }

    fn steps(points: Value) -> Value {
        json!({"type": "steps", "settle": 0.5, "points": points})
    }

    fn event(count: i64, first: f64, last: f64) -> Value {
        json!({"type": "event", "count": count, "first": first, "last": last, "messages": []})
    }

    fn runs(rows: Value) -> Value {
        json!({"type": "runs", "runs": rows})
    }

    /// `null` is a run that does not have the observable.
    #[track_caller]
    fn check(reference: &Value, seen: &[Value], expect: Verdict) {
        let expected: Expected = serde_json::from_value(reference.clone()).unwrap();
        let seen: Vec<Option<Observable>> =
            seen.iter().map(|run| serde_json::from_value(run.clone()).unwrap()).collect();
        let seen: Vec<Option<&Observable>> = seen.iter().map(Option::as_ref).collect();
        assert_eq!(judge(&expected, &seen), expect);
    }

    #[test]
    fn one_run_may_be_a_second_or_two_percent_away() {
        let early = steps(json!([[10.0, 1]]));
        check(&early, &[steps(json!([[11.0, 1]]))], passed(1.0));
        check(&early, &[steps(json!([[9.0, 1]]))], passed(1.0));
        check(&early, &[steps(json!([[11.25, 1]]))], late(1.25));
        check(&early, &[steps(json!([[8.75, 1]]))], late(1.25));
        let hundred = steps(json!([[100.0, 1]]));
        check(&hundred, &[steps(json!([[102.0, 1]]))], passed(2.0));
        check(&hundred, &[steps(json!([[102.5, 1]]))], late(2.5));
    }

    #[test]
    fn the_spread_of_the_reference_is_added() {
        let mut reference = event(1, 10.0, 10.0);
        reference["spread"] = json!(0.5);
        check(&reference, &[event(1, 11.5, 10.0)], passed(1.5));
        check(&reference, &[event(1, 12.0, 10.0)], late(2.0));
    }

    #[test]
    fn transitions_are_intervals() {
        let reference = steps(json!([[10.0, 1], [10.25, 2], [10.5, 3]]));
        check(&reference, &[steps(json!([[10.25, 3]]))], passed(0.0));
        check(&reference, &[steps(json!([[9.75, 1], [10.0, 3]]))], passed(0.0));
        check(&reference, &[steps(json!([[11.0, 3]]))], passed(0.5));
        check(&reference, &[steps(json!([[9.5, 3]]))], passed(0.5));
        check(&reference, &[steps(json!([[9.0, 1], [10.0, 3]]))], DIFFERENT);
    }

    #[test]
    fn the_gap_of_the_reference_counts() {
        let merged = json!({"type": "steps", "settle": 2.0, "steps": [[1.0, 3.0, 5]]});
        check(&merged, &[steps(json!([[1.0, 2], [2.5, 5]]))], passed(0.0));
        check(&steps(json!([[1.0, 2], [2.5, 5]])), &[merged], DIFFERENT);
    }

    #[test]
    fn more_than_half_must_show_the_sequence() {
        let reference = json!({"type": "scalar", "value": 3});
        let (right, wrong) = (json!({"type": "scalar", "value": 3}), json!({"type": "scalar", "value": 4}));
        let absent = Value::Null;
        check(&reference, &[right.clone(), right.clone(), wrong.clone()], passed(0.0));
        check(&reference, &[right.clone(), wrong.clone()], DIFFERENT);
        check(&reference, &[right.clone(), absent.clone()], DIFFERENT);
        check(&reference, &[absent, right.clone(), right], passed(0.0));
        check(&reference, &[wrong], DIFFERENT);
        check(&reference, &[], DIFFERENT);
    }

    #[test]
    fn several_runs_span_an_interval() {
        let reference = event(1, 20.0, 20.0);
        check(&reference, &[event(1, 15.0, 20.0), event(1, 25.0, 20.0)], passed(0.0));
        check(&reference, &[event(1, 20.5, 20.0), event(1, 25.0, 20.0)], passed(0.5));
        check(&reference, &[event(1, 15.0, 20.0), event(1, 18.0, 20.0)], late(2.0));
        // The run with another count widens nothing.
        let others = [event(1, 22.0, 20.0), event(1, 23.0, 20.0), event(2, 10.0, 20.0)];
        check(&reference, &others, late(2.0));
    }

    #[test]
    fn runs_are_equal_by_exit() {
        let reference = runs(json!([[0, 5, 0, "Completed"], [6, null, null, null]]));
        check(&reference, &[runs(json!([[1, 6, 0, "Completed"], [7, null, null, null]]))], passed(1.0));
        check(&reference, &[runs(json!([[2, 5, 0, "Completed"], [6, null, null, null]]))], late(2.0));
        check(&reference, &[runs(json!([[0, 5, 1, "Completed"], [6, null, null, null]]))], DIFFERENT);
        check(&reference, &[runs(json!([[0, 5, 0, "Error"], [6, null, null, null]]))], DIFFERENT);
        check(&reference, &[runs(json!([[0, 5, 0, "Completed"], [6, 9, null, null]]))], DIFFERENT);
        check(&reference, &[runs(json!([[0, 5, 0, "Completed"]]))], DIFFERENT);
    }

    #[test]
    fn kinds_of_observables_do_not_mix() {
        check(&event(1, 1.0, 1.0), &[runs(json!([]))], DIFFERENT);
        check(&runs(json!([])), &[json!({"type": "scalar", "value": null})], DIFFERENT);
        check(&runs(json!([])), &[runs(json!([]))], passed(0.0));
    }

    #[test]
    fn a_comparison_reads_like_this() {
        let reference = json!({
            "Pod/default/a/life": steps(json!([[1.0, "Running"]])),
            "Pod/default/b/life": steps(json!([[1.0, "Running"], [9.0, "gone"]])),
            "Event/Pod/default/a/Killing": event(2, 1.0, 2.0),
            "Event/Pod/default/a/Pulled": event(1, 1.0, 1.0),
        });
        let run = json!({
            "Pod/default/a/life": steps(json!([[3.5, "Running"]])),
            "Pod/default/b/life": steps(json!([[1.5, "Running"], [9.0, "gone"]])),
            "Event/Pod/default/a/Killing": event(3, 1.0, 2.0),
            "Event/Pod/default/a/Failed": event(1, 1.0, 1.0),
            "Node/a/ready": steps(json!([[1.0, "True"]])),
        });
        let reference = Reference::read(&reference.to_string()).unwrap();
        let runs = [Observables::read(&run.to_string()).unwrap()];
        let whole = compare(&reference, &runs);
        let expect = "\
DIFF  Event/Pod/default/a/Killing
       A: x2 1..2
       B: x3 1..2
DIFF  Event/Pod/default/a/Pulled
       A: x1 1..1
       B: absent
LATE  Pod/default/a/life  max dt 2.50 s
       A: 1=\"Running\"
       B: 3.5=\"Running\"
by kind: Event 0/2, Pod 1/2
score 1/4 = 0.250   (equal sequences 2/4; events only in B: 1)";
        assert_eq!(whole.to_string(), expect);
        assert!(!whole.passed());
        let pods = compare_where(&reference, &runs, |name| name.ends_with("b/life"));
        assert!(pods.passed());
        let score = "score 1/1 = 1.000   (equal sequences 1/1; events only in B: 1)";
        assert_eq!(pods.score_line(), score);
        assert_eq!(
            compare(&reference, &[]).score_line(),
            score.replace("1/1 = 1", "0/4 = 0").replace("1/1", "0/4").replace("B: 1", "B: 0")
        );
    }
}
