//! The words of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use units::SimDuration;

use crate::origin::duration;

/// A test basin for Kubernetes clusters: real manifests in, virtual time, everything a cluster would have done out.
#[derive(Debug, Parser)]
#[command(name = "wavetank", version, max_term_width = 100, after_help = STATUS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const STATUS: &str = "\
Exit status: 0 done; 1 a difference was found, or `get` found nothing; 2 bad input or usage; 3 could not write; \
101 a bug of wavetank; 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate a scenario, or manifests on a cluster of a few words, and say what happened
    Run(RunArgs),
    /// Place pods on nodes in one pass, without time
    Schedule(ScheduleArgs),
    /// Show objects as kubectl does, at any moment of a run
    Get(GetArgs),
    /// Run the inputs of a finished run again and compare
    Replay(ReplayArgs),
    /// List the scenarios that are built in, or show one
    Scenarios(ScenariosArgs),
    /// Check a scenario and every file it names
    Validate(ValidateArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wavetank run @rolling-update
  wavetank run web.scenario.yaml --set cluster.nodes.0.count=50 --out run-1
  helm template web ./chart | wavetank run -f - --nodes 5 --node-size 4cpu,16Gi --for 10m")]
pub(crate) struct RunArgs {
    /// A scenario file, `-`, or `@NAME` from the library
    #[arg(required_unless_present = "filename", conflicts_with_all = ["filename", "nodes", "node_size", "duration"])]
    pub(crate) scenario: Option<String>,
    #[command(flatten)]
    pub(crate) manifests: ManifestArgs,
    /// Another value in the scenario: the path below `spec`, items by number or name
    #[arg(long, value_name = "PATH=VALUE", conflicts_with = "filename")]
    pub(crate) set: Vec<String>,
    /// Another seed than the scenario's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Stop at this moment of virtual time
    #[arg(long, value_name = "T", value_parser = duration)]
    pub(crate) until: Option<SimDuration>,
    /// Keep journal, tables and trace in a folder that is absent, empty or a finished run; `get` then
    /// reads it without being told (its path is remembered in ./.wavetank/last)
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write what a client would have seen that watches everything: JSON lines, compressed if FILE ends in .gz
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) record: Option<PathBuf>,
    /// Run twice side by side and name the first event that differs
    #[arg(long, conflicts_with_all = ["out", "record"])]
    pub(crate) check_determinism: bool,
}

/// Manifests instead of a scenario.
#[derive(Args, Debug)]
pub(crate) struct ManifestArgs {
    /// Manifests instead of a scenario: files, folders, or `-`
    #[arg(short, long, value_name = "MANIFESTS", num_args = 1..)]
    pub(crate) filename: Vec<String>,
    /// How many nodes there are [default: 3]
    #[arg(long, value_name = "N", requires = "filename")]
    pub(crate) nodes: Option<u32>,
    /// What each node has, like 4cpu,16Gi or 4cpu,16Gi,110pods
    #[arg(long, value_name = "SIZE", requires = "filename")]
    pub(crate) node_size: Option<String>,
    /// For how long [default: 10m]
    #[arg(long = "for", id = "duration", value_name = "T", requires = "filename", value_parser = duration)]
    pub(crate) duration: Option<SimDuration>,
}

#[derive(Args, Debug)]
pub(crate) struct ScheduleArgs {
    /// Nodes and pods: files, folders, or `-`; pods are taken in this order
    #[arg(short, long, value_name = "MANIFESTS", required = true, num_args = 1..)]
    pub(crate) filename: Vec<String>,
    /// What to print
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: ScheduleFormat,
    /// Breaks ties between nodes
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// What `schedule` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScheduleFormat {
    /// The chosen node and the next three, or why there is none
    Table,
    /// pod,node,message
    Csv,
}

#[derive(Args, Debug)]
#[command(after_help = "\
RUN is a scenario file or @NAME (simulated up to the moment), the folder of a finished run (read), or a watch \
recording, .jsonl or .jsonl.gz, of a run or of a real cluster (read).

Examples:
  wavetank get pods -o wide --run @rolling-update --at 95s
  wavetank get deploy/web -o yaml --run run-1")]
pub(crate) struct GetArgs {
    /// pods, deploy,rs, node/node-0, …
    #[arg(required = true, value_name = "RESOURCE")]
    pub(crate) resources: Vec<String>,
    /// Which run [default: $WAVETANK_RUN, else that of the last --out in this folder]
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// The moment of virtual time [default: the end]
    #[arg(long, value_name = "T", value_parser = duration)]
    pub(crate) at: Option<SimDuration>,
    /// What the clock says for ages: like --at, or RFC 3339 [default: the moment]
    #[arg(long, value_name = "T", value_parser = now)]
    pub(crate) now: Option<Now>,
    /// Another seed, if RUN is simulated
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The namespace [default: default]
    #[arg(short, long, value_name = "NS")]
    pub(crate) namespace: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// Only objects with these labels
    #[arg(short = 'l', long, value_name = "SEL")]
    pub(crate) selector: Option<String>,
    /// Only objects with these fields
    #[arg(long, value_name = "SEL")]
    pub(crate) field_selector: Option<String>,
    /// table, wide, json, yaml or name
    #[arg(short, long, value_name = "FORMAT")]
    pub(crate) output: Option<String>,
    /// Sort by a field, like .metadata.name
    #[arg(long, value_name = "PATH")]
    pub(crate) sort_by: Option<String>,
    /// A column with all labels
    #[arg(long)]
    pub(crate) show_labels: bool,
    /// No line with the names of the columns
    #[arg(long)]
    pub(crate) no_headers: bool,
}

/// What the clock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Now {
    /// Virtual time.
    After(SimDuration),
    /// Wall-clock time of the cluster.
    At(units::MicroTime),
}

fn now(text: &str) -> Result<Now, String> {
    match (duration(text), units::MicroTime::parse(text)) {
        (Ok(after), _) => Ok(Now::After(after)),
        (_, Ok(at)) => Ok(Now::At(at)),
        _ => Err("write a duration like 100s, or a time like 2026-01-01T00:01:40Z".to_owned()),
    }
}

#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The folder of a finished run
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct ScenariosArgs {
    /// Show this one
    pub(crate) name: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {
    /// A scenario file, `-`, or `@NAME` from the library
    pub(crate) scenario: String,
    /// Another value in the scenario: the path below `spec`, items by number or name
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn lines_are_understood_or_refused() {
        let check = |line: &str, is_good: bool| {
            let words = line.split_whitespace();
            let parsed = Arguments::try_parse_from(std::iter::once("wavetank").chain(words));
            assert_eq!(parsed.is_ok(), is_good, "{line}: {parsed:?}");
        };
        check("run s.yaml", true);
        check("run - --seed 7 --until 5m --set a=1 --set b=2 --out d --record r.jsonl", true);
        check("run -f a.yaml b.yaml -f - --nodes 5 --node-size 4cpu,16Gi --for 10m", true);
        check("run", false);
        check("run s.yaml -f a.yaml", false);
        check("run s.yaml --nodes 3", false);
        check("run -f a.yaml --set a=1", false);
        check("run s.yaml --check-determinism --out d", false);
        check("run s.yaml --until -5s", false);
        check("run s.yaml --until 5", false);
        check("run s.yaml --seed -1", false);
        check("schedule -f a.yaml b.yaml -o csv --seed 1", true);
        check("schedule", false);
        check("schedule -f a.yaml -o json", false);
        check("get pods --at 95s --now 2026-01-01T00:01:40.5Z -A", true);
        check("get pods web --now 100s -n shop -l app=web -o wide --run x", true);
        check("get pods --now noon", false);
        check("get", false);
    }
}
