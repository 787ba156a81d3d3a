//! What a pod asks for in all (scheduler.md 1.1).
//!
//! Source: `staging/src/k8s.io/component-helpers/resource/helpers.go` and
//! `staging/src/k8s.io/kube-scheduler/framework/types.go` (Resource), v1.36.2.
//! DIFFERENCE: what a pod's status says of resized resources does not count, because no status here carries it; who
//! resizes a pod in place can tell.

use api::Name;
use api::pod::{Container, PodSpec, ResourceList, RestartPolicy};
use serde::{Deserialize, Serialize};
use units::{Bytes, MilliCpu, Quantity};

/// CPU that a container without a request counts for where requests must not be zero.
pub const DEFAULT_MILLI_CPU_REQUEST: MilliCpu = MilliCpu(100);
/// Memory that a container without a request counts for where requests must not be zero: 200 Mi.
pub const DEFAULT_MEMORY_REQUEST: Bytes = Bytes(200 << 20);

const CPU: &str = "cpu";
const MEMORY: &str = "memory";
const EPHEMERAL_STORAGE: &str = "ephemeral-storage";
const HUGE_PAGES: &str = "hugepages-";

/// Whether pod-level requests replace those of the containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodLevel {
    /// They do (nearly everywhere).
    Honoured,
    /// They do not (the score of NodeResourcesFit).
    Ignored,
}

/// Amounts of resources as the scheduler and the kubelet count them. Sums saturate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// CPU.
    pub milli_cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Local ephemeral storage.
    pub ephemeral_storage: Bytes,
    /// Extended resources, huge pages and attachable volumes, by name.
    pub scalars: Vec<(Name, i64)>,
}

impl Resource {
    /// Converts exact amounts: CPU is rounded up to milli, the rest to units; names that nobody counts are dropped.
    pub fn from_list(list: &ResourceList) -> Self {
        let mut resource = Self::default();
        for (name, amount) in list.iter() {
            match name.as_str() {
                CPU => resource.milli_cpu = MilliCpu(amount.milli_value()),
                MEMORY => resource.memory = Bytes(amount.value()),
                EPHEMERAL_STORAGE => resource.ephemeral_storage = Bytes(amount.value()),
                other if is_scalar_resource(other) => resource.scalars.push((name.clone(), amount.value())),
                _ => {}
            }
        }
        resource
    }

    /// The amount of an extended resource (or another scalar); 0 if it is not named.
    pub fn scalar(&self, name: &str) -> i64 {
        self.place(name).map_or(0, |at| self.scalars[at].1)
    }

    /// Adds another's amounts.
    pub fn add(&mut self, other: &Self) {
        self.milli_cpu += other.milli_cpu;
        self.memory += other.memory;
        self.ephemeral_storage += other.ephemeral_storage;
        other.scalars.iter().for_each(|(name, amount)| self.add_scalar(name, *amount));
    }

    /// Takes another's amounts away. A scalar stays named when nothing is left of it.
    pub fn subtract(&mut self, other: &Self) {
        self.milli_cpu -= other.milli_cpu;
        self.memory -= other.memory;
        self.ephemeral_storage -= other.ephemeral_storage;
        other.scalars.iter().for_each(|(name, amount)| self.add_scalar(name, amount.saturating_neg()));
    }

    /// Whether nothing at all is asked for.
    pub fn is_zero(&self) -> bool {
        self.milli_cpu.0 == 0
            && self.memory.0 == 0
            && self.ephemeral_storage.0 == 0
            && self.scalars.is_empty()
    }

    fn add_scalar(&mut self, name: &Name, amount: i64) {
        match self.place(name) {
            Ok(at) => self.scalars[at].1 = self.scalars[at].1.saturating_add(amount),
            Err(at) => self.scalars.insert(at, (name.clone(), amount)),
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.scalars.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }
}

/// What a pod asks for: containers and sidecars at once, init containers one after another, pod-level requests, overhead.
pub fn effective_request(spec: &PodSpec) -> Resource {
    Resource::from_list(&pod_requests(spec, PodLevel::Honoured, &ResourceList::default()))
}

/// What a pod counts for where requests must not be zero (NodeInfo.NonZeroRequested).
pub fn non_zero_request(spec: &PodSpec) -> (MilliCpu, Bytes) {
    let mut defaults = non_zero_defaults();
    if has_pod_level(spec) {
        let plain = pod_requests(spec, PodLevel::Honoured, &ResourceList::default());
        defaults = defaults.iter().filter(|(name, _)| plain.get(name).is_none()).map(owned).collect();
    }
    let resource = Resource::from_list(&pod_requests(spec, PodLevel::Honoured, &defaults));
    (resource.milli_cpu, resource.memory)
}

impl Resource {
    /// What the score of NodeResourcesFit counts an incoming pod for: containers alone, none of them zero.
    pub fn for_scoring(spec: &PodSpec) -> Self {
        Self::from_list(&pod_requests(spec, PodLevel::Ignored, &non_zero_defaults()))
    }
}

fn non_zero_defaults() -> ResourceList {
    let cpu = Quantity::from_milli(DEFAULT_MILLI_CPU_REQUEST.0);
    let memory = Quantity::from_bytes(DEFAULT_MEMORY_REQUEST.0);
    [(Name::new_static(CPU), cpu), (Name::new_static(MEMORY), memory)].into_iter().collect()
}

/// Exact effective requests. `non_missing` stands in, per container, for requests that are not named.
pub fn pod_requests(spec: &PodSpec, level: PodLevel, non_missing: &ResourceList) -> ResourceList {
    let mut requests = containers_request(spec, non_missing);
    if let (PodLevel::Honoured, true, Some(own)) = (level, has_pod_level(spec), &spec.resources) {
        for (name, amount) in own.requests.iter().filter(|(name, _)| is_pod_level(name)) {
            requests.set(name.clone(), amount);
        }
    }
    add_to(&mut requests, &spec.overhead);
    requests
}

fn containers_request(spec: &PodSpec, non_missing: &ResourceList) -> ResourceList {
    let mut sum = ResourceList::default();
    for container in &spec.containers {
        add_to(&mut sum, &container_request(container, non_missing));
    }
    let (mut sidecars, mut highest) = (ResourceList::default(), ResourceList::default());
    for container in &spec.init_containers {
        let mut used = container_request(container, non_missing);
        if container.restart_policy == Some(RestartPolicy::Always) {
            add_to(&mut sum, &used);
            add_to(&mut sidecars, &used);
            used = sidecars.clone();
        } else {
            add_to(&mut used, &sidecars);
        }
        raise_to(&mut highest, &used);
    }
    raise_to(&mut sum, &highest);
    sum
}

fn container_request(container: &Container, non_missing: &ResourceList) -> ResourceList {
    let mut requests = container.resources.requests.clone();
    for (name, amount) in non_missing.iter() {
        if requests.get(name).is_none() {
            requests.set(name.clone(), amount);
        }
    }
    requests
}

fn has_pod_level(spec: &PodSpec) -> bool {
    let own = spec.resources.as_ref().map(|resources| &resources.requests);
    own.is_some_and(|requests| requests.iter().any(|(name, _)| is_pod_level(name)))
}

fn is_pod_level(name: &str) -> bool {
    name == CPU || name == MEMORY || name.starts_with(HUGE_PAGES)
}

fn add_to(list: &mut ResourceList, other: &ResourceList) {
    for (name, amount) in other.iter() {
        let before = list.get(name).unwrap_or_default();
        list.set(name.clone(), before.saturating_add(amount));
    }
}

fn raise_to(list: &mut ResourceList, other: &ResourceList) {
    for (name, amount) in other.iter() {
        if list.get(name).is_none_or(|before| before < amount) {
            list.set(name.clone(), amount);
        }
    }
}

fn owned((name, amount): (&Name, Quantity)) -> (Name, Quantity) {
    (name.clone(), amount)
}

/// Whether a resource is an extended one (`example.com/gpu`).
///
/// Source: `pkg/apis/core/v1/helper/helpers.go` (IsExtendedResourceName), v1.36.2.
pub fn is_extended_resource(name: &str) -> bool {
    let Some((domain, rest)) = name.split_once('/') else { return false };
    // `requests.<name>` must be a qualified name: one slash, a domain of at most 253 bytes, a name of at most 63.
    let qualifies = !domain.is_empty() && !rest.is_empty() && !rest.contains('/');
    let short = domain.len() <= 253 - "requests.".len() && rest.len() <= 63;
    !name.contains("kubernetes.io/") && !name.starts_with("requests.") && qualifies && short
}

/// Whether a resource other than cpu, memory and ephemeral-storage is counted at all.
pub fn is_scalar_resource(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
        || name.contains("kubernetes.io/")
        || name.starts_with("attachable-volumes-")
        || is_extended_resource(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn spec(value: &Value) -> PodSpec {
        PodSpec::from_json(value).unwrap()
    }

    fn container(requests: &Value) -> Value {
        json!({"name": "c", "image": "i", "resources": {"requests": requests}})
    }

    fn sidecar(requests: &Value) -> Value {
        let mut sidecar = container(requests);
        sidecar["restartPolicy"] = "Always".into();
        sidecar
    }

    #[test]
    fn containers_are_summed_and_init_containers_overlap_with_sidecars_alone() {
        let check = |init: Vec<Value>, main: Vec<Value>, milli_cpu: i64| {
            let spec = spec(&json!({"initContainers": init, "containers": main}));
            assert_eq!(effective_request(&spec).milli_cpu.0, milli_cpu, "{init:?} {main:?}");
        };
        let cpu = |amount: &str| json!({"cpu": amount});
        check(vec![], vec![container(&cpu("1")), container(&cpu("500m"))], 1500);
        check(vec![], vec![container(&cpu("1500u")), container(&cpu("1500u"))], 4); // each is read as 2m
        check(vec![container(&cpu("2"))], vec![container(&cpu("500m"))], 2000);
        check(vec![container(&cpu("2"))], vec![container(&cpu("3"))], 3000);
        // scheduler.md 16, item 7.
        let init = vec![container(&cpu("2")), sidecar(&cpu("1")), container(&cpu("1500m"))];
        check(init, vec![container(&cpu("500m"))], 2500);
        check(vec![sidecar(&cpu("1")), sidecar(&cpu("1"))], vec![container(&cpu("500m"))], 2500);
    }

    #[test]
    fn pod_level_requests_replace_and_overhead_comes_on_top() {
        let spec = spec(&json!({
            "containers": [container(&json!({"cpu": "1", "memory": "1Gi", "ephemeral-storage": "5Gi"}))],
            "resources": {"requests": {"cpu": "3"}},
            "overhead": {"cpu": "250m", "memory": "64Mi"},
        }));
        let request = effective_request(&spec);
        assert_eq!(request.milli_cpu.0, 3250);
        assert_eq!(request.memory.0, (1 << 30) + (64 << 20));
        assert_eq!(request.ephemeral_storage.0, 5 << 30);
        assert_eq!(Resource::for_scoring(&spec).milli_cpu.0, 1250);
    }

    #[test]
    fn what_counts_for_nothing_counts_for_the_defaults() {
        let mebi = |spec: &PodSpec| {
            let (cpu, memory) = non_zero_request(spec);
            (cpu.0, memory.0 >> 20)
        };
        let empty = || container(&json!({}));
        assert_eq!(mebi(&spec(&json!({"containers": [empty(), empty()]}))), (200, 400));
        assert_eq!(
            mebi(&spec(&json!({"initContainers": [empty()], "containers": [empty(), empty()]}))),
            (200, 400)
        );
        assert_eq!(mebi(&spec(&json!({"containers": [container(&json!({"cpu": "0"}))]}))), (0, 200));
        let pod_level = json!({"containers": [empty()], "resources": {"requests": {"cpu": "2"}}});
        assert_eq!(mebi(&spec(&pod_level)), (2000, 200));
        assert_eq!(Resource::for_scoring(&spec(&pod_level)).milli_cpu, DEFAULT_MILLI_CPU_REQUEST);
        assert!(effective_request(&spec(&json!({"containers": [empty()]}))).is_zero());
    }

    #[test]
    fn names_of_scalars() {
        let check = |name: &str, scalar, extended| {
            assert_eq!((is_scalar_resource(name), is_extended_resource(name)), (scalar, extended), "{name}");
        };
        check("example.com/gpu", true, true);
        check("requests.example.com/gpu", false, false);
        check("hugepages-2Mi", true, false);
        check("kubernetes.io/batch", true, false);
        check("my.kubernetes.io/batch", true, false);
        check("attachable-volumes-csi-x", true, false);
        check("pods", false, false);
        check("gpu", false, false);
        check("a/b/c", false, false);
    }

    #[test]
    fn scalars_are_added_and_taken_away_by_name() {
        let list = |amount: i64| Resource { scalars: vec![("a/b".into(), amount)], ..Resource::default() };
        let mut sum = list(2);
        sum.add(&list(3));
        sum.add(&Resource { scalars: vec![("a/a".into(), 1)], ..Resource::default() });
        sum.subtract(&list(1));
        assert_eq!((sum.scalar("a/a"), sum.scalar("a/b"), sum.scalar("a/c")), (1, 4, 0));
    }
}
