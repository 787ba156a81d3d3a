//! Applying a strategic merge patch.

use super::place::{Place, Rule};
use super::{PatchError, without_directives};
use crate::schema::Type;
use serde_json::{Map, Value};

pub const PATCH: &str = "$patch";
pub const RETAIN_KEYS: &str = "$retainKeys";
pub const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
pub const SET_ORDER: &str = "$setElementOrder/";

type Object = Map<String, Value>;
type Result<T> = std::result::Result<T, PatchError>;

/// Who merges: the server a patch into an object, or a client one patch into another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Into {
    /// Directives are obeyed.
    Object,
    /// Directives and `null`s are kept.
    Patch,
}

/// Applies a strategic merge patch to an object of a type (`None`: of a type without known fields).
///
/// # Errors
/// If the patch is no object, has a directive that means nothing, or an item without its merge key.
pub fn strategic_merge_patch(of: Option<&Type>, original: &Value, patch: &Value) -> Result<Value> {
    let (Value::Object(original), Value::Object(patch)) = (original, patch) else {
        return Err(PatchError("Invalid JSON document".to_owned()));
    };
    let place = of.map_or(Place::Unknown, Place::Type);
    merge_map(original.clone(), patch.clone(), place, Into::Object).map(Value::Object)
}

/// Merges a patch's object into another.
pub fn merge_map(mut original: Object, mut patch: Object, place: Place<'_>, into: Into) -> Result<Object> {
    if let Some(directive) = patch.remove(PATCH) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            _ => Err(PatchError(format!("unknown patch type {directive}"))),
        };
    }
    retain_keys(&mut original, &mut patch, into)?;
    set_orders(&mut original, &mut patch, place, into)?;
    for (key, change) in patch {
        merge_field(&mut original, key, change, place, into)?;
    }
    Ok(original)
}

fn merge_field(
    original: &mut Object,
    key: String,
    change: Value,
    place: Place<'_>,
    into: Into,
) -> Result<()> {
    let (key, deletes) = match key.strip_prefix(DELETE_FROM) {
        Some(field) if into == Into::Object => (field.to_owned(), true),
        _ => (key, false),
    };
    if key.starts_with(DELETE_FROM) {
        original.insert(key, change);
        return Ok(());
    }
    if change.is_null() && into == Into::Object {
        original.remove(&key);
        return Ok(());
    }
    let rule = place.field(&key);
    let merged = match (original.remove(&key), change) {
        (None, _) if deletes => return Ok(()),
        (None, change) if into == Into::Object => without_directives(change),
        (Some(Value::Object(old)), Value::Object(new)) if !rule.replaces => {
            Value::Object(merge_map(old, new, rule.inside, into)?)
        }
        (Some(Value::Array(old)), Value::Array(new)) if rule.merges => {
            Value::Array(merge_list(old, new, rule, deletes, into)?)
        }
        (_, change) => change,
    };
    original.insert(key, merged);
    Ok(())
}

/// Obeys `$retainKeys`: what it does not name goes.
fn retain_keys(original: &mut Object, patch: &mut Object, into: Into) -> Result<()> {
    let Some(directive) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if into == Into::Patch {
        original.entry(RETAIN_KEYS).or_insert(directive);
        return Ok(());
    }
    let bad = || PatchError("invalid patch format of retainKeys".to_owned());
    let kept = directive.as_array().ok_or_else(bad)?;
    let stays = |key: &str| kept.iter().any(|name| name == key);
    let is_list_directive = |key: &str| key.starts_with(DELETE_FROM) || key.starts_with(SET_ORDER);
    if patch.iter().any(|(key, value)| !value.is_null() && !is_list_directive(key) && !stays(key)) {
        return Err(bad());
    }
    original.retain(|key, _| stays(key));
    Ok(())
}

/// Obeys each `$setElementOrder/…`: merges its list and puts it in that order.
fn set_orders(original: &mut Object, patch: &mut Object, place: Place<'_>, into: Into) -> Result<()> {
    let orders: Vec<String> = patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    for directive in orders {
        let Some(order) = patch.remove(&directive) else { continue };
        let field = &directive[SET_ORDER.len()..];
        if into == Into::Patch {
            original.entry(directive.clone()).or_insert_with(|| order.clone());
        }
        let Value::Array(order) = order else {
            return Err(PatchError("invalid patch format of setElementOrder list".to_owned()));
        };
        let (old, new) = (list(original.remove(field))?, list(patch.remove(field))?);
        if let Some(ordered) = set_order(old, new, &order, place.field(field), into)? {
            original.insert(field.to_owned(), Value::Array(ordered));
        }
    }
    Ok(())
}

fn list(value: Option<Value>) -> Result<Option<Vec<Value>>> {
    match value {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(other) => Err(PatchError(format!("expected a list, but received {other}"))),
    }
}

fn set_order(
    old: Option<Vec<Value>>,
    new: Option<Vec<Value>>,
    order: &[Value],
    rule: Rule<'_>,
    into: Into,
) -> Result<Option<Vec<Value>>> {
    if let Some(new) = &new {
        agrees_with_order(new, order, rule.key)?;
    }
    let live = old.clone().unwrap_or_default();
    let merged = match (old, new) {
        (None, None) => return Ok(None),
        (Some(only), None) => only,
        (None, Some(only)) if into == Into::Patch => only,
        (None, Some(only)) => list(Some(without_directives(Value::Array(only))))?.unwrap_or_default(),
        (Some(old), Some(new)) if rule.merges => merge_list(old, new, rule, false, into)?,
        (Some(_), Some(new)) => new,
    };
    arrange(merged, order, &live, rule.key).map(Some)
}

/// The items of a patch must be among those of its order, and in the same order.
fn agrees_with_order(patch: &[Value], order: &[Value], key: &str) -> Result<()> {
    let mut rest = order.iter();
    for item in patch.iter().filter(|item| item.get(PATCH).is_none()) {
        if !order.is_empty() && !rest.any(|place| same(place, item, key)) {
            let (patch, order) = (Value::from(patch), Value::from(order));
            return Err(PatchError(format!(
                "The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{order}\n"
            )));
        }
    }
    Ok(())
}

/// Merges a patch's list into another.
fn merge_list(
    original: Vec<Value>,
    patch: Vec<Value>,
    rule: Rule<'_>,
    deletes: bool,
    into: Into,
) -> Result<Vec<Value>> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    if !original.iter().chain(&patch).all(Value::is_object) {
        return merge_scalars(original, patch, deletes);
    }
    if rule.key.is_empty() {
        return Err(PatchError("cannot merge lists without merge key".to_owned()));
    }
    let Some((original, patch)) = obey_items(original, &patch, rule.key)? else {
        return Ok(patch.into_iter().filter(|item| item.get(PATCH).is_none()).collect());
    };
    let mut merged = original.clone();
    for change in &patch {
        key_of(change, rule.key)?;
        match (merged.iter_mut().find(|item| same(item, change, rule.key)), change) {
            (Some(item), Value::Object(change)) => {
                let old = item.as_object().cloned().unwrap_or_default();
                *item = Value::Object(merge_map(old, change.clone(), rule.inside, into)?);
            }
            _ if into == Into::Object => merged.push(without_directives(change.clone())),
            _ => merged.push(change.clone()),
        }
    }
    arrange(merged, &patch, &original, rule.key)
}

fn merge_scalars(original: Vec<Value>, patch: Vec<Value>, deletes: bool) -> Result<Vec<Value>> {
    if deletes {
        return Ok(original.into_iter().filter(|item| !patch.contains(item)).collect());
    }
    let mut merged: Vec<Value> = Vec::new();
    for item in original.iter().chain(&patch) {
        if !merged.contains(item) {
            merged.push(item.clone());
        }
    }
    arrange(merged, &patch, &original, "")
}

/// Obeys `$patch` of items. `None`: the patch's other items replace the whole list.
fn obey_items(
    mut original: Vec<Value>,
    patch: &[Value],
    key: &str,
) -> Result<Option<(Vec<Value>, Vec<Value>)>> {
    let (special, plain): (Vec<&Value>, Vec<&Value>) = patch.iter().partition(|i| i.get(PATCH).is_some());
    let mut replaces = false;
    for item in special {
        match item[PATCH].as_str() {
            Some("delete") => {
                key_of(item, key)?;
                original.retain(|old| !same(old, item, key));
            }
            Some("replace") => replaces = true,
            Some("merge") => {
                return Err(PatchError("merging lists cannot yet be specified in the patch".to_owned()));
            }
            _ => return Err(PatchError(format!("unknown patch type {}", item[PATCH]))),
        }
    }
    Ok((!replaces).then(|| (original, plain.into_iter().cloned().collect())))
}

/// Puts the items that `order` names in its order, and those that only the live list has among them: each where it
/// stood in `live` relative to the next of the others, those of the patch first where that is not known.
fn arrange(items: Vec<Value>, order: &[Value], live: &[Value], key: &str) -> Result<Vec<Value>> {
    for item in items.iter().chain(order).filter(|_| !key.is_empty()) {
        key_of(item, key)?;
    }
    let (named, others) = items.into_iter().partition(|item| index(order, item, key).is_some());
    let named = sorted_by(named, order, key);
    let mut others = sorted_by(others, live, key).into_iter().peekable();
    let mut all = Vec::with_capacity(named.len() + others.len());
    for item in named {
        let place = index(live, &item, key);
        while others.peek().is_some_and(
            |other| matches!((index(live, other, key), place), (Some(other), Some(place)) if other < place),
        ) {
            all.extend(others.next());
        }
        all.push(item);
    }
    all.extend(others);
    Ok(all)
}

/// In this order; what is to be deleted comes last.
pub fn sorted_by(mut items: Vec<Value>, order: &[Value], key: &str) -> Vec<Value> {
    let deletes = |item: &Value| item.get(PATCH).is_some_and(|directive| directive == "delete");
    items.sort_by_key(|item| (deletes(item), index(order, item, key).unwrap_or(usize::MAX)));
    items
}

fn index(list: &[Value], item: &Value, key: &str) -> Option<usize> {
    list.iter().position(|other| same(other, item, key))
}

/// Whether two items are the same one: by their merge key, or (scalars) by value.
pub fn same(a: &Value, b: &Value, key: &str) -> bool {
    if key.is_empty() { a == b } else { a.get(key).is_some() && a.get(key) == b.get(key) }
}

/// The merge key's value of an item.
pub fn key_of<'a>(item: &'a Value, key: &str) -> Result<&'a Value> {
    item.get(key).ok_or_else(|| PatchError(format!("map: {item} does not contain declared merge key: {key}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;
    use serde_json::json;

    fn patched(kind: (&str, &str), original: &Value, patch: &Value) -> Result<Value> {
        strategic_merge_patch(Schema::builtin().kind(kind.0, kind.1), original, patch)
    }

    fn pod(spec: Value) -> Value {
        json!({ "spec": spec })
    }

    #[test]
    fn lists_merge_by_their_key() {
        let check = |original: Value, patch: Value, expect: Value| {
            let got = patched(("v1", "Pod"), &pod(original), &pod(patch.clone()));
            assert_eq!(got, Ok(pod(expect)), "{patch}");
        };
        let two = json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]});
        check(
            two.clone(),
            json!({"containers": [{"name": "b", "image": "2"}]}),
            json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]}),
        );
        // What is new comes first where nothing says another order.
        check(
            two.clone(),
            json!({"containers": [{"name": "c", "image": "1", "command": null}]}),
            json!({"containers": [{"name": "c", "image": "1"}, {"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}),
        );
        check(
            two.clone(),
            json!({"containers": [{"name": "a", "$patch": "delete"}]}),
            json!({"containers": [{"name": "b", "image": "1"}]}),
        );
        check(
            two.clone(),
            json!({"containers": [{"$patch": "replace"}, {"name": "c"}]}),
            json!({"containers": [{"name": "c"}]}),
        );
        check(
            two.clone(),
            json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}], "containers": [{"name": "c"}]}),
            json!({"containers": [{"name": "b", "image": "1"}, {"name": "c"}, {"name": "a", "image": "1"}]}),
        );
        check(
            json!({"tolerations": [{"key": "x"}]}),
            json!({"tolerations": [{"key": "y"}]}),
            json!({"tolerations": [{"key": "y"}]}),
        );
    }

    #[test]
    fn what_only_the_server_has_keeps_its_place() {
        let original = pod(json!({"volumes": [{"name": "x"}, {"name": "s"}, {"name": "y"}]}));
        let patch = pod(json!({"$setElementOrder/volumes": [{"name": "x"}, {"name": "y"}, {"name": "z"}],
            "volumes": [{"name": "z"}]}));
        let got = patched(("v1", "Pod"), &original, &patch).unwrap();
        assert_eq!(
            got,
            pod(json!({"volumes": [{"name": "x"}, {"name": "s"}, {"name": "y"}, {"name": "z"}]}))
        );
    }

    #[test]
    fn directives_of_maps_and_scalars() {
        let check = |original: Value, patch: Value, expect: Value| {
            assert_eq!(patched(("apps/v1", "Deployment"), &original, &patch), Ok(expect), "{patch}");
        };
        check(
            json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}),
            json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
            json!({"spec": {"strategy": {"type": "Recreate"}}}),
        );
        check(
            json!({"metadata": {"labels": {"a": "1", "b": "2"}}}),
            json!({"metadata": {"labels": {"$patch": "replace", "c": "3"}}}),
            json!({"metadata": {"labels": {"c": "3"}}}),
        );
        check(
            json!({"metadata": {"labels": {"a": "1"}}}),
            json!({"metadata": {"labels": {"a": null, "b": null}}}),
            json!({"metadata": {"labels": {}}}),
        );
        check(
            json!({"metadata": {"finalizers": ["a", "b"]}}),
            json!({"metadata": {"finalizers": ["c"], "$deleteFromPrimitiveList/finalizers": ["a"]}}),
            json!({"metadata": {"finalizers": ["c", "b"]}}),
        );
    }

    #[test]
    fn patches_that_mean_nothing() {
        for patch in [
            json!([]),
            json!({"spec": {"$patch": "jump"}}),
            json!({"spec": {"containers": [{"image": "x"}]}}),
            json!({"spec": {"containers": [{"$patch": "merge", "name": "a"}]}}),
            json!({"spec": {"$setElementOrder/containers": 3}}),
            json!({"spec": {"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "a"}]}}),
        ] {
            let original = pod(json!({"containers": [{"name": "a"}]}));
            assert!(patched(("v1", "Pod"), &original, &patch).is_err(), "{patch}");
        }
    }
}
