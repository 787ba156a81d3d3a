//! What a failed probe says (kubelet.md 5.2).
//!
//! Source: `pkg/probe/{exec,http,tcp,grpc}`, v1.36.2.

use api::core::PortRef;
use api::pod::{Container, Handler, Probe};
use cri::ProbeFailure;
use std::net::IpAddr;

/// The output that the event `Unhealthy` shows.
pub(crate) fn output(
    probe: &Probe,
    container: &Container,
    pod_ip: Option<IpAddr>,
    failure: ProbeFailure,
) -> String {
    let ip = pod_ip.map(|ip| ip.to_string()).unwrap_or_default();
    let timeout = probe.timeout_seconds;
    match &probe.handler {
        Handler::Exec(command) => exec(command, timeout, failure),
        Handler::HttpGet { port, path } => {
            let address = format!("{ip}:{}", number(port, container));
            http(&address, path, failure)
        }
        Handler::TcpSocket { port } => tcp(&format!("{ip}:{}", number(port, container)), failure),
        Handler::Grpc { port } => grpc(&format!("{ip}:{port}"), timeout, failure),
        Handler::Sleep(_) => failure.output().to_owned(),
    }
}

fn number(port: &PortRef, container: &Container) -> i32 {
    match port {
        PortRef::Number(number) => *number,
        PortRef::Name(name) => {
            container.ports.iter().find(|p| p.name == *name).map_or(0, |port| port.container_port)
        }
    }
}

fn exec(command: &[api::Name], timeout: i32, failure: ProbeFailure) -> String {
    match failure {
        ProbeFailure::Timeout => {
            let command = command.join(" ");
            format!("command timed out: \"{command}\" timed out after {timeout}s")
        }
        other => other.output().to_owned(),
    }
}

fn http(address: &str, path: &str, failure: ProbeFailure) -> String {
    let path = if path.is_empty() { "/" } else { path };
    match failure {
        ProbeFailure::Unhealthy => "HTTP probe failed with statuscode: 503".to_owned(),
        ProbeFailure::Timeout => format!(
            "Get \"http://{address}{path}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        ),
        ProbeFailure::NotStarted | ProbeFailure::NotRunning => {
            format!("Get \"http://{address}{path}\": dial tcp {address}: connect: connection refused")
        }
    }
}

fn tcp(address: &str, failure: ProbeFailure) -> String {
    match failure {
        ProbeFailure::Timeout => format!("dial tcp {address}: i/o timeout"),
        _ => format!("dial tcp {address}: connect: connection refused"),
    }
}

fn grpc(address: &str, timeout: i32, failure: ProbeFailure) -> String {
    match failure {
        ProbeFailure::Unhealthy => "service unhealthy (responded with \"NOT_SERVING\")".to_owned(),
        ProbeFailure::Timeout => format!("timeout: health rpc did not complete within {timeout}s"),
        ProbeFailure::NotStarted | ProbeFailure::NotRunning => {
            format!(
                "timeout: failed to connect service \"{address}\" within {timeout}s: context deadline exceeded"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::pod::PodSpec;
    use serde_json::json;

    fn check(handler: serde_json::Value, failure: ProbeFailure, expect: &str) {
        let mut probe = json!({"timeoutSeconds": 2});
        for (key, value) in handler.as_object().unwrap() {
            probe[key] = value.clone();
        }
        let spec = json!({"containers": [{"name": "a", "ports": [{"name": "web", "containerPort": 80}],
            "readinessProbe": probe}]});
        let spec = PodSpec::from_json(&spec).unwrap();
        let container = &spec.containers[0];
        let ip = Some("10.244.0.5".parse().unwrap());
        assert_eq!(output(container.readiness_probe.as_ref().unwrap(), container, ip, failure), expect);
    }

    #[test]
    fn texts() {
        use ProbeFailure::{NotRunning, NotStarted, Timeout, Unhealthy};
        let exec = json!({"exec": {"command": ["probe", "readiness"]}});
        check(exec.clone(), NotStarted, "not started");
        check(exec.clone(), Unhealthy, "unhealthy");
        check(exec, Timeout, "command timed out: \"probe readiness\" timed out after 2s");
        let http = json!({"httpGet": {"port": "web", "path": "/healthz"}});
        check(http.clone(), Unhealthy, "HTTP probe failed with statuscode: 503");
        let refused =
            "Get \"http://10.244.0.5:80/healthz\": dial tcp 10.244.0.5:80: connect: connection refused";
        check(http, NotStarted, refused);
        check(json!({"tcpSocket": {"port": 90}}), Timeout, "dial tcp 10.244.0.5:90: i/o timeout");
        let grpc = json!({"grpc": {"port": 90}});
        check(
            grpc,
            NotRunning,
            "timeout: failed to connect service \"10.244.0.5:90\" within 2s: context deadline exceeded",
        );
    }
}
