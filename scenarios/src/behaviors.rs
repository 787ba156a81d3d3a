//! `spec.behaviors`: what containers do, as there is nothing in their images.

use api::selector::{Operator, Requirement};
use api::{LabelSelector, Name};
use units::SimDuration;

use crate::check::{At, Later, Sink};
use crate::cluster::labels_of;
use crate::words::{label, label_key, label_value};
use crate::{BehaviorRule, Health, HealthResult, ProbeRole, Stop};

const FIELDS: [&str; 7] = ["pods", "containers", "runs", "pull", "start", "stop", "health"];
const LATER: &[Later] = &[
    ("exit", "a process that ends by itself"),
    ("usage", "the CPU and memory that a process uses"),
    ("hooks", "the time that preStop and postStart hooks take"),
];

/// What SIGTERM ends a process with (128 + 15).
const SIGTERM_CODE: i32 = 143;

/// Reads `spec.behaviors`.
pub(crate) fn behaviors(sink: &mut Sink, at: &At<'_>) -> Vec<BehaviorRule> {
    let items = sink.list(at);
    items.iter().filter_map(|item| rule(sink, item)).collect()
}

fn rule(sink: &mut Sink, at: &At<'_>) -> Option<BehaviorRule> {
    if !sink.object(at, &FIELDS, LATER) {
        return None;
    }
    Some(BehaviorRule {
        pods: at.field("pods").map(|pods| selector(sink, &pods)),
        containers: at.field("containers").map(|containers| names(sink, &containers)),
        runs: at.field("runs").map(|runs| numbers(sink, &runs)),
        pull: at.field("pull").and_then(|pull| sink.duration(&pull)),
        start: at.field("start").and_then(|start| sink.duration(&start)),
        stop: at.field("stop").and_then(|stop| stop_of(sink, &stop)),
        health: at.field("health").map(|health| windows(sink, &health)).unwrap_or_default(),
        position: sink.position(at.node),
    })
}

fn names(sink: &mut Sink, at: &At<'_>) -> Vec<Name> {
    let items = sink.some_list(at, "leave `containers` out for all containers");
    items.iter().filter_map(|item| sink.formed(item, label).map(Name::new)).collect()
}

fn numbers(sink: &mut Sink, at: &At<'_>) -> Vec<u32> {
    let items = sink.some_list(at, "leave `runs` out for all starts; 1 is the first");
    let mut number = |item| sink.integer(item, 1..=i64::from(i32::MAX)).and_then(|n| u32::try_from(n).ok());
    items.iter().filter_map(&mut number).collect()
}

fn stop_of(sink: &mut Sink, at: &At<'_>) -> Option<Stop> {
    if !sink.object(at, &["after", "code", "never"], &[]) {
        return None;
    }
    let after = at.field("after").map(|after| sink.duration(&after));
    let code = at.field("code").map(|code| sink.integer(&code, 0..=255));
    match at.field("never") {
        None => {
            let code = code.flatten().and_then(|code| i32::try_from(code).ok()).unwrap_or(SIGTERM_CODE);
            Some(Stop::After { after: after.flatten().unwrap_or_default(), code })
        }
        Some(never) if never.node.as_bool() == Some(true) => {
            if after.is_some() || code.is_some() {
                sink.error(&never, "a process that never stops has neither `after` nor `code`");
            }
            Some(Stop::Never)
        }
        Some(never) => {
            sink.wrong(&never, "true");
            None
        }
    }
}

fn windows(sink: &mut Sink, at: &At<'_>) -> Vec<Health> {
    let items = sink.list(at);
    items.iter().filter_map(|item| window(sink, item)).collect()
}

fn window(sink: &mut Sink, at: &At<'_>) -> Option<Health> {
    const RESULTS: [(&str, HealthResult); 2] =
        [("failure", HealthResult::Failure), ("timeout", HealthResult::Timeout)];
    if !sink.object(at, &["probes", "from", "to", "result"], &[]) {
        return None;
    }
    let probes = match at.field("probes") {
        Some(list) => probes(sink, &list),
        None => {
            sink.required(at, "probes", "startup, liveness, readiness");
            Vec::new()
        }
    };
    let from = at.field("from").map_or(Some(SimDuration::ZERO), |from| sink.duration(&from));
    let to = at.field("to").map(|to| (sink.duration(&to), to));
    if let (Some(from), Some((Some(end), place))) = (from, &to)
        && from >= *end
    {
        let begin = at.field("from").map_or("0s", |from| from.node.text());
        sink.error(place, format!("the window ends at {} but begins at {begin}", place.node.text()));
    }
    let result = match at.field("result") {
        Some(result) => sink.word(&result, &RESULTS)?,
        None => HealthResult::Failure,
    };
    Some(Health { probes, from: from?, to: to.and_then(|(to, _)| to), result })
}

fn probes(sink: &mut Sink, at: &At<'_>) -> Vec<ProbeRole> {
    const ROLES: [(&str, ProbeRole); 3] = [
        ("startup", ProbeRole::Startup),
        ("liveness", ProbeRole::Liveness),
        ("readiness", ProbeRole::Readiness),
    ];
    let items = sink.some_list(at, "startup, liveness, readiness");
    items.iter().filter_map(|item| sink.word(item, &ROLES)).collect()
}

/// A label selector, as the API has it.
fn selector(sink: &mut Sink, at: &At<'_>) -> LabelSelector {
    if at.node.kind() == api::yaml::Kind::Mapping && at.node.get("matchLabels").is_none() {
        let plain = at.node.entries().all(|(_, value)| value.as_str().is_some());
        if plain && !at.is_empty() {
            let message = "must be a label selector: {matchLabels: {…}, matchExpressions: […]}";
            sink.advise(at, message, format!("did you mean {{matchLabels: {}}}?", as_flow(at)));
            return LabelSelector::default();
        }
    }
    if !sink.object(at, &["matchLabels", "matchExpressions"], &[]) {
        return LabelSelector::default();
    }
    LabelSelector {
        match_labels: at.field("matchLabels").map(|labels| labels_of(sink, &labels)).unwrap_or_default(),
        match_expressions: at
            .field("matchExpressions")
            .map(|list| requirements(sink, &list))
            .unwrap_or_default(),
    }
}

fn as_flow(at: &At<'_>) -> String {
    let entry = |(key, value): (api::yaml::Node<'_>, api::yaml::Node<'_>)| {
        format!("{}: {}", key.text(), value.text())
    };
    format!("{{{}}}", at.node.entries().take(3).map(entry).collect::<Vec<_>>().join(", "))
}

fn requirements(sink: &mut Sink, at: &At<'_>) -> Vec<Requirement> {
    let items = sink.list(at);
    items.iter().filter_map(|item| requirement(sink, item)).collect()
}

fn requirement(sink: &mut Sink, at: &At<'_>) -> Option<Requirement> {
    const OPERATORS: [(&str, Operator); 4] = [
        ("In", Operator::In),
        ("NotIn", Operator::NotIn),
        ("Exists", Operator::Exists),
        ("DoesNotExist", Operator::DoesNotExist),
    ];
    if !sink.object(at, &["key", "operator", "values"], &[]) {
        return None;
    }
    let key = match at.field("key") {
        Some(key) => sink.formed(&key, label_key),
        None => {
            sink.required(at, "key", "the key of a label");
            None
        }
    };
    let values = at.field("values").map(|values| label_values(sink, &values)).unwrap_or_default();
    let operator = match at.field("operator") {
        Some(operator) => sink.word(&operator, &OPERATORS)?,
        None => {
            sink.required(at, "operator", "In, NotIn, Exists or DoesNotExist");
            return None;
        }
    };
    count_of_values(sink, at, operator);
    Some(Requirement { key: key?.into(), operator, values })
}

fn label_values(sink: &mut Sink, at: &At<'_>) -> Vec<Name> {
    let items = sink.list(at);
    items.iter().filter_map(|item| sink.formed(item, label_value).map(Name::new)).collect()
}

fn count_of_values(sink: &mut Sink, at: &At<'_>, operator: Operator) {
    let values = at.field("values");
    let given = values.as_ref().is_some_and(|values| !values.is_empty());
    let place = At { path: format!("{}.values", at.path), ..values.unwrap_or_else(|| at.clone()) };
    match operator {
        Operator::In | Operator::NotIn if !given => {
            sink.error(&place, "Required value: must be specified when `operator` is 'In' or 'NotIn'");
        }
        Operator::Exists | Operator::DoesNotExist if given => {
            sink.error(
                &place,
                "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            );
        }
        _ => {}
    }
}
