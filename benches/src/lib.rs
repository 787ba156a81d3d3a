//! What the benches share: synthetic scenarios.

/// A Deployment of `replicas` with a readiness probe on `nodes` nodes, rolled out once more after a minute.
pub fn rollout(replicas: u32, nodes: u32) -> String {
    format!(
        "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {{name: rollout}}
spec:
  duration: 5m
  cluster:
    nodes: [{{name: node, count: {nodes}}}]
  manifests:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: web}}
    spec:
      replicas: {replicas}
      selector: {{matchLabels: {{app: web}}}}
      template:
        metadata: {{labels: {{app: web}}}}
        spec:
          containers:
          - name: web
            image: registry.example/web:v1
            resources: {{requests: {{cpu: 10m, memory: 16Mi}}}}
            readinessProbe: {{httpGet: {{port: 80}}, periodSeconds: 10}}
  behaviors:
  - {{pods: {{matchLabels: {{app: web}}}}, start: 2s}}
  timeline:
  - at: 60s
    kubectl: set image deployment/web web=registry.example/web:v2
"
    )
}
