//! Who did what is kept.

use std::fmt;
use std::str::FromStr;

use crate::{ClientId, UserId};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Nobody known yet: somebody trying to sign in.
    Anonymous,
    /// A user.
    User(UserId),
    /// A client on its own account.
    Client(ClientId),
    /// Somebody at the command line.
    Operator,
    /// The server itself: a job.
    System,
}

/// The text names no actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an actor: user:…, client:…, operator, system or anonymous")]
pub struct NoSuchActor;

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
        }
    }
}

impl FromStr for Actor {
    type Err = NoSuchActor;

    fn from_str(text: &str) -> Result<Self, NoSuchActor> {
        match text {
            "anonymous" => Ok(Self::Anonymous),
            "operator" => Ok(Self::Operator),
            "system" => Ok(Self::System),
            _ => match text.split_once(':') {
                Some(("user", id)) => id.parse().map(Self::User).map_err(|_| NoSuchActor),
                Some(("client", id)) => id.parse().map(Self::Client).map_err(|_| NoSuchActor),
                _ => Err(NoSuchActor),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_read_back() {
        for actor in [
            Actor::Anonymous,
            Actor::Operator,
            Actor::System,
            Actor::User(UserId::MAX),
            Actor::Client("web".parse().unwrap()),
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert_eq!("user:web".parse::<Actor>(), Err(NoSuchActor));
    }
}
