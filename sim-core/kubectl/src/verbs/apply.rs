//! `kubectl apply -f`: what was applied last, what is to be, and what is there make one patch.
//!
//! Per object: GET; POST if it does not exist, else a strategic merge PATCH, or nothing if nothing differs. A conflict is
//! tried again, up to five times, from the second time on after a second; with `--force`, what cannot be patched is
//! deleted and created anew.
//!
//! Source: `staging/src/k8s.io/kubectl/pkg/cmd/apply/{apply,patcher}.go`, v1.36.2.
//!
//! DIFFERENCE: server-side apply, pruning, `--dry-run=server`, `-o json|yaml` and the subcommands are not modelled yet.

use super::reading::key_of;
use super::{Came, DryRun, Next, Results, Shell};
use crate::failure::{Failure, described};
use crate::grammar::UsageError;
use crate::grammar::flags::{FILES, Flag, Given, Takes, parse as parse_flags};
use crate::grammar::resources::Selection;
use crate::output::json;
use api::error::Reason;
use api::patch::{PatchError, three_way};
use api::schema::Schema;
use api::{ApiError, Kind, Object, ObjectKey, StringMap};
use client::{Call, DeleteOptions, Patch, Preconditions, Propagation, Reply, Response, Subresource};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use units::SimDuration;

/// Where kubectl keeps what was applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How often a conflict is tried again, and from which time on after a pause.
const RETRIES: u32 = 5;
const RETRIES_AT_ONCE: u32 = 1;
const PAUSE: SimDuration = SimDuration::from_secs(1);
/// How long `--force` waits for an object to go. DIFFERENCE: the real one waits without end by default.
const FORCE_LIMIT: SimDuration = SimDuration::from_secs(7 * 24 * 3600);

const FLAGS: &[Flag] = &[
    Flag::new("output", Takes::Text).short('o'),
    Flag::new("selector", Takes::Text).short('l'),
    Flag::new("dry-run", Takes::TextOr("unchanged")),
    Flag::new("force", Takes::Bool),
    Flag::new("grace-period", Takes::Int),
    Flag::new("cascade", Takes::TextOr("background")),
    Flag::new("overwrite", Takes::Bool),
    Flag::new("openapi-patch", Takes::Bool),
    Flag::new("validate", Takes::TextOr("strict")),
    Flag::new("field-manager", Takes::Text),
    Flag::new("show-managed-fields", Takes::Bool),
    Flag::new("prune-allowlist", Takes::List),
    Flag::new("all", Takes::Bool),
    Flag::new("record", Takes::Bool).not_modelled(),
    Flag::new("prune", Takes::Bool).not_modelled(),
    Flag::new("server-side", Takes::Bool).not_modelled(),
    Flag::new("force-conflicts", Takes::Bool).not_modelled(),
    Flag::new("subresource", Takes::Text).not_modelled(),
    Flag::new("template", Takes::Text).not_modelled(),
    Flag::new("timeout", Takes::Duration).not_modelled(),
    Flag::new("wait", Takes::Bool).not_modelled(),
    Flag::new("allow-missing-template-keys", Takes::Bool).not_modelled(),
];

/// What the line asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    selection: Selection,
    force: bool,
    grace_seconds: Option<i64>,
    dry_run: DryRun,
    results: Results,
}

/// Reads the line.
pub(crate) fn parse(words: &[String]) -> Result<(Args, Given), UsageError> {
    let given = parse_flags("apply", &[FLAGS, FILES], words)?;
    match given.args.first().map(String::as_str) {
        None => {}
        Some(sub @ ("set-last-applied" | "view-last-applied" | "edit-last-applied")) => {
            return Err(UsageError::not_modelled(format!("kubectl apply {sub}")));
        }
        Some(_) => {
            let problem = format!("Unexpected args: [{}]", given.args.join(" "));
            return Err(UsageError::arguments("apply", problem));
        }
    }
    if !given.has("filename") {
        return Err(UsageError::error("must specify one of -f and -k"));
    }
    if given.text("overwrite").is_some() && !given.is_set("overwrite") {
        return Err(UsageError::not_modelled("--overwrite=false"));
    }
    validation(&given)?;
    let args = Args {
        selection: Selection::of(&given)?,
        force: given.is_set("force"),
        grace_seconds: given.int("grace-period").filter(|seconds| *seconds >= 0),
        dry_run: DryRun::of(&given)?,
        results: Results::of(&given, "apply")?,
    };
    Ok((args, given))
}

/// `--validate` says how strictly the server reads; our server reads strictly, as it does by default.
fn validation(given: &Given) -> Result<(), UsageError> {
    match given.text("validate") {
        None | Some("strict" | "true" | "warn" | "ignore" | "false") => Ok(()),
        Some(other) => Err(UsageError::error(format!(
            "invalid - validate option {other:?}; must be one of: strict (or true), warn, ignore (or false)"
        ))),
    }
}

/// An object to be applied.
#[derive(Clone, Debug)]
struct Item {
    source: String,
    kind: Kind,
    key: ObjectKey,
    /// As it stands in the file, with its namespace.
    object: Value,
}

/// What is under way.
#[derive(Clone, Debug)]
enum Phase {
    Idle,
    Getting,
    /// And what to say when it is done.
    Creating(&'static str),
    Patching {
        patch: Value,
        retries: u32,
    },
    Pausing {
        retries: u32,
    },
    GettingAgain {
        retries: u32,
    },
    Deleting,
    Waiting,
}

/// How far it is.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    args: Args,
    rest: VecDeque<Item>,
    item: Option<Item>,
    phase: Phase,
}

impl Steps {
    pub fn new(args: Args) -> Self {
        Self { args, rest: VecDeque::new(), item: None, phase: Phase::Idle }
    }

    pub fn next(&mut self, came: Came, shell: &mut Shell<'_>) -> Next {
        let Some(item) = self.item.clone() else { return self.begin(shell) };
        match (std::mem::replace(&mut self.phase, Phase::Idle), came) {
            (Phase::Getting, Came::Reply(reply)) => self.got(&item, reply, shell),
            (Phase::Creating(what), Came::Reply(Ok(_))) => self.done(&item, what, shell),
            (Phase::Creating(_), Came::Reply(Err(error))) => {
                self.failed(Failure::while_doing(error, "creating", &item.source), shell)
            }
            (Phase::Patching { .. }, Came::Reply(Ok(_))) => self.done(&item, "configured", shell),
            (Phase::Patching { patch, retries }, Came::Reply(Err(error))) => {
                self.refused(&item, &patch, retries, error, shell)
            }
            (Phase::Pausing { retries }, Came::Elapsed) => self.get_again(&item, retries),
            (Phase::GettingAgain { retries }, Came::Reply(Ok(response))) => {
                self.patch(&item, response.object(), retries, shell)
            }
            (Phase::GettingAgain { .. }, Came::Reply(Err(error))) => {
                self.failed(Failure::while_doing(error, "retrieving", &item.source), shell)
            }
            (Phase::Deleting, Came::Reply(reply)) => self.deleted(&item, reply, shell),
            (Phase::Waiting, Came::Gone) => self.post(&item, "configured"),
            (Phase::Waiting, Came::Elapsed) => {
                self.failed(Failure::Own("timed out waiting for the condition".to_owned()), shell)
            }
            // Only what was asked for comes.
            _ => Next::Done,
        }
    }

    fn begin(&mut self, shell: &mut Shell<'_>) -> Next {
        for manifest in shell.command.manifests() {
            match manifest.placed(shell.namespace, shell.command.namespace.is_some()) {
                Err(failure) => shell.terminal.fail(failure),
                Ok(object) if self.args.selection.labels.matches(&labels(&object)) => {
                    let (kind, key) = (manifest.kind, key_of(manifest.kind, &object));
                    self.rest.push_back(Item { source: manifest.source.clone(), kind, key, object });
                }
                Ok(_) => {}
            }
        }
        if self.rest.is_empty() && !shell.terminal.has_failed() {
            shell.terminal.fail(Failure::Own("no objects passed to apply".to_owned()));
        }
        self.advance(shell)
    }

    /// Begins with the next object.
    fn advance(&mut self, shell: &mut Shell<'_>) -> Next {
        while let Some(item) = self.rest.pop_front() {
            if item.key.name.is_empty() {
                shell.terminal.fail(nameless(&item));
                continue;
            }
            let call = Call::Get { kind: item.kind, key: item.key.clone() };
            self.item = Some(item);
            self.phase = Phase::Getting;
            return Next::call(call);
        }
        Next::Done
    }

    fn done(&mut self, item: &Item, what: &str, shell: &mut Shell<'_>) -> Next {
        let what = format!("{what}{}", self.args.dry_run.suffix());
        self.args.results.print(shell.terminal, item.kind, &item.key.name, &what);
        self.advance(shell)
    }

    fn failed(&mut self, failure: Failure, shell: &mut Shell<'_>) -> Next {
        shell.terminal.fail(failure);
        self.advance(shell)
    }

    fn got(&mut self, item: &Item, reply: Reply, shell: &mut Shell<'_>) -> Next {
        match reply {
            Err(error) if error.reason == Reason::NotFound => self.create(item, shell),
            Err(error) => {
                let doing = format!(
                    "retrieving current configuration of:\n{}\nfrom server for:",
                    described(item.kind, &item.key)
                );
                self.failed(Failure::while_doing(error, &doing, &item.source), shell)
            }
            Ok(response) => {
                let current = response.object();
                if current.is_some_and(|object| !object.meta().annotations.contains_key(LAST_APPLIED)) {
                    shell.terminal.warn(&never_applied(item));
                }
                if self.args.dry_run == DryRun::Client {
                    return self.done(item, "configured", shell);
                }
                self.patch(item, current, 0, shell)
            }
        }
    }

    fn create(&mut self, item: &Item, shell: &mut Shell<'_>) -> Next {
        if self.args.dry_run == DryRun::Client {
            return self.done(item, "created", shell);
        }
        self.post(item, "created")
    }

    fn post(&mut self, item: &Item, what: &'static str) -> Next {
        self.phase = Phase::Creating(what);
        Next::call(Call::CreateManifest { kind: item.kind, object: Box::new(annotated(&item.object)) })
    }

    fn patch(&mut self, item: &Item, current: Option<&Object>, retries: u32, shell: &mut Shell<'_>) -> Next {
        let Some(current) = current else { return self.create(item, shell) };
        let patch = match patch_for(item, current) {
            Ok(patch) => patch,
            Err(error) => {
                let problem = format!("error when creating patch for {:?}: {error}", item.source);
                return self.failed(Failure::Own(problem), shell);
            }
        };
        if patch.as_object().is_none_or(Map::is_empty) {
            return self.done(item, "unchanged", shell);
        }
        if current.meta().is_deleting() {
            let name = &item.key.name;
            shell.terminal.warn(&format!(
                "Warning: Detected changes to resource {name} which is currently being deleted."
            ));
        }
        let call = Call::Patch {
            kind: item.kind,
            key: item.key.clone(),
            patch: Patch::Strategic(patch.clone()),
            subresource: Subresource::Main,
        };
        self.phase = Phase::Patching { patch, retries };
        Next::call(call)
    }

    fn refused(
        &mut self,
        item: &Item,
        patch: &Value,
        retries: u32,
        error: ApiError,
        shell: &mut Shell<'_>,
    ) -> Next {
        if error.reason == Reason::Conflict && retries < RETRIES {
            let retries = retries + 1;
            if retries > RETRIES_AT_ONCE {
                self.phase = Phase::Pausing { retries };
                return Next::Sleep(PAUSE);
            }
            return self.get_again(item, retries);
        }
        if self.args.force && matches!(error.reason, Reason::Conflict | Reason::Invalid) {
            self.phase = Phase::Deleting;
            let options = DeleteOptions {
                grace_seconds: self.args.grace_seconds,
                preconditions: Preconditions::default(),
                propagation: Some(Propagation::Background),
            };
            return Next::call(Call::Delete { kind: item.kind, key: item.key.clone(), options });
        }
        let doing = format!(
            "error when applying patch:\n{}\nto:\n{}\nfor: {:?}: error when patching {:?}: ",
            json::compact(patch),
            described(item.kind, &item.key),
            item.source,
            item.source
        );
        self.failed(Failure::Server { error, doing }, shell)
    }

    fn get_again(&mut self, item: &Item, retries: u32) -> Next {
        self.phase = Phase::GettingAgain { retries };
        Next::call(Call::Get { kind: item.kind, key: item.key.clone() })
    }

    /// `--force`: waits until the old one is gone.
    fn deleted(&mut self, item: &Item, reply: Reply, shell: &mut Shell<'_>) -> Next {
        match reply {
            Ok(Response::Object(object)) if object.meta().is_deleting() => {
                self.phase = Phase::Waiting;
                let (kind, key, uid) = (item.kind, item.key.clone(), object.meta().uid);
                Next::UntilGone { kind, key, uid, limit: FORCE_LIMIT }
            }
            Ok(_) => self.post(item, "configured"),
            Err(error) if error.reason == Reason::NotFound => self.post(item, "configured"),
            Err(error) => self.failed(Failure::while_doing(error, "replacing", &item.source), shell),
        }
    }
}

fn labels(object: &Value) -> StringMap {
    let labels = object["metadata"]["labels"].as_object();
    labels.into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?))).collect()
}

fn nameless(item: &Item) -> Failure {
    let problem = match item.object["metadata"]["generateName"].as_str() {
        Some(prefix) => format!("from {prefix}: cannot use generate name with apply"),
        None => format!(
            "error when retrieving current configuration of:\n{}\nfrom server for: {:?}: resource name may not be empty",
            described(item.kind, &item.key),
            item.source
        ),
    };
    Failure::Own(problem)
}

fn never_applied(item: &Item) -> String {
    format!(
        "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl \
         apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl \
         apply. The missing annotation will be patched automatically.",
        item.kind.info().plural,
        item.key.name
    )
}

/// The object with itself in its annotation.
fn annotated(object: &Value) -> Value {
    let mut object = object.clone();
    let annotations = &mut object["metadata"]["annotations"];
    if !annotations.is_object() {
        *annotations = Value::Object(Map::new());
    }
    if let Value::Object(annotations) = annotations {
        annotations.remove(LAST_APPLIED);
    }
    let text = json::compact(&object) + "\n";
    object["metadata"]["annotations"][LAST_APPLIED] = Value::from(text);
    object
}

/// The patch that applies an object to what is there.
fn patch_for(item: &Item, current: &Object) -> Result<Value, PatchError> {
    let current = current.to_json();
    let last = current["metadata"]["annotations"][LAST_APPLIED].as_str();
    let original = match last {
        Some(text) => serde_json::from_str(text).map_err(|error| PatchError(error.to_string()))?,
        None => Value::Object(Map::new()),
    };
    let of = Schema::builtin().kind(&item.kind.api_version(), item.kind.info().kind);
    three_way(of, &original, &annotated(&item.object), &current)
}
