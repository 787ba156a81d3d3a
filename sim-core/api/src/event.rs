//! Event objects: what a component told the user about an object.
//!
//! Two forms exist (kubelet.md 12.1): the core form with first and last time stamps and a count, and the newer one
//! of the scheduler with `eventTime` and an action. Both live in one typed object, which is never changed by users.

use crate::json::{Fields, Object, Read, envelope, meta_from, put, time_to};
use crate::{Kind, Name, ObjectMeta, ObjectRef, Resource, Uid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use units::{MicroTime, Timestamp};

text_enum! {
    /// Whether an event is good or bad news.
    EventType { Normal = "Normal", Warning = "Warning" }
}

/// An Event object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Metadata; the name is `<object>.<hex nanoseconds>`.
    pub meta: ObjectMeta,
    /// `involvedObject`
    pub involved: ObjectRef,
    /// `involvedObject.fieldPath`, such as `spec.containers{web}`; empty if none.
    pub field_path: Name,
    /// One word in CamelCase.
    pub reason: Name,
    /// A sentence.
    pub message: Name,
    /// Normal or Warning.
    pub kind: EventType,
    /// `source.component` and `reportingComponent`.
    pub component: Name,
    /// `source.host` and `reportingInstance`; empty if none.
    pub host: Name,
    /// First and last time and the count, or the newer form.
    pub form: EventForm,
}

/// The two forms of an Event object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventForm {
    /// `firstTimestamp`, `lastTimestamp`, `count`.
    Core {
        /// When it first happened.
        first: Timestamp,
        /// When it last happened.
        last: Timestamp,
        /// How often.
        count: i32,
    },
    /// `eventTime` and `action` of `events.k8s.io` (the scheduler's).
    New {
        /// When it happened.
        time: MicroTime,
        /// What was done: `Binding` or `Scheduling`.
        action: Action,
    },
}

text_enum! {
    /// `action` of the scheduler's events.
    Action { Binding = "Binding", Scheduling = "Scheduling", Preempting = "Preempting" }
}

impl Event {
    /// How often it happened.
    pub fn count(&self) -> i32 {
        match self.form {
            EventForm::Core { count, .. } => count,
            EventForm::New { .. } => 1,
        }
    }
}

impl Resource for Event {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }

    fn from_fields(f: &Fields<'_>) -> Read<Self> {
        let (involved, source) = (f.fields("involvedObject")?, f.fields("source")?);
        let kind = involved.name("kind")?;
        let api_version = involved.text("apiVersion")?.unwrap_or("v1");
        let uid = involved.text("uid")?.and_then(Uid::parse).unwrap_or_default();
        let key = crate::ObjectKey { namespace: involved.name("namespace")?, name: involved.name("name")? };
        let reporting = f.name("reportingComponent")?;
        let component = source.name("component")?;
        let form = match (f.micro_time("eventTime")?, f.int32("count")?) {
            (Some(time), None) => EventForm::New {
                time,
                action: f.word("action", Action::parse)?.unwrap_or(Action::Scheduling),
            },
            (_, count) => EventForm::Core {
                first: f.time("firstTimestamp")?.unwrap_or_default(),
                last: f.time("lastTimestamp")?.unwrap_or_default(),
                count: count.unwrap_or(1),
            },
        };
        Ok(Self {
            meta: meta_from(f)?,
            involved: ObjectRef {
                kind: Kind::of_manifest(api_version, &kind).unwrap_or(Kind::Event),
                key,
                uid,
            },
            field_path: involved.name("fieldPath")?,
            reason: f.name("reason")?,
            message: f.name("message")?,
            kind: f.word("type", EventType::parse)?.unwrap_or(EventType::Normal),
            component: if component.is_empty() { reporting } else { component },
            host: source.name("host")?,
            form,
        })
    }

    fn to_json(&self) -> Value {
        let mut involved = Object::new();
        put(&mut involved, "kind", self.involved.kind.info().kind);
        put(&mut involved, "namespace", self.involved.key.namespace.as_str());
        put(&mut involved, "name", self.involved.key.name.as_str());
        put(&mut involved, "uid", self.involved.uid.to_string());
        put(&mut involved, "apiVersion", self.involved.kind.api_version());
        put(&mut involved, "fieldPath", self.field_path.as_str());
        let mut object = envelope(Kind::Event, &self.meta);
        put(&mut object, "involvedObject", involved);
        put(&mut object, "reason", self.reason.as_str());
        put(&mut object, "message", self.message.as_str());
        put(&mut object, "type", self.kind.as_str());
        object.insert("reportingComponent".to_owned(), self.component.as_str().into());
        object.insert("reportingInstance".to_owned(), self.host.as_str().into());
        self.put_form(&mut object);
        Value::Object(object)
    }
}

impl Event {
    fn put_form(&self, object: &mut Object) {
        match self.form {
            EventForm::Core { first, last, count } => {
                let mut source = Object::new();
                put(&mut source, "component", self.component.as_str());
                put(&mut source, "host", self.host.as_str());
                object.insert("source".to_owned(), Value::Object(source));
                put(object, "firstTimestamp", time_to(Some(first)));
                put(object, "lastTimestamp", time_to(Some(last)));
                put(object, "count", count);
                object.insert("eventTime".to_owned(), Value::Null);
            }
            EventForm::New { time, action } => {
                object.insert("source".to_owned(), json!({}));
                object.insert("firstTimestamp".to_owned(), Value::Null);
                object.insert("lastTimestamp".to_owned(), Value::Null);
                put(object, "eventTime", time.to_string());
                put(object, "action", action.as_str());
            }
        }
    }
}
