//! `kubectl set`: of its subcommands, `image`.
//!
//! Reads the objects, then sends each one whose containers change a strategic merge patch.
//!
//! Source: `staging/src/k8s.io/kubectl/pkg/cmd/set/set_image.go`, v1.36.2.
//!
//! DIFFERENCE: `--local`, `-o` but `name`, `--dry-run=server` and the other subcommands are not modelled yet.

use super::reading::{Reading, wanted};
use super::{Came, DryRun, Next, Results, Shell};
use crate::failure::Failure;
use crate::grammar::UsageError;
use crate::grammar::flags::{FILES, Flag, Given, Takes, parse as parse_flags};
use crate::grammar::resources::{Rules, Selection, Target, targets};
use api::patch::two_way;
use api::schema::Schema;
use api::{Kind, Object};
use client::{Call, Patch, Reply, Subresource};
use serde_json::{Map, Value};
use std::collections::VecDeque;

const FLAGS: &[Flag] = &[
    Flag::new("all", Takes::Bool),
    Flag::new("selector", Takes::Text).short('l'),
    Flag::new("dry-run", Takes::TextOr("unchanged")),
    Flag::new("output", Takes::Text).short('o'),
    Flag::new("field-manager", Takes::Text),
    Flag::new("show-managed-fields", Takes::Bool),
    Flag::new("local", Takes::Bool).not_modelled(),
    Flag::new("record", Takes::Bool).not_modelled(),
    Flag::new("template", Takes::Text).not_modelled(),
    Flag::new("allow-missing-template-keys", Takes::Bool).not_modelled(),
];

/// What `kubectl set` has.
const SUBCOMMANDS: [(&str, &str); 6] = [
    ("env", "Update environment variables on a pod template"),
    ("image", "Update the image of a pod template"),
    ("resources", "Update resource requests/limits on objects with pod templates"),
    ("selector", "Set the selector on a resource"),
    ("serviceaccount", "Update the service account of a resource"),
    ("subject", "Update the user, group, or service account in a role binding or cluster role binding"),
];

/// What the line asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    targets: Vec<Target>,
    selection: Selection,
    /// Container (or `*`) and image, in the order in which they are tried.
    images: Vec<(String, String)>,
    dry_run: DryRun,
    results: Results,
}

/// Reads the line.
pub(crate) fn parse(words: &[String]) -> Result<(Args, Given), UsageError> {
    let Some(at) = words.iter().position(|word| SUBCOMMANDS.iter().any(|(name, _)| word == name)) else {
        return Err(UsageError::plain(usage()));
    };
    if words[at] != "image" {
        return Err(UsageError::not_modelled(format!("kubectl set {}", words[at])));
    }
    let rest: Vec<String> = words[..at].iter().chain(&words[at + 1..]).cloned().collect();
    let given = parse_flags("set image", &[FLAGS, FILES], &rest)?;
    let (pairs, resources): (Vec<String>, Vec<String>) =
        given.args.iter().cloned().partition(|arg| arg.contains('='));
    if resources.is_empty() && !given.has("filename") {
        let problem = "one or more resources must be specified as <resource> <name> or <resource>/<name>";
        return Err(UsageError::error(problem));
    }
    let rules = Rules {
        type_means_all: false,
        files: given.has("filename"),
        all: given.is_set("all"),
        selector: given.has("selector"),
        all_namespaces: false,
    };
    let args = Args {
        images: images(&pairs)?,
        targets: targets(&resources, rules)?,
        selection: Selection::of(&given)?,
        dry_run: DryRun::of(&given)?,
        results: Results::of(&given, "set image")?,
    };
    Ok((args, given))
}

fn usage() -> String {
    let commands: String = SUBCOMMANDS.iter().map(|(name, what)| format!("  {name:<16} {what}\n")).collect();
    format!(
        "Configure application resources.\n\n These commands help you make changes to existing application \
         resources.\n\nAvailable Commands:\n{commands}\nUsage:\n  kubectl set SUBCOMMAND [options]\n\nUse \"kubectl set \
         <command> --help\" for more information about a given command.\nUse \"kubectl options\" for a list of global \
         command-line options (applies to all commands)."
    )
}

/// `CONTAINER=IMAGE …`; the later of two for one container counts.
fn images(pairs: &[String]) -> Result<Vec<(String, String)>, UsageError> {
    let mut images: Vec<(String, String)> = Vec::new();
    for pair in pairs {
        let (container, image) = pair.split_once('=').unwrap_or((pair, ""));
        if container.is_empty() || image.is_empty() {
            return Err(UsageError::error(format!("invalid image format: {pair}")));
        }
        images.retain(|(name, _)| name != container);
        images.push((container.to_owned(), image.to_owned()));
    }
    if images.is_empty() {
        return Err(UsageError::error("at least one image update is required"));
    }
    if images.len() > 1 && images.iter().any(|(container, _)| container == "*") {
        return Err(UsageError::error(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        ));
    }
    Ok(images)
}

/// How far it is.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    args: Args,
    reading: Option<Reading>,
    patching: VecDeque<(Object, Value)>,
}

impl Steps {
    pub fn new(args: Args) -> Self {
        Self { args, reading: None, patching: VecDeque::new() }
    }

    pub fn next(&mut self, came: Came, shell: &mut Shell<'_>) -> Next {
        match came {
            Came::Start => {
                let wanted = wanted(&self.args.targets, &self.args.selection, shell);
                self.reading = Some(Reading::of(wanted));
                self.read(None, shell)
            }
            Came::Reply(reply) if self.reading.is_some() => self.read(Some(reply), shell),
            Came::Reply(Ok(_)) => self.patched(shell),
            Came::Reply(Err(error)) => {
                let problem = format!("failed to patch image update to pod template: {}", error.message);
                shell.terminal.fail(Failure::Own(problem));
                self.patching.pop_front();
                self.patch(shell)
            }
            Came::Elapsed | Came::Gone => Next::Done,
        }
    }

    fn read(&mut self, reply: Option<Reply>, shell: &mut Shell<'_>) -> Next {
        let Some(mut reading) = self.reading.take() else { return Next::Done };
        if let Some(call) = reading.next(reply, shell.namespace) {
            self.reading = Some(reading);
            return Next::call(call);
        }
        if !reading.failures.is_empty() {
            reading.failures.into_iter().for_each(|failure| shell.terminal.fail(failure));
            return Next::Done;
        }
        for object in reading.found {
            let (patch, failures) = patch_of(&object, &self.args.images);
            failures.into_iter().for_each(|failure| shell.terminal.fail(failure));
            self.patching.extend(patch.map(|patch| (object, patch)));
        }
        self.patch(shell)
    }

    fn patch(&mut self, shell: &mut Shell<'_>) -> Next {
        let Some((object, patch)) = self.patching.front() else { return Next::Done };
        if self.args.dry_run == DryRun::Client {
            return self.patched(shell);
        }
        Next::call(Call::Patch {
            kind: object.kind(),
            key: object.key(),
            patch: Patch::Strategic(patch.clone()),
            subresource: Subresource::Main,
        })
    }

    fn patched(&mut self, shell: &mut Shell<'_>) -> Next {
        if let Some((object, _)) = self.patching.pop_front() {
            let what = format!("image updated{}", self.args.dry_run.suffix());
            self.args.results.print(shell.terminal, object.kind(), &object.meta().name, &what);
        }
        self.patch(shell)
    }
}

/// Where a kind keeps the spec of its pods.
fn pod_spec(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Pod => Some("/spec"),
        Kind::CronJob => Some("/spec/jobTemplate/spec/template/spec"),
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicationController
        | Kind::Job => Some("/spec/template/spec"),
        _ => None,
    }
}

/// The patch of an object, if something changes, and what is wrong.
fn patch_of(object: &Object, images: &[(String, String)]) -> (Option<Value>, Vec<Failure>) {
    let kind = object.kind();
    let before = object.to_json();
    let mut after = before.clone();
    let Some(spec) = pod_spec(kind).and_then(|path| after.pointer_mut(path)) else {
        let (name, kind) = (&object.meta().name, kind.info());
        let problem =
            format!("{}/{name} the object is not a pod or does not have a pod template", kind.plural);
        return (None, vec![Failure::Own(problem)]);
    };
    let mut failures = Vec::new();
    for (container, image) in images {
        if !set_image(spec, container, image) {
            failures.push(Failure::Own(format!("unable to find container named {container:?}")));
        }
    }
    let of = Schema::builtin().kind(&kind.api_version(), kind.info().kind);
    match two_way(of, &before, &after) {
        Ok(patch) => (Some(patch).filter(|patch| !patch.as_object().is_none_or(Map::is_empty)), failures),
        Err(error) => (None, vec![Failure::Own(error.to_string())]),
    }
}

/// Whether a container of that name was found.
fn set_image(spec: &mut Value, container: &str, image: &str) -> bool {
    let mut found = false;
    for list in ["initContainers", "containers"] {
        for item in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if container == "*" || item["name"] == container {
                item["image"] = Value::from(image);
                found = true;
            }
        }
    }
    found
}
