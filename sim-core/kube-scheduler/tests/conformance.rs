//! What the real scheduler framework answered on random small clusters, as far as the plugins that exist decide it.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)] // tests read files and say what they skip

mod common;

use common::{Manifests, shared};
use kube_scheduler::{Explanation, Options, Order, Placement, schedule_all};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Whether a case needs a plugin that does not exist yet.
fn is_in_scope(path: &Path, manifests: &Manifests) -> bool {
    let other = ["Namespace", "ConfigMap", "Secret", "RuntimeClass", "PriorityClass"];
    let needs_others = manifests.others.iter().any(|kind| !other.contains(&kind.as_str()));
    let pod_terms = manifests.pods.iter().any(|pod| pod.spec.affinity.has_pod_terms);
    let priorities = manifests.pods.iter().any(|pod| pod.spec.priority != 0);
    let status = |pod: &Value| {
        pod["status"].get("resources").is_some() || pod["status"].get("containerStatuses").is_some()
    };
    let resized = manifests.json.iter().any(status);
    let volumes = manifests.json.iter().any(|pod| {
        let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        volumes
            .into_iter()
            .any(|v| !["image", "emptyDir", "configMap", "secret"].iter().any(|k| v.get(k).is_some()))
    });
    let config = path.with_extension("").with_extension("config.yaml").exists();
    !(needs_others || pod_terms || priorities || resized || volumes || config)
}

fn answer(placement: &Placement) -> Value {
    let mut answer = Map::new();
    answer.insert("pod".into(), placement.pod.to_string().into());
    answer.insert("attempt".into(), 1.into());
    answer.insert("node".into(), placement.node.as_ref().map_or(Value::Null, |node| node.as_str().into()));
    if !placement.message.is_empty() {
        answer.insert("message".into(), placement.message.clone().into());
    }
    let nodes = placement.explanation.as_ref().map(nodes).unwrap_or_default();
    answer.insert("nodes".into(), Value::Object(nodes));
    Value::Object(answer)
}

fn nodes(explanation: &Explanation) -> Map<String, Value> {
    let mut nodes = Map::new();
    for (name, verdict) in &explanation.rejected {
        let reasons: Vec<&str> = verdict.reasons.iter().map(|reason| reason.as_str()).collect();
        let filter = json!({"code": verdict.code.as_str(), "plugin": verdict.plugin, "reasons": reasons});
        nodes.insert(name.to_string(), json!({"filter": filter}));
    }
    for (name, scores) in &explanation.scored {
        let mut by_plugin = Map::new();
        for (plugin, [raw, normalized, weighted]) in &scores.plugins {
            if [raw, normalized, weighted].iter().any(|score| **score != 0) {
                by_plugin.insert(
                    (*plugin).into(),
                    json!({"raw": raw, "normalized": normalized, "weighted": weighted}),
                );
            }
        }
        nodes.insert(
            name.to_string(),
            json!({"filter": {"code": "Success"}, "scores": by_plugin, "total": scores.total}),
        );
    }
    nodes
}

/// The first difference, if there is one.
fn difference(path: &Path, manifests: Manifests) -> Option<String> {
    let expected = std::fs::read(path.with_extension("").with_extension("expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let options = Options {
        order: Order::Queue,
        services: manifests.services,
        owners: manifests.owners,
        explain: true,
        ..Options::default()
    };
    let placements = schedule_all(manifests.nodes, manifests.pods, options);
    let answers: BTreeMap<String, Value> =
        placements.iter().map(|p| (p.pod.to_string(), answer(p))).collect();
    let pods = expected["pods"].as_array().unwrap();
    let ungated = pods.iter().filter(|pod| pod.get("gated").is_none());
    let mut compared = 0;
    let found = ungated.clone().find_map(|pod| {
        compared += 1;
        pod_difference(pod, answers.get(pod["pod"].as_str().unwrap()))
    });
    assert!(found.is_some() || compared == ungated.count());
    found
}

fn pod_difference(expected: &Value, answer: Option<&Value>) -> Option<String> {
    let name = &expected["pod"];
    let Some(answer) = answer else { return Some(format!("{name}: no answer")) };
    for key in ["node", "message", "attempt"] {
        if answer.get(key) != expected.get(key) {
            return Some(format!("{name}: expected {}, got {}", expected[key], answer[key]));
        }
    }
    let empty = Map::new();
    let nodes = |pod: &Value| pod["nodes"].as_object().unwrap_or(&empty).clone();
    let (expected, answer) = (nodes(expected), nodes(answer));
    if expected.len() != answer.len() {
        return Some(format!("{name}: expected {} nodes, got {}", expected.len(), answer.len()));
    }
    let wrong = expected.iter().find(|(node, verdict)| answer.get(node.as_str()) != Some(verdict));
    wrong.map(|(node, verdict)| format!("{name} on {node}: expected {verdict}, got {:?}", answer.get(node)))
}

#[test]
fn cases_of_the_real_framework() {
    let Some(folder) = shared("conformance/scheduler") else { return };
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| {
        path.extension().is_some_and(|e| e == "yaml")
            && path.file_stem().is_some_and(|s| !s.to_string_lossy().contains('.'))
    });
    cases.sort();
    let (mut tried, mut wrong) = (0, Vec::new());
    for path in &cases {
        let mut manifests = Manifests::default();
        manifests.read(path);
        if !is_in_scope(path, &manifests) {
            continue;
        }
        tried += 1;
        wrong.extend(
            difference(path, manifests)
                .map(|text| format!("{}: {text}", path.file_name().unwrap().to_string_lossy())),
        );
    }
    eprintln!("{tried} of {} cases are in scope", cases.len());
    assert!(tried > 0);
    assert!(wrong.is_empty(), "{} of {tried} differ:\n{}", wrong.len(), wrong.join("\n"));
}
