//! `kubectl scale`: reads the objects, then sets each one's replicas through its scale.
//!
//! Source: `staging/src/k8s.io/kubectl/pkg/cmd/scale/scale.go` and `pkg/scale/scale.go`, v1.36.2.
//!
//! DIFFERENCE: with a precondition the real one reads the scale, not the object, and tries conflicts again for five
//! minutes; here the object that was read counts, and a conflict is the end. `--timeout` is not modelled yet.

use super::reading::{Reading, wanted};
use super::{Came, DryRun, Next, Results, Shell};
use crate::failure::Failure;
use crate::grammar::UsageError;
use crate::grammar::flags::{FILES, Flag, Given, Takes, parse as parse_flags};
use crate::grammar::resources::{Rules, Selection, Target, targets};
use api::{Kind, Object};
use client::Call;
use std::collections::VecDeque;

const FLAGS: &[Flag] = &[
    Flag::new("replicas", Takes::Int),
    Flag::new("current-replicas", Takes::Int),
    Flag::new("resource-version", Takes::Text),
    Flag::new("all", Takes::Bool),
    Flag::new("selector", Takes::Text).short('l'),
    Flag::new("dry-run", Takes::TextOr("unchanged")),
    Flag::new("output", Takes::Text).short('o'),
    Flag::new("show-managed-fields", Takes::Bool),
    Flag::new("timeout", Takes::Duration).not_modelled(),
    Flag::new("record", Takes::Bool).not_modelled(),
    Flag::new("template", Takes::Text).not_modelled(),
    Flag::new("allow-missing-template-keys", Takes::Bool).not_modelled(),
];

/// Kinds that have a scale.
const SCALABLE: [Kind; 4] =
    [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::ReplicationController];

/// What the line asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    targets: Vec<Target>,
    selection: Selection,
    replicas: i32,
    current_replicas: Option<i64>,
    resource_version: Option<u64>,
    dry_run: DryRun,
    results: Results,
}

/// Reads the line.
pub(crate) fn parse(words: &[String]) -> Result<(Args, Given), UsageError> {
    let given = parse_flags("scale", &[FLAGS, FILES], words)?;
    let Some(replicas) = given.int("replicas") else {
        return Err(UsageError::error("required flag(s) \"replicas\" not set"));
    };
    let current_replicas = given.int("current-replicas").filter(|count| *count != -1);
    if current_replicas.is_some_and(|count| count < -1) {
        return Err(UsageError::error("The --current-replicas must specify an integer of -1 or greater"));
    }
    let Ok(replicas @ 0..) = i32::try_from(replicas) else {
        let problem = "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0";
        return Err(UsageError::error(problem));
    };
    let version = given.text("resource-version").filter(|text| !text.is_empty());
    let rules = Rules {
        type_means_all: false,
        files: given.has("filename"),
        all: given.is_set("all"),
        selector: given.has("selector"),
        all_namespaces: false,
    };
    let args = Args {
        targets: targets(&given.args, rules)?,
        selection: Selection::of(&given)?,
        replicas,
        current_replicas,
        // A text that is no version matches none.
        resource_version: version.map(|text| text.parse().unwrap_or(u64::MAX)),
        dry_run: DryRun::of(&given)?,
        results: Results::of(&given, "scale")?,
    };
    Ok((args, given))
}

/// How far it is.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    args: Args,
    reading: Option<Reading>,
    scaling: VecDeque<Object>,
}

impl Steps {
    pub fn new(args: Args) -> Self {
        Self { args, reading: None, scaling: VecDeque::new() }
    }

    pub fn next(&mut self, came: Came, shell: &mut Shell<'_>) -> Next {
        match came {
            Came::Start => {
                let wanted = wanted(&self.args.targets, &self.args.selection, shell);
                self.reading = Some(Reading::of(wanted));
                self.read(None, shell)
            }
            Came::Reply(reply) if self.reading.is_some() => self.read(Some(reply), shell),
            Came::Reply(Ok(_)) => self.scaled(shell),
            // What could not be read is not told then.
            Came::Reply(Err(error)) => {
                shell.terminal.fail(Failure::server(error));
                Next::Done
            }
            Came::Elapsed | Came::Gone => Next::Done,
        }
    }

    fn read(&mut self, reply: Option<client::Reply>, shell: &mut Shell<'_>) -> Next {
        let Some(mut reading) = self.reading.take() else { return Next::Done };
        if let Some(call) = reading.next(reply, shell.namespace) {
            self.reading = Some(reading);
            return Next::call(call);
        }
        if reading.found.is_empty() && reading.failures.is_empty() && !shell.terminal.has_failed() {
            shell.terminal.fail(Failure::Own("no objects passed to scale".to_owned()));
        }
        if self.args.resource_version.is_some() && reading.found.len() > 1 {
            let problem = "cannot use --resource-version with multiple resources";
            shell.terminal.fail(Failure::Own(problem.to_owned()));
            return Next::Done;
        }
        reading.failures.into_iter().for_each(|failure| shell.terminal.fail(failure));
        self.scaling = reading.found.into();
        self.scale(shell)
    }

    fn scale(&mut self, shell: &mut Shell<'_>) -> Next {
        let Some(object) = self.scaling.front() else { return Next::Done };
        if self.args.dry_run == DryRun::Client {
            return self.scaled(shell);
        }
        if let Some(failure) = self.obstacle(object) {
            shell.terminal.fail(failure);
            return Next::Done;
        }
        let resource_version = match (self.args.current_replicas, self.args.resource_version) {
            (None, version) => version,
            (Some(_), version) => version.or(Some(object.meta().resource_version)),
        };
        let (kind, key, replicas) = (object.kind(), object.key(), self.args.replicas);
        Next::call(Call::Scale { kind, key, replicas, resource_version })
    }

    fn obstacle(&self, object: &Object) -> Option<Failure> {
        if !SCALABLE.contains(&object.kind()) {
            return Some(Failure::no_such_resource());
        }
        let replicas = object.to_json()["spec"]["replicas"].as_i64().unwrap_or_default();
        let wanted = self.args.current_replicas.filter(|wanted| *wanted != replicas);
        if let Some(wanted) = wanted {
            return Some(Failure::Own(format!("Expected replicas to be {wanted}, was {replicas}")));
        }
        let version = object.meta().resource_version;
        let wanted = self.args.resource_version.filter(|wanted| *wanted != version);
        wanted.map(|wanted| Failure::Own(format!("Expected resource version to be {wanted}, was {version}")))
    }

    fn scaled(&mut self, shell: &mut Shell<'_>) -> Next {
        if let Some(object) = self.scaling.pop_front() {
            let what = format!("scaled{}", self.args.dry_run.suffix());
            self.args.results.print(shell.terminal, object.kind(), &object.meta().name, &what);
        }
        self.scale(shell)
    }
}
