//! How much memory a running pod takes, everything included: the growth of the process between two sizes of one Deployment.
//!
//! `cargo run --release -p benches --bin bytes_per_pod`

use scenarios::files::Memory;
use sim_core::Simulation;
use units::SimTime;

/// Resident bytes of this process, by the kernel's count.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096
}

fn run(replicas: u32, nodes: u32) -> Simulation {
    let text = benches::rollout(replicas, nodes).replace(
        "  timeline:\n  - at: 60s\n    kubectl: set image deployment/web web=registry.example/web:v2\n",
        "",
    );
    let files = Memory::default().with("scenario.yaml", text);
    let scenario = scenarios::load(&files, "scenario.yaml", &[]).unwrap_or_else(|why| panic!("{why:?}"));
    let mut simulation = Simulation::new(scenario.setup());
    simulation.drop_records();
    simulation.journal().discard_chunks();
    simulation.run_until(SimTime::ZERO + scenario.duration);
    simulation
}

fn main() {
    let nodes = 50;
    let before = resident();
    let small = run(500, nodes);
    let between = resident();
    let large = run(4_500, nodes);
    let after = resident();
    let (first, second) = (between - before, after - between);
    let running = large.objects(api::Kind::Pod).len() - small.objects(api::Kind::Pod).len();
    let bytes = second.saturating_sub(first) / u64::try_from(running).unwrap_or(1);
    println!(
        "{running} more pods: {bytes} bytes each ({first} bytes for 500 pods, {second} bytes for 4,500, {nodes} nodes)"
    );
}
