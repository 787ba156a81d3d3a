//! Reading JSON objects for cells, and the cells that many kinds share.

use super::human_duration;
use api::selector::Operator;
use api::{Name, StringMap};
use serde_json::Value;
use units::MicroTime;

/// What stands at a dotted path; null if nothing does.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, field| &value[field])
}

/// A text; empty if there is none.
pub fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).as_str().unwrap_or_default()
}

/// An integer; 0 if there is none.
pub fn int(value: &Value, path: &str) -> i64 {
    at(value, path).as_i64().unwrap_or_default()
}

/// Whether `true` stands there.
pub fn flag(value: &Value, path: &str) -> bool {
    at(value, path).as_bool().unwrap_or_default()
}

/// The items of a list; none if there is none.
pub fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The text, or this instead of an empty one.
pub fn or<'a>(text: &'a str, instead: &'a str) -> &'a str {
    if text.is_empty() { instead } else { text }
}

/// `metadata.name`
pub fn name_of(object: &Value) -> &str {
    text(object, "metadata.name")
}

/// `metadata.namespace`
pub fn namespace_of(object: &Value) -> &str {
    text(object, "metadata.namespace")
}

/// `metadata.labels`
pub fn labels_of(object: &Value) -> StringMap {
    strings(at(object, "metadata.labels"))
}

/// An object of texts.
pub fn strings(value: &Value) -> StringMap {
    let fields = value.as_object().into_iter().flatten();
    fields.filter_map(|(key, value)| Some((Name::from(key), Name::from(value.as_str()?)))).collect()
}

/// `k=v,k2=v2`, or `<none>`.
pub fn joined_labels(labels: &StringMap) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    or(&pairs.join(","), "<none>").to_owned()
}

/// Whole seconds since a time (RFC 3339); `None` if there is no time.
pub fn seconds_since(time: &str, now: MicroTime) -> Option<i64> {
    let MicroTime(then) = MicroTime::parse(time).ok()?;
    // Cut off towards zero, as Go's conversion does.
    Some(now.0.saturating_sub(then) / 1_000_000)
}

/// An age: since a time, or `<unknown>`.
pub fn since(time: &str, now: MicroTime) -> String {
    seconds_since(time, now).map_or_else(|| "<unknown>".to_owned(), human_duration)
}

/// The age of an object.
pub fn age(object: &Value, now: MicroTime) -> String {
    since(text(object, "metadata.creationTimestamp"), now)
}

/// The status of a condition; empty if it is absent.
pub fn condition<'a>(object: &'a Value, kind: &str) -> &'a str {
    let conditions = list(object, "status.conditions");
    conditions.iter().find(|c| c["type"] == kind).map(|c| text(c, "status")).unwrap_or_default()
}

/// Names and images of the containers of a pod template.
pub fn containers(template: &Value) -> [String; 2] {
    let joined = |field: &str| {
        let texts: Vec<&str> = list(template, "spec.containers").iter().map(|c| text(c, field)).collect();
        texts.join(",")
    };
    [joined("name"), joined("image")]
}

/// `k=v,k in (a,b),!k`, sorted by key; `<none>` without requirements.
pub fn selector(selector: &Value) -> String {
    let mut parts: Vec<(String, String)> = Vec::new();
    for (key, value) in strings(&selector["matchLabels"]).iter() {
        parts.push((key.to_string(), format!("{key}={value}")));
    }
    for requirement in list(selector, "matchExpressions") {
        let key = text(requirement, "key");
        let mut values: Vec<&str> = list(requirement, "values").iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        let part = match Operator::parse(text(requirement, "operator")) {
            Some(Operator::In) => format!("{key} in ({values})"),
            Some(Operator::NotIn) => format!("{key} notin ({values})"),
            Some(Operator::Exists) => key.to_owned(),
            Some(Operator::DoesNotExist) => format!("!{key}"),
            _ => return "<error>".to_owned(),
        };
        parts.push((key.to_owned(), part));
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
    or(&parts.join(","), "<none>").to_owned()
}

/// At most three values, then how many more there are.
pub fn first_three(values: &[String]) -> String {
    match values.len() {
        0..=3 => values.join(","),
        all => format!("{} + {} more...", values[..3].join(","), all - 3),
    }
}
