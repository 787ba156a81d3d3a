//! Admission of pods and nodes, as far as it changes what happens (admission.md 16.1, 16.4; scheduler.md 1).
//!
//! Replicas share their spec, so an admitted spec is remembered by the spec that was asked for: ten thousand pods of
//! one template are admitted once.

use crate::Served;
use api::node::{Node, Taint, TaintEffect};
use api::pod::PodSpec;
use api::{ApiError, Kind, ObjectKey};
use client::Tables;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Specs that were admitted before, by the address of what was asked for. Both are held, so an address stays taken.
/// Looked up, never iterated.
#[derive(Clone, Default)]
pub struct Admission {
    admitted: FxHashMap<usize, (Arc<PodSpec>, Arc<PodSpec>)>,
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Admission({} specs)", self.admitted.len())
    }
}

/// How many admitted specs are remembered before all are forgotten (which changes no result).
const REMEMBERED: usize = 4096;

impl Admission {
    /// The spec as it is stored: with account, priority and default tolerations.
    pub fn admit(&mut self, tables: &Tables, pod: &str, spec: &Arc<PodSpec>) -> Served<Arc<PodSpec>> {
        let address = Arc::as_ptr(spec).addr();
        if let Some((_, admitted)) = self.admitted.get(&address) {
            return Ok(Arc::clone(admitted));
        }
        let mut json = spec.json.clone();
        api::defaults::pod_only(&mut json);
        service_account(&mut json);
        priority(tables, pod, &mut json)?;
        default_tolerations(spec, &mut json);
        let mut admitted = PodSpec::from_json(&Value::Object(json))
            .map_err(|e| ApiError::invalid(Kind::Pod, pod, &[e.to_string()]))?;
        admitted.token_volume = spec.json.get("automountServiceAccountToken") != Some(&Value::Bool(false));
        let admitted = Arc::new(admitted);
        // A spec that nobody else holds cannot come again.
        if Arc::strong_count(spec) > 1 {
            if self.admitted.len() >= REMEMBERED {
                self.admitted.clear();
            }
            self.admitted.insert(address, (Arc::clone(spec), Arc::clone(&admitted)));
        }
        Ok(admitted)
    }
}

fn service_account(spec: &mut Map<String, Value>) {
    let name = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount")).cloned();
    let name = name.filter(|n| n.as_str().is_some_and(|n| !n.is_empty())).unwrap_or_else(|| "default".into());
    spec.insert("serviceAccountName".to_owned(), name.clone());
    spec.insert("serviceAccount".to_owned(), name);
}

/// Priority: className → value. A number that differs from the computed one is taken as given
/// (scheduler.md 1, item 6, recommends that for a simulator).
fn priority(tables: &Tables, pod: &str, spec: &mut Map<String, Value>) -> Served<()> {
    let class = spec.get("priorityClassName").and_then(Value::as_str).filter(|c| !c.is_empty());
    let (value, policy) = match class {
        Some("system-cluster-critical") => (2_000_000_000, None),
        Some("system-node-critical") => (2_000_001_000, None),
        Some(name) => class_named(tables, name).ok_or_else(|| {
            ApiError::forbidden(Kind::Pod, pod, &format!("no PriorityClass with name {name} was found"))
        })?,
        None => match global_default(tables) {
            Some((name, value, policy)) => {
                spec.insert("priorityClassName".to_owned(), name.into());
                (value, policy)
            }
            None => (0, None),
        },
    };
    spec.entry("priority").or_insert_with(|| value.into());
    let policy = policy.unwrap_or_else(|| "PreemptLowerPriority".to_owned());
    spec.entry("preemptionPolicy").or_insert_with(|| policy.into());
    Ok(())
}

fn class_named(tables: &Tables, name: &str) -> Option<(i64, Option<String>)> {
    let class = tables.generic.get(&Kind::PriorityClass)?.get(&ObjectKey::cluster(name))?;
    let policy = class.body.get("preemptionPolicy").and_then(Value::as_str).map(str::to_owned);
    Some((class.body.get("value")?.as_i64()?, policy))
}

/// The class with `globalDefault`, the one of the lowest value if there are several.
fn global_default(tables: &Tables) -> Option<(String, i64, Option<String>)> {
    let classes = tables.generic.get(&Kind::PriorityClass)?;
    let defaults = classes.iter().filter(|c| c.body.get("globalDefault") == Some(&Value::Bool(true)));
    let lowest = defaults.min_by_key(|c| c.body.get("value").and_then(Value::as_i64))?;
    let (value, policy) = class_named(tables, &lowest.meta.name)?;
    Some((lowest.meta.name.to_string(), value, policy))
}

/// DefaultTolerationSeconds: 300 s of `not-ready` and of `unreachable`, unless the pod says something about them.
fn default_tolerations(spec: &PodSpec, json: &mut Map<String, Value>) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let mentioned = spec.tolerations.iter().any(|t| {
            (t.key == key || t.key.is_empty()) && t.effect.is_none_or(|e| e == TaintEffect::NoExecute)
        });
        if !mentioned {
            let toleration =
                json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
            let list = json.entry("tolerations").or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(toleration);
            }
        }
    }
}

/// TaintNodesByCondition: every new node starts with `not-ready:NoSchedule`.
pub fn taint_new_node(node: &mut Node) {
    let key = "node.kubernetes.io/not-ready";
    let there = node.spec.taints.iter().any(|t| t.key == key && t.effect == TaintEffect::NoSchedule);
    if !there {
        let (value, effect) = (api::Name::default(), TaintEffect::NoSchedule);
        node.spec.taints.push(Taint { key: key.into(), value, effect, time_added: None });
    }
}
