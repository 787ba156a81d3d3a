//! The house as a whole: ns per queue event of a rollout, ns per commit, time to read manifests.

use api::pod::Pod;
use api::{Kind, Object, ObjectKey};
use apiserver::ApiServer;
use client::{Call, Cursor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use journal::RecordId;
use random::Seed;
use scenarios::files::Memory;
use serde_json::json;
use sim_core::Simulation;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use units::{Clock, SimTime};

/// A rollout of a Deployment of `replicas` on `nodes` nodes, with readiness probes.
fn rollout(replicas: u32, nodes: u32) -> scenarios::Scenario {
    let text = benches::rollout(replicas, nodes);
    let files = Memory::default().with("scenario.yaml", text);
    scenarios::load(&files, "scenario.yaml", &[]).unwrap_or_else(|why| panic!("{why:?}"))
}

/// Every queue event of a rollout, journal included.
fn events(c: &mut Criterion) {
    let mut group = c.benchmark_group("events");
    for (replicas, nodes) in [(10, 5), (100, 10), (1000, 50)] {
        let scenario = rollout(replicas, nodes);
        let run = || {
            let mut simulation = Simulation::new(scenario.setup());
            simulation.drop_records();
            simulation.journal().discard_chunks();
            simulation.run_until(SimTime::ZERO + scenario.duration);
            simulation.events_processed()
        };
        group.throughput(Throughput::Elements(run()));
        group.sample_size(10);
        group.bench_function(format!("rollout of {replicas} on {nodes}"), |b| b.iter(|| black_box(run())));
    }
}

fn pod(number: usize) -> Object {
    let value = json!({
        "metadata": {"name": format!("pod-{number}"), "namespace": "default"},
        "spec": {"containers": [{"name": "a", "image": "x:1", "resources": {"requests": {"cpu": "100m"}}}]},
    });
    Object::from_json(Kind::Pod, &value).unwrap_or_else(|why| panic!("{why}"))
}

/// A commit of a status: the most frequent one.
fn commits(c: &mut Criterion) {
    let mut group = c.benchmark_group("commits");
    for pods in [1_000_usize, 10_000] {
        let mut server = ApiServer::new(Clock::default(), Seed(1));
        let namespace = json!({"metadata": {"name": "default"}});
        let create = Call::CreateManifest { kind: Kind::Namespace, object: Box::new(namespace) };
        server.handle(create, SimTime::ZERO, None);
        let mut made: Vec<Arc<Pod>> = Vec::new();
        for number in 0..pods {
            let reply = server.handle(Call::Create(pod(number)), SimTime::ZERO, None).reply;
            made.extend(reply.ok().and_then(|r| r.object().and_then(Object::as_pod).cloned()));
        }
        let (mut at, mut record) = (0, 0);
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("status of one of {pods} pods"), |b| {
            b.iter(|| {
                at = (at + 1) % made.len();
                record += 1;
                let mut status = made[at].status.clone();
                status.observed_generation = record;
                let (pod, uid) = (ObjectKey::new("default", made[at].meta.name.clone()), made[at].meta.uid);
                let call = Call::PatchPodStatus { pod, uid, status: Box::new(status) };
                let id = RecordId(u64::try_from(record).unwrap_or_default());
                let outcome = server.handle(call, SimTime::ZERO, Some(id));
                server.trim(Kind::Pod, Cursor(u64::MAX));
                black_box(outcome.writes.len())
            });
        });
    }
}

/// Text of many Pods → tree → checked objects.
fn load(c: &mut Criterion) {
    let mut text = String::new();
    for number in 0..1_000 {
        let _ = write!(
            text,
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod-{number}\nspec:\n  containers:\n  - name: main\n    image: web:v1\n    \
             resources:\n      requests:\n        cpu: 100m\n        memory: 128Mi\n      limits:\n        memory: 256Mi\n---\n"
        );
    }
    let mut group = c.benchmark_group("load");
    group.throughput(Throughput::Bytes(text.len() as u64));
    let files = Memory::default().with("pods.yaml", text);
    group.sample_size(20);
    group.bench_function("1,000 Pods", |b| {
        b.iter(|| black_box(scenarios::manifests::read(&files, &["pods.yaml".to_owned()]).0.len()));
    });
}

criterion_group!(house, events, commits, load);
criterion_main!(house);
