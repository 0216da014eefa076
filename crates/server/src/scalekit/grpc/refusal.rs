//! How a call is refused: a code, a sentence, and for the vendor's libraries a word to switch on.

use std::{borrow::Cow, error::Error, fmt, sync::Arc};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use gatepost_domain::SettingRefused;
use prost::Message as _;
use tonic::{Code, Status};

use crate::http::{Problem, observe::Cause};

/// How every method answers.
pub(in crate::scalekit) type Answer<T> = Result<T, Refusal>;

/// A call that is refused.
#[derive(Debug)]
pub(in crate::scalekit) enum Refusal {
    /// As it is refused everywhere.
    Problem(Box<Problem>),
    /// The token is good in the realm of this name, and that is not the one that is asked.
    OfRealm(String, Box<Problem>),
    /// What the contract has and the server has not: what does the same, or that nothing does.
    Unimplemented(&'static str),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<SettingRefused> for Refusal {
    fn from(refused: SettingRefused) -> Self {
        Problem::from(refused).into()
    }
}

impl Refusal {
    /// A member that is not what it has to be.
    pub(in crate::scalekit) fn field(field: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Problem::InvalidField { field, reason: reason.into() }.into()
    }
}

fn code(problem: &Problem) -> Code {
    match problem {
        Problem::EmailTaken
        | Problem::UsernameTaken
        | Problem::SlugTaken
        | Problem::ExternalIdTaken
        | Problem::RoleExists
        | Problem::PermissionExists
        | Problem::ClientExists
        | Problem::AlreadyMember
        | Problem::AlreadyInvited => Code::AlreadyExists,
        Problem::Changed | Problem::ChangedMeanwhile => Code::Aborted,
        Problem::BodyTooLarge => Code::ResourceExhausted,
        other => match other.document().status() {
            400 | 415 | 422 => Code::InvalidArgument,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::NotFound,
            409 | 412 => Code::FailedPrecondition,
            429 => Code::ResourceExhausted,
            503 => Code::Unavailable,
            _ => Code::Internal,
        },
    }
}

/// As everywhere, but for what is said of routes: a method has none.
fn told_of(problem: &Problem) -> Cow<'static, str> {
    match problem {
        Problem::NotFound => Cow::Borrowed("There is no such thing here, or none that is yours to see."),
        other => other.told(),
    }
}

fn of_realm(name: &str) -> String {
    format!(
        "The token is of realm {name}, and this host leads to another: a call has no room for the prefix /r/{name}. Give realm {name} a \
         host of its own, with its setting `hosts`, and call that."
    )
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let (problem, told) = match refusal {
            Refusal::Problem(problem) => {
                let told = told_of(&problem);
                (problem, told)
            }
            Refusal::OfRealm(name, problem) => (problem, of_realm(&name).into()),
            Refusal::Unimplemented(instead) => {
                return Self::with_details(
                    Code::Unimplemented,
                    instead,
                    details(Code::Unimplemented, "unimplemented", instead),
                );
            }
        };
        let code = code(&problem);
        let mut status = Self::with_details(code, told.as_ref(), details(code, problem.code(), &told));
        status.set_source(Arc::new(Logged(Problem::cause(&problem))));
        status
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        told(Status::from(self).into_http::<Body>())
    }
}

/// The response, with what goes to the log where it was refused.
pub(super) fn told(mut response: Response) -> Response {
    let status = response.extensions_mut().remove::<Status>();
    let source = status.as_ref().and_then(Error::source);
    if let Some(Logged(cause)) = source.and_then(|source| source.downcast_ref()) {
        let cause = cause.clone();
        response.extensions_mut().insert(cause);
    }
    response
}

/// Why, for the log.
struct Logged(Cause);

impl fmt::Debug for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code)
    }
}

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl Error for Logged {}

/// `grpc-status-details-bin`: the libraries read every detail as an `ErrorInfo`.
fn details(code: Code, word: &str, message: &str) -> bytes::Bytes {
    let info = ErrorInfo { error_code: word.to_owned() };
    let detail = Any {
        type_url: "type.googleapis.com/scalekit.v1.errdetails.ErrorInfo".to_owned(),
        value: info.encode_to_vec(),
    };
    let status = RpcStatus { code: code.into(), message: message.to_owned(), details: vec![detail] };
    status.encode_to_vec().into()
}

/// `google.rpc.Status`
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `scalekit.v1.errdetails.ErrorInfo`
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    error_code: String,
}
