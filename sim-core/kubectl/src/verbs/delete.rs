//! `kubectl delete`: deletes objects one after the other, then waits until each is gone.
//!
//! Per object: DELETE; at the end, per object: GET and, if it is still there, a watch until it is gone.
//!
//! Source: `staging/src/k8s.io/kubectl/pkg/cmd/delete/delete.go` and `pkg/cmd/wait/delete.go`, v1.36.2.
//!
//! DIFFERENCE: `--interactive`, `--raw` and `--dry-run=server` are not modelled yet.

use super::reading::{Wanted, wanted};
use super::{Came, DryRun, Next, Shell, shown};
use crate::failure::Failure;
use crate::grammar::UsageError;
use crate::grammar::flags::{FILES, Flag, Given, Takes, parse as parse_flags};
use crate::grammar::resources::{Rules, SELECTORS, Selection, Target, targets};
use api::{Kind, ObjectKey, Uid};
use client::{Call, DeleteOptions, Preconditions, Propagation, Reply, Response};
use std::collections::VecDeque;
use units::{MicroTime, SimDuration};

const FLAGS: &[Flag] = &[
    Flag::new("all", Takes::Bool),
    Flag::new("cascade", Takes::TextOr("background")),
    Flag::new("dry-run", Takes::TextOr("unchanged")),
    Flag::new("force", Takes::Bool),
    Flag::new("grace-period", Takes::Int),
    Flag::new("ignore-not-found", Takes::Bool),
    Flag::new("now", Takes::Bool),
    Flag::new("output", Takes::Text).short('o'),
    Flag::new("timeout", Takes::Duration),
    Flag::new("wait", Takes::Bool),
    Flag::new("interactive", Takes::Bool).short('i').not_modelled(),
    Flag::new("raw", Takes::Text).not_modelled(),
];

/// How long it waits if `--timeout` does not say: a week.
const LIMIT: SimDuration = SimDuration::from_secs(7 * 24 * 3600);

/// What the line asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    targets: Vec<Target>,
    selection: Selection,
    grace_seconds: Option<i64>,
    force: bool,
    propagation: Propagation,
    /// A warning about `--cascade`.
    deprecated: Option<String>,
    ignore_not_found: bool,
    wait: bool,
    limit: SimDuration,
    dry_run: DryRun,
    names_only: bool,
}

/// Reads the line.
pub(crate) fn parse(words: &[String]) -> Result<(Args, Given), UsageError> {
    let given = parse_flags("delete", &[FLAGS, FILES, SELECTORS], words)?;
    let (all, force) = (given.is_set("all"), given.is_set("force"));
    if all && given.has("selector") {
        return Err(UsageError::error("cannot set --all and --selector at the same time"));
    }
    if all && given.has("field-selector") {
        return Err(UsageError::error("cannot set --all and --field-selector at the same time"));
    }
    let (propagation, deprecated) = cascade(&given)?;
    let grace_seconds = grace(&given, force)?;
    let selection = Selection::of(&given)?;
    let rules = Rules {
        type_means_all: false,
        files: given.has("filename"),
        all,
        selector: given.has("selector") || given.has("field-selector"),
        all_namespaces: selection.all_namespaces,
    };
    let many = all || rules.selector;
    let timeout = given.duration("timeout").filter(|timeout| *timeout != SimDuration::ZERO);
    let args = Args {
        targets: targets(&given.args, rules)?,
        selection,
        grace_seconds,
        force,
        propagation,
        deprecated,
        ignore_not_found: given.is_set("ignore-not-found") || (many && !given.has("ignore-not-found")),
        wait: given.is_set("wait") || !given.has("wait"),
        // A negative one means a week, too.
        limit: timeout.filter(|timeout| *timeout > SimDuration::ZERO).unwrap_or(LIMIT),
        dry_run: DryRun::of(&given)?,
        names_only: names_only(&given)?,
    };
    Ok((args, given))
}

fn names_only(given: &Given) -> Result<bool, UsageError> {
    match given.text("output") {
        None | Some("") => Ok(false),
        Some("name") => Ok(true),
        Some(other) => {
            Err(UsageError::error(format!("unexpected -o output mode: {other}. We only support '-o name'")))
        }
    }
}

fn cascade(given: &Given) -> Result<(Propagation, Option<String>), UsageError> {
    let old = |text: &str, new: &str| {
        Some(format!(
            "warning: --cascade={text} is deprecated (boolean value) and can be replaced with --cascade={new}."
        ))
    };
    match given.text("cascade") {
        None | Some("background") => Ok((Propagation::Background, None)),
        Some("true") => Ok((Propagation::Background, old("true", "background"))),
        Some(later @ ("foreground" | "orphan" | "false")) => {
            Err(UsageError::not_modelled(format!("delete --cascade={later}")))
        }
        Some(other) => Err(UsageError::error(format!(
            "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
        ))),
    }
}

/// The grace period to ask for. Without `--force`, 0 becomes 1.
fn grace(given: &Given, force: bool) -> Result<Option<i64>, UsageError> {
    let asked = given.int("grace-period").filter(|seconds| *seconds >= 0);
    match (asked, given.is_set("now")) {
        (Some(_), true) => Err(UsageError::error("--now and --grace-period cannot be specified together")),
        (None, true) if force => {
            Err(UsageError::error("--force and --grace-period greater than 0 cannot be specified together"))
        }
        (None, true) => Ok(Some(1)),
        (Some(1..), false) if force => {
            Err(UsageError::error("--force and --grace-period greater than 0 cannot be specified together"))
        }
        (_, false) if force => Ok(Some(0)),
        (Some(0), false) => Ok(Some(1)),
        (asked, false) => Ok(asked),
    }
}

/// What is under way.
#[derive(Clone, Debug)]
enum Phase {
    Idle,
    Listing(Kind),
    Deleting(Kind, ObjectKey),
    Looking(Deleted),
    Waiting(Deleted),
}

/// What was deleted.
#[derive(Clone, Debug)]
struct Deleted {
    kind: Kind,
    key: ObjectKey,
    /// As far as the server's answer told it.
    uid: Option<Uid>,
}

/// How far it is.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    args: Args,
    rest: VecDeque<Wanted>,
    deleted: VecDeque<Deleted>,
    found: usize,
    /// When it stops waiting.
    until: Option<MicroTime>,
    phase: Phase,
}

impl Steps {
    pub fn new(args: Args) -> Self {
        let (rest, deleted) = (VecDeque::new(), VecDeque::new());
        Self { args, rest, deleted, found: 0, until: None, phase: Phase::Idle }
    }

    pub fn next(&mut self, came: Came, shell: &mut Shell<'_>) -> Next {
        match (std::mem::replace(&mut self.phase, Phase::Idle), came) {
            (Phase::Idle, _) => self.begin(shell),
            (Phase::Listing(kind), Came::Reply(reply)) => self.listed(kind, reply, shell),
            (Phase::Deleting(kind, key), Came::Reply(reply)) => self.answered(kind, key, reply, shell),
            (Phase::Looking(deleted), Came::Reply(reply)) => self.looked(deleted, reply, shell),
            (Phase::Waiting(_), Came::Gone) => self.look(shell),
            (Phase::Waiting(deleted), Came::Elapsed) => {
                shell.terminal.fail(timed_out(&deleted));
                Next::Done
            }
            // Only what was asked for comes.
            _ => Next::Done,
        }
    }

    fn begin(&mut self, shell: &mut Shell<'_>) -> Next {
        if let Some(warning) = &self.args.deprecated {
            shell.terminal.warn(warning);
        }
        if self.args.grace_seconds == Some(0) && self.args.force {
            shell.terminal.warn(
                "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. \
                 The resource may continue to run on the cluster indefinitely.",
            );
        }
        self.rest = wanted(&self.args.targets, &self.args.selection, shell).into();
        if shell.command.namespace.is_some()
            && self.rest.iter().any(|wanted| !kind_of(wanted).info().namespaced)
        {
            shell
                .terminal
                .warn("Warning: deleting cluster-scoped resources, not scoped to the provided namespace");
        }
        self.advance(shell)
    }

    fn advance(&mut self, shell: &mut Shell<'_>) -> Next {
        match self.rest.pop_front() {
            Some(many @ Wanted::Many(kind, _)) => {
                self.phase = Phase::Listing(kind);
                Next::call(many.call(shell.namespace))
            }
            Some(Wanted::One(kind, key)) if self.args.dry_run == DryRun::Client => {
                self.found += 1;
                self.print(kind, &key, shell);
                self.advance(shell)
            }
            Some(Wanted::One(kind, key)) => {
                self.found += 1;
                self.phase = Phase::Deleting(kind, key.clone());
                let options = DeleteOptions {
                    grace_seconds: self.args.grace_seconds,
                    preconditions: Preconditions::default(),
                    propagation: Some(self.args.propagation),
                };
                Next::call(Call::Delete { kind, key, options })
            }
            None => self.all_deleted(shell),
        }
    }

    fn listed(&mut self, kind: Kind, reply: Reply, shell: &mut Shell<'_>) -> Next {
        match reply {
            Ok(Response::List(objects)) => {
                for object in objects.iter().rev() {
                    self.rest.push_front(Wanted::One(kind, object.key()));
                }
            }
            Ok(_) => {}
            Err(error) => shell.terminal.fail(Failure::server(error)),
        }
        self.advance(shell)
    }

    fn answered(&mut self, kind: Kind, key: ObjectKey, reply: Reply, shell: &mut Shell<'_>) -> Next {
        match reply {
            Ok(response) => {
                self.print(kind, &key, shell);
                let uid = response.object().map(|object| object.meta().uid);
                self.deleted.push_back(Deleted { kind, key, uid });
            }
            Err(error) => {
                let source =
                    shell.command.manifests().iter().find(|m| m.object["metadata"]["name"] == *key.name);
                let failure = match source {
                    Some(manifest) => Failure::while_doing(error, "deleting", &manifest.source),
                    None => Failure::server(error),
                };
                if !(failure.is_not_found() && self.args.ignore_not_found) {
                    shell.terminal.fail(failure);
                }
            }
        }
        self.advance(shell)
    }

    /// `pod "web" deleted from default namespace`
    fn print(&self, kind: Kind, key: &ObjectKey, shell: &mut Shell<'_>) {
        if self.args.names_only {
            shell.terminal.line(&shown(kind, &key.name));
            return;
        }
        let forced = if self.args.force && self.args.grace_seconds == Some(0) { "force " } else { "" };
        let place = match key.namespace.as_str() {
            "" => String::new(),
            namespace => format!(" from {namespace} namespace"),
        };
        let (info, suffix) = (kind.info(), self.args.dry_run.suffix());
        let subject = if info.group.is_empty() {
            info.singular.to_owned()
        } else {
            format!("{}.{}", info.singular, info.group)
        };
        shell.terminal.line(&format!("{subject} {:?} {forced}deleted{place}{suffix}", key.name));
    }

    fn all_deleted(&mut self, shell: &mut Shell<'_>) -> Next {
        if self.found == 0 && !shell.terminal.has_failed() {
            shell.terminal.line("No resources found");
            return Next::Done;
        }
        if shell.terminal.has_failed() || !self.args.wait || self.args.dry_run == DryRun::Client {
            return Next::Done;
        }
        let micros = self.args.limit.as_nanos() / 1_000;
        self.until = Some(MicroTime(shell.now.0.saturating_add(micros)));
        self.look(shell)
    }

    /// Looks whether the next one is gone.
    fn look(&mut self, _shell: &mut Shell<'_>) -> Next {
        let Some(deleted) = self.deleted.pop_front() else { return Next::Done };
        let call = Call::Get { kind: deleted.kind, key: deleted.key.clone() };
        self.phase = Phase::Looking(deleted);
        Next::call(call)
    }

    fn looked(&mut self, deleted: Deleted, reply: Reply, shell: &mut Shell<'_>) -> Next {
        let Ok(Response::Object(object)) = reply else { return self.look(shell) };
        let uid = object.meta().uid;
        if deleted.uid.is_some_and(|before| before != uid) {
            return self.look(shell);
        }
        let left = self.until.map_or(0, |until| until.0.saturating_sub(shell.now.0));
        if left <= 0 {
            shell.terminal.fail(timed_out(&deleted));
            return Next::Done;
        }
        let (kind, key) = (deleted.kind, deleted.key.clone());
        self.phase = Phase::Waiting(deleted);
        Next::UntilGone { kind, key, uid, limit: SimDuration::from_micros(left) }
    }
}

fn kind_of(wanted: &Wanted) -> Kind {
    match wanted {
        Wanted::One(kind, _) | Wanted::Many(kind, _) => *kind,
    }
}

fn timed_out(deleted: &Deleted) -> Failure {
    let (plural, name) = (deleted.kind.info().plural, &deleted.key.name);
    Failure::Own(format!("timed out waiting for the condition on {plural}/{name}"))
}
