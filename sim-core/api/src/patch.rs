//! Changing an object in part: JSON patch, JSON merge patch and Kubernetes' strategic merge patch; and the patches that
//! turn one object into another.
//!
//! Source: RFC 6902, RFC 7396, api-facade.md G.7, and `staging/src/k8s.io/apimachinery/pkg/util/strategicpatch`. Which
//! lists are merged, and by which key, comes from the [`Schema`](crate::schema::Schema). Validated by recorded answers of
//! a server v1.36.2 to patches; the texts of errors have no recorded counterpart.
//!
//! DIFFERENCE: a strategic merge patch of a field that the schema does not have is merged like a map without types; the
//! server refuses some of those. Nobody can tell where shapes were checked before.

mod diff;
mod place;
mod strategic;

use serde_json::{Map, Value};
use std::fmt;

pub use diff::{three_way, two_way};
pub use strategic::strategic_merge_patch;

/// Why a patch cannot be applied or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError(pub String);

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for PatchError {}

/// Applies a JSON merge patch (RFC 7396): objects are merged, `null` removes, all else replaces.
pub fn json_merge_patch(document: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut merged = document.as_object().cloned().unwrap_or_default();
    for (key, change) in changes {
        if change.is_null() {
            merged.remove(key);
        } else {
            let merge = json_merge_patch(merged.get(key).unwrap_or(&Value::Null), change);
            merged.insert(key.clone(), merge);
        }
    }
    Value::Object(merged)
}

/// Applies a JSON patch (RFC 6902): all of its operations, or none.
///
/// # Errors
/// If it is no list of operations, an operation finds no place, or a `test` fails.
pub fn json_patch(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let operations: json_patch::Patch =
        serde_json::from_value(patch.clone()).map_err(|error| PatchError(error.to_string()))?;
    let mut patched = document.clone();
    json_patch::patch(&mut patched, &operations).map_err(|error| PatchError(error.to_string()))?;
    Ok(patched)
}

/// Removes `null`s from what a patch puts in whole, and directives that there is nothing to be done by.
fn without_directives(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(key, value)| !key.starts_with('$') && !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_directives(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            let deletes = |item: &Value| item.get("$patch").is_some_and(|directive| directive == "delete");
            Value::Array(items.into_iter().filter(|item| !deletes(item)).map(without_directives).collect())
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merge_patches() {
        let check = |document: Value, patch: Value, expect: Value| {
            assert_eq!(json_merge_patch(&document, &patch), expect, "{patch}");
        };
        // Source: the examples of RFC 7396, appendix A.
        check(json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"}));
        check(json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"}));
        check(json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"}));
        check(json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"}));
        check(json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]}));
        check(json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1}));
        check(json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"}));
        check(json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}}));
        check(json!({"a": 1}), json!(null), json!(null));
    }

    #[test]
    fn json_patches_apply_whole_or_not_at_all() {
        let document = json!({"a": [1, 2], "b": {"x/y": 1}});
        let good = json!([
            {"op": "add", "path": "/a/1", "value": 9},
            {"op": "remove", "path": "/b/x~1y"},
            {"op": "test", "path": "/a/0", "value": 1},
        ]);
        assert_eq!(json_patch(&document, &good), Ok(json!({"a": [1, 9, 2], "b": {}})));
        for bad in [
            json!([{"op": "test", "path": "/a/0", "value": 2}]),
            json!([{"op": "remove", "path": "/c"}]),
            json!([{"op": "add", "path": "/c/d", "value": 1}]),
            json!([{"op": "jump", "path": "/a"}]),
            json!({"op": "remove", "path": "/a"}),
        ] {
            assert!(json_patch(&document, &bad).is_err(), "{bad}");
        }
    }
}
