//! When two values of an observable are the same, and when one says nothing.
//!
//! An absent counter, `false` and 0 are one value to a client that reads a status, and so they are here: the comparison is
//! by number, as in the tools that made the references.

use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Whether two values are the same; booleans count as 0 and 1, and 1 is 1.0.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => same_number(&a, &b),
            _ => a == b,
        },
    }
}

/// Whether a value says nothing: null, false, zero, an empty text or list. (An empty map does say something.)
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) => false,
        Value::Bool(_) | Value::Number(_) => same(value, &Value::from(0)),
    }
}

/// Two times are the same instant.
pub(super) fn same_time(a: f64, b: f64) -> bool {
    a.partial_cmp(&b) == Some(Ordering::Equal)
}

/// Seconds with two decimals, rounded from the exact value of the double, ties to even.
pub(super) fn hundredths(seconds: f64) -> f64 {
    format!("{seconds:.2}").parse().unwrap_or(seconds)
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Bool(truth) => Some(u8::from(*truth).into()),
        Value::Number(number) => Some(number.clone()),
        _ => None,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    if a.is_f64() || b.is_f64() {
        return a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| same_time(a, b));
    }
    a == b
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_compared_by_number() {
        #[track_caller]
        fn check(a: Value, b: Value, expect: bool) {
            assert_eq!(same(&a, &b), expect, "{a} and {b}");
            assert_eq!(same(&b, &a), expect, "{b} and {a}");
        }
        check(json!(false), json!(0), true);
        check(json!(true), json!(1), true);
        check(json!(true), json!(2), false);
        check(json!(1), json!(1.0), true);
        check(json!(-1), json!(1), false);
        check(json!(0), json!(null), false);
        check(json!(0), json!(""), false);
        check(json!("1"), json!(1), false);
        check(json!([]), json!({}), false);
        check(json!(["a", 1]), json!(["a", true]), true);
        check(json!(["a", "b"]), json!(["b", "a"]), false);
        check(json!(["a"]), json!(["a", "a"]), false);
        check(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), true);
        check(json!({"a": 1}), json!({"b": 1}), false);
        check(json!(u64::MAX), json!(u64::MAX - 1), false);
    }

    #[test]
    fn what_says_nothing() {
        for empty in [json!(null), json!(false), json!(0), json!(0.0), json!(-0.0), json!(""), json!([])] {
            assert!(is_nothing(&empty), "{empty}");
        }
        for full in [json!(true), json!(1), json!(-1), json!(0.1), json!("0"), json!([0]), json!({})] {
            assert!(!is_nothing(&full), "{full}");
        }
    }

    #[test]
    fn rounding_is_that_of_the_double() {
        #[track_caller]
        fn check(seconds: f64, expect: &str) {
            assert_eq!(format!("{:?}", hundredths(seconds)), expect);
        }
        check(0.125, "0.12");
        check(0.375, "0.38");
        check(2.675, "2.67");
        check(1.005, "1.0");
        check(61.204, "61.2");
        check(0.995, "0.99");
        check(1e300, "1e300");
    }
}
