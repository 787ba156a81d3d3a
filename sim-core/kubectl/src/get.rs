//! `kubectl get`: its flags, and what it prints of objects that lie at hand.
//!
//! [`render`] is a pure function of a state; the agent of the same name reads its objects from the server and prints
//! with the same code.
//!
//! Source: `staging/src/k8s.io/kubectl/pkg/cmd/get/get.go`, v1.36.2; kubelet.md section 3.
//!
//! DIFFERENCE: `-w`, `-o jsonpath|custom-columns|go-template|kyaml|…`, `--raw`, `--subresource` are not modelled yet;
//! `--sort-by` takes a plain path of fields.

mod fields;
mod sort;

use crate::failure::Failure;
use crate::grammar::UsageError;
use crate::grammar::flags::{FILES, Flag, Given, Takes, parse as parse_flags};
use crate::grammar::resources::{Rules, SELECTORS, Selection, Target, targets};
use crate::output::{json, yaml};
use crate::printers::{TableOptions, table};
pub use crate::terminal::Printed;
use crate::terminal::Terminal;
use crate::verbs::shown;
use api::{ApiError, Kind, Name, StringMap};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use units::MicroTime;

const FLAGS: &[Flag] = &[
    Flag::new("output", Takes::Text).short('o'),
    Flag::new("no-headers", Takes::Bool),
    Flag::new("show-labels", Takes::Bool),
    Flag::new("label-columns", Takes::List).short('L'),
    Flag::new("show-kind", Takes::Bool),
    Flag::new("show-managed-fields", Takes::Bool),
    Flag::new("sort-by", Takes::Text),
    Flag::new("ignore-not-found", Takes::Bool),
    Flag::new("chunk-size", Takes::Int),
    Flag::new("server-print", Takes::Bool),
    Flag::new("allow-missing-template-keys", Takes::Bool),
    Flag::new("watch", Takes::Bool).short('w').not_modelled(),
    Flag::new("watch-only", Takes::Bool).not_modelled(),
    Flag::new("output-watch-events", Takes::Bool).not_modelled(),
    Flag::new("raw", Takes::Text).not_modelled(),
    Flag::new("subresource", Takes::Text).not_modelled(),
    Flag::new("template", Takes::Text).not_modelled(),
];

/// In which form objects are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A table, with more columns if wide.
    Table {
        /// `-o wide`
        wide: bool,
    },
    /// `-o name`
    Name,
    /// `-o json`
    Json,
    /// `-o yaml`
    Yaml,
}

/// What a `get` asks for.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools)]
pub struct GetArgs {
    /// Which objects, in order.
    pub targets: Vec<Target>,
    /// Which of all of a kind.
    pub selection: Selection,
    /// In which form.
    pub output: Output,
    no_headers: bool,
    show_labels: bool,
    label_columns: Vec<String>,
    show_kind: bool,
    show_managed_fields: bool,
    sort_by: Option<Vec<String>>,
    ignore_not_found: bool,
}

impl GetArgs {
    /// Reads the words behind `get`.
    ///
    /// # Errors
    /// With kubectl's words, if they are wrong; with ours, if they are not modelled yet.
    pub fn parse(words: &[String]) -> Result<(Self, Given), UsageError> {
        let given = parse_flags("get", &[FLAGS, FILES, SELECTORS], words)?;
        if given.args.is_empty() && !given.has("filename") {
            return Err(no_type());
        }
        let selection = Selection::of(&given)?;
        let rules = Rules {
            type_means_all: true,
            files: given.has("filename"),
            all: false,
            selector: given.has("selector") || given.has("field-selector"),
            all_namespaces: selection.all_namespaces,
        };
        let args = Self {
            targets: targets(&given.args, rules)?,
            selection,
            output: output(&given)?,
            no_headers: given.is_set("no-headers"),
            show_labels: given.is_set("show-labels"),
            label_columns: given.list("label-columns"),
            show_kind: given.is_set("show-kind"),
            show_managed_fields: given.is_set("show-managed-fields"),
            sort_by: given.text("sort-by").map(sort::path).transpose()?.flatten(),
            ignore_not_found: given.is_set("ignore-not-found"),
        };
        Ok((args, given))
    }

    /// Whether it asks for one object by name: it is then shown by itself, else in a `List`.
    fn asks_for_one(&self) -> bool {
        matches!(self.targets.as_slice(), [Target::Named(..)])
    }
}

fn no_type() -> UsageError {
    let UsageError { stderr, status } = UsageError::arguments(
        "get",
        "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource \
         (e.g. kubectl explain pods).",
    );
    let first = "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of \
                 supported resources.\n\n";
    UsageError { stderr: format!("{first}{stderr}"), status }
}

fn output(given: &Given) -> Result<Output, UsageError> {
    match given.text("output").unwrap_or_default() {
        "" => Ok(Output::Table { wide: false }),
        "wide" => Ok(Output::Table { wide: true }),
        "name" => Ok(Output::Name),
        "json" => Ok(Output::Json),
        "yaml" => Ok(Output::Yaml),
        other => {
            let form = other.split('=').next().unwrap_or(other);
            let known =
                ["custom-columns", "custom-columns-file", "go-template", "go-template-file", "jsonpath"];
            if known.contains(&form)
                || ["jsonpath-as-json", "jsonpath-file", "kyaml", "template"].contains(&form)
            {
                return Err(UsageError::not_modelled(format!("-o {form}")));
            }
            Err(UsageError::error(format!(
                "unable to match a printer suitable for the output format {other:?}, allowed formats are: \
                 custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,\
                 jsonpath-file,kyaml,name,template,templatefile,wide,yaml"
            )))
        }
    }
}

/// What `get` prints of a state.
///
/// `objects`: per kind, all objects as `-o json` shows them, in any order. `namespace`: `-n`, or that of the context.
pub fn render(
    args: &GetArgs,
    namespace: &str,
    objects: &BTreeMap<Kind, Vec<Value>>,
    now: MicroTime,
) -> Printed {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for target in &args.targets {
        match select(target, args, namespace, objects) {
            Ok(objects) => found.extend(objects.into_iter().map(|object| (target.kind(), object))),
            Err(failure) => failures.push(failure),
        }
    }
    let mut terminal = Terminal::default();
    print(args, namespace, found, failures, now, &mut terminal);
    terminal.finish()
}

fn select(
    target: &Target,
    args: &GetArgs,
    namespace: &str,
    objects: &BTreeMap<Kind, Vec<Value>>,
) -> Result<Vec<Value>, Failure> {
    let kind = target.kind();
    let selection = &args.selection;
    fields::check(kind, selection).map_err(Failure::server)?;
    let everywhere = !kind.info().namespaced || selection.all_namespaces;
    let all = objects.get(&kind).map(Vec::as_slice).unwrap_or_default();
    let mut here: Vec<&Value> =
        all.iter().filter(|o| everywhere || o["metadata"]["namespace"] == namespace).collect();
    match target {
        Target::Named(_, name) => match here.iter().find(|o| o["metadata"]["name"] == name.as_str()) {
            Some(object) => Ok(vec![(*object).clone()]),
            None => Err(Failure::server(ApiError::not_found(kind, name))),
        },
        Target::All(_) => {
            let text = |o: &Value, field: &str| o["metadata"][field].as_str().unwrap_or_default().to_owned();
            here.retain(|o| selection.labels.matches(&labels(o)));
            here.retain(|o| selection.fields.matches(|path| fields::text(kind, o, path)));
            here.sort_by_cached_key(|o| (text(o, "namespace"), text(o, "name")));
            Ok(here.into_iter().cloned().collect())
        }
    }
}

fn labels(object: &Value) -> StringMap {
    let labels = object["metadata"]["labels"].as_object();
    labels.into_iter().flatten().filter_map(|(k, v)| Some((Name::from(k), Name::from(v.as_str()?)))).collect()
}

/// Prints what was found, and what was not.
pub(crate) fn print(
    args: &GetArgs,
    namespace: &str,
    mut found: Vec<(Kind, Value)>,
    failures: Vec<Failure>,
    now: MicroTime,
    terminal: &mut Terminal,
) {
    let failures = failures.into_iter().filter(|failure| !(args.ignore_not_found && failure.is_not_found()));
    failures.for_each(|failure| terminal.fail(failure));
    if let Some(path) = &args.sort_by {
        sort::by(&mut found, path);
    }
    match args.output {
        Output::Name => found.iter().for_each(|(kind, o)| terminal.line(&shown(*kind, name(o)))),
        Output::Json | Output::Yaml => print_whole(args, found, terminal),
        Output::Table { wide } if !found.is_empty() => print_tables(args, wide, &found, now, terminal),
        Output::Table { .. } if !terminal.has_failed() && !args.ignore_not_found => {
            let everywhere = args.selection.all_namespaces
                || args.targets.first().is_some_and(|target| !target.kind().info().namespaced);
            terminal.warn(&if everywhere {
                "No resources found".to_owned()
            } else {
                format!("No resources found in {namespace} namespace.")
            });
        }
        Output::Table { .. } => {}
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn print_whole(args: &GetArgs, found: Vec<(Kind, Value)>, terminal: &mut Terminal) {
    let mut objects: Vec<Value> = found.into_iter().map(|(_, object)| object).collect();
    if !args.show_managed_fields {
        for object in &mut objects {
            if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                meta.remove("managedFields");
            }
        }
    }
    let one = args.asks_for_one();
    if objects.is_empty() && (one || terminal.has_failed()) {
        return;
    }
    let whole = match objects.pop() {
        Some(object) if one => object,
        last => {
            objects.extend(last);
            json!({"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}})
        }
    };
    terminal.text(&if args.output == Output::Json { json::indented(&whole) } else { yaml::document(&whole) });
}

/// One table per kind, with a blank line between them.
fn print_tables(
    args: &GetArgs,
    wide: bool,
    found: &[(Kind, Value)],
    now: MicroTime,
    terminal: &mut Terminal,
) {
    let mut kinds: Vec<Kind> = args.targets.iter().map(Target::kind).collect();
    kinds.dedup();
    let many = kinds.len() > 1 || found.windows(2).any(|pair| pair[0].0 != pair[1].0);
    let tables = found.chunk_by(|a, b| a.0 == b.0).map(|chunk| {
        let kind = chunk[0].0;
        let objects: Vec<&Value> = chunk.iter().map(|(_, object)| object).collect();
        let options = TableOptions {
            wide,
            no_headers: args.no_headers,
            show_labels: args.show_labels,
            label_columns: args.label_columns.clone(),
            with_namespace: args.selection.all_namespaces && kind.info().namespaced,
            with_kind: many || args.show_kind,
        };
        table(kind, &objects, now, &options)
    });
    terminal.text(&tables.collect::<Vec<_>>().join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, Verb};

    #[test]
    fn a_state_at_hand() {
        let pod = |namespace: &str, name: &str, app: &str| {
            json!({"apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"},
                "metadata": {"namespace": namespace, "name": name, "labels": {"app": app}}})
        };
        let pods = vec![pod("b", "y", "web"), pod("a", "z", "web"), pod("a", "x", "api")];
        let state = BTreeMap::from([(Kind::Pod, pods)]);
        let check = |line: &str, stdout: &str, stderr: &str, status: i32| {
            let command = Command::parse(line).expect("a command");
            let Verb::Get(args) = &command.verb else { panic!("{line}") };
            let namespace = command.namespace.as_deref().unwrap_or("a");
            let got = render(args, namespace, &state, MicroTime(0));
            let expect = Printed { stdout: stdout.to_owned(), stderr: stderr.to_owned(), status };
            assert_eq!(got, expect, "{line}");
        };
        check("get pods -o name", "pod/x\npod/z\n", "", 0);
        check("get pods -A -o name", "pod/x\npod/z\npod/y\n", "", 0);
        check("get pods -n b -o name", "pod/y\n", "", 0);
        check("get pods -l app=web -o name", "pod/z\n", "", 0);
        check("get pods --field-selector metadata.name!=x -o name", "pod/z\n", "", 0);
        check("get pods -A --sort-by=.metadata.name -o name", "pod/x\npod/y\npod/z\n", "", 0);
        check("get pod y", "", "Error from server (NotFound): pods \"y\" not found\n", 1);
        check("get cm", "", "No resources found in a namespace.\n", 0);
        let refusal = "Error from server (BadRequest): Unable to find \"/v1, Resource=pods\" that match label selector \"\", \
                       field selector \"a\": invalid selector: 'a'; can't understand 'a'\n";
        let error = Command::parse("get pods --field-selector a").expect_err("no selector");
        assert_eq!(error.stderr, refusal);
    }
}
