//! `wavetank schedule`: one pass of the scheduler over plain manifests, without time.
//!
//! DIFFERENCE: no admission runs, so that a priority class gives a pod no priority; the pods are taken as they come, and
//! nothing is pre-empted. Workloads make no pods here: `wavetank run` does that.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::node::Node;
use api::pod::Pod;
use api::{Kind, LabelSelector, Name, Object, ObjectKey, defaults};
use scenarios::Manifest;
use scenarios::files::Recording;
use serde_json::Value;
use sim_core::{Placement, ScheduleOptions, schedule_all};

use crate::args::{ScheduleArgs, ScheduleFormat};
use crate::columns::columns;
use crate::diagnostics::render;
use crate::failure::Failure;
use crate::files::Disk;
use crate::terminal::{Level, complain, print, tell};

/// Reads nodes and pods, places the pods, and prints where.
pub(crate) fn schedule(args: &ScheduleArgs) -> Result<(), Failure> {
    let input = Input::read(&args.filename)?;
    let mut options =
        ScheduleOptions { services: input.services, owners: input.owners, ..ScheduleOptions::default() };
    options.seed.0 = args.seed;
    crate::bug::at(args.seed, units::SimTime::ZERO, 0);
    let placements = schedule_all(input.nodes, input.pods, options);
    match args.output {
        ScheduleFormat::Table => print(&table(&placements)),
        ScheduleFormat::Csv => print(&csv(&placements)),
    }
}

/// What the scheduler is told.
#[derive(Default)]
struct Input {
    nodes: Vec<Arc<Node>>,
    pods: Vec<Arc<Pod>>,
    services: Vec<Arc<api::core::Service>>,
    owners: BTreeMap<(Name, ObjectKey), LabelSelector>,
    /// Workloads: they would make pods in a cluster.
    workloads: usize,
}

impl Input {
    fn read(paths: &[String]) -> Result<Self, Failure> {
        let files = Recording::new(&Disk);
        let (manifests, found) = scenarios::manifests::read(&files, paths);
        if found.has_errors() {
            return Err(Failure::Input(found, files.inputs()));
        }
        tell(&render(&found, &files.inputs()));
        let mut input = Self::default();
        for manifest in manifests {
            input.add(manifest)?;
        }
        if input.workloads > 0 {
            let message = format!("{} workloads make no pods here; only Pods are placed", input.workloads);
            complain(Level::Warning, &message, Some("`wavetank run -f …` simulates them"));
        }
        Ok(input)
    }

    fn add(&mut self, manifest: Manifest) -> Result<(), Failure> {
        let source = manifest.source.clone();
        match object(manifest).map_err(|why| Failure::usage(format!("{source}: {why}")))? {
            Object::Node(node) => self.nodes.push(node),
            Object::Pod(pod) => self.pods.push(pod),
            Object::Service(service) => self.services.push(service),
            other => self.add_owner(&other),
        }
        Ok(())
    }

    fn add_owner(&mut self, object: &Object) {
        const MAKE_PODS: [Kind; 7] = [
            Kind::CronJob,
            Kind::DaemonSet,
            Kind::Deployment,
            Kind::Job,
            Kind::ReplicaSet,
            Kind::ReplicationController,
            Kind::StatefulSet,
        ];
        const SPREAD: [Kind; 3] = [Kind::ReplicaSet, Kind::ReplicationController, Kind::StatefulSet];
        let kind = object.kind();
        self.workloads += usize::from(MAKE_PODS.contains(&kind));
        if let Some(selector) = SPREAD.contains(&kind).then(|| selector(object)).flatten() {
            self.owners.insert((kind.info().kind.into(), object.key()), selector);
        }
    }
}

/// The object as the API server would have it.
fn object(manifest: Manifest) -> Result<Object, api::json::FieldError> {
    let Manifest { kind, mut object, .. } = manifest;
    let has_namespace = object["metadata"]["namespace"].as_str().is_some_and(|name| !name.is_empty());
    if kind.info().namespaced && !has_namespace && object["metadata"].is_object() {
        object["metadata"]["namespace"] = Value::from("default");
    }
    defaults::apply(kind, &mut object);
    Object::from_json(kind, &object)
}

/// Which pods are an owner's.
fn selector(owner: &Object) -> Option<LabelSelector> {
    let object = owner.to_json();
    let fields = api::json::Fields::root(&object).ok()?.fields("spec").ok()?;
    if owner.kind() != Kind::ReplicationController {
        return fields.label_selector("selector").ok()?;
    }
    let labels = fields.strings("selector").ok()?;
    (!labels.is_empty()).then(|| LabelSelector { match_labels: labels, ..LabelSelector::default() })
}

/// The node, its score and what the next three lack; or why there is no node.
fn table(placements: &[Placement]) -> String {
    let header = ["NAMESPACE", "POD", "NODE", "SCORE", "NEXT, OR WHY NOT"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(placements.iter().map(|placement| {
        // A node that nobody competes with is not scored.
        let chosen = placement.top.first().filter(|_| placement.top.len() > 1);
        let score = chosen.map_or_else(|| "-".to_owned(), |chosen| chosen.score.to_string());
        vec![
            placement.pod.namespace.to_string(),
            placement.pod.name.to_string(),
            placement.node.as_deref().unwrap_or("-").to_owned(),
            score,
            if placement.node.is_some() { next(placement) } else { message(placement) },
        ]
    }));
    columns(&rows)
}

/// `node-2 -14, node-3 equal`
fn next(placement: &Placement) -> String {
    let Some((chosen, others)) = placement.top.split_first() else {
        return "the only node that fits".to_owned();
    };
    let lost = others.iter().map(|other| match chosen.score - other.score {
        0 => format!("{} equal", other.node),
        lead => format!("{} -{lead}", other.node),
    });
    let lost: Vec<String> = lost.collect();
    if lost.is_empty() { "the only node that fits".to_owned() } else { lost.join(", ") }
}

/// Why there is no node.
fn message(placement: &Placement) -> String {
    match placement.gates.as_slice() {
        [] => placement.message.clone(),
        gates => format!("waiting for scheduling gates: {}", gates.join(", ")),
    }
}

fn csv(placements: &[Placement]) -> String {
    let line = |placement: &Placement| {
        let pod = format!("{}/{}", placement.pod.namespace, placement.pod.name);
        let message = if placement.node.is_some() { String::new() } else { message(placement) };
        format!("{},{},{}\n", pod, placement.node.as_deref().unwrap_or_default(), quoted(&message))
    };
    "pod,node,message\n".to_owned() + &placements.iter().map(line).collect::<String>()
}

/// RFC 4180.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let check = |text: &str, expect: &str| assert_eq!(quoted(text), expect);
        check("", "");
        check("no comma", "no comma");
        check("a, b", "\"a, b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
    }
}
