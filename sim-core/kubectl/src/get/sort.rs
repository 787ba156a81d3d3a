//! `--sort-by`.
//!
//! Source: `staging/src/k8s.io/kubectl/pkg/cmd/get/sorter.go`, v1.36.2.

use crate::grammar::UsageError;
use api::Kind;
use serde_json::Value;
use std::cmp::Ordering;

/// Reads `.spec.replicas`, `spec.replicas` or `{.spec.replicas}`; empty: no order is asked for.
pub fn path(text: &str) -> Result<Option<Vec<String>>, UsageError> {
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let inner = inner.strip_prefix('.').unwrap_or(inner);
    if inner.is_empty() {
        return Ok(None);
    }
    let plain =
        |field: &str| !field.is_empty() && field.chars().all(|c| c.is_alphanumeric() || "-_/".contains(c));
    let fields: Vec<String> = inner.split('.').map(str::to_owned).collect();
    if !fields.iter().all(|field| plain(field)) {
        return Err(UsageError::not_modelled(format!("--sort-by={text}")));
    }
    Ok(Some(fields))
}

/// Sorts; objects without the field come first, equal ones stay as they are.
pub fn by(found: &mut [(Kind, Value)], path: &[String]) {
    let at = |object: &Value| path.iter().fold(object.clone(), |value, field| value[field].clone());
    found.sort_by_cached_key(|(_, object)| Key(at(object)));
}

struct Key(Value);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Value::Number(a), Value::Number(b)) => number(a).total_cmp(&number(b)),
            (Value::String(a), Value::String(b)) => natural(a, b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Key {}

fn number(number: &serde_json::Number) -> f64 {
    number.as_f64().unwrap_or_default()
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// Digits within texts by their value: `web-9` before `web-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let digits = |text: &[u8]| text.iter().take_while(|c| c.is_ascii_digit()).count();
        let (in_a, in_b) = (digits(a), digits(b));
        if in_a > 0 && in_b > 0 {
            let significant = |text: &[u8]| text.iter().position(|c| *c != b'0').unwrap_or(text.len());
            let (x, y) = (&a[..in_a], &b[..in_b]);
            let (x, y) = (&x[significant(x)..], &y[significant(y)..]);
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y)).then(in_a.cmp(&in_b));
            if order.is_ne() {
                return order;
            }
            (a, b) = (&a[in_a..], &b[in_b..]);
            continue;
        }
        match (a.split_first(), b.split_first()) {
            (Some((x, rest_a)), Some((y, rest_b))) if x == y => (a, b) = (rest_a, rest_b),
            _ => return a.cmp(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn orders() {
        let check = |values: &[Value], expect: &[Value]| {
            let mut found: Vec<(Kind, Value)> =
                values.iter().map(|v| (Kind::Pod, json!({"a": {"b": v}}))).collect();
            by(&mut found, &path("{.a.b}").unwrap().unwrap());
            let got: Vec<Value> = found.into_iter().map(|(_, o)| o["a"]["b"].clone()).collect();
            assert_eq!(got, expect);
        };
        check(&[json!(10), json!(9), json!(null)], &[json!(null), json!(9), json!(10)]);
        check(
            &[json!("web-10"), json!("web-9"), json!("api")],
            &[json!("api"), json!("web-9"), json!("web-10")],
        );
        assert_eq!(path("").unwrap(), None);
        assert!(path(".a[0].b").is_err() && path(".a[?(@.x)]").is_err());
    }
}
