//! The tables of `kubectl get`, from objects as `-o json` shows them: so they work for recordings and for our own store.
//!
//! Source: kubelet.md section 3 (`pkg/printers/internalversion/printers.go`, v1.36.2; `cli-runtime/pkg/printers`).
//!
//! DIFFERENCE: kinds that no component acts on yet print as the server prints custom resources: NAME and AGE.
//! DIFFERENCE: a value of the wrong JSON type prints as if it were absent; a server would have refused the object.

mod duration;
mod events;
mod nodes;
mod others;
mod pods;
mod read;
mod services;
mod tabs;
mod workloads;

use api::{Kind, StringMap};
pub use duration::human_duration;
use read::{labels_of, name_of, namespace_of};
use serde_json::Value;
use units::MicroTime;

/// How a table is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub struct TableOptions {
    /// The columns of `-o wide`, too.
    pub wide: bool,
    /// No line of headers.
    pub no_headers: bool,
    /// A last column with all labels.
    pub show_labels: bool,
    /// Last columns with these labels.
    pub label_columns: Vec<String>,
    /// A first column with the namespace.
    pub with_namespace: bool,
    /// Names with their resource: `deployment.apps/web`.
    pub with_kind: bool,
}

/// The columns of a kind and the cells of its objects.
struct Table {
    /// Headers, as kubectl shows them.
    columns: &'static [&'static str],
    /// Headers of the further columns of `-o wide`.
    wide: &'static [&'static str],
    /// All cells of an object, those of `wide` too.
    cells: fn(&Value, MicroTime) -> Vec<String>,
}

/// Prints objects of a kind.
pub fn table(kind: Kind, objects: &[&Value], now: MicroTime, options: &TableOptions) -> String {
    let table = of(kind);
    let mut rows = Vec::with_capacity(objects.len() + 1);
    if !options.no_headers {
        rows.push(headers(&table, options));
    }
    rows.extend(objects.iter().map(|object| row(kind, &table, object, now, options)));
    tabs::aligned(&rows)
}

fn of(kind: Kind) -> Table {
    match kind {
        Kind::Pod => pods::TABLE,
        Kind::Node => nodes::TABLE,
        Kind::Deployment => workloads::DEPLOYMENT,
        Kind::ReplicaSet | Kind::ReplicationController => workloads::REPLICA_SET,
        Kind::StatefulSet => workloads::STATEFUL_SET,
        Kind::DaemonSet => workloads::DAEMON_SET,
        Kind::Job => workloads::JOB,
        Kind::CronJob => workloads::CRON_JOB,
        Kind::ControllerRevision => workloads::CONTROLLER_REVISION,
        Kind::Service => services::SERVICE,
        Kind::Endpoints => services::ENDPOINTS,
        Kind::EndpointSlice => services::ENDPOINT_SLICE,
        Kind::Event => events::TABLE,
        Kind::Namespace => others::NAMESPACE,
        Kind::Lease => others::LEASE,
        Kind::ConfigMap => others::CONFIG_MAP,
        Kind::Secret => others::SECRET,
        Kind::PersistentVolume => others::PERSISTENT_VOLUME,
        Kind::PersistentVolumeClaim => others::PERSISTENT_VOLUME_CLAIM,
        Kind::PriorityClass => others::PRIORITY_CLASS,
        Kind::PodDisruptionBudget => others::POD_DISRUPTION_BUDGET,
        Kind::LimitRange | Kind::Role | Kind::ClusterRole | Kind::CSIStorageCapacity => others::CREATED_AT,
        _ => others::ANY,
    }
}

fn headers(table: &Table, options: &TableOptions) -> Vec<String> {
    let mut row: Vec<String> = Vec::new();
    if options.with_namespace {
        row.push("NAMESPACE".to_owned());
    }
    let wide = if options.wide { table.wide } else { &[] };
    row.extend(table.columns.iter().chain(wide).map(|&column| column.to_owned()));
    let short = |label: &String| label.rsplit('/').next().unwrap_or(label).to_uppercase();
    row.extend(options.label_columns.iter().map(short));
    if options.show_labels {
        row.push("LABELS".to_owned());
    }
    row
}

fn row(kind: Kind, table: &Table, object: &Value, now: MicroTime, options: &TableOptions) -> Vec<String> {
    let mut row: Vec<String> = Vec::new();
    if options.with_namespace {
        row.push(namespace_of(object).to_owned());
    }
    let mut cells = (table.cells)(object, now);
    if !options.wide {
        cells.truncate(table.columns.len());
    }
    if options.with_kind {
        let name = table.columns.iter().position(|column| *column == "NAME").unwrap_or(0);
        if let Some(cell) = cells.get_mut(name) {
            *cell = format!("{}/{cell}", kind.singular_resource());
        }
    }
    row.extend(cells.into_iter().map(|cell| cut(&cell)));
    let labels: StringMap = labels_of(object);
    let value = |label: &String| labels.get(label).map(ToString::to_string).unwrap_or_default();
    row.extend(options.label_columns.iter().map(value));
    if options.show_labels {
        row.push(read::joined_labels(&labels));
    }
    row
}

/// A cell is one line.
fn cut(cell: &str) -> String {
    match cell.find(['\n', '\r', '\u{c}']) {
        Some(at) => format!("{}...", &cell[..at]),
        None => cell.to_owned(),
    }
}

/// Name and age: the first and the last of most tables.
fn name(object: &Value) -> String {
    name_of(object).to_owned()
}

#[cfg(test)]
mod tests;
