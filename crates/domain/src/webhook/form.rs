//! How a webhook is told: what its messages look like, and how they are signed.

use std::str::FromStr;

/// The form of the messages for a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Our own document, signed after Standard Webhooks.
    #[default]
    Standard,
    /// The document and the headers of applications that were written for Zalt.
    Zalt,
}

impl Form {
    const ALL: [Self; 2] = [Self::Standard, Self::Zalt];

    /// As it stands in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Zalt => "zalt",
        }
    }
}

/// The text names no form of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no form of webhooks")]
pub struct NoSuchForm;

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
}
