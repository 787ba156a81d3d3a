//! A server of a few lines for kubectl lines to talk to: objects in a map, no admission, no controllers. A deleted
//! object with a finalizer stays until [`Server::finish`].

use api::{ApiError, Kind, Object, ObjectKey, StringMap};
use client::{Agent, Call, Change, Context, Cursors, Input, Output, Patch, Reply, Response, Tables, View};
use journal::{Causes, ChangeType, KubectlLine};
use kubectl::{Command, Manifest, Options, Run, Timer};
use random::Seed;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use units::{Clock, SimTime};

/// The server, and what it was asked.
#[derive(Default)]
pub struct Server {
    objects: BTreeMap<(Kind, ObjectKey), Value>,
    version: u64,
    /// `get deployments/web`, in order.
    pub asked: Vec<String>,
    /// Refuse the next so many patches with a conflict.
    pub conflicts: u32,
    /// The end of the longest wait of the run that came last.
    pub long_wait: Option<Timer>,
    now: SimTime,
}

impl Server {
    /// Puts an object in, as the server's clients see it.
    pub fn put(&mut self, mut object: Value) {
        let kind = kind_of(&object);
        api::defaults::apply(kind, &mut object);
        let meta = &mut object["metadata"];
        self.version += 1;
        if meta["uid"].is_null() {
            meta["uid"] = json!(format!("00000000-0000-4000-8000-{:012x}", self.version));
        }
        meta["resourceVersion"] = json!(self.version.to_string());
        meta["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        let key = key_of(&object);
        self.objects.insert((kind, key), object);
    }

    /// An object.
    pub fn object(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&(kind, ObjectKey::new(namespace, name)))
    }

    fn read(&self, kind: Kind, key: &ObjectKey) -> Result<Value, ApiError> {
        let found = self.objects.get(&(kind, key.clone())).cloned();
        found.ok_or_else(|| ApiError::not_found(kind, &key.name))
    }

    fn answer(&mut self, call: Call) -> Reply {
        let (kind, key) = call.about();
        self.asked.push(format!("{} {}/{}", call.verb(), kind.info().plural, key.name));
        let object = match call {
            Call::Get { .. } => self.read(kind, &key)?,
            Call::List { namespace, labels, .. } => {
                let chosen = self.objects.iter().filter(|((k, key), o)| {
                    *k == kind
                        && namespace.as_ref().is_none_or(|n| *n == key.namespace)
                        && labels.matches(&labels_of(o))
                });
                return Ok(Response::List(chosen.map(|(_, o)| typed(kind, o)).collect()));
            }
            Call::CreateManifest { object, .. } => {
                if self.read(kind, &key).is_ok() {
                    return Err(ApiError::already_exists(kind, &key.name));
                }
                self.put(*object);
                self.read(kind, &key)?
            }
            Call::Patch { patch: Patch::Strategic(patch), .. } => self.patch(kind, &key, &patch)?,
            Call::Scale { replicas, .. } => {
                self.patch(kind, &key, &json!({"spec": {"replicas": replicas}}))?
            }
            Call::Delete { .. } => {
                let mut object = self.read(kind, &key)?;
                if object["metadata"]["finalizers"].is_array() {
                    object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:01Z");
                    self.objects.insert((kind, key), object.clone());
                } else {
                    self.objects.remove(&(kind, key));
                }
                object
            }
            other => return Err(ApiError::bad_request(format!("not here: {}", other.verb()))),
        };
        Ok(Response::Object(typed(kind, &object)))
    }

    fn patch(&mut self, kind: Kind, key: &ObjectKey, patch: &Value) -> Result<Value, ApiError> {
        let object = self.read(kind, key)?;
        if self.conflicts > 0 {
            self.conflicts -= 1;
            return Err(ApiError::conflict(kind, &key.name));
        }
        let of = api::schema::Schema::builtin().kind(&kind.api_version(), kind.info().kind);
        let patched = api::patch::strategic_merge_patch(of, &object, patch);
        let patched = patched.map_err(|error| ApiError::bad_request(error.to_string()))?;
        let name = |o: &Value| o["spec"]["selector"].clone();
        if kind == Kind::Deployment && name(&patched) != name(&object) {
            let selector = serde_json::to_string(&patched["spec"]["selector"]).unwrap_or_default();
            let cause = format!("spec.selector: Invalid value: {selector}: field is immutable");
            return Err(ApiError::invalid(kind, &key.name, &[cause]));
        }
        self.put(patched);
        self.read(kind, key)
    }

    /// Lets a deleted object go; the change that watchers see.
    pub fn finish(&mut self, kind: Kind, namespace: &str, name: &str) -> Change {
        let object = self.objects.remove(&(kind, ObjectKey::new(namespace, name))).expect("it exists");
        Change {
            kind: ChangeType::Deleted,
            old: None,
            object: typed(kind, &object),
            record: None,
            serial: 0,
            version: 0,
        }
    }

    /// Begins a line, in the namespace `testing`, with the objects of `files` (by name) at hand.
    pub fn begin(&mut self, line: &str, files: &[(&str, Value)]) -> Run {
        let mut command = Command::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let mut manifests = Vec::new();
        for file in command.files() {
            let found = files.iter().filter(|(name, _)| name == file);
            manifests.extend(found.map(|(name, object)| Manifest {
                source: (*name).to_owned(),
                kind: kind_of(object),
                object: object.clone(),
            }));
        }
        command.load(manifests);
        let mut run = Run::new(command, Options { namespace: "testing".into(), number: 0 });
        self.turn(&mut run, None);
        run
    }

    /// Gives a run an input (or begins it), and answers its calls until it waits or has ended. Pauses of up to ten
    /// seconds pass; the timer of a longer wait is kept.
    pub fn turn(&mut self, run: &mut Run, input: Option<Input<Timer, ()>>) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let mut out = Vec::new();
            let (tables, cursors) = (Tables::default(), Cursors::default());
            let mut context = Context {
                now: self.now,
                clock: Clock::default(),
                seed: Seed(0),
                view: View::new(&tables, &cursors),
                next_record: journal::RecordId(0),
                out: &mut out,
            };
            match input {
                Some(input) => run.on_input(input, &mut context),
                None => run.start(&mut context),
            }
            for output in out {
                match output {
                    Output::Call { call, tag, .. } => {
                        let reply = self.answer(*call);
                        next = Some(Some(Input::Reply { tag, reply, causes: Causes::none() }));
                    }
                    Output::Timer { at, timer }
                        if (at - self.now).as_secs() <= 10 && run.waits_for().is_none() =>
                    {
                        self.now = at;
                        next = Some(Some(Input::Timer(timer)));
                    }
                    Output::Timer { timer, .. } => self.long_wait = Some(timer),
                    Output::Record { .. } | Output::Runtime(()) => {}
                }
            }
        }
    }

    /// Runs a line to its end.
    pub fn run(&mut self, line: &str, files: &[(&str, Value)]) -> KubectlLine {
        let run = self.begin(line, files);
        run.outcome().unwrap_or_else(|| panic!("{line} waits")).clone()
    }
}

fn kind_of(object: &Value) -> Kind {
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    Kind::of_manifest(text("apiVersion"), text("kind")).expect("a built-in kind")
}

fn key_of(object: &Value) -> ObjectKey {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    ObjectKey::new(text("namespace"), text("name"))
}

fn labels_of(object: &Value) -> StringMap {
    let labels = object["metadata"]["labels"].as_object();
    labels.into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?))).collect()
}

fn typed(kind: Kind, object: &Value) -> Object {
    Object::from_json(kind, object).unwrap_or_else(|error| panic!("{error}: {object}"))
}
