//! A sync that is written down as a sequence, though its replies come later.
//!
//! Such a sync is a pure function of a snapshot and of the answers so far. It is run from its beginning each time
//! replies arrive: calls that have their answers return them, the first one without ends the run and is made. So a
//! long sequence reads top-down like the upstream function, and what lies between two calls is data: the snapshot, the
//! answers, and how many events were told. For sequences of a few dozen calls; the work grows with their square.

use super::Step;
use crate::{Call, NewEvent, Reply, Response};
use api::{ApiError, Object};
use units::{SimDuration, SimTime};

/// Something that a script asked for and got.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Replies of calls made in parallel.
    Replies(SimTime, Vec<Reply>),
    /// A pause ended.
    Paused(SimTime),
    /// What its cache held when it looked.
    Seen(Option<Object>),
}

/// What a script remembers between two runs.
#[derive(Clone, Debug)]
pub struct Progress<S> {
    /// What it works on.
    pub snapshot: S,
    started: SimTime,
    answers: Vec<Answer>,
    told: usize,
}

/// Why a script does not go on.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// It waits for the replies to these calls.
    Calls(Vec<Call>),
    /// It pauses.
    Pause(SimDuration),
    /// A call was refused and the sync fails with it.
    Refused(ApiError),
}

/// One run of a script.
pub struct Script<'a> {
    /// The time, as it was where the run has come to.
    pub now: SimTime,
    answers: &'a mut Vec<Answer>,
    next: usize,
    events: Vec<NewEvent>,
}

impl<S> Progress<S> {
    /// A script at its beginning.
    pub fn new(snapshot: S, now: SimTime) -> Self {
        Self { snapshot, started: now, answers: Vec::new(), told: 0 }
    }

    /// Takes what it has waited for: replies, or the end of a pause if there are none.
    pub fn answer(&mut self, replies: Vec<Reply>, now: SimTime) {
        let paused = replies.is_empty();
        self.answers.push(if paused { Answer::Paused(now) } else { Answer::Replies(now, replies) });
    }

    /// Runs it as far as it goes. Events come out in `tell`, each once; `end` says what follows from its result.
    pub fn run<T>(
        mut self,
        body: impl FnOnce(&S, &mut Script<'_>) -> Result<T, Stop>,
        tell: impl FnMut(NewEvent),
        end: impl FnOnce(Result<T, ApiError>) -> Step<Self>,
    ) -> Step<Self> {
        let mut script =
            Script { now: self.started, answers: &mut self.answers, next: 0, events: Vec::new() };
        let result = body(&self.snapshot, &mut script);
        let events = script.events;
        let told = events.len();
        events.into_iter().skip(self.told).for_each(tell);
        self.told = told;
        match result {
            Ok(value) => end(Ok(value)),
            Err(Stop::Calls(calls)) => Step::Calls(calls, self),
            Err(Stop::Pause(span)) => Step::Pause(span, self),
            Err(Stop::Refused(error)) => end(Err(error)),
        }
    }
}

impl Script<'_> {
    fn answer(&mut self) -> Option<&Answer> {
        let answer = self.answers.get(self.next)?;
        self.next += 1;
        match answer {
            Answer::Replies(at, _) | Answer::Paused(at) => self.now = *at,
            Answer::Seen(_) => {}
        }
        Some(answer)
    }

    /// Makes calls in parallel and waits for all replies.
    pub fn calls(&mut self, calls: Vec<Call>) -> Result<Vec<Reply>, Stop> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        match self.answer() {
            Some(Answer::Replies(_, replies)) => Ok(replies.clone()),
            _ => Err(Stop::Calls(calls)),
        }
    }
    /// Makes a call, and goes on whatever the reply is.
    pub fn attempt(&mut self, call: Call) -> Result<Reply, Stop> {
        let reply = self.calls(vec![call])?.into_iter().next();
        Ok(reply.unwrap_or(Ok(Response::Done)))
    }
    /// Makes a call, and fails if it is refused.
    pub fn call(&mut self, call: Call) -> Result<Response, Stop> {
        self.attempt(call)?.map_err(Stop::Refused)
    }
    /// Waits.
    pub fn pause(&mut self, span: SimDuration) -> Result<(), Stop> {
        match self.answer() {
            Some(_) => Ok(()),
            None => Err(Stop::Pause(span)),
        }
    }
    /// Looks into the cache: later runs see what the first one saw.
    pub fn look(&mut self, look: impl FnOnce() -> Option<Object>) -> Option<Object> {
        if let Some(Answer::Seen(object)) = self.answer() {
            return object.clone();
        }
        let object = look();
        self.answers.push(Answer::Seen(object.clone()));
        self.next += 1;
        object
    }
    /// Tells users something.
    pub fn event(&mut self, event: NewEvent) {
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::event::EventType;
    use api::{Kind, ObjectKey, ObjectRef, Reason, Uid};

    fn get(name: &str) -> Call {
        Call::Get { kind: Kind::Pod, key: ObjectKey::new("default", name) }
    }
    fn event(message: &str) -> NewEvent {
        NewEvent {
            about: ObjectRef { kind: Kind::Pod, key: ObjectKey::new("default", "a"), uid: Uid(1) },
            field_path: "".into(),
            kind: EventType::Normal,
            reason: "Test".into(),
            message: message.into(),
        }
    }
    fn body(_: &(), script: &mut Script<'_>) -> Result<SimTime, Stop> {
        script.event(event("first"));
        script.attempt(get("a"))?.unwrap_err();
        script.event(event("second"));
        script.pause(SimDuration::from_secs(1))?;
        assert_eq!(script.look(|| None), None);
        script.call(get("b"))?;
        Ok(script.now)
    }
    fn run(progress: Progress<()>, events: &mut Vec<String>) -> (Option<Progress<()>>, String) {
        let tell = |event: NewEvent| events.push(event.message.to_string());
        let mut result = String::new();
        let step = progress.run(body, tell, |end| {
            result = format!("{:?}", end.map_err(|e| e.reason));
            Step::Done
        });
        match step {
            Step::Calls(calls, next) => (Some(next), format!("call {}", calls[0].about().1)),
            Step::Pause(span, next) => (Some(next), format!("pause {}", span.as_secs())),
            _ => (None, result),
        }
    }

    #[test]
    fn a_script_goes_on_where_it_was_and_tells_each_event_once() {
        let refusal = || Err(ApiError::new(Reason::NotFound, "gone"));
        for (last, expect) in [(Ok(Response::Done), "Ok(SimTime(5000000000))"), (refusal(), "Err(NotFound)")]
        {
            let mut events = Vec::new();
            let at = SimTime::from_secs;
            let (next, did) = run(Progress::new((), at(0)), &mut events);
            assert_eq!(did, "call default/a");
            let mut next = next.unwrap();
            next.answer(vec![refusal()], at(1));
            let (next, did) = run(next, &mut events);
            assert_eq!(did, "pause 1");
            let mut next = next.unwrap();
            next.answer(Vec::new(), at(2));
            let (next, did) = run(next, &mut events);
            assert_eq!(did, "call default/b");
            let mut next = next.unwrap();
            next.answer(vec![last], at(5));
            assert_eq!(run(next, &mut events).1, expect);
            assert_eq!(events, ["first", "second"]);
        }
    }
}
