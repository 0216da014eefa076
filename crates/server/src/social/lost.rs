//! What comes back from a provider, and is the end of nothing that was begun here.

/// Why it is lost. The person learns that it is, and begins anew; whoever operates the server reads why in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The browser sent no cookie of ours.
    NoCookie,
    /// It was begun in another browser, or is none of ours (SO-03).
    OtherBrowser,
    /// It was begun too long ago.
    TooLate,
    /// It was used before.
    Twice,
    /// It was begun at another provider, or at another issuer than the provider has now.
    OtherProvider,
    /// It was begun at another door: on the pages, or where the realm's profile begins it.
    OtherDoor,
    /// There is no such provider, or it is out of use (SO-07).
    OutOfUse,
    /// A parameter is there twice.
    Malformed,
    /// Whoever began to connect an account is not signed in any more (SO-06).
    OtherSession,
    /// What the sign-in was for is over.
    FlowOver,
}

impl Lost {
    /// As it stands in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoCookie => "no_cookie",
            Self::OtherBrowser => "other_browser",
            Self::TooLate => "too_late",
            Self::Twice => "used_before",
            Self::OtherProvider => "other_provider",
            Self::OtherDoor => "other_door",
            Self::OutOfUse => "out_of_use",
            Self::Malformed => "malformed",
            Self::OtherSession => "other_session",
            Self::FlowOver => "flow_over",
        }
    }

    /// What it comes from, for whoever reads the log.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::NoCookie => {
                "the browser sent no cookie of this host: the sign-in was begun under another host name than the provider sends back to \
                 (compare public_url and the address registered there), or the browser keeps no cookies, or it is another browser"
            }
            Self::OtherBrowser => {
                "the state does not open in this browser: it was begun in another one, or is none of ours"
            }
            Self::TooLate => "it was begun more than half an hour ago",
            Self::Twice => "it was used before: the address was loaded again, or opened twice",
            Self::OtherProvider => {
                "it was begun at another provider, or the provider has another issuer since"
            }
            Self::OtherDoor => {
                "it was begun under another path than it came back to: on the pages, or where the realm's profile begins it"
            }
            Self::OutOfUse => "there is no provider of this id in use",
            Self::Malformed => "a parameter of the answer is there twice",
            Self::OtherSession => "whoever began to connect an account is not signed in any more",
            Self::FlowOver => "what the sign-in was for began more than an hour ago",
        }
    }
}
