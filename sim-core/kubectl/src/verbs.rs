//! The verbs, one file each. A new one is a file with its flags, its `parse` and its steps, an arm in [`parse`] and one
//! in [`Steps::of`].

pub mod apply;
pub mod delete;
mod get;
mod reading;
pub mod scale;
pub mod set;

use crate::command::{Command, Verb};
use crate::get::GetArgs;
use crate::grammar::UsageError;
use crate::grammar::flags::Given;
use crate::terminal::Terminal;
use api::{Kind, Name, ObjectKey, Uid};
use client::{Call, Reply};
use units::{MicroTime, SimDuration};

/// What came.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    /// Nothing yet: the command begins.
    Start,
    /// The answer to its call.
    Reply(Reply),
    /// The time that it wanted to wait is over.
    Elapsed,
    /// The object that it waits for is gone.
    Gone,
}

/// What a command does next.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// It makes a call.
    Call(Box<Call>),
    /// It waits so long.
    Sleep(SimDuration),
    /// It waits until an object is gone, but not longer than this.
    UntilGone {
        /// Kind.
        kind: Kind,
        /// Which.
        key: ObjectKey,
        /// Another uid under this key means that it is gone.
        uid: Uid,
        /// At most so long.
        limit: SimDuration,
    },
    /// It ends.
    Done,
}

impl Next {
    fn call(call: Call) -> Self {
        Self::Call(Box::new(call))
    }
}

/// All that a command may touch.
pub(crate) struct Shell<'a> {
    /// The command.
    pub command: &'a Command,
    /// `-n`, else that of the context.
    pub namespace: &'a Name,
    /// The clock.
    pub now: MicroTime,
    /// What it prints to.
    pub terminal: &'a mut Terminal,
}

/// How far a command is.
#[derive(Clone, Debug)]
pub(crate) enum Steps {
    Apply(apply::Steps),
    Delete(delete::Steps),
    Get(get::Steps),
    Scale(scale::Steps),
    Set(set::Steps),
}

impl Steps {
    /// Of a command that has not begun.
    pub fn of(verb: &Verb) -> Self {
        match verb {
            Verb::Apply(args) => Self::Apply(apply::Steps::new(args.clone())),
            Verb::Delete(args) => Self::Delete(delete::Steps::new(args.clone())),
            Verb::Get(args) => Self::Get(get::Steps::new(args.clone())),
            Verb::Scale(args) => Self::Scale(scale::Steps::new(args.clone())),
            Verb::Set(args) => Self::Set(set::Steps::new(args.clone())),
        }
    }

    /// Goes on.
    pub fn next(&mut self, came: Came, shell: &mut Shell<'_>) -> Next {
        match self {
            Self::Apply(steps) => steps.next(came, shell),
            Self::Delete(steps) => steps.next(came, shell),
            Self::Get(steps) => steps.next(came, shell),
            Self::Scale(steps) => steps.next(came, shell),
            Self::Set(steps) => steps.next(came, shell),
        }
    }
}

/// Every command of kubectl v1.36.2, in the order in which it offers them.
const COMMANDS: [&str; 46] = [
    "create",
    "expose",
    "run",
    "set",
    "explain",
    "get",
    "edit",
    "delete",
    "rollout",
    "scale",
    "autoscale",
    "certificate",
    "cluster-info",
    "top",
    "cordon",
    "uncordon",
    "drain",
    "taint",
    "describe",
    "logs",
    "attach",
    "exec",
    "port-forward",
    "proxy",
    "cp",
    "auth",
    "debug",
    "events",
    "diff",
    "apply",
    "patch",
    "replace",
    "wait",
    "kustomize",
    "label",
    "annotate",
    "completion",
    "alpha",
    "api-resources",
    "api-versions",
    "config",
    "plugin",
    "version",
    "options",
    "kuberc",
    "help",
];

/// Reads the words behind a command's name.
pub(crate) fn parse(name: &str, words: &[String]) -> Result<(Verb, Given), UsageError> {
    match name {
        "apply" => apply::parse(words).map(|(args, given)| (Verb::Apply(args), given)),
        "delete" => delete::parse(words).map(|(args, given)| (Verb::Delete(args), given)),
        "get" => GetArgs::parse(words).map(|(args, given)| (Verb::Get(args), given)),
        "scale" => scale::parse(words).map(|(args, given)| (Verb::Scale(args), given)),
        "set" => set::parse(words).map(|(args, given)| (Verb::Set(args), given)),
        known if COMMANDS.contains(&known) => Err(UsageError::not_modelled(format!("kubectl {known}"))),
        unknown => Err(unknown_command(unknown)),
    }
}

fn unknown_command(name: &str) -> UsageError {
    let mut message = format!("unknown command {name:?} for \"kubectl\"");
    let close: Vec<&str> = COMMANDS
        .into_iter()
        .filter(|command| distance(name, command) <= 2 || command.starts_with(&name.to_lowercase()))
        .collect();
    if !close.is_empty() {
        message.push_str("\n\nDid you mean this?");
        close.iter().for_each(|command| message.push_str(&format!("\n\t{command}")));
    }
    UsageError::error(message)
}

/// How many letters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(!x.eq_ignore_ascii_case(y));
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// `deployment.apps/web`, as result lines name an object.
pub(crate) fn shown(kind: Kind, name: &str) -> String {
    format!("{}/{name}", kind.singular_resource())
}

/// Whether a command only says what it would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    /// It does it.
    #[default]
    None,
    /// It only says so.
    Client,
}

impl DryRun {
    /// Reads `--dry-run`.
    pub(crate) fn of(given: &Given) -> Result<Self, UsageError> {
        match given.text("dry-run") {
            None | Some("none" | "false") => Ok(Self::None),
            Some("client") => Ok(Self::Client),
            Some("server") => Err(UsageError::not_modelled("--dry-run=server")),
            Some("unchanged" | "true") => Err(UsageError::not_modelled("--dry-run without a value")),
            Some(other) => Err(UsageError::error(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }
    /// What follows a result line.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
        }
    }
}

/// How a command that writes shows its results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Results {
    /// `deployment.apps/web scaled`
    #[default]
    Lines,
    /// `deployment.apps/web`
    Names,
}

impl Results {
    /// Reads `-o`.
    pub(crate) fn of(given: &Given, command: &str) -> Result<Self, UsageError> {
        match given.text("output") {
            None | Some("") => Ok(Self::Lines),
            Some("name") => Ok(Self::Names),
            Some(other) => Err(UsageError::not_modelled(format!("-o {other} of kubectl {command}"))),
        }
    }
    /// Prints one.
    pub(crate) fn print(self, terminal: &mut Terminal, kind: Kind, name: &str, what: &str) {
        match self {
            Self::Lines => terminal.line(&format!("{} {what}", shown(kind, name))),
            Self::Names => terminal.line(&shown(kind, name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_commands() {
        let check = |name: &str, expect: &str| {
            assert_eq!(parse(name, &[]).unwrap_err().stderr, format!("error: {expect}\n"));
        };
        check("gett", "unknown command \"gett\" for \"kubectl\"\n\nDid you mean this?\n\tset\n\tget");
        check("frobnicate", "unknown command \"frobnicate\" for \"kubectl\"");
        check("drain", "kubectl drain is not modelled yet");
    }
}
