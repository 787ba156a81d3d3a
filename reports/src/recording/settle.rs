//! Bursts of changes drawn together: doing everything at once or over a few hundred milliseconds is both right.

use super::observable::{Course, Point, Step};
use super::value::{hundredths, is_nothing, same};
use std::borrow::Cow;

/// The transitions of a value: changes at most `gap` seconds apart are one, which lasts from the first to the last of them and
/// ends in the last one's value. One that leads back to the value before is none, nor is a first one that leads to nothing
/// (null, false, 0, an empty text or list).
pub fn settle(points: &[Point], gap: f64) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for burst in points.chunk_by(|earlier, later| later.at - earlier.at <= gap) {
        let (Some(first), Some(last)) = (burst.first(), burst.last()) else { continue };
        let changed = match steps.last() {
            Some(before) => !same(&before.value, &last.value),
            None => !is_nothing(&last.value),
        };
        if changed {
            let (from, to) = (hundredths(first.at), hundredths(last.at));
            steps.push(Step { from, to, value: last.value.clone() });
        }
    }
    steps
}

impl Course {
    /// The transitions with this gap; one that was settled before stays as it is.
    pub(super) fn settled(&self, gap: f64) -> Cow<'_, [Step]> {
        match self {
            Self::Points(points) => Cow::Owned(settle(points, gap)),
            Self::Steps(steps) => Cow::Borrowed(steps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn points(rows: &[(f64, Value)]) -> Vec<Point> {
        rows.iter().cloned().map(Point::from).collect()
    }

    #[track_caller]
    fn check(gap: f64, rows: &[(f64, Value)], expect: &[(f64, f64, Value)]) {
        let expect: Vec<Step> = expect.iter().cloned().map(Step::from).collect();
        assert_eq!(settle(&points(rows), gap), expect);
    }

    #[test]
    fn changes_close_together_are_one() {
        check(0.5, &[], &[]);
        check(0.5, &[(1.0, json!(1)), (1.5, json!(2)), (2.0, json!(3))], &[(1.0, 2.0, json!(3))]);
        check(0.5, &[(1.0, json!(1)), (1.51, json!(2))], &[(1.0, 1.0, json!(1)), (1.51, 1.51, json!(2))]);
        check(0.25, &[(0.05, json!(1)), (0.31, json!(2))], &[(0.05, 0.05, json!(1)), (0.31, 0.31, json!(2))]);
    }

    #[test]
    fn the_gap_is_a_difference_of_doubles() {
        // 0.35 - 0.05 is a little less than 0.3, 1.3 - 1.0 a little more.
        check(0.3, &[(0.05, json!(1)), (0.35, json!(2))], &[(0.05, 0.35, json!(2))]);
        check(0.3, &[(1.0, json!(1)), (1.3, json!(2))], &[(1.0, 1.0, json!(1)), (1.3, 1.3, json!(2))]);
    }

    #[test]
    fn a_leading_nothing_is_left_out() {
        check(0.1, &[(0.0, json!(1)), (0.1, json!(0)), (5.0, json!(2))], &[(5.0, 5.0, json!(2))]);
        check(0.1, &[(0.0, json!({}))], &[(0.0, 0.0, json!({}))]);
        check(0.1, &[(0.0, json!(2)), (5.0, json!(0))], &[(0.0, 0.0, json!(2)), (5.0, 5.0, json!(0))]);
    }

    #[test]
    fn a_burst_back_to_the_same_value_is_none() {
        let rows = [(0.0, json!(3)), (5.0, json!(2)), (5.2, json!(3)), (9.0, json!(4))];
        check(0.5, &rows, &[(0.0, 0.0, json!(3)), (9.0, 9.0, json!(4))]);
        check(0.5, &[(0.0, json!(true)), (5.0, json!(1))], &[(0.0, 0.0, json!(true))]);
    }

    proptest! {
        #[test]
        fn steps_are_in_order_and_each_is_a_change(
            rows in prop::collection::vec((0u32..2000, 0i64..4), 0..40), gap in 0u32..300,
        ) {
            let mut rows: Vec<_> = rows.into_iter().map(|(at, v)| (f64::from(at) / 100.0, json!(v))).collect();
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
            let gap = f64::from(gap) / 100.0;
            let steps = settle(&points(&rows), gap);
            for step in &steps {
                prop_assert!(step.from <= step.to);
            }
            for pair in steps.windows(2) {
                prop_assert!(pair[1].from > pair[0].to);
                prop_assert_ne!(&pair[0].value, &pair[1].value);
            }
            if let Some(first) = steps.first() {
                prop_assert!(!is_nothing(&first.value));
                prop_assert_eq!(&steps[steps.len() - 1].value, &rows[rows.len() - 1].1);
            }
        }
    }
}
