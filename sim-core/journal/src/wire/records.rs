//! Bodies of records, commits apart.

use crate::record::{
    Attempt, AttemptOutcome, ChangeType, KubectlLine, Occurrence, ProbeKind, Refusal, RejectedNodes,
    ScoredNode, What,
};
use api::{ApiError, Reason};

wire_enum!(ChangeType { 0 = Added, 1 = Modified, 2 = Deleted });
wire_struct!(Refusal { about, verb, by, error });
wire_struct!(ApiError { reason, message, cause });
wire_enum!(Reason {
    0 = BadRequest,
    1 = Forbidden,
    2 = NotFound,
    3 = AlreadyExists,
    4 = Conflict,
    5 = Invalid,
    6 = MethodNotAllowed,
    7 = TooManyRequests,
    8 = Timeout,
    9 = ServerTimeout,
    10 = InternalError,
    11 = ServiceUnavailable,
});
wire_struct!(Attempt { pod, nodes, visited, feasible, rejected, scores, outcome });
wire_struct!(RejectedNodes { plugin, reason, count, examples });
wire_struct!(ScoredNode { node, score });
wire_enum!(AttemptOutcome { 0 = Chosen(node), 1 = Unschedulable(message), 2 = Error(message) });
wire_struct!(Occurrence { about, container, what });
wire_enum!(What {
    0 = ProcessStarted,
    1 = ProcessEnded { code },
    2 = ProcessSignalled { grace_seconds },
    3 = SandboxStarted,
    4 = SandboxStopped,
    5 = PullStarted { image },
    6 = ImagePulled { image },
    7 = ProbePassed(probe),
    8 = ProbeFailed { probe, threshold },
    9 = MachineStarted,
    10 = MachineStopped,
    11 = PodRejected { reason },
});
wire_enum!(ProbeKind { 0 = Liveness, 1 = Readiness, 2 = Startup });
wire_struct!(KubectlLine { line, stdout, stderr, status });
