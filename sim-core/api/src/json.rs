//! Reading and writing JSON by hand: what the typed kinds share.
//!
//! A [`Fields`] reads one JSON object and remembers where it is, so that a wrong value is named by its path.
//! Shapes have been checked along the schema before; here values are (quantities, words, ranges).

use crate::meta::{Deletion, Owners};
use crate::selector::{Operator, Requirement};
use crate::{Condition, ConditionStatus, LabelSelector, Name, ObjectMeta, OwnerReference, StringMap, Uid};
use serde_json::{Map, Value, json};
use std::fmt;
use units::{Quantity, Timestamp};

/// A JSON object.
pub type Object = Map<String, Value>;

/// A value that cannot be what its field wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path, such as `spec.replicas`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}
impl std::error::Error for FieldError {}

/// A result with a field's error.
pub type Read<T> = Result<T, FieldError>;

static NOTHING: std::sync::LazyLock<Object> = std::sync::LazyLock::new(Object::new);

/// One JSON object being read, and the path to it.
#[derive(Clone)]
pub struct Fields<'a> {
    object: &'a Object,
    path: String,
}

impl<'a> Fields<'a> {
    /// The fields of a whole object.
    pub fn root(value: &'a Value) -> Read<Self> {
        match value {
            Value::Object(object) => Ok(Self { object, path: String::new() }),
            _ => Err(FieldError { path: String::new(), message: "must be an object".to_owned() }),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// An error about the field `name`.
    pub fn error(&self, name: &str, message: impl Into<String>) -> FieldError {
        FieldError { path: self.path_of(name), message: message.into() }
    }

    /// The value of `name`, unless it is absent or null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|v| !v.is_null())
    }

    /// The JSON object itself.
    pub fn object(&self) -> &'a Object {
        self.object
    }

    fn typed<T>(&self, name: &str, want: &str, read: impl Fn(&'a Value) -> Option<T>) -> Read<Option<T>> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.error(name, format!("must be {want}"))),
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Read<Option<&'a str>> {
        self.typed(name, "a string", Value::as_str)
    }
    /// A text; empty if absent.
    pub fn name(&self, name: &str) -> Read<Name> {
        Ok(self.text(name)?.map(Name::new).unwrap_or_default())
    }
    /// An integer.
    pub fn int(&self, name: &str) -> Read<Option<i64>> {
        self.typed(name, "an integer", |v| v.as_i64().or_else(|| whole(v.as_f64()?)))
    }
    /// A 32-bit integer.
    pub fn int32(&self, name: &str) -> Read<Option<i32>> {
        let Some(value) = self.int(name)? else { return Ok(None) };
        i32::try_from(value)
            .map(Some)
            .map_err(|_| self.error(name, format!("{value} does not fit into 32 bits")))
    }
    /// A truth value; false if absent.
    pub fn flag(&self, name: &str) -> Read<bool> {
        Ok(self.typed(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }
    /// A truth value.
    pub fn maybe_flag(&self, name: &str) -> Read<Option<bool>> {
        self.typed(name, "true or false", Value::as_bool)
    }
    /// An inner object; `None` if absent.
    pub fn maybe_fields(&self, name: &str) -> Read<Option<Fields<'a>>> {
        let path = self.path_of(name);
        Ok(self.typed(name, "an object", Value::as_object)?.map(|object| Fields { object, path }))
    }
    /// An inner object; one without fields if absent.
    pub fn fields(&self, name: &str) -> Read<Fields<'a>> {
        let path = self.path_of(name);
        Ok(self.maybe_fields(name)?.unwrap_or_else(|| Fields { object: &NOTHING, path }))
    }
    /// The items of a list, each read by `read`; none if absent.
    pub fn list<T>(&self, name: &str, read: impl Fn(&Fields<'a>) -> Read<T>) -> Read<Vec<T>> {
        let items = self.typed(name, "a list", Value::as_array)?.map(Vec::as_slice).unwrap_or_default();
        let path = self.path_of(name);
        items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                let path = format!("{path}[{at}]");
                let object = item.as_object().ok_or_else(|| FieldError {
                    path: path.clone(),
                    message: "must be an object".to_owned(),
                })?;
                read(&Fields { object, path })
            })
            .collect()
    }
    /// The texts of a list; none if absent.
    pub fn names(&self, name: &str) -> Read<Vec<Name>> {
        let items = self.typed(name, "a list", Value::as_array)?.map(Vec::as_slice).unwrap_or_default();
        let text =
            |item: &Value| item.as_str().map(Name::new).ok_or_else(|| self.error(name, "must hold strings"));
        items.iter().map(text).collect()
    }
    /// Labels or annotations; none if absent.
    pub fn strings(&self, name: &str) -> Read<StringMap> {
        let Some(object) = self.typed(name, "an object", Value::as_object)? else {
            return Ok(StringMap::default());
        };
        let text = |(k, v): (&String, &Value)| match v {
            Value::String(v) => Ok((Name::new(k), Name::new(v))),
            _ => Err(self.error(name, format!("the value of {k:?} must be a string"))),
        };
        object.iter().map(text).collect()
    }
    /// One of an enum's words.
    pub fn word<T>(&self, name: &str, parse: fn(&str) -> Option<T>) -> Read<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| self.error(name, format!("Unsupported value: \"{text}\"")))
    }
    /// A point in time of whole seconds.
    pub fn time(&self, name: &str) -> Read<Option<Timestamp>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        Timestamp::parse(text).map(Some).map_err(|e| self.error(name, e.to_string()))
    }
    /// A point in time of microseconds.
    pub fn micro_time(&self, name: &str) -> Read<Option<units::MicroTime>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        units::MicroTime::parse(text).map(Some).map_err(|e| self.error(name, e.to_string()))
    }
    /// A resource list; empty if absent. Quantities are rounded up to milli (scheduler.md 1, item 1).
    pub fn quantities(&self, name: &str) -> Read<crate::pod::ResourceList> {
        let Some(object) = self.typed(name, "an object", Value::as_object)? else {
            return Ok(Default::default());
        };
        let quantity = |(resource, value): (&String, &Value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let quantity = Quantity::parse(&text).map_err(|e| {
                self.error(&format!("{name}[{resource}]"), format!("Invalid value: {value}: {e}"))
            })?;
            Ok((Name::new(resource), quantity.round_up_to_milli()))
        };
        object.iter().map(quantity).collect()
    }
    /// A label selector; `None` if absent.
    pub fn label_selector(&self, name: &str) -> Read<Option<LabelSelector>> {
        let Some(fields) = self.maybe_fields(name)? else { return Ok(None) };
        Ok(Some(LabelSelector {
            match_labels: fields.strings("matchLabels")?,
            match_expressions: fields.list("matchExpressions", requirement)?,
        }))
    }
}

/// A requirement of a label or node selector.
pub fn requirement(fields: &Fields<'_>) -> Read<Requirement> {
    let operator = fields.word("operator", Operator::parse)?;
    Ok(Requirement {
        key: fields.name("key")?,
        operator: operator.ok_or_else(|| fields.error("operator", "Required value"))?,
        values: fields.names("values")?,
    })
}

#[allow(clippy::cast_possible_truncation, reason = "the value was found to be whole and within 2^53")]
fn whole(value: f64) -> Option<i64> {
    (value.trunc() - value == 0.0 && value.abs() < 9e15).then_some(value as i64)
}

/// Reads `metadata`.
pub fn meta_from(root: &Fields<'_>) -> Read<ObjectMeta> {
    let m = root.fields("metadata")?;
    let deletion = match m.time("deletionTimestamp")? {
        Some(timestamp) => Some(Deletion { timestamp, grace_seconds: m.int("deletionGracePeriodSeconds")? }),
        None => None,
    };
    let uid = m.text("uid")?.and_then(Uid::parse).unwrap_or_default();
    let version = m.text("resourceVersion")?.and_then(|v| v.parse().ok()).unwrap_or_default();
    Ok(ObjectMeta {
        name: m.name("name")?,
        generate_name: m.name("generateName")?,
        namespace: m.name("namespace")?,
        uid,
        resource_version: version,
        generation: m.int("generation")?.unwrap_or_default(),
        creation: m.time("creationTimestamp")?.unwrap_or_default(),
        deletion,
        labels: m.strings("labels")?,
        annotations: m.strings("annotations")?,
        owners: Owners::from(m.list("ownerReferences", owner_from)?),
        finalizers: m.names("finalizers")?,
    })
}

fn owner_from(f: &Fields<'_>) -> Read<OwnerReference> {
    Ok(OwnerReference {
        api_version: f.name("apiVersion")?,
        kind: f.name("kind")?,
        name: f.name("name")?,
        uid: f.text("uid")?.and_then(Uid::parse).unwrap_or_default(),
        controller: f.flag("controller")?,
        block_owner_deletion: f.flag("blockOwnerDeletion")?,
    })
}

/// Puts `value` under `key` unless it is empty: null, `""`, `[]` or `{}`.
pub fn put(object: &mut Object, key: &str, value: impl Into<Value>) {
    let value = value.into();
    let empty = match &value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if !empty {
        object.insert(key.to_owned(), value);
    }
}

/// Puts a number or truth value under `key` unless it is the zero that the API leaves out.
pub fn put_nonzero<T: Into<Value> + Default + PartialEq>(object: &mut Object, key: &str, value: T) {
    if value != T::default() {
        object.insert(key.to_owned(), value.into());
    }
}

/// Labels or annotations as JSON.
pub fn strings_to(map: &StringMap) -> Value {
    Value::Object(map.iter().map(|(k, v)| (k.to_string(), Value::from(v.as_str()))).collect())
}

/// A list of texts as JSON.
pub fn names_to(names: &[Name]) -> Value {
    names.iter().map(|n| Value::from(n.as_str())).collect()
}

/// A timestamp as JSON; null if absent.
pub fn time_to(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |t| Value::from(t.to_string()))
}

/// A label selector as JSON.
pub fn selector_to(selector: &LabelSelector) -> Value {
    let mut object = Object::new();
    put(&mut object, "matchLabels", strings_to(&selector.match_labels));
    let requirement = |r: &Requirement| {
        let mut object = Object::new();
        put(&mut object, "key", r.key.as_str());
        put(&mut object, "operator", r.operator.as_str());
        put(&mut object, "values", names_to(&r.values));
        Value::Object(object)
    };
    put(
        &mut object,
        "matchExpressions",
        selector.match_expressions.iter().map(requirement).collect::<Value>(),
    );
    Value::Object(object)
}

/// `metadata` as JSON.
pub fn meta_to(meta: &ObjectMeta) -> Value {
    let mut m = Object::new();
    put(&mut m, "name", meta.name.as_str());
    put(&mut m, "generateName", meta.generate_name.as_str());
    put(&mut m, "namespace", meta.namespace.as_str());
    if meta.uid != Uid::default() {
        put(&mut m, "uid", meta.uid.to_string());
        put(&mut m, "creationTimestamp", meta.creation.to_string());
    }
    if meta.resource_version != 0 {
        put(&mut m, "resourceVersion", meta.resource_version.to_string());
    }
    put_nonzero(&mut m, "generation", meta.generation);
    if let Some(deletion) = meta.deletion {
        put(&mut m, "deletionTimestamp", deletion.timestamp.to_string());
        put(&mut m, "deletionGracePeriodSeconds", deletion.grace_seconds.map_or(Value::Null, Value::from));
    }
    put(&mut m, "labels", strings_to(&meta.labels));
    put(&mut m, "annotations", strings_to(&meta.annotations));
    put(&mut m, "ownerReferences", meta.owners.iter().map(owner_to).collect::<Value>());
    put(&mut m, "finalizers", names_to(&meta.finalizers));
    Value::Object(m)
}

fn owner_to(owner: &OwnerReference) -> Value {
    let mut o = Object::new();
    put(&mut o, "apiVersion", owner.api_version.as_str());
    put(&mut o, "kind", owner.kind.as_str());
    put(&mut o, "name", owner.name.as_str());
    put(&mut o, "uid", owner.uid.to_string());
    put_nonzero(&mut o, "controller", owner.controller);
    put_nonzero(&mut o, "blockOwnerDeletion", owner.block_owner_deletion);
    Value::Object(o)
}

/// Reads a condition; `update` names the field of its second time stamp.
pub fn condition_from(f: &Fields<'_>, update: &str) -> Read<Condition> {
    Ok(Condition {
        kind: f.name("type")?,
        status: f.word("status", ConditionStatus::parse)?.unwrap_or(ConditionStatus::Unknown),
        reason: f.name("reason")?,
        message: f.name("message")?,
        last_transition: f.time("lastTransitionTime")?,
        last_update: f.time(update)?,
        observed_generation: f.int("observedGeneration")?.unwrap_or_default(),
    })
}

/// A condition as JSON; `update` names the field of its second time stamp.
pub fn condition_to(condition: &Condition, update: &str) -> Value {
    let mut c = Object::new();
    put(&mut c, "type", condition.kind.as_str());
    put_nonzero(&mut c, "observedGeneration", condition.observed_generation);
    put(&mut c, "status", condition.status.as_str());
    put(&mut c, update, time_to(condition.last_update));
    put(&mut c, "lastTransitionTime", time_to(condition.last_transition));
    put(&mut c, "reason", condition.reason.as_str());
    put(&mut c, "message", condition.message.as_str());
    Value::Object(c)
}

/// An object with `apiVersion`, `kind` and `metadata`, to which a kind adds the rest.
pub fn envelope(kind: crate::Kind, meta: &ObjectMeta) -> Object {
    let head = json!({"apiVersion": kind.api_version(), "kind": kind.info().kind, "metadata": meta_to(meta)});
    match head {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
