//! `spec.timeline`: what people do, as kubectl lines. What is wrong with a line is said in kubectl's words.
//!
//! DIFFERENCE: a line that kubectl would refuse before it asks the server is an error here, and nothing is run.

use kubectl::Command;
use units::{SimDuration, SimTime};

use crate::check::{At, Later, Sink};
use crate::files::Recording;
use crate::{Step, manifests};

const LATER: &[Later] = &[
    ("node", "machines that stop, start, come and go"),
    ("kubelet", "a kubelet that stops and starts"),
    ("zone", "a whole zone that stops and starts"),
    ("component", "a component of the control plane that stops and starts"),
    ("fault", "faults of the registry, the network, the API server and disks"),
    ("for", "the end of a fault"),
];

/// Reads `spec.timeline`; `duration` is that of the run, if it is known. Steps come by time, and in the order of the
/// file where times are equal.
pub(crate) fn timeline(
    sink: &mut Sink,
    files: &Recording<'_>,
    at: &At<'_>,
    duration: Option<SimDuration>,
) -> Vec<Step> {
    let items = sink.list(at);
    let mut steps: Vec<Step> = items.iter().filter_map(|item| step(sink, files, item, duration)).collect();
    steps.sort_by_key(|step| step.at);
    steps
}

fn step(
    sink: &mut Sink,
    files: &Recording<'_>,
    item: &At<'_>,
    duration: Option<SimDuration>,
) -> Option<Step> {
    if !sink.object(item, &["at", "kubectl"], LATER) {
        return None;
    }
    let time = match item.field("at") {
        Some(at) => moment(sink, &at, duration),
        None => {
            sink.required(item, "at", "when it happens: at: 60s");
            None
        }
    };
    let Some(line) = item.field("kubectl") else {
        if LATER.iter().all(|(name, _)| item.node.get(name).is_none()) {
            sink.required(item, "kubectl", "kubectl: scale deployment/web --replicas=3");
        }
        return None;
    };
    let command = command(sink, files, &line)?;
    Some(Step { at: time?, command, position: sink.position(line.node) })
}

fn moment(sink: &mut Sink, at: &At<'_>, duration: Option<SimDuration>) -> Option<SimTime> {
    let time = sink.duration(at)?;
    if let Some(duration) = duration.filter(|duration| time > *duration) {
        let duration = units::format_go_duration(duration);
        sink.error(
            at,
            format!("{} is after the end of the run: spec.duration is {duration}", at.node.text()),
        );
        return None;
    }
    Some(SimTime::ZERO + time)
}

/// A line, and the objects of the files that it names.
fn command(sink: &mut Sink, files: &Recording<'_>, at: &At<'_>) -> Option<Command> {
    let line = sink.text(at)?;
    if line.trim().is_empty() {
        sink.advise(at, "must not be empty", "for example: scale deployment/web --replicas=3");
        return None;
    }
    let mut command = match Command::parse(line) {
        Ok(command) => command,
        Err(problem) => {
            refused(sink, at, &problem.to_string());
            return None;
        }
    };
    // A person would run the line in the scenario's folder.
    let file = at.node.file();
    let folder = file.rfind('/').map_or("", |end| &file[..=end]);
    let mut objects = Vec::new();
    for path in command.files() {
        for manifest in manifests::of_path(sink, files, at, path) {
            let mut object = manifest.for_kubectl();
            object.source = object.source.strip_prefix(folder).unwrap_or(&object.source).to_owned();
            objects.push(object);
        }
    }
    command.load(objects);
    Some(command)
}

/// What a line can be.
const MODELLED: &str = "modelled are: apply -f, delete, get, scale, set image";

/// kubectl's words: the first line is the error, the rest is advice.
fn refused(sink: &mut Sink, at: &At<'_>, text: &str) {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    match text.split_once('\n') {
        Some((message, advice)) => sink.advise(at, message, advice.trim()),
        None if text.ends_with("is not modelled yet") => sink.advise(at, text, MODELLED),
        None => sink.error(at, text),
    }
}
