//! `apps/v1`: Deployments and ReplicaSets.

use crate::json::{
    Fields, Object, Read, condition_from, condition_to, envelope, meta_from, put, put_nonzero, selector_to,
};
use crate::pod::PodTemplate;
use crate::{Condition, Kind, LabelSelector, Name, ObjectMeta, Resource};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// An absolute number or a percentage (controllers.md 1.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntOrPercent {
    /// A number.
    Int(i32),
    /// Hundredths.
    Percent(i32),
}

impl IntOrPercent {
    /// Reads `3` or `"25%"`.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => text.strip_suffix('%').and_then(|p| p.parse().ok()).map(Self::Percent),
            other => other.as_i64().and_then(|n| i32::try_from(n).ok()).map(Self::Int),
        }
    }
    /// The JSON form.
    pub fn to_json(self) -> Value {
        match self {
            Self::Int(number) => number.into(),
            Self::Percent(percent) => format!("{percent}%").into(),
        }
    }
    /// The number for a total, percentages rounded up.
    pub fn round_up(self, total: i32) -> i32 {
        self.of(total, 99)
    }
    /// The number for a total, percentages rounded down.
    pub fn round_down(self, total: i32) -> i32 {
        self.of(total, 0)
    }
    fn of(self, total: i32, add: i64) -> i32 {
        match self {
            Self::Int(number) => number,
            Self::Percent(percent) => {
                let hundredths = i64::from(percent) * i64::from(total) + add;
                i32::try_from(hundredths.div_euclid(100)).unwrap_or(i32::MAX)
            }
        }
    }
}

/// How a Deployment replaces its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strategy {
    /// All old ones go before the first new one comes.
    Recreate,
    /// Step by step.
    RollingUpdate {
        /// How many more than `replicas` there may be.
        max_surge: IntOrPercent,
        /// How many of `replicas` may be missing.
        max_unavailable: IntOrPercent,
    },
}

/// `spec` of a Deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentSpec {
    /// How many pods.
    pub replicas: i32,
    /// Which pods are its own.
    pub selector: LabelSelector,
    /// What they are made from.
    pub template: Arc<PodTemplate>,
    /// How they are replaced.
    pub strategy: Strategy,
    /// How long a pod must be Ready before it counts as available.
    pub min_ready_seconds: i32,
    /// How many old ReplicaSets are kept.
    pub revision_history_limit: i32,
    /// No rollout for now.
    pub paused: bool,
    /// Without progress for so long, the condition Progressing turns False; `i32::MAX` = never.
    pub progress_deadline_seconds: i32,
}

/// `status` of a Deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeploymentStatus {
    /// The generation it was computed from.
    pub observed_generation: i64,
    /// Pods of all ReplicaSets.
    pub replicas: i32,
    /// Pods of the new ReplicaSet.
    pub updated_replicas: i32,
    /// Ready pods.
    pub ready_replicas: i32,
    /// Available pods.
    pub available_replicas: i32,
    /// Desired, but not available.
    pub unavailable_replicas: i32,
    /// Being deleted and not yet ended; absent before the first sync.
    pub terminating_replicas: Option<i32>,
    /// Hash collisions so far.
    pub collision_count: Option<i32>,
    /// Available, Progressing, ReplicaFailure.
    pub conditions: Vec<Condition>,
}

/// A Deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Metadata.
    pub meta: ObjectMeta,
    /// Desired state.
    pub spec: Arc<DeploymentSpec>,
    /// What its controller last saw.
    pub status: DeploymentStatus,
}

/// `spec` of a ReplicaSet.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaSetSpec {
    /// How many pods.
    pub replicas: i32,
    /// How long a pod must be Ready before it counts as available.
    pub min_ready_seconds: i32,
    /// Which pods are its own.
    pub selector: Arc<LabelSelector>,
    /// What they are made from.
    pub template: Arc<PodTemplate>,
}

/// `status` of a ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaSetStatus {
    /// The generation it was computed from.
    pub observed_generation: i64,
    /// Active pods.
    pub replicas: i32,
    /// Those that carry all labels of the template.
    pub fully_labeled_replicas: i32,
    /// Ready pods.
    pub ready_replicas: i32,
    /// Available pods.
    pub available_replicas: i32,
    /// Being deleted and not yet ended; absent before the first sync.
    pub terminating_replicas: Option<i32>,
    /// ReplicaFailure.
    pub conditions: Vec<Condition>,
}

/// A ReplicaSet.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaSet {
    /// Metadata.
    pub meta: ObjectMeta,
    /// Desired state.
    pub spec: ReplicaSetSpec,
    /// What its controller last saw.
    pub status: ReplicaSetStatus,
}

fn strategy_from(f: &Fields<'_>) -> Read<Strategy> {
    if f.text("type")? == Some("Recreate") {
        return Ok(Strategy::Recreate);
    }
    let rolling = f.fields("rollingUpdate")?;
    let number = |name: &str| match rolling.get(name) {
        None => Ok(IntOrPercent::Percent(25)),
        Some(value) => IntOrPercent::from_json(value).ok_or_else(|| {
            rolling.error(name, format!("Invalid value: {value}: must be an integer or a percentage"))
        }),
    };
    Ok(Strategy::RollingUpdate { max_surge: number("maxSurge")?, max_unavailable: number("maxUnavailable")? })
}

fn strategy_to(strategy: Strategy) -> Value {
    match strategy {
        Strategy::Recreate => json!({"type": "Recreate"}),
        Strategy::RollingUpdate { max_surge, max_unavailable } => json!({
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": max_surge.to_json(), "maxUnavailable": max_unavailable.to_json()},
        }),
    }
}

impl Resource for Deployment {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
    fn from_fields(f: &Fields<'_>) -> Read<Self> {
        let (spec, status) = (f.fields("spec")?, f.fields("status")?);
        Ok(Self {
            meta: meta_from(f)?,
            spec: Arc::new(DeploymentSpec {
                replicas: spec.int32("replicas")?.unwrap_or(1),
                selector: spec.label_selector("selector")?.unwrap_or_default(),
                template: Arc::new(PodTemplate::from_fields(&spec.fields("template")?)?),
                strategy: strategy_from(&spec.fields("strategy")?)?,
                min_ready_seconds: spec.int32("minReadySeconds")?.unwrap_or_default(),
                revision_history_limit: spec.int32("revisionHistoryLimit")?.unwrap_or(10),
                paused: spec.flag("paused")?,
                progress_deadline_seconds: spec.int32("progressDeadlineSeconds")?.unwrap_or(600),
            }),
            status: deployment_status_from(&status)?,
        })
    }
    fn to_json(&self) -> Value {
        let mut spec = Object::new();
        spec.insert("replicas".to_owned(), self.spec.replicas.into());
        put(&mut spec, "selector", selector_to(&self.spec.selector));
        put(&mut spec, "template", self.spec.template.to_json());
        put(&mut spec, "strategy", strategy_to(self.spec.strategy));
        put_nonzero(&mut spec, "minReadySeconds", self.spec.min_ready_seconds);
        spec.insert("revisionHistoryLimit".to_owned(), self.spec.revision_history_limit.into());
        put_nonzero(&mut spec, "paused", self.spec.paused);
        spec.insert("progressDeadlineSeconds".to_owned(), self.spec.progress_deadline_seconds.into());
        let mut object = envelope(Kind::Deployment, &self.meta);
        object.insert("spec".to_owned(), Value::Object(spec));
        object.insert("status".to_owned(), deployment_status_to(&self.status));
        Value::Object(object)
    }
}

fn deployment_status_from(f: &Fields<'_>) -> Read<DeploymentStatus> {
    let number = |name| Ok(f.int32(name)?.unwrap_or_default());
    Ok(DeploymentStatus {
        observed_generation: f.int("observedGeneration")?.unwrap_or_default(),
        replicas: number("replicas")?,
        updated_replicas: number("updatedReplicas")?,
        ready_replicas: number("readyReplicas")?,
        available_replicas: number("availableReplicas")?,
        unavailable_replicas: number("unavailableReplicas")?,
        terminating_replicas: f.int32("terminatingReplicas")?,
        collision_count: f.int32("collisionCount")?,
        conditions: f.list("conditions", |c| condition_from(c, "lastUpdateTime"))?,
    })
}

fn deployment_status_to(status: &DeploymentStatus) -> Value {
    let mut s = Object::new();
    put_nonzero(&mut s, "observedGeneration", status.observed_generation);
    put_nonzero(&mut s, "replicas", status.replicas);
    put_nonzero(&mut s, "updatedReplicas", status.updated_replicas);
    put_nonzero(&mut s, "readyReplicas", status.ready_replicas);
    put_nonzero(&mut s, "availableReplicas", status.available_replicas);
    put_nonzero(&mut s, "unavailableReplicas", status.unavailable_replicas);
    put(&mut s, "terminatingReplicas", status.terminating_replicas.map_or(Value::Null, Value::from));
    put(&mut s, "collisionCount", status.collision_count.map_or(Value::Null, Value::from));
    put(
        &mut s,
        "conditions",
        status.conditions.iter().map(|c| condition_to(c, "lastUpdateTime")).collect::<Value>(),
    );
    Value::Object(s)
}

impl Resource for ReplicaSet {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
    fn from_fields(f: &Fields<'_>) -> Read<Self> {
        let (spec, status) = (f.fields("spec")?, f.fields("status")?);
        let number = |name| Ok(status.int32(name)?.unwrap_or_default());
        Ok(Self {
            meta: meta_from(f)?,
            spec: ReplicaSetSpec {
                replicas: spec.int32("replicas")?.unwrap_or(1),
                min_ready_seconds: spec.int32("minReadySeconds")?.unwrap_or_default(),
                selector: Arc::new(spec.label_selector("selector")?.unwrap_or_default()),
                template: Arc::new(PodTemplate::from_fields(&spec.fields("template")?)?),
            },
            status: ReplicaSetStatus {
                observed_generation: status.int("observedGeneration")?.unwrap_or_default(),
                replicas: number("replicas")?,
                fully_labeled_replicas: number("fullyLabeledReplicas")?,
                ready_replicas: number("readyReplicas")?,
                available_replicas: number("availableReplicas")?,
                terminating_replicas: status.int32("terminatingReplicas")?,
                conditions: status.list("conditions", |c| condition_from(c, "lastUpdateTime"))?,
            },
        })
    }
    fn to_json(&self) -> Value {
        let mut spec = Object::new();
        spec.insert("replicas".to_owned(), self.spec.replicas.into());
        put_nonzero(&mut spec, "minReadySeconds", self.spec.min_ready_seconds);
        put(&mut spec, "selector", selector_to(&self.spec.selector));
        put(&mut spec, "template", self.spec.template.to_json());
        let mut object = envelope(Kind::ReplicaSet, &self.meta);
        object.insert("spec".to_owned(), Value::Object(spec));
        object.insert("status".to_owned(), replica_set_status_to(&self.status));
        Value::Object(object)
    }
}

fn replica_set_status_to(status: &ReplicaSetStatus) -> Value {
    let mut s = Object::new();
    // The only counter that the API shows even if it is zero.
    s.insert("replicas".to_owned(), status.replicas.into());
    put_nonzero(&mut s, "fullyLabeledReplicas", status.fully_labeled_replicas);
    put_nonzero(&mut s, "readyReplicas", status.ready_replicas);
    put_nonzero(&mut s, "availableReplicas", status.available_replicas);
    put(&mut s, "terminatingReplicas", status.terminating_replicas.map_or(Value::Null, Value::from));
    put_nonzero(&mut s, "observedGeneration", status.observed_generation);
    put(
        &mut s,
        "conditions",
        status.conditions.iter().map(|c| condition_to(c, "lastUpdateTime")).collect::<Value>(),
    );
    Value::Object(s)
}

/// The label that tells a Deployment's ReplicaSets apart.
pub const POD_TEMPLATE_HASH: Name = Name::new_static("pod-template-hash");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_their_field_says() {
        let quarter = IntOrPercent::Percent(25);
        for (total, up, down) in [(1, 1, 0), (4, 1, 1), (5, 2, 1), (10, 3, 2), (100, 25, 25), (0, 0, 0)] {
            assert_eq!((quarter.round_up(total), quarter.round_down(total)), (up, down), "{total}");
        }
        assert_eq!(IntOrPercent::from_json(&json!("25%")), Some(quarter));
        assert_eq!(IntOrPercent::from_json(&json!("x%")), None);
    }
}
