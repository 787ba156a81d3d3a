//! Reads the parts of a pod's `spec` from their JSON form.

use super::spec::{
    Affinity, Container, ContainerPort, Handler, ImagePullPolicy, NodeAffinity, NodeSelectorTerm,
    PreferredTerm, Probe, ResourceRequirements, RestartPolicy, Toleration, TolerationOperator,
    TopologySpreadConstraint, WhenUnsatisfiable,
};
use crate::Name;
use crate::core::PortRef;
use crate::json::{Fields, Read, requirement};
use crate::node::TaintEffect;
use serde_json::Value;

pub(super) fn resources_from(f: &Fields<'_>) -> Read<ResourceRequirements> {
    Ok(ResourceRequirements { requests: f.quantities("requests")?, limits: f.quantities("limits")? })
}

pub(super) fn container_from(f: &Fields<'_>) -> Read<Container> {
    let lifecycle = f.fields("lifecycle")?;
    let hook =
        |name: &str| lifecycle.maybe_fields(name)?.map(|h| handler_from(&h)).transpose().map(Option::flatten);
    let probe = |name: &str| f.maybe_fields(name)?.map(|p| probe_from(&p)).transpose().map(Option::flatten);
    let mount = |m: &Fields<'_>| Ok((m.name("name")?, m.name("mountPath")?, m.flag("readOnly")?));
    Ok(Container {
        name: f.name("name")?,
        image: f.name("image")?,
        image_pull_policy: f
            .word("imagePullPolicy", ImagePullPolicy::parse)?
            .unwrap_or(ImagePullPolicy::IfNotPresent),
        resources: resources_from(&f.fields("resources")?)?,
        ports: f.list("ports", container_port_from)?,
        liveness_probe: probe("livenessProbe")?,
        readiness_probe: probe("readinessProbe")?,
        startup_probe: probe("startupProbe")?,
        pre_stop: hook("preStop")?,
        post_start: hook("postStart")?,
        restart_policy: f.word("restartPolicy", RestartPolicy::parse)?,
        volume_mounts: f.list("volumeMounts", mount)?,
    })
}

fn container_port_from(f: &Fields<'_>) -> Read<ContainerPort> {
    let protocol = f.name("protocol")?;
    Ok(ContainerPort {
        name: f.name("name")?,
        protocol: if protocol.is_empty() { Name::new_static("TCP") } else { protocol },
        container_port: f.int32("containerPort")?.unwrap_or_default(),
        host_port: f.int32("hostPort")?.unwrap_or_default(),
        host_ip: f.name("hostIP")?,
    })
}

fn port_ref(f: &Fields<'_>) -> Read<PortRef> {
    Ok(match f.get("port") {
        Some(Value::String(name)) => PortRef::Name(name.into()),
        _ => PortRef::Number(f.int32("port")?.unwrap_or_default()),
    })
}

fn handler_from(f: &Fields<'_>) -> Read<Option<Handler>> {
    if let Some(exec) = f.maybe_fields("exec")? {
        return Ok(Some(Handler::Exec(exec.names("command")?)));
    }
    if let Some(http) = f.maybe_fields("httpGet")? {
        return Ok(Some(Handler::HttpGet { port: port_ref(&http)?, path: http.name("path")? }));
    }
    if let Some(tcp) = f.maybe_fields("tcpSocket")? {
        return Ok(Some(Handler::TcpSocket { port: port_ref(&tcp)? }));
    }
    if let Some(grpc) = f.maybe_fields("grpc")? {
        return Ok(Some(Handler::Grpc { port: grpc.int32("port")?.unwrap_or_default() }));
    }
    if let Some(sleep) = f.maybe_fields("sleep")? {
        return Ok(Some(Handler::Sleep(sleep.int("seconds")?.unwrap_or_default())));
    }
    Ok(None)
}

/// Reads a probe; the defaults are those of kubelet.md 5.1.
fn probe_from(f: &Fields<'_>) -> Read<Option<Probe>> {
    let Some(handler) = handler_from(f)? else { return Ok(None) };
    let number = |name: &str, default| Ok(f.int32(name)?.filter(|n| *n != 0).unwrap_or(default));
    Ok(Some(Probe {
        handler,
        initial_delay_seconds: number("initialDelaySeconds", 0)?,
        period_seconds: number("periodSeconds", 10)?,
        timeout_seconds: number("timeoutSeconds", 1)?,
        success_threshold: number("successThreshold", 1)?,
        failure_threshold: number("failureThreshold", 3)?,
        termination_grace_period_seconds: f.int("terminationGracePeriodSeconds")?,
    }))
}

pub(super) fn toleration_from(f: &Fields<'_>) -> Read<Toleration> {
    let effect = f.text("effect")?.unwrap_or_default();
    let effect = match effect {
        "" => None,
        text => Some(
            TaintEffect::parse(text)
                .ok_or_else(|| f.error("effect", format!("Unsupported value: \"{text}\"")))?,
        ),
    };
    let operator = f.text("operator")?.filter(|o| !o.is_empty());
    Ok(Toleration {
        key: f.name("key")?,
        operator: match operator {
            None => TolerationOperator::Equal,
            Some(text) => TolerationOperator::parse(text)
                .ok_or_else(|| f.error("operator", format!("Unsupported value: \"{text}\"")))?,
        },
        value: f.name("value")?,
        effect,
        toleration_seconds: f.int("tolerationSeconds")?,
    })
}

fn term_from(f: &Fields<'_>) -> Read<NodeSelectorTerm> {
    Ok(NodeSelectorTerm {
        match_expressions: f.list("matchExpressions", requirement)?,
        match_fields: f.list("matchFields", requirement)?,
    })
}

pub(super) fn affinity_from(f: &Fields<'_>) -> Read<Affinity> {
    let has_pod_terms = f.get("podAffinity").is_some() || f.get("podAntiAffinity").is_some();
    let Some(node) = f.maybe_fields("nodeAffinity")? else {
        return Ok(Affinity { node: None, has_pod_terms });
    };
    let required = node.maybe_fields("requiredDuringSchedulingIgnoredDuringExecution")?;
    let required = required.map(|r| r.list("nodeSelectorTerms", term_from)).transpose()?;
    let preferred = |p: &Fields<'_>| {
        let term = term_from(&p.fields("preference")?)?;
        Ok(PreferredTerm { weight: p.int32("weight")?.unwrap_or_default(), term })
    };
    let preferred = node.list("preferredDuringSchedulingIgnoredDuringExecution", preferred)?;
    Ok(Affinity { node: Some(NodeAffinity { required, preferred }), has_pod_terms })
}

pub(super) fn spread_from(f: &Fields<'_>) -> Read<TopologySpreadConstraint> {
    let when = f.word("whenUnsatisfiable", WhenUnsatisfiable::parse)?;
    Ok(TopologySpreadConstraint {
        max_skew: f.int32("maxSkew")?.unwrap_or_default(),
        topology_key: f.name("topologyKey")?,
        when_unsatisfiable: when.ok_or_else(|| f.error("whenUnsatisfiable", "Required value"))?,
        label_selector: f.label_selector("labelSelector")?,
        min_domains: f.int32("minDomains")?,
        honor_node_affinity: f.text("nodeAffinityPolicy")? != Some("Ignore"),
        honor_node_taints: f.text("nodeTaintsPolicy")? == Some("Honor"),
        match_label_keys: f.names("matchLabelKeys")?,
    })
}
