//! A comparison as text.

use super::compare::{Comparison, Verdict};
use super::json::spaced;
use super::observable::{Course, Observable, Step};
use std::fmt;

/// Longer values are cut here, in characters.
const LONGEST: usize = 400;

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            match row.verdict {
                Verdict::Passed { .. } => continue,
                Verdict::Late { worst } => writeln!(f, "LATE  {}  max dt {worst:.2} s", row.name)?,
                Verdict::Different => writeln!(f, "DIFF  {}", row.name)?,
            }
            writeln!(f, "       A: {}", short(Some(&row.reference.observable)))?;
            writeln!(f, "       B: {}", short(row.run))?;
        }
        writeln!(f, "{}", self.kinds_line())?;
        f.write_str(&self.score_line())
    }
}

impl Comparison<'_> {
    /// `by kind: Event 23/24, Pod 9/9`.
    pub fn kinds_line(&self) -> String {
        let kinds =
            self.by_kind().into_iter().map(|(kind, (passed, total))| format!("{kind} {passed}/{total}"));
        format!("by kind: {}", kinds.collect::<Vec<_>>().join(", "))
    }

    /// `score 46/48 = 0.958   (equal sequences 47/48; events only in B: 0)`.
    pub fn score_line(&self) -> String {
        let all = self.summary();
        format!(
            "score {}/{total} = {:.3}   (equal sequences {}/{total}; events only in B: {})",
            all.passed,
            all.score,
            all.sequences,
            self.extra_events.len(),
            total = all.total,
        )
    }
}

/// An observable on one line.
fn short(observable: Option<&Observable>) -> String {
    let text = match observable {
        None => return "absent".to_owned(),
        Some(Observable::Steps { settle, course }) => steps_text(course, *settle),
        Some(Observable::Event { count, first, last, .. }) => {
            format!("x{count} {}..{}", general(*first), general(*last))
        }
        Some(Observable::Runs { runs }) => runs.iter().map(spaced).collect::<Vec<_>>().join(" "),
        Some(Observable::Scalar { value }) => spaced(value),
    };
    if text.len() < LONGEST { text } else { text.chars().take(LONGEST).collect::<String>() + " ..." }
}

fn steps_text(course: &Course, settle: f64) -> String {
    let one = |step: &Step| {
        let until = if step.to > step.from { format!("-{}", general(step.to)) } else { String::new() };
        format!("{}{until}={}", general(step.from), spaced(&step.value))
    };
    course.settled(settle).iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Six significant digits, the shortest way (C's `%g`).
fn general(number: f64) -> String {
    const DIGITS: usize = 6;
    let scientific = format!("{number:.*e}", DIGITS - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    match usize::try_from(5 - exponent) {
        Ok(decimals) if exponent >= -4 => trimmed(&format!("{number:.decimals$}")).to_owned(),
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs())
        }
    }
}

fn trimmed(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_have_six_digits() {
        #[track_caller]
        fn check(number: f64, expect: &str) {
            assert_eq!(general(number), expect);
        }
        check(0.0, "0");
        check(-0.0, "-0");
        check(0.05, "0.05");
        check(19.95, "19.95");
        check(100.0, "100");
        check(-2.5, "-2.5");
        check(12345.67, "12345.7");
        check(999_999.0, "999999");
        check(999_999.5, "1e+06");
        check(1e9, "1e+09");
        check(1_234_567.0, "1.23457e+06");
        check(0.0001, "0.0001");
        check(0.00001, "1e-05");
    }

    #[test]
    fn an_observable_is_one_line() {
        #[track_caller]
        fn check(observable: serde_json::Value, expect: &str) {
            let observable: Observable = serde_json::from_value(observable).unwrap();
            assert_eq!(short(Some(&observable)), expect);
        }
        let points = json!([[0.05, 1], [0.24, 10], [9.0, ["a", "b"]]]);
        check(json!({"type": "steps", "settle": 0.5, "points": points}), r#"0.05-0.24=10 9=["a", "b"]"#);
        check(json!({"type": "event", "count": 3, "first": 0.5, "last": 61.0, "messages": []}), "x3 0.5..61");
        check(
            json!({"type": "runs", "runs": [[1, 5, 0, "Completed"], [6, null, null, null]]}),
            r#"[1, 5, 0, "Completed"] [6, null, null, null]"#,
        );
        check(json!({"type": "scalar", "value": "x".repeat(397)}), &format!("\"{}\"", "x".repeat(397)));
        check(json!({"type": "scalar", "value": "x".repeat(398)}), &format!("\"{}\" ...", "x".repeat(398)));
        check(json!({"type": "scalar", "value": "x".repeat(500)}), &format!("\"{} ...", "x".repeat(399)));
        assert_eq!(short(None), "absent");
    }
}
