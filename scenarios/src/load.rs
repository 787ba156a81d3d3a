//! From a path to a [`Scenario`], or to all that is wrong.

use std::sync::Arc;

use api::Name;
use api::diagnostics::{Diagnostic, Diagnostics, Severity};
use api::pod::ResourceList;
use api::yaml::{self, Document, Limits};
use units::{Clock, Quantity, SimDuration, SimTime};

use crate::check::{At, Later, Sink};
use crate::files::{Files, Recording};
use crate::words::subdomain;
use crate::{Pool, ProfileName, Scenario, behaviors, cluster, manifests, set, timeline};

const API_VERSION: &str = "wavetank.dev/v1alpha1";
const FIELDS: [&str; 9] =
    ["description", "seed", "start", "duration", "profile", "cluster", "manifests", "behaviors", "timeline"];
const LATER: &[Later] = &[
    ("profileOverrides", "single numbers of the profile; `profile` chooses a whole table"),
    ("existing", "objects that are there and settled before t=0; `manifests` are applied from t=0 on"),
    ("expect", "expectations that the run checks"),
    ("traffic", "requests that clients send to services"),
    ("network", "how the network of the cluster is built"),
];

/// The first moment that a run must not reach: 2200-01-01T00:00:00Z, in nanoseconds since the Unix epoch.
const LAST_MOMENT: i64 = 7_258_118_400_000_000_000;

/// Reads a scenario and every file that it names. `set` are changes of it: `PATH=VALUE`, the path below `spec`.
///
/// # Errors
/// All that is wrong with it, and the warnings.
pub fn load(files: &dyn Files, path: &str, set: &[String]) -> Result<Scenario, Diagnostics> {
    let files = Recording::new(files);
    let mut sink = Sink::default();
    let scenario = match files.bytes(path) {
        Ok(bytes) => document(&mut sink, path, &bytes).and_then(|document| {
            let document = set::apply(&mut sink, document, set);
            scenario(&mut sink, &files, &At::root(document.root()))
        }),
        Err(problem) => {
            sink.push(argument(path, format!("{path} cannot be read: {problem}")));
            None
        }
    };
    finish(sink, &files, scenario)
}

/// The scenario of `wavetank run -f PATHS --nodes N --node-size SIZE --for DURATION`: one pool `node`, the manifests,
/// and defaults for all else. `node_size` is like `4cpu,16Gi` (CPU, memory, and pods as `110pods`, in any order).
///
/// # Errors
/// All that is wrong with the arguments and the manifests, and the warnings.
pub fn from_manifests(
    files: &dyn Files,
    paths: &[String],
    nodes: u32,
    node_size: Option<&str>,
    duration: SimDuration,
) -> Result<Scenario, Diagnostics> {
    let files = Recording::new(files);
    let mut sink = Sink::default();
    if nodes == 0 || nodes > cluster::MAX_NODES {
        let message = format!("must be from 1 to {}, not {nodes}", cluster::MAX_NODES);
        sink.push(argument(&format!("--nodes {nodes}"), message));
    }
    let clock = Clock::default();
    if duration <= SimDuration::ZERO || !fits(clock, duration) {
        let text = units::format_go_duration(duration);
        sink.push(argument(&format!("--for {text}"), "must be more than 0, and end before the year 2200"));
    }
    let pool = Pool {
        name: Name::new_static("node"),
        count: Some(nodes),
        zones: Vec::new(),
        labels: Default::default(),
        taints: Vec::new(),
        capacity: size(&mut sink, node_size),
    };
    let scenario = Scenario {
        name: Name::new_static("manifests"),
        description: String::new(),
        seed: 0,
        clock,
        duration,
        profile: ProfileName::default(),
        pools: vec![pool],
        manifests: manifests::named(&mut sink, &files, paths),
        behaviors: Vec::new(),
        timeline: Vec::new(),
        warnings: Diagnostics::default(),
        inputs: Default::default(),
    };
    finish(sink, &files, Some(scenario))
}

fn finish(sink: Sink, files: &Recording<'_>, scenario: Option<Scenario>) -> Result<Scenario, Diagnostics> {
    match scenario {
        Some(scenario) if !sink.diagnostics.has_errors() => {
            Ok(Scenario { warnings: sink.diagnostics, inputs: files.inputs(), ..scenario })
        }
        _ => Err(sink.diagnostics),
    }
}

/// An error about an argument as a whole.
fn argument(file: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: file.into(),
        line: 1,
        column: 1,
        length: 1,
        message: message.into(),
        help: None,
    }
}

/// `4cpu,16Gi`
fn size(sink: &mut Sink, text: Option<&str>) -> ResourceList {
    let mut capacity = cluster::default_capacity();
    for part in text.into_iter().flat_map(|text| text.split(',')) {
        let part = part.trim();
        let (resource, amount) = match (part.strip_suffix("cpu"), part.strip_suffix("pods")) {
            (Some(amount), _) => ("cpu", amount),
            (_, Some(amount)) => ("pods", amount),
            _ => ("memory", part),
        };
        match Quantity::parse(amount) {
            Ok(amount) if !amount.is_negative() => capacity.set(Name::new_static(resource), amount),
            _ => {
                let file = format!("--node-size {}", text.unwrap_or_default());
                let problem = argument(&file, format!("{part:?} is no size of a node"));
                sink.push(problem.with_help("CPU and memory: 4cpu,16Gi, or with pods: 4cpu,16Gi,110pods"));
            }
        }
    }
    capacity
}

/// The one document of the file.
fn document(sink: &mut Sink, path: &str, bytes: &Arc<[u8]>) -> Option<Document> {
    let (documents, found) = yaml::parse(path, bytes, &Limits::scenario());
    let is_broken = found.has_errors();
    sink.append(found);
    let mut documents = documents.into_iter();
    let first = documents.next();
    if first.is_none() && !is_broken {
        let help = format!("a scenario begins with apiVersion: {API_VERSION} and kind: Scenario");
        sink.push(argument(path, "the file is empty").with_help(help));
    }
    if let Some(second) = documents.next() {
        sink.push(second.root().error("a scenario is one document, and this is a second one"));
    }
    first
}

fn scenario(sink: &mut Sink, files: &Recording<'_>, root: &At<'_>) -> Option<Scenario> {
    if !is_scenario(sink, root) {
        return None;
    }
    let name = match root.field("metadata") {
        Some(metadata) => name(sink, &metadata),
        None => {
            sink.required(root, "metadata", "metadata: {name: …}");
            None
        }
    };
    let Some(spec) = root.field("spec") else {
        sink.required(root, "spec", "what the scenario is");
        return None;
    };
    let scenario = spec_of(sink, files, &spec)?;
    Some(Scenario { name: name?, ..scenario })
}

fn is_scenario(sink: &mut Sink, root: &At<'_>) -> bool {
    if root.node.kind() != yaml::Kind::Mapping {
        let message = "a scenario is an object with apiVersion, kind, metadata and spec";
        sink.push(root.node.error(message));
        return false;
    }
    let mut fits = true;
    for (name, wanted) in [("apiVersion", API_VERSION), ("kind", "Scenario")] {
        match root.field(name) {
            None => sink.required(root, name, &format!("{name}: {wanted}")),
            Some(at) if at.node.as_str() == Some(wanted) => continue,
            Some(at) => sink.error(&at, format!("must be {wanted}, not {:?}", at.node.text())),
        }
        fits = false;
    }
    // The fields of another kind of object say nothing about a scenario.
    fits && sink.object(root, &["apiVersion", "kind", "metadata", "spec"], &[])
}

fn name(sink: &mut Sink, metadata: &At<'_>) -> Option<Name> {
    if !sink.object(metadata, &["name"], &[]) {
        return None;
    }
    match metadata.field("name") {
        Some(name) => sink.formed(&name, subdomain).map(Name::new),
        None => {
            sink.required(metadata, "name", "the name of the scenario");
            None
        }
    }
}

fn spec_of(sink: &mut Sink, files: &Recording<'_>, spec: &At<'_>) -> Option<Scenario> {
    if !sink.object(spec, &FIELDS, LATER) {
        return None;
    }
    let description = spec.field("description").and_then(|at| sink.text(&at)).unwrap_or_default();
    let seed = spec.field("seed").map_or(Some(0), |at| seed(sink, &at));
    let clock = spec.field("start").map_or(Some(Clock::default()), |at| clock(sink, &at));
    let duration = duration(sink, spec, clock);
    let profile = spec.field("profile").map_or(Some(ProfileName::default()), |at| profile(sink, &at));
    let pools = spec.field("cluster").map(|at| cluster::pools(sink, &at)).unwrap_or_default();
    let manifests =
        spec.field("manifests").map(|at| manifests::manifests(sink, files, &at)).unwrap_or_default();
    let behaviors = spec.field("behaviors").map(|at| behaviors::behaviors(sink, &at)).unwrap_or_default();
    let timeline =
        spec.field("timeline").map(|at| timeline::timeline(sink, files, &at, duration)).unwrap_or_default();
    Some(Scenario {
        name: Name::default(),
        description: description.to_owned(),
        seed: seed?,
        clock: clock?,
        duration: duration?,
        profile: profile?,
        pools,
        manifests,
        behaviors,
        timeline,
        warnings: Diagnostics::default(),
        inputs: Default::default(),
    })
}

fn seed(sink: &mut Sink, at: &At<'_>) -> Option<u64> {
    let seed = at.node.to_json().as_u64();
    if seed.is_none() {
        sink.wrong(at, "an integer from 0 to 18446744073709551615");
    }
    seed
}

fn clock(sink: &mut Sink, at: &At<'_>) -> Option<Clock> {
    match Clock::starting_at(sink.text(at)?) {
        Ok(clock) => Some(clock),
        Err(problem) => {
            sink.advise(at, problem, "for example 2026-01-01T00:00:00Z");
            None
        }
    }
}

fn duration(sink: &mut Sink, spec: &At<'_>, clock: Option<Clock>) -> Option<SimDuration> {
    let Some(at) = spec.field("duration") else {
        sink.required(spec, "duration", "the virtual time of the run: duration: 5m");
        return None;
    };
    let duration = sink.duration(&at)?;
    if duration == SimDuration::ZERO {
        sink.error(&at, "must be more than 0");
        return None;
    }
    if !fits(clock.unwrap_or_default(), duration) {
        sink.error(&at, "the run must end before the year 2200");
        return None;
    }
    Some(duration)
}

fn fits(clock: Clock, duration: SimDuration) -> bool {
    let start = clock.unix_nanos(SimTime::ZERO);
    start.checked_add(duration.as_nanos()).is_some_and(|end| end < LAST_MOMENT)
}

fn profile(sink: &mut Sink, at: &At<'_>) -> Option<ProfileName> {
    sink.word(at, &ProfileName::ALL.map(|name| (name.as_str(), name)))
}
