//! What is wrong with the values of an object, whatever the cluster: the API server's own rules, in its words.
//!
//! DIFFERENCE: the rules of [`sim_core::validate`]; what passes here and is refused by the API server happens in the run,
//! as output of the kubectl that applies it.

use api::json::FieldError;
use api::{Kind, Object};
use serde_json::Value;

/// Values that cannot be read are set aside one after the other, so that the rest is checked; more are not reported.
const MOST_UNREADABLE: usize = 20;

/// All that is wrong with an object that has the right shape.
pub(super) fn check(kind: Kind, object: &Value) -> Vec<FieldError> {
    let mut found: Vec<FieldError> = name(object).into_iter().collect();
    let mut filled = object.clone();
    api::defaults::apply(kind, &mut filled);
    let Readable { object, unreadable, aside } = read(kind, filled);
    let problems = object.map(|object| sim_core::validate(&object)).unwrap_or_default();
    let follows = |path: &str| aside.iter().any(|cause| is_about(path, cause));
    found.extend(problems.into_iter().filter(|problem| !follows(&problem.path)));
    found.extend(unreadable);
    found
}

/// What can be read of an object.
struct Readable {
    /// It, without what cannot.
    object: Option<Object>,
    /// What is wrong with that.
    unreadable: Vec<FieldError>,
    /// The paths of what was set aside.
    aside: Vec<String>,
}

fn read(kind: Kind, mut value: Value) -> Readable {
    let (mut unreadable, mut aside) = (Vec::new(), Vec::<String>::new());
    let object = loop {
        let problem = match Object::from_json(kind, &value) {
            Ok(object) => break Some(object),
            Err(problem) => problem,
        };
        let place = problem.path.clone();
        if !aside.contains(&place) {
            unreadable.push(problem);
        }
        // A field that is missed now that it is set aside, or an item of a list, whose others must keep their places:
        // what holds it goes.
        let mut path = place.as_str();
        while !path.is_empty() && take(&mut value, path).is_none() {
            path = parent(path);
        }
        aside.push(path.to_owned());
        if path.is_empty() || aside.len() > MOST_UNREADABLE {
            break None;
        }
    };
    Readable { object, unreadable, aside }
}

/// kubectl wants a name before it asks the server.
fn name(object: &Value) -> Option<FieldError> {
    let metadata = &object["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let (path, message) = match (text("name"), text("generateName")) {
        ("", "") => ("metadata.name", "resource name may not be empty".to_owned()),
        ("", base) => ("metadata.generateName", format!("cannot use generate name {base:?} with apply")),
        _ => return None,
    };
    Some(FieldError { path: path.to_owned(), message })
}

/// Whether what is wrong at `path` may only be so because the value at `cause` was set aside: it is that value, one
/// within it, or one that holds it.
fn is_about(path: &str, cause: &str) -> bool {
    let begins = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    begins(path, cause) || begins(cause, path)
}

/// Takes the field at a path away, unless there is none.
fn take(object: &mut Value, path: &str) -> Option<Value> {
    let steps = super::path::steps(path);
    let (last, way) = steps.split_last()?;
    let mut here = object;
    for step in way {
        here = match here {
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
            other => other.get_mut(*step)?,
        };
    }
    here.as_object_mut()?.remove(*last)
}

/// The path of what holds the value at `path`.
fn parent(path: &str) -> &str {
    // The key in brackets may have dots.
    let last = if path.ends_with(']') { '[' } else { '.' };
    &path[..path.rfind(last).unwrap_or_default()]
}
