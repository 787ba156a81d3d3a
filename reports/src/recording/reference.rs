//! What the repeats of one scenario agree on, with the spread that they show.

use super::compare::distance;
use super::json;
use super::observable::{Course, Observable, Observables};
use super::value::hundredths;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, io};

/// What a run is compared with: the observables of one run, or those that several repeats share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reference {
    /// How many repeats there were; none for a single run.
    pub repeats: Option<usize>,
    /// What they agree on.
    pub observables: BTreeMap<String, Expected>,
    /// What they do not agree on, by repeat; nothing is compared with it.
    pub unstable: BTreeMap<String, Vec<Option<Observable>>>,
}

/// An observable, and how far apart in time its repeats are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// What the first repeat shows.
    #[serde(flatten)]
    pub observable: Observable,
    /// The largest distance of another repeat's transition, in seconds; none for a single run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
}

/// A file of observables that cannot be read.
#[derive(Debug)]
pub struct ReadError {
    /// The observable that is wrong; none if it is the whole text.
    name: Option<String>,
    cause: serde_json::Error,
}

impl Reference {
    /// Reads a file of observables, merged or of a single run.
    ///
    /// # Errors
    /// When the text is no JSON, or an entry is no observable; the error names it.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let document: Value = serde_json::from_str(text).map_err(ReadError::document)?;
        let repeats = document.get("repeats").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let unstable = match document.get("unstable") {
            Some(part) if document.get("observables").is_some() => read_part(part)?,
            _ => BTreeMap::new(),
        };
        Ok(Self { repeats, observables: entries(&document)?, unstable })
    }

    /// Keeps what all the repeats agree on. A step function is settled with the smallest of a few gaps for which all of
    /// them show the same sequence of values; one that is then empty is left out.
    pub fn merge(repeats: &[Observables]) -> Self {
        let names: BTreeSet<&String> = repeats.iter().flat_map(|repeat| repeat.0.keys()).collect();
        let mut merged = Self { repeats: Some(repeats.len()), ..Self::default() };
        for name in names {
            let seen: Vec<Option<&Observable>> = repeats.iter().map(|repeat| repeat.0.get(name)).collect();
            match agree(&seen) {
                Agreement::On(expected) => drop(merged.observables.insert(name.clone(), expected)),
                Agreement::OnNothing => {}
                Agreement::None => {
                    let seen = seen.into_iter().map(|one| one.cloned()).collect();
                    merged.unstable.insert(name.clone(), seen);
                }
            }
        }
        merged
    }

    /// Writes a merged reference as JSON, one observable a line, in ASCII.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        write!(out, "{{\"repeats\": {},\n\"observables\": ", self.repeats.unwrap_or(1))?;
        json::write_lines(out, &self.observables)?;
        out.write_all(b",\n\"unstable\": ")?;
        json::write_lines(out, &self.unstable)?;
        out.write_all(b"\n}\n")
    }
}

impl From<Observables> for Reference {
    fn from(run: Observables) -> Self {
        let alone = |observable| Expected { observable, spread: None };
        let observables = run.0.into_iter().map(|(name, one)| (name, alone(one))).collect();
        Self { observables, ..Self::default() }
    }
}

enum Agreement {
    On(Expected),
    OnNothing,
    None,
}

fn agree(seen: &[Option<&Observable>]) -> Agreement {
    let Some(all) = seen.iter().copied().collect::<Option<Vec<_>>>() else { return Agreement::None };
    let Some((first, others)) = all.split_first() else { return Agreement::None };
    let candidates = match first {
        Observable::Steps { settle, course } => [*settle, 1.0, 2.0, 4.0]
            .map(|settle| Observable::Steps {
                settle,
                course: Course::Steps(course.settled(settle).into_owned()),
            })
            .into(),
        other => vec![(*other).clone()],
    };
    for candidate in candidates {
        let distances: Option<Vec<f64>> = others.iter().map(|other| distance(&candidate, other)).collect();
        let Some(distances) = distances else { continue };
        if matches!(&candidate, Observable::Steps { course: Course::Steps(steps), .. } if steps.is_empty()) {
            return Agreement::OnNothing;
        }
        let spread = hundredths(distances.into_iter().fold(0.0, f64::max));
        return Agreement::On(Expected { observable: candidate, spread: Some(spread) });
    }
    Agreement::None
}

/// The observables of a document: under `observables`, or the document itself.
pub(super) fn entries<T: DeserializeOwned>(document: &Value) -> Result<BTreeMap<String, T>, ReadError> {
    read_part(document.get("observables").unwrap_or(document))
}

fn read_part<T: DeserializeOwned>(part: &Value) -> Result<BTreeMap<String, T>, ReadError> {
    let part: BTreeMap<String, Value> = BTreeMap::deserialize(part).map_err(ReadError::document)?;
    let read = |(name, value): (String, Value)| match T::deserialize(value) {
        Ok(entry) => Ok((name, entry)),
        Err(cause) => Err(ReadError { name: Some(name), cause }),
    };
    part.into_iter().map(read).collect()
}

impl ReadError {
    pub(super) fn document(cause: serde_json::Error) -> Self {
        Self { name: None, cause }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "observable {name}: {}", self.cause),
            None => write!(f, "no file of observables: {}", self.cause),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Merges repeats that have (or, if null, do not have) an observable `x`.
    fn merge(repeats: &[Value]) -> Reference {
        let repeat = |x: &Value| {
            let document = if x.is_null() { json!({}) } else { json!({ "x": x }) };
            Observables::read(&document.to_string()).unwrap()
        };
        Reference::merge(&repeats.iter().map(repeat).collect::<Vec<_>>())
    }

    #[track_caller]
    fn check(repeats: &[Value], expect: Option<Value>) {
        let merged = merge(repeats);
        let expect = expect.map(|expected| serde_json::from_value::<Expected>(expected).unwrap());
        assert_eq!(merged.observables.get("x"), expect.as_ref());
    }

    fn steps(points: Value) -> Value {
        json!({"type": "steps", "settle": 0.5, "points": points})
    }

    fn settled(settle: f64, steps: Value, spread: f64) -> Value {
        json!({"type": "steps", "settle": settle, "steps": steps, "spread": spread})
    }

    #[test]
    fn the_smallest_gap_with_one_sequence_is_taken() {
        let first = steps(json!([[1.0, 1], [5.0, 2]]));
        check(
            &[first.clone(), first.clone()],
            Some(settled(0.5, json!([[1.0, 1.0, 1], [5.0, 5.0, 2]]), 0.0)),
        );
        let burst = steps(json!([[1.0, 9], [1.75, 1], [5.25, 2]]));
        check(
            &[first.clone(), burst.clone()],
            Some(settled(1.0, json!([[1.0, 1.0, 1], [5.0, 5.0, 2]]), 0.25)),
        );
        check(&[burst, first.clone()], Some(settled(1.0, json!([[1.0, 1.75, 1], [5.25, 5.25, 2]]), 0.25)));
        check(&[first.clone(), steps(json!([[2.0, 2]]))], Some(settled(4.0, json!([[1.0, 5.0, 2]]), 0.0)));
        check(&[first, steps(json!([[2.0, 3]]))], None);
    }

    #[test]
    fn what_is_missing_or_differs_is_unstable() {
        let one = json!({"type": "scalar", "value": 1});
        let two = json!({"type": "scalar", "value": 2});
        check(&[one.clone(), one.clone()], Some(json!({"type": "scalar", "value": 1, "spread": 0.0})));
        for repeats in [[one.clone(), two], [one, Value::Null]] {
            let merged = merge(&repeats);
            assert_eq!(merged.observables.len(), 0);
            assert_eq!(serde_json::to_value(&merged.unstable["x"]).unwrap(), json!(repeats));
        }
    }

    #[test]
    fn what_settles_to_nothing_is_left_out() {
        let blink = steps(json!([[1.0, 1], [1.25, 0]]));
        let merged = merge(&[blink.clone(), blink]);
        assert_eq!((merged.observables.len(), merged.unstable.len()), (0, 0));
    }

    #[test]
    fn a_reference_reads_as_it_was_written() {
        let mut merged = merge(&[steps(json!([[1.0, "µ"]])), steps(json!([[1.5, "µ"]]))]);
        merged.unstable =
            merge(&[json!({"type": "runs", "runs": [[1, null, null, null]]}), Value::Null]).unstable;
        let mut text = Vec::new();
        merged.write(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let expect = concat!(
            "{\"repeats\": 2,\n\"observables\": {\n",
            "\"x\": {\"type\":\"steps\",\"settle\":0.5,\"steps\":[[1.0,1.0,\"\\u00b5\"]],\"spread\":0.5}\n},\n",
            "\"unstable\": {\n\"x\": [{\"type\":\"runs\",\"runs\":[[1,null,null,null]]},null]\n}\n}\n",
        );
        assert_eq!(text, expect);
        assert_eq!(Reference::read(&text).unwrap(), merged);
    }

    #[test]
    fn errors_name_the_observable() {
        #[track_caller]
        fn check(text: &str, expect: &str) {
            let error = Reference::read(text).unwrap_err().to_string();
            assert!(error.starts_with(expect), "{error}");
        }
        check("{", "no file of observables: EOF");
        check("[]", "no file of observables: invalid type");
        check(r#"{"a": {"type": "trend"}}"#, "observable a: unknown variant `trend`");
        check(r#"{"observables": {"a": {"type": "scalar"}}}"#, "observable a: missing field `value`");
        check(r#"{"a": {"type": "steps", "settle": 1}}"#, "observable a: no variant of enum Course");
        check(r#"{"a": {"type": "runs", "runs": [[1, 2]]}}"#, "observable a: invalid length 2");
        check(r#"{"observables": {}, "unstable": {"b": 1}}"#, "observable b: invalid type");
    }
}
