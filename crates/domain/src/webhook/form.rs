//! How a webhook is told: what its messages look like, and how they are signed.

use std::str::FromStr;

use super::{Event, Events, scalekit};

/// The form of the messages for a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Our own document, signed after Standard Webhooks.
    #[default]
    Standard,
    /// The document and the headers of applications that were written for Zalt.
    Zalt,
    /// The document of applications that were written for Scalekit, signed after Standard Webhooks.
    Scalekit,
}

impl Form {
    const ALL: [Self; 3] = [Self::Standard, Self::Zalt, Self::Scalekit];

    /// As it stands in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Zalt => "zalt",
            Self::Scalekit => "scalekit",
        }
    }

    /// Whether anybody is told of an event in this form.
    pub const fn tells(self, event: Event) -> bool {
        match self {
            Self::Standard | Self::Zalt => true,
            Self::Scalekit => scalekit::name(event).is_some(),
        }
    }

    /// Refuses events that nobody is told of in this form.
    pub fn check(self, events: &Events) -> Result<(), Untold> {
        let Events::Some(events) = events else { return Ok(()) };
        let untold = events.iter().copied().find(|event| !self.tells(*event));
        untold.map_or(Ok(()), |event| Err(Untold { event, form: self }))
    }
}

/// The text names no form of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a form of webhooks is standard, zalt or scalekit")]
pub struct NoSuchForm;

/// Nobody is told of the event in this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("in the form {} nobody is told of {event}; leave it out, or choose the form standard", form.name())]
pub struct Untold {
    event: Event,
    form: Form,
}

impl FromStr for Form {
    type Err = NoSuchForm;

    fn from_str(text: &str) -> Result<Self, NoSuchForm> {
        Self::ALL.into_iter().find(|form| form.name() == text).ok_or(NoSuchForm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_back_by_its_name() {
        for form in Form::ALL {
            assert_eq!(form.name().parse(), Ok(form));
        }
        assert_eq!("levitated".parse::<Form>(), Err(NoSuchForm));
    }

    #[test]
    fn an_event_that_a_form_has_no_name_for_is_not_chosen() {
        let password = Events::choose(["user.created", "password.changed"]).unwrap();
        assert_eq!((Form::Standard.check(&password), Form::Zalt.check(&password)), (Ok(()), Ok(())));
        let refused = Form::Scalekit.check(&password).unwrap_err().to_string();
        assert_eq!(
            refused,
            "in the form scalekit nobody is told of password.changed; leave it out, or choose the form standard"
        );
        assert_eq!(Form::Scalekit.check(&Events::All), Ok(()), "all there are in it");
        assert_eq!(Form::Scalekit.check(&Events::choose(["member.joined"]).unwrap()), Ok(()));
    }
}
