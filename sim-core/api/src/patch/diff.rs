//! Making a strategic merge patch: what `kubectl apply` and `kubectl set` send.

use super::PatchError;
use super::place::{Place, Rule};
use super::strategic::{
    DELETE_FROM, Into, PATCH, RETAIN_KEYS, SET_ORDER, key_of, merge_map, same, sorted_by,
};
use crate::schema::Type;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

type Object = Map<String, Value>;
type Result<T> = std::result::Result<T, PatchError>;

/// Which differences count.
#[derive(Clone, Copy)]
struct Wanted {
    changes: bool,
    deletions: bool,
    /// At this level: whether the patch names all keys that stay.
    retain_keys: bool,
}

/// The patch that turns `original` into `modified`.
///
/// # Errors
/// If an item of a list lacks its merge key, or there are lists of lists.
pub fn two_way(of: Option<&Type>, original: &Value, modified: &Value) -> Result<Value> {
    let wanted = Wanted { changes: true, deletions: true, retain_keys: false };
    let place = of.map_or(Place::Unknown, Place::Type);
    diff_maps(object(original)?, object(modified)?, place, wanted).map(Value::Object)
}

/// The patch of `kubectl apply`: puts in what `modified` says, takes away what `original` (as it was last applied) said
/// and `modified` does not, leaves alone what only `current` has. `{}`: nothing to do.
///
/// # Errors
/// As [`two_way`].
pub fn three_way(of: Option<&Type>, original: &Value, modified: &Value, current: &Value) -> Result<Value> {
    let place = of.map_or(Place::Unknown, Place::Type);
    let (original, modified, current) = (object(original)?, object(modified)?, object(current)?);
    let delta = Wanted { changes: true, deletions: false, retain_keys: false };
    let delta = diff_maps(current, modified, place, delta)?;
    let deletions = Wanted { changes: false, deletions: true, retain_keys: false };
    let deletions = diff_maps(original, modified, place, deletions)?;
    merge_map(deletions, delta, place, Into::Patch).map(Value::Object)
}

fn object(value: &Value) -> Result<&Object> {
    value.as_object().ok_or_else(|| PatchError("Invalid JSON document".to_owned()))
}

fn diff_maps(original: &Object, modified: &Object, place: Place<'_>, wanted: Wanted) -> Result<Object> {
    let mut patch = Object::new();
    for (key, new) in modified {
        match (original.get(key), new) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                diff_map(&mut patch, key, (old, new), place.field(key), wanted)?;
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                diff_list(&mut patch, key, (old, new), place.field(key), wanted)?;
            }
            (old, new) if wanted.changes && old != Some(new) => {
                patch.insert(key.clone(), new.clone());
            }
            _ => {}
        }
    }
    if wanted.deletions {
        let gone = original.keys().filter(|key| !modified.contains_key(*key));
        patch.extend(gone.map(|key| (key.clone(), Value::Null)));
    }
    if wanted.retain_keys {
        let kept: Vec<&String> = modified.iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| k).collect();
        let clears = original.keys().any(|key| !modified.contains_key(key));
        if !kept.is_empty() && (!patch.is_empty() || clears) {
            patch.insert(RETAIN_KEYS.to_owned(), json!(kept));
        }
    }
    Ok(patch)
}

fn diff_map(
    patch: &mut Object,
    key: &str,
    (old, new): (&Object, &Object),
    rule: Rule<'_>,
    wanted: Wanted,
) -> Result<()> {
    if rule.replaces {
        if wanted.changes && old != new {
            patch.insert(key.to_owned(), Value::Object(new.clone()));
        }
        return Ok(());
    }
    let inner = diff_maps(old, new, rule.inside, Wanted { retain_keys: rule.retains_keys, ..wanted })?;
    if !inner.is_empty() {
        patch.insert(key.to_owned(), Value::Object(inner));
    }
    Ok(())
}

/// What a patch says about a list that is merged.
#[derive(Default)]
struct ListPatch {
    items: Vec<Value>,
    deletions: Vec<Value>,
    order: Vec<Value>,
}

fn diff_list(
    patch: &mut Object,
    key: &str,
    (old, new): (&[Value], &[Value]),
    rule: Rule<'_>,
    wanted: Wanted,
) -> Result<()> {
    if !rule.merges {
        if wanted.changes && old != new {
            patch.insert(key.to_owned(), Value::from(new));
        }
        return Ok(());
    }
    let wanted = Wanted { retain_keys: rule.retains_keys, ..wanted };
    let list = diff_merged_list(old, new, rule, wanted)?;
    let entries = [
        (key.to_owned(), list.items),
        (format!("{DELETE_FROM}{key}"), list.deletions),
        (format!("{SET_ORDER}{key}"), list.order),
    ];
    patch.extend(entries.into_iter().filter(|(_, l)| !l.is_empty()).map(|(k, l)| (k, Value::Array(l))));
    Ok(())
}

fn diff_merged_list(old: &[Value], new: &[Value], rule: Rule<'_>, wanted: Wanted) -> Result<ListPatch> {
    if old.is_empty() {
        let items = if wanted.changes { new.to_vec() } else { Vec::new() };
        return Ok(ListPatch { items, ..ListPatch::default() });
    }
    if old.iter().chain(new).any(Value::is_array) {
        return Err(PatchError("lists of lists are not supported".to_owned()));
    }
    if !old.iter().chain(new).all(Value::is_object) {
        return Ok(diff_scalars(old, new, wanted));
    }
    diff_items(old, new, rule, wanted)
}

fn diff_items(old: &[Value], new: &[Value], rule: Rule<'_>, wanted: Wanted) -> Result<ListPatch> {
    let (mut changes, mut deletions) = (Vec::new(), Vec::new());
    for pair in pairs(old, new, |item| Ok(text(key_of(item, rule.key)?)))? {
        match pair {
            (Some(old), Some(new)) => {
                let mut change = diff_maps(object(old)?, object(new)?, rule.inside, wanted)?;
                if !change.is_empty() {
                    change.insert(rule.key.to_owned(), key_of(new, rule.key)?.clone());
                    changes.push(Value::Object(change));
                }
            }
            (None, Some(new)) if wanted.changes => changes.push(new.clone()),
            (Some(old), None) if wanted.deletions => {
                deletions.push(json!({rule.key: key_of(old, rule.key)?, PATCH: "delete"}));
            }
            _ => {}
        }
    }
    let mut items = sorted_by(changes, new, rule.key);
    items.extend(deletions);
    let in_order = old.len() == new.len() && old.iter().zip(new).all(|(a, b)| same(a, b, rule.key));
    let ordered = !items.is_empty() || (wanted.changes && !in_order);
    let name = |item: &Value| Ok(json!({rule.key: key_of(item, rule.key)?}));
    let order = if ordered { new.iter().map(name).collect::<Result<_>>()? } else { Vec::new() };
    Ok(ListPatch { items, deletions: Vec::new(), order })
}

fn diff_scalars(old: &[Value], new: &[Value], wanted: Wanted) -> ListPatch {
    let (mut items, mut deletions) = (Vec::new(), Vec::new());
    for pair in pairs(old, new, |item| Ok(text(item))).unwrap_or_default() {
        match pair {
            (None, Some(new)) if wanted.changes => items.push(new.clone()),
            (Some(old), None) if wanted.deletions && !deletions.contains(old) => deletions.push(old.clone()),
            _ => {}
        }
    }
    let ordered = !deletions.is_empty() || (wanted.changes && old != new);
    let order = if ordered { new.to_vec() } else { Vec::new() };
    ListPatch { items: sorted_by(items, new, ""), deletions, order }
}

type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

/// The items of two lists side by side, in the order of their names.
fn pairs<'a>(
    old: &'a [Value],
    new: &'a [Value],
    name: impl Fn(&Value) -> Result<String>,
) -> Result<Vec<Pair<'a>>> {
    let sorted = |list: &'a [Value]| -> Result<Vec<(String, &'a Value)>> {
        let mut named =
            list.iter().map(|item| Ok((name(item)?, item))).collect::<Result<Vec<(String, &Value)>>>()?;
        named.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(named)
    };
    let (old, new) = (sorted(old)?, sorted(new)?);
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    let mut pairs = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return Ok(pairs),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.0.cmp(&b.0),
        };
        let old = if order.is_le() { old.next() } else { None };
        let new = if order.is_ge() { new.next() } else { None };
        pairs.push((old.map(|(_, item)| item), new.map(|(_, item)| item)));
    }
}

/// As Go prints a scalar.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::strategic_merge_patch;
    use super::*;
    use crate::schema::Schema;
    use proptest::prelude::*;

    fn deployment() -> Option<&'static Type> {
        Schema::builtin().kind("apps/v1", "Deployment")
    }

    fn template(spec: Value) -> Value {
        json!({"spec": {"template": {"spec": spec}}})
    }

    #[test]
    fn an_image_is_set_with_the_order_of_all_containers() {
        let with = |image: &str| {
            template(json!({"containers": [{"name": "b", "image": image}, {"name": "a", "image": "x"}]}))
        };
        let expect = template(json!({
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "b", "image": "2"}],
        }));
        assert_eq!(two_way(deployment(), &with("1"), &with("2")), Ok(expect));
        assert_eq!(two_way(deployment(), &with("1"), &with("1")), Ok(json!({})));
    }

    #[test]
    fn three_ways() {
        let check = |original: Value, modified: Value, current: Value, expect: Value| {
            let got = three_way(
                deployment(),
                &template(original),
                &template(modified.clone()),
                &template(current.clone()),
            );
            let got = got.expect("a patch");
            let after =
                strategic_merge_patch(deployment(), &template(current), &got).expect("it can be applied");
            assert_eq!(after, template(expect), "{modified}: {got}");
        };
        let of = |names: &[&str]| json!({"containers": names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>()});
        check(of(&["a", "b"]), of(&["a"]), of(&["a", "b"]), of(&["a"]));
        check(of(&["a"]), of(&["b"]), of(&["a"]), of(&["b"]));
        check(of(&["a", "b"]), of(&["b", "a"]), of(&["a", "b"]), of(&["b", "a"]));
        // What another put in stays where it is.
        check(of(&["a"]), of(&["a", "c"]), of(&["a", "injected"]), of(&["a", "c", "injected"]));
        check(
            json!({"nodeSelector": {"a": "1", "b": "1"}}),
            json!({"nodeSelector": {"a": "2"}}),
            json!({"nodeSelector": {"a": "1", "b": "1", "c": "1"}}),
            json!({"nodeSelector": {"a": "2", "c": "1"}}),
        );
        check(
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [{"name": "v", "configMap": {"name": "c"}}]}),
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [{"name": "v", "configMap": {"name": "c"}}]}),
        );
    }

    #[test]
    fn what_defaults_have_added_is_no_difference() {
        let applied = template(json!({"containers": [{"name": "a", "image": "1"}]}));
        let stored =
            template(json!({"containers": [{"name": "a", "image": "1", "resources": {}}], "dnsPolicy": "x"}));
        assert_eq!(three_way(deployment(), &applied, &applied, &stored), Ok(json!({})));
    }

    fn spec() -> impl Strategy<Value = Value> {
        let image = prop::option::of("[xyz]");
        let container = ("[a-d]", image.clone(), prop::option::of("[xyz]"));
        let containers = prop::collection::vec(container, 0..4);
        let labels = prop::collection::btree_map("[a-c]", "[xy]", 0..3);
        let finalizers = prop::collection::btree_set("[a-d]", 0..4);
        (containers, labels, finalizers).prop_map(|(containers, labels, finalizers)| {
            let mut seen = Vec::new();
            let containers: Vec<Value> = containers
                .into_iter()
                .filter(|c| {
                    let new = !seen.contains(&c.0);
                    seen.push(c.0.clone());
                    new
                })
                .map(|(name, image, dir)| {
                    let mut item = json!({ "name": name });
                    if let Some(image) = image {
                        item["image"] = json!(image);
                    }
                    if let Some(dir) = dir {
                        item["workingDir"] = json!(dir);
                    }
                    item
                })
                .collect();
            json!({"metadata": {"labels": labels, "finalizers": finalizers},
                "spec": {"template": {"spec": {"containers": containers}}}})
        })
    }

    proptest! {
        #[test]
        fn a_two_way_patch_makes_the_modified_object(a in spec(), b in spec()) {
            let patch = two_way(deployment(), &a, &b).expect("a patch");
            let got = strategic_merge_patch(deployment(), &a, &patch).expect("applies");
            prop_assert_eq!(got, b, "{}", patch);
        }

        #[test]
        fn an_applied_object_needs_no_second_patch(a in spec(), b in spec(), live in spec()) {
            let patch = three_way(deployment(), &a, &b, &live).expect("a patch");
            let got = strategic_merge_patch(deployment(), &live, &patch).expect("applies");
            let delta = Wanted { changes: true, deletions: false, retain_keys: false };
            let (of, got, b) = (Place::Type(deployment().expect("known")), object(&got).unwrap(), object(&b).unwrap());
            let again = diff_maps(got, b, of, delta).expect("a patch");
            // What others have added makes kubectl send the order again and again; nothing else is left to do.
            let text = Value::Object(again).to_string();
            prop_assert!(!text.contains("image") && !text.contains("workingDir") && !text.contains("labels"), "{}", text);
        }
    }
}
