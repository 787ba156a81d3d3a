//! What schedulers, kubelets and the node lifecycle controller write: bindings, statuses, taints, leases.

use crate::{ApiServer, Served, Serving, conditions};
use api::coordination::Lease;
use api::node::NodeStatus;
use api::pod::{Pod, PodStatus};
use api::{ApiError, Condition, Kind, Name, Object, ObjectKey, ObjectMeta, Uid};
use std::sync::Arc;

/// Conditions that a kubelet owns; others stay as they are stored (kubelet.md 2.5).
const KUBELET_CONDITIONS: [&str; 9] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
    "PodResizePending",
    "PodResizeInProgress",
    "AllContainersRestarting",
    "DisruptionTarget",
];

/// `leaseDurationSeconds` of a kubelet (kubelet.md 9.3).
const LEASE_SECONDS: i32 = 40;

impl ApiServer {
    fn pod(&self, key: &ObjectKey) -> Served<Arc<Pod>> {
        self.tables.pods.get(key).cloned().ok_or_else(|| ApiError::not_found(Kind::Pod, &key.name))
    }

    /// The binding subresource (scheduler.md 1, item 15).
    pub(crate) fn bind(&mut self, s: &mut Serving, key: &ObjectKey, uid: Uid, node: Name) -> Served<()> {
        let old = self.pod(key)?;
        let name = &key.name;
        if old.meta.uid != uid {
            return Err(ApiError::uid_conflict(Kind::Pod, name, uid, old.meta.uid));
        }
        let because = if old.meta.is_deleting() {
            Some(format!("pod {name} is being deleted, cannot be assigned to a host"))
        } else if old.is_bound() {
            Some(format!("pod {name} is already assigned to node \"{}\"", old.node_name))
        } else if !old.spec.scheduling_gates.is_empty() {
            Some(format!("pod {name} has non-empty .spec.schedulingGates"))
        } else {
            None
        };
        if let Some(because) = because {
            let message = format!("Operation cannot be fulfilled on pods/binding \"{name}\": {because}");
            return Err(ApiError::new(api::Reason::Conflict, message));
        }
        let mut pod = (*old).clone();
        self.copy_topology_labels(&mut pod, &node);
        pod.node_name = node;
        pod.status.nominated_node_name = Name::default();
        conditions::set(&mut pod.status.conditions, conditions::scheduled(s.stamp));
        self.commit(s, pod.into(), false);
        Ok(())
    }

    /// A kubelet's GET and PATCH of a pod's status.
    pub(crate) fn patch_pod_status(
        &mut self,
        s: &mut Serving,
        key: &ObjectKey,
        uid: Uid,
        mut status: PodStatus,
    ) -> Served<Object> {
        let old = self.pod(key)?;
        if old.meta.uid != uid {
            return Err(ApiError::not_found(Kind::Pod, &key.name));
        }
        let of_others = old.status.conditions.iter().filter(|c| {
            !KUBELET_CONDITIONS.contains(&c.kind.as_str())
                || (c.kind == "DisruptionTarget" && !status.conditions.iter().any(|n| n.kind == c.kind))
        });
        let mut all: Vec<Condition> = of_others.cloned().collect();
        all.append(&mut status.conditions);
        status.conditions = all;
        status.nominated_node_name = old.status.nominated_node_name.clone();
        let new = Pod { status, ..(*old).clone() };
        Ok(self.commit_if_changed(s, &Object::Pod(old), new.into()))
    }

    /// Sets one condition of a pod.
    pub(crate) fn patch_pod_condition(
        &mut self,
        s: &mut Serving,
        key: &ObjectKey,
        uid: Uid,
        condition: Condition,
        nominated_node_name: Option<Name>,
    ) -> Served<Object> {
        let old = self.pod(key)?;
        if old.meta.uid != uid {
            return Err(ApiError::uid_conflict(Kind::Pod, &key.name, uid, old.meta.uid));
        }
        let mut pod = (*old).clone();
        conditions::set(&mut pod.status.conditions, condition);
        if let Some(node) = nominated_node_name {
            pod.status.nominated_node_name = node;
        }
        Ok(self.commit_if_changed(s, &Object::Pod(old), pod.into()))
    }

    /// A kubelet's patch of its node's status. A report that changes nothing but heartbeat times is quiet.
    pub(crate) fn patch_node_status(
        &mut self,
        s: &mut Serving,
        node: Name,
        status: NodeStatus,
    ) -> Served<Object> {
        let old = self.stored(Kind::Node, &ObjectKey::cluster(node))?;
        let mut new = old.clone();
        if let Object::Node(node) = &mut new {
            Arc::make_mut(node).status = status;
        }
        if differs_in_heartbeats_only(&old, &new) {
            return Ok(self.commit_quietly(s, new));
        }
        Ok(self.commit_if_changed(s, &old, new))
    }

    /// Renews a node's lease; creates it if it is missing (and its Node is there, which then owns it).
    pub(crate) fn renew_lease(&mut self, s: &mut Serving, key: &ObjectKey, holder: Name) -> Served<Object> {
        let renewed = self.clock.micro_time(s.now);
        if let Some(old) = self.tables.leases.get(key) {
            let mut lease = (**old).clone();
            lease.renew_time = Some(renewed);
            if lease.holder != holder {
                lease.holder = holder;
                return Ok(self.commit(s, lease.into(), false));
            }
            return Ok(self.commit_quietly(s, lease.into()));
        }
        let node = self.stored(Kind::Node, &ObjectKey::cluster(key.name.clone()))?;
        let mut meta = ObjectMeta::named(key.namespace.clone(), key.name.clone());
        let mut owner = api::OwnerReference::controller(Kind::Node, &node.meta().name, node.meta().uid);
        (owner.controller, owner.block_owner_deletion) = (false, false);
        meta.owners = vec![owner].into();
        let lease = Lease {
            meta,
            holder,
            duration_seconds: LEASE_SECONDS,
            acquire_time: None,
            renew_time: Some(renewed),
            transitions: None,
        };
        self.create(s, lease.into())
    }
}

fn differs_in_heartbeats_only(old: &Object, new: &Object) -> bool {
    let (Object::Node(old), Object::Node(new)) = (old, new) else { return false };
    if old.status == new.status {
        return false;
    }
    let mut report = new.status.clone();
    for (condition, before) in report.conditions.iter_mut().zip(&old.status.conditions) {
        if condition.kind == before.kind {
            condition.last_update = before.last_update;
        }
    }
    report == old.status
}
