//! What owns pods.
//!
//! Source: kubelet.md 3.3.

use super::Table;
use super::read::{
    age, at, condition, containers, int, joined_labels, list, or, seconds_since, selector, since, strings,
    text,
};
use super::{human_duration, name};
use serde_json::Value;
use units::MicroTime;

const OF_PODS: &[&str] = &["CONTAINERS", "IMAGES", "SELECTOR"];

pub const DEPLOYMENT: Table =
    Table { columns: &["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], wide: OF_PODS, cells: deployment };

pub const REPLICA_SET: Table =
    Table { columns: &["NAME", "DESIRED", "CURRENT", "READY", "AGE"], wide: OF_PODS, cells: replica_set };

pub const STATEFUL_SET: Table =
    Table { columns: &["NAME", "READY", "AGE"], wide: &["CONTAINERS", "IMAGES"], cells: stateful_set };

pub const DAEMON_SET: Table = Table {
    columns: &["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"],
    wide: OF_PODS,
    cells: daemon_set,
};

pub const JOB: Table =
    Table { columns: &["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"], wide: OF_PODS, cells: job };

pub const CRON_JOB: Table = Table {
    columns: &["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "AGE"],
    wide: OF_PODS,
    cells: cron_job,
};

pub const CONTROLLER_REVISION: Table =
    Table { columns: &["NAME", "CONTROLLER", "REVISION", "AGE"], wide: &[], cells: controller_revision };

fn count(object: &Value, path: &str) -> String {
    int(object, path).to_string()
}

fn of_pods(object: &Value, template: &str) -> [String; 2] {
    containers(at(object, template))
}

fn deployment(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = of_pods(object, "spec.template");
    vec![
        name(object),
        format!("{}/{}", int(object, "status.readyReplicas"), int(object, "spec.replicas")),
        count(object, "status.updatedReplicas"),
        count(object, "status.availableReplicas"),
        age(object, now),
        names,
        images,
        selector(at(object, "spec.selector")),
    ]
}

fn replica_set(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = of_pods(object, "spec.template");
    // A ReplicationController's selector is plain labels.
    let plain = object["kind"] == "ReplicationController";
    let selects = at(object, "spec.selector");
    vec![
        name(object),
        count(object, "spec.replicas"),
        count(object, "status.replicas"),
        count(object, "status.readyReplicas"),
        age(object, now),
        names,
        images,
        if plain { joined_labels(&strings(selects)) } else { selector(selects) },
    ]
}

fn stateful_set(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = of_pods(object, "spec.template");
    let ready = format!("{}/{}", int(object, "status.readyReplicas"), int(object, "spec.replicas"));
    vec![name(object), ready, age(object, now), names, images]
}

fn daemon_set(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = of_pods(object, "spec.template");
    vec![
        name(object),
        count(object, "status.desiredNumberScheduled"),
        count(object, "status.currentNumberScheduled"),
        count(object, "status.numberReady"),
        count(object, "status.updatedNumberScheduled"),
        count(object, "status.numberAvailable"),
        joined_labels(&strings(at(object, "spec.template.spec.nodeSelector"))),
        age(object, now),
        names,
        images,
        selector(at(object, "spec.selector")),
    ]
}

fn job(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = of_pods(object, "spec.template");
    vec![
        name(object),
        job_status(object).to_owned(),
        completions(object),
        job_duration(object, now),
        age(object, now),
        names,
        images,
        selector(at(object, "spec.selector")),
    ]
}

fn job_status(job: &Value) -> &'static str {
    let is = |kind| condition(job, kind) == "True";
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if !at(job, "metadata.deletionTimestamp").is_null() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions(job: &Value) -> String {
    let succeeded = int(job, "status.succeeded");
    let parallelism = int(job, "spec.parallelism");
    match at(job, "spec.completions").as_i64() {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    }
}

fn job_duration(job: &Value, now: MicroTime) -> String {
    let Some(started) = seconds_since(text(job, "status.startTime"), now) else { return String::new() };
    let ended = seconds_since(text(job, "status.completionTime"), now).unwrap_or_default();
    human_duration(started - ended)
}

fn cron_job(object: &Value, now: MicroTime) -> Vec<String> {
    let [names, images] = of_pods(object, "spec.jobTemplate.spec.template");
    let suspend = match at(object, "spec.suspend").as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let last = match text(object, "status.lastScheduleTime") {
        "" => "<none>".to_owned(),
        time => since(time, now),
    };
    vec![
        name(object),
        text(object, "spec.schedule").to_owned(),
        or(text(object, "spec.timeZone"), "<none>").to_owned(),
        suspend.to_owned(),
        list(object, "status.active").len().to_string(),
        last,
        age(object, now),
        names,
        images,
        selector(at(object, "spec.jobTemplate.spec.selector")),
    ]
}

fn controller_revision(object: &Value, now: MicroTime) -> Vec<String> {
    let owners = list(object, "metadata.ownerReferences");
    let owner = owners.iter().find(|owner| owner["controller"] == true).map(|owner| {
        let (kind, version) = (text(owner, "kind").to_lowercase(), text(owner, "apiVersion"));
        let group = version.split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
        format!("{kind}{group}/{}", text(owner, "name"))
    });
    let revision = count(object, "revision");
    vec![name(object), owner.unwrap_or_else(|| "<none>".to_owned()), revision, age(object, now)]
}
