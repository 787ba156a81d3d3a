//! The values of a run while it is read: step functions and scalars by name.

use super::observable::{Course, Observable, Observables, Point};
use super::value::{hundredths, is_nothing, same, same_time};
use serde_json::Value;
use std::collections::BTreeMap;

/// Seconds that a burst may pause: values of a workload or another object.
pub(super) const GROUP_SETTLE: f64 = 0.5;
/// The same for what is followed one by one: a pod, a container, a node.
pub(super) const ONE_SETTLE: f64 = 0.3;

/// What was seen so far.
#[derive(Default)]
pub(super) struct Steps {
    courses: BTreeMap<String, (f64, Vec<Point>)>,
    scalars: BTreeMap<String, Value>,
}

impl Steps {
    /// The value under `name` is now `value`. Nothing changes if it was so before; a course does not begin with nothing;
    /// of two values at one instant the later counts.
    pub(super) fn step(&mut self, name: String, at: f64, value: impl Into<Value>, settle: f64) {
        let value = value.into();
        let (gap, points) = self.courses.entry(name).or_default();
        *gap = settle;
        match points.last_mut() {
            Some(last) if same(&last.value, &value) => {}
            Some(last) if same_time(last.at, at) => *last = Point { at, value },
            None if is_nothing(&value) => {}
            _ => points.push(Point { at, value }),
        }
    }

    /// Whether something was ever said about `name`.
    pub(super) fn mentions(&self, name: &str) -> bool {
        self.courses.contains_key(name)
    }

    /// The scalar `name` is now `value`.
    pub(super) fn set(&mut self, name: String, value: impl Into<Value>) {
        self.scalars.insert(name, value.into());
    }

    /// All that has a value, with times in hundredths of a second.
    pub(super) fn finish(self) -> Observables {
        let mut all = Observables::default();
        for (name, (settle, mut points)) in self.courses {
            if points.is_empty() {
                continue;
            }
            for point in &mut points {
                point.at = hundredths(point.at);
            }
            all.0.insert(name, Observable::Steps { settle, course: Course::Points(points) });
        }
        all.0.extend(self.scalars.into_iter().map(|(name, value)| (name, Observable::Scalar { value })));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(seen: &[(f64, Value)], expect: Option<&[(f64, Value)]>) {
        let mut steps = Steps::default();
        for (at, value) in seen {
            steps.step("x".to_owned(), *at, value.clone(), ONE_SETTLE);
        }
        let expect = expect.map(|rows| Observable::Steps {
            settle: ONE_SETTLE,
            course: Course::Points(rows.iter().cloned().map(Point::from).collect()),
        });
        assert_eq!(steps.finish().0.remove("x"), expect);
    }

    #[test]
    fn a_course_has_only_changes() {
        check(
            &[(1.0, json!(1)), (2.0, json!(1)), (3.0, json!(2))],
            Some(&[(1.0, json!(1)), (3.0, json!(2))]),
        );
        check(&[(1.0, json!(true)), (2.0, json!(1))], Some(&[(1.0, json!(true))]));
    }

    #[test]
    fn it_does_not_begin_with_nothing() {
        check(&[(1.0, json!(0)), (2.0, json!(null)), (3.0, json!([]))], None);
        check(
            &[(1.0, json!(0)), (2.0, json!(1)), (3.0, json!(0))],
            Some(&[(2.0, json!(1)), (3.0, json!(0))]),
        );
        check(&[(1.0, json!({}))], Some(&[(1.0, json!({}))]));
    }

    #[test]
    fn the_later_of_one_instant_counts() {
        check(&[(1.0, json!(1)), (1.0, json!(0))], Some(&[(1.0, json!(0))]));
        check(
            &[(0.5, json!(1)), (1.0, json!(2)), (1.0, json!(1))],
            Some(&[(0.5, json!(1)), (1.0, json!(1))]),
        );
        // Instants are told apart before they are rounded.
        check(&[(1.001, json!(1)), (1.002, json!(2))], Some(&[(1.0, json!(1)), (1.0, json!(2))]));
    }
}
