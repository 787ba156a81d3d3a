//! Arithmetic over ReplicaSets: sizes, revisions, annotations, fenceposts (controllers.md 3.3 and 3.4).
//!
//! Source: `pkg/controller/deployment/util/deployment_util.go`, v1.36.2.

use api::apps::{Deployment, DeploymentSpec, POD_TEMPLATE_HASH, ReplicaSet, Strategy};
use api::pod::PodTemplate;
use std::sync::Arc;

pub const REVISION: &str = "deployment.kubernetes.io/revision";
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";
pub const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Longest list of earlier revisions.
const HISTORY_LENGTH: usize = 2000;

/// Whether it is to have pods.
pub fn is_active(set: &ReplicaSet) -> bool {
    set.spec.replicas > 0
}

/// Σ `spec.replicas`.
pub fn wanted<'a>(sets: impl IntoIterator<Item = &'a Arc<ReplicaSet>>) -> i32 {
    sets.into_iter().map(|set| set.spec.replicas).fold(0, i32::saturating_add)
}

/// Σ `status.availableReplicas`.
pub fn available<'a>(sets: impl IntoIterator<Item = &'a Arc<ReplicaSet>>) -> i32 {
    sets.into_iter().map(|set| set.status.available_replicas).fold(0, i32::saturating_add)
}

/// Σ `status.replicas`.
pub fn actual<'a>(sets: impl IntoIterator<Item = &'a Arc<ReplicaSet>>) -> i32 {
    sets.into_iter().map(|set| set.status.replicas).fold(0, i32::saturating_add)
}

/// By creation, then by name.
pub fn oldest_first(sets: &[Arc<ReplicaSet>]) -> Vec<Arc<ReplicaSet>> {
    let mut sets = sets.to_vec();
    sets.sort_by(|a, b| age(a).cmp(&age(b)));
    sets
}

/// What ReplicaSets are ordered by.
pub fn age(set: &ReplicaSet) -> (units::Timestamp, &api::Name) {
    (set.meta.creation, &set.meta.name)
}

fn number(set: &ReplicaSet, annotation: &str) -> Option<i32> {
    set.meta.annotations.get(annotation).and_then(|text| text.parse().ok())
}

/// The Deployment's size for which it was sized.
pub fn desired(set: &ReplicaSet) -> Option<i32> {
    number(set, DESIRED_REPLICAS)
}

/// Size and surge for which it was sized.
pub fn maximum(set: &ReplicaSet) -> Option<i32> {
    number(set, MAX_REPLICAS)
}

/// Its revision; 0 if it has none.
pub fn revision(set: &ReplicaSet) -> i64 {
    set.meta.annotations.get(REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Whether two templates differ in the hash label at most.
pub fn same_template(a: &PodTemplate, b: &PodTemplate) -> bool {
    let labels = |t: &PodTemplate| t.labels.without(&POD_TEMPLATE_HASH);
    (a.labels.same(&b.labels) || labels(a) == labels(b))
        && a.annotations == b.annotations
        && a.finalizers == b.finalizers
        && (Arc::ptr_eq(&a.spec, &b.spec) || a.spec == b.spec)
}

/// Surge and how many may be missing; never both 0.
fn fenceposts(spec: &DeploymentSpec) -> (i32, i32) {
    match spec.strategy {
        Strategy::Recreate => (0, 0),
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            let (surge, missing) =
                (max_surge.round_up(spec.replicas), max_unavailable.round_down(spec.replicas));
            if surge == 0 && missing == 0 { (0, 1) } else { (surge, missing) }
        }
    }
}

/// How many more than `replicas` there may be.
pub fn max_surge(spec: &DeploymentSpec) -> i32 {
    fenceposts(spec).0
}

/// How many of `replicas` may be missing.
pub fn max_unavailable(spec: &DeploymentSpec) -> i32 {
    if spec.replicas == 0 { 0 } else { fenceposts(spec).1.min(spec.replicas) }
}

/// How many of `replicas` there must be.
pub fn min_available(spec: &DeploymentSpec) -> i32 {
    spec.replicas.saturating_sub(max_unavailable(spec))
}

/// The size that the new ReplicaSet may have beside all others (`total` is its own size and theirs).
pub fn new_size(spec: &DeploymentSpec, new: i32, total: i32) -> i32 {
    let Strategy::RollingUpdate { max_surge, .. } = spec.strategy else { return spec.replicas };
    let maximum = spec.replicas.saturating_add(max_surge.round_up(spec.replicas));
    if total >= maximum {
        return new;
    }
    new.saturating_add((maximum - total).min(spec.replicas - new))
}

/// Puts the Deployment's size onto a ReplicaSet; whether that changes anything.
pub fn set_sizes(set: &mut ReplicaSet, spec: &DeploymentSpec) -> bool {
    let (desired, maximum) = (spec.replicas, spec.replicas.saturating_add(max_surge(spec)));
    if number(set, DESIRED_REPLICAS) == Some(desired) && number(set, MAX_REPLICAS) == Some(maximum) {
        return false;
    }
    let annotations = set.meta.annotations.with(DESIRED_REPLICAS, desired.to_string());
    set.meta.annotations = annotations.with(MAX_REPLICAS, maximum.to_string());
    true
}

/// Annotations that stay where they are.
pub fn is_private(annotation: &str) -> bool {
    let private = [LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO];
    private.contains(&annotation)
}

/// Puts the Deployment's annotations and a revision onto the new ReplicaSet; whether that changes anything.
/// The revision is only ever raised; an earlier one goes into the history.
pub fn annotate(set: &mut ReplicaSet, deployment: &Deployment, new_revision: i64) -> bool {
    let before = set.meta.annotations.clone();
    for (key, value) in deployment.meta.annotations.iter().filter(|(key, _)| !is_private(key)) {
        if set.meta.annotations.get(key) != Some(value) {
            set.meta.annotations = set.meta.annotations.with(key.clone(), value.clone());
        }
    }
    let text = set.meta.annotations.get(REVISION).cloned();
    let old = match text.as_deref() {
        None | Some("") => 0,
        Some(text) => match text.parse::<i64>() {
            Ok(old) => old,
            // What is no number is left alone, and so is everything else.
            Err(_) => return false,
        },
    };
    if old < new_revision {
        set.meta.annotations = set.meta.annotations.with(REVISION, new_revision.to_string());
        if let Some(text) = text {
            let history = set.meta.annotations.get(REVISION_HISTORY).map_or("", |h| h.as_str());
            set.meta.annotations = set.meta.annotations.with(REVISION_HISTORY, history_with(history, &text));
        }
    }
    set.meta.annotations != before
}

/// A list of earlier revisions with another one; the oldest go when it gets too long.
fn history_with(history: &str, revision: &str) -> String {
    let mut entries: Vec<&str> = history.split(',').filter(|entry| !entry.is_empty()).collect();
    let mut length = history.len() + revision.len() + 1;
    while length > HISTORY_LENGTH && !entries.is_empty() {
        length -= entries.remove(0).len() + 1;
    }
    entries.push(revision);
    entries.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{deployment, replica_set};
    use api::apps::IntOrPercent::{self, Int, Percent};

    fn spec(replicas: i32, max_surge: IntOrPercent, max_unavailable: IntOrPercent) -> DeploymentSpec {
        let strategy = Strategy::RollingUpdate { max_surge, max_unavailable };
        DeploymentSpec { replicas, strategy, ..DeploymentSpec::clone(&deployment("web", 1).spec) }
    }

    #[test]
    fn surge_rounds_up_and_unavailable_down() {
        let check = |replicas, surge, missing, expect| {
            let spec = spec(replicas, surge, missing);
            assert_eq!((max_surge(&spec), max_unavailable(&spec)), expect, "{replicas}");
        };
        let quarter = Percent(25);
        for (replicas, expect) in
            [(1, (1, 0)), (2, (1, 0)), (3, (1, 0)), (4, (1, 1)), (5, (2, 1)), (10, (3, 2)), (100, (25, 25))]
        {
            check(replicas, quarter, quarter, expect);
        }
        check(0, quarter, quarter, (0, 0));
        check(4, Int(0), Int(0), (0, 1));
        check(4, Int(0), Percent(10), (0, 1));
        check(3, Int(0), Int(5), (0, 3));
        // No API server lets it through; the arithmetic holds out all the same.
        check(3, Percent(i32::MAX), Int(i32::MIN), (64_424_510, i32::MIN));
        assert_eq!(min_available(&spec(3, Int(1), Int(i32::MIN))), i32::MAX);
        let recreate = DeploymentSpec { strategy: Strategy::Recreate, ..spec(4, quarter, quarter) };
        assert_eq!((max_surge(&recreate), max_unavailable(&recreate)), (0, 0));
        assert_eq!(new_size(&recreate, 0, 9), 4);
    }

    #[test]
    fn the_new_set_takes_what_the_others_leave() {
        let spec = spec(10, Percent(25), Percent(25));
        for (new, total, expect) in
            [(0, 10, 3), (3, 11, 5), (5, 13, 5), (5, 8, 10), (8, 8, 10), (0, 0, 10), (2, 20, 2)]
        {
            assert_eq!(new_size(&spec, new, total), expect, "{new} of {total}");
        }
    }

    #[test]
    fn revisions_are_raised_and_remembered() {
        let check = |present: &[(&str, &str)], revision, expect: &[(&str, &str)], changed| {
            let mut set = replica_set("web-1", 1, &deployment("web", 1));
            set.meta.annotations = present.iter().copied().collect();
            assert_eq!(annotate(&mut set, &deployment("web", 1), revision), changed, "{present:?}");
            assert_eq!(set.meta.annotations, expect.iter().copied().collect());
        };
        check(&[], 1, &[(REVISION, "1")], true);
        check(&[(REVISION, "3")], 2, &[(REVISION, "3")], false);
        check(&[(REVISION, "1")], 3, &[(REVISION, "3"), (REVISION_HISTORY, "1")], true);
        let (before, after) =
            ([(REVISION, "3"), (REVISION_HISTORY, "1")], [(REVISION, "5"), (REVISION_HISTORY, "1,3")]);
        check(&before, 5, &after, true);
        check(&[(REVISION, "x")], 5, &[(REVISION, "x")], false);
    }

    #[test]
    fn long_histories_lose_their_oldest_entries() {
        let long = (1000..1399).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let after = history_with(&long, "123456");
        assert!(
            after.len() <= HISTORY_LENGTH && after.starts_with("1001,") && after.ends_with(",1398,123456")
        );
    }

    #[test]
    fn the_deployments_annotations_are_copied_but_for_the_private_ones() {
        let mut deployment = deployment("web", 1);
        deployment.meta.annotations =
            [(LAST_APPLIED, "{}"), (REVISION, "7"), ("team", "a"), (ROLLBACK_TO, "1")].into_iter().collect();
        let mut set = replica_set("web-1", 1, &deployment);
        set.meta.annotations = Default::default();
        assert!(annotate(&mut set, &deployment, 1));
        assert_eq!(set.meta.annotations, [(REVISION, "1"), ("team", "a")].into_iter().collect());
        assert!(set_sizes(&mut set, &deployment.spec));
        assert!(!set_sizes(&mut set, &deployment.spec));
    }

    #[test]
    fn templates_are_compared_without_their_hash() {
        let deployment = deployment("web", 1);
        let template = PodTemplate::clone(&deployment.spec.template);
        let with = |labels: &[(&str, &str)]| PodTemplate {
            labels: labels.iter().copied().collect(),
            ..template.clone()
        };
        assert!(same_template(&template, &with(&[("app", "web"), ("pod-template-hash", "x")])));
        assert!(!same_template(&template, &with(&[("app", "api")])));
        let annotated = PodTemplate { annotations: [("a", "b")].into_iter().collect(), ..template.clone() };
        assert!(!same_template(&template, &annotated));
    }
}
