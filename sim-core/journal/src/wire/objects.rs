//! The typed objects.

use super::{Sink, Source, Wire};
use crate::error::Read;
use api::apps::{
    Deployment, DeploymentSpec, DeploymentStatus, IntOrPercent, ReplicaSet, ReplicaSetSpec, ReplicaSetStatus,
    Strategy,
};
use api::coordination::Lease;
use api::core::{Namespace, Service};
use api::discovery::{Endpoint, EndpointPort, EndpointSlice};
use api::event::{Action, Event, EventForm, EventType};
use api::generic::Generic;
use api::node::{Node, NodeImage, NodeSpec, NodeStatus, Taint, TaintEffect};
use api::pod::{ContainerState, ContainerStatus, Phase, Pod, PodStatus, Terminated};
use api::{Kind, Object};
use std::sync::Arc;

wire_struct!(Pod { meta, node_name, status, spec });
wire_struct!(PodStatus {
    conditions,
    container_statuses,
    phase,
    observed_generation,
    host_ip,
    pod_ip,
    start_time,
    init_container_statuses,
    reason,
    message,
    nominated_node_name,
    resources_reported,
});
wire_enum!(Phase { 0 = Pending, 1 = Running, 2 = Succeeded, 3 = Failed, 4 = Unknown });
wire_struct!(ContainerStatus {
    state,
    ready,
    started,
    restart_count,
    container_id,
    last_termination,
    image_known,
    image,
    name,
});
wire_enum!(ContainerState { 0 = Waiting { reason, message }, 1 = Running { started_at }, 2 = Terminated(ended) });
wire_struct!(Terminated { exit_code, reason, message, started_at, finished_at, container_id });

wire_struct!(Node { meta, spec, status });
wire_struct!(NodeSpec { unschedulable, taints, pod_cidr, rest });
wire_struct!(NodeStatus { capacity, allocatable, conditions, internal_ip, images, rest });
wire_struct!(NodeImage { names, size_bytes });
wire_struct!(Taint { key, value, effect, time_added });
wire_enum!(TaintEffect { 0 = NoSchedule, 1 = PreferNoSchedule, 2 = NoExecute });

wire_struct!(Namespace { meta, finalizers, terminating });
wire_struct!(Service { meta, spec, status });

wire_struct!(Deployment { meta, status, spec });
wire_struct!(DeploymentStatus {
    observed_generation,
    replicas,
    updated_replicas,
    ready_replicas,
    available_replicas,
    unavailable_replicas,
    terminating_replicas,
    collision_count,
    conditions,
});
wire_struct!(DeploymentSpec {
    replicas,
    template,
    paused,
    strategy,
    selector,
    min_ready_seconds,
    revision_history_limit,
    progress_deadline_seconds,
});
wire_enum!(Strategy { 0 = Recreate, 1 = RollingUpdate { max_surge, max_unavailable } });
wire_enum!(IntOrPercent { 0 = Int(number), 1 = Percent(percent) });

wire_struct!(ReplicaSet { meta, status, spec });
wire_struct!(ReplicaSetStatus {
    replicas,
    fully_labeled_replicas,
    ready_replicas,
    available_replicas,
    terminating_replicas,
    observed_generation,
    conditions,
});
wire_struct!(ReplicaSetSpec { replicas, min_ready_seconds, selector, template });

wire_struct!(EndpointSlice { meta, endpoints, ports, address_type });
wire_struct!(EndpointPort { name, protocol, port, app_protocol });
wire_struct!(Endpoint { address, ready, serving, terminating, hostname, target, node_name, zone, hints });

wire_struct!(Event { meta, form, message, involved, field_path, reason, kind, component, host });
wire_enum!(EventType { 0 = Normal, 1 = Warning });
wire_enum!(EventForm { 0 = Core { first, last, count }, 1 = New { time, action } });
wire_enum!(Action { 0 = Binding, 1 = Scheduling, 2 = Preempting });

wire_struct!(Lease { renew_time, meta, holder, duration_seconds, acquire_time, transitions });

wire_struct!(Generic { meta, body, kind });

/// A Deployment's spec changes more often than it is shared.
impl Wire for Arc<DeploymentSpec> {
    fn put(&self, to: &mut Sink) {
        (**self).put(to);
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        DeploymentSpec::take(from).map(Self::new)
    }
    fn same(&self, old: &Self) -> bool {
        Self::ptr_eq(self, old) || (**self).same(old)
    }
    fn put_change(&self, old: &Self, to: &mut Sink) {
        (**self).put_change(old, to);
    }
    fn take_change(old: &Self, from: &mut Source<'_>) -> Read<Self> {
        DeploymentSpec::take_change(old, from).map(Self::new)
    }
}

macro_rules! typed {
    ($($variant:ident),+) => {
        /// Writes an object whole, its kind first.
        pub(crate) fn put_object(object: &Object, to: &mut Sink) {
            object.kind().put(to);
            match object {
                $(Object::$variant(object) => (**object).put(to),)+
                Object::Generic(object) => (**object).put(to),
            }
        }

        /// Writes what differs from the version before; of another kind there is none.
        pub(crate) fn put_object_change(new: &Object, old: &Object, to: &mut Sink) {
            match (new, old) {
                $((Object::$variant(new), Object::$variant(old)) => (**new).put_change(old, to),)+
                (Object::Generic(new), Object::Generic(old)) => (**new).put_change(old, to),
                _ => put_object(new, to),
            }
        }

        /// Reads an object that was written whole.
        pub(crate) fn take_object(from: &mut Source<'_>) -> Read<Object> {
            Ok(match Kind::take(from)? {
                $(Kind::$variant => Object::$variant(Arc::new($variant::take(from)?)),)+
                _ => Object::Generic(Arc::new(Generic::take(from)?)),
            })
        }

        /// Reads an object of which the changes were written.
        pub(crate) fn take_object_change(old: &Object, from: &mut Source<'_>) -> Read<Object> {
            Ok(match old {
                $(Object::$variant(old) => Object::$variant(Arc::new($variant::take_change(old, from)?)),)+
                Object::Generic(old) => Object::Generic(Arc::new(Generic::take_change(old, from)?)),
            })
        }
    };
}
typed!(Namespace, Node, Pod, Service, Event, Deployment, ReplicaSet, EndpointSlice, Lease);
