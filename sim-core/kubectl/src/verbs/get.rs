//! `kubectl get` against the server: reads, then prints as [`crate::get`] does.

use super::reading::{Reading, wanted};
use super::{Came, Next, Shell};
use crate::get::{GetArgs, print};
use client::Reply;

/// How far it is.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    args: GetArgs,
    reading: Reading,
}

impl Steps {
    pub fn new(args: GetArgs) -> Self {
        Self { args, reading: Reading::default() }
    }

    pub fn next(&mut self, came: Came, shell: &mut Shell<'_>) -> Next {
        let reply: Option<Reply> = match came {
            Came::Start => {
                self.reading = Reading::of(wanted(&self.args.targets, &self.args.selection, shell));
                None
            }
            Came::Reply(reply) => Some(reply),
            Came::Elapsed | Came::Gone => return Next::Done,
        };
        if let Some(call) = self.reading.next(reply, shell.namespace) {
            return Next::call(call);
        }
        let Reading { found, failures, .. } = std::mem::take(&mut self.reading);
        let found: Vec<_> = found.iter().map(|object| (object.kind(), object.to_json())).collect();
        print(&self.args, shell.namespace, found, failures, shell.now, shell.terminal);
        Next::Done
    }
}
