//! Refusals of the API server, with the codes, reasons and words of `metav1.Status`.
//!
//! Source: `staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go`, v1.36.2.

use crate::{Kind, Name, Uid};
use serde::{Deserialize, Serialize};
use std::fmt;

text_enum! {
    /// `reason` of a refusal.
    Reason {
        BadRequest = "BadRequest",
        Forbidden = "Forbidden",
        NotFound = "NotFound",
        AlreadyExists = "AlreadyExists",
        Conflict = "Conflict",
        Invalid = "Invalid",
        MethodNotAllowed = "MethodNotAllowed",
        TooManyRequests = "TooManyRequests",
        Timeout = "Timeout",
        ServerTimeout = "ServerTimeout",
        InternalError = "InternalError",
        ServiceUnavailable = "ServiceUnavailable",
    }
}

impl Reason {
    /// The HTTP status code.
    pub const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
            Self::InternalError | Self::ServerTimeout => 500,
            Self::ServiceUnavailable => 503,
            Self::Timeout => 504,
        }
    }
}

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// What kind of refusal.
    pub reason: Reason,
    /// The server's words, as kubectl shows them behind `Error from server (<reason>): `.
    pub message: String,
    /// A machine-readable cause, such as `NamespaceTerminating`; empty if none.
    pub cause: Name,
}

impl ApiError {
    /// A refusal with these words.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), cause: Name::default() }
    }
    /// 404: `pods "web" not found`.
    pub fn not_found(kind: Kind, name: &str) -> Self {
        Self::new(Reason::NotFound, format!("{} \"{name}\" not found", kind.resource()))
    }
    /// 409: `pods "web" already exists`.
    pub fn already_exists(kind: Kind, name: &str) -> Self {
        Self::new(Reason::AlreadyExists, format!("{} \"{name}\" already exists", kind.resource()))
    }
    /// 409 of an update whose resourceVersion is not the stored one.
    pub fn conflict(kind: Kind, name: &str) -> Self {
        Self::conflict_because(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }
    /// 409 with another reason.
    pub fn conflict_because(kind: Kind, name: &str, because: &str) -> Self {
        Self::new(
            Reason::Conflict,
            format!("Operation cannot be fulfilled on {} \"{name}\": {because}", kind.resource()),
        )
    }
    /// 409 of a precondition on the uid.
    pub fn uid_conflict(kind: Kind, name: &str, wanted: Uid, found: Uid) -> Self {
        Self::conflict_because(
            kind,
            name,
            &format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"),
        )
    }
    /// 403: `pods "web" is forbidden: <because>`.
    pub fn forbidden(kind: Kind, name: &str, because: &str) -> Self {
        Self::new(Reason::Forbidden, format!("{} \"{name}\" is forbidden: {because}", kind.resource()))
    }
    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Reason::BadRequest, message)
    }
    /// 422: `Pod "web" is invalid: <causes>`; several causes in square brackets.
    pub fn invalid(kind: Kind, name: &str, causes: &[String]) -> Self {
        let info = kind.info();
        let subject = if info.group.is_empty() {
            info.kind.to_owned()
        } else {
            format!("{}.{}", info.kind, info.group)
        };
        let causes = if let [one] = causes { one.clone() } else { format!("[{}]", causes.join(", ")) };
        Self::new(Reason::Invalid, format!("{subject} \"{name}\" is invalid: {causes}"))
    }
    /// The same refusal with a machine-readable cause.
    pub fn with_cause(mut self, cause: &'static str) -> Self {
        self.cause = Name::new_static(cause);
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for ApiError {}
