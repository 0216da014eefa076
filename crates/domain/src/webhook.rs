//! Webhooks: who is told of what happens in a realm, and what becomes of each message.

mod answer;
mod event;
mod form;
mod message;
pub mod scalekit;
pub mod zalt;

use std::str::FromStr;
use std::time::Duration;

use crate::{DisplayName, EventId, RealmId, Timestamp, WebUri, WebhookId};

pub use answer::{Answer, NoSuchAnswer};
pub use event::{Event, Events, EventsRefused, NoSuchEvent};
pub use form::{Form, NoSuchForm, Untold};
pub use message::{About, Message};

/// How many a realm may have.
pub const MOST: u64 = 50;
/// How long a secret that was replaced may sign beside the new one.
pub const LONGEST_OVERLAP: Duration = Duration::from_hours(24 * 30);
/// How long it is kept what became of a message, and how long one waits for a webhook that is off.
pub const KEPT: Duration = Duration::from_hours(24 * 30);

/// How long nothing may arrive at a webhook before it is turned off: about as long as one message is tried.
pub const PATIENCE: Duration = Duration::from_hours(76);

/// How long after each failure a message is tried again, as Standard Webhooks has it: the first time at once, the last after three
/// days and some hours.
const SCHEDULE: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The id.
    pub id: WebhookId,
    /// The realm.
    pub realm: RealmId,
    /// What it is for, in the words of whoever made it.
    pub name: Option<DisplayName>,
    /// Where messages are sent.
    pub url: WebUri,
    /// Of what it is told.
    pub events: Events,
    /// How it is told.
    pub form: Form,
    /// Whether it is told at all, or why not.
    pub state: WebhookState,
    /// What messages are signed with, under the master key.
    pub sealed_secret: Vec<u8>,
    /// The secret before, and until when it signs too.
    pub previous_secret: Option<(Vec<u8>, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: u64,
}

impl Webhook {
    /// The secret before, if it still signs.
    pub fn also_signs(&self, now: Timestamp) -> Option<&[u8]> {
        self.previous_secret.as_ref().filter(|(_, until)| now < *until).map(|(sealed, _)| sealed.as_slice())
    }
}

/// Whether a webhook is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookState {
    /// It is.
    On,
    /// Somebody turned it off.
    Off,
    /// It answered that it is gone (410), and was turned off for that.
    Gone,
    /// Nothing sent to it arrived for as long as messages are tried, and it was turned off for that.
    Failing,
}

impl WebhookState {
    const ALL: [Self; 4] = [Self::On, Self::Off, Self::Gone, Self::Failing];

    /// As it stands in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// The text names no state of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no state of a webhook")]
pub struct NoSuchState;

impl FromStr for WebhookState {
    type Err = NoSuchState;

    fn from_str(text: &str) -> Result<Self, NoSuchState> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or(NoSuchState)
    }
}

/// One message for one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The realm.
    pub realm: RealmId,
    /// For whom.
    pub webhook: WebhookId,
    /// The message: its id.
    pub id: EventId,
    /// Of what it tells.
    pub event: Event,
    /// Whom it is about.
    pub subject: [u8; 16],
    /// The document.
    pub body: String,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is tried next; `None`: no more.
    pub due_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// How often of these the receiver was there and did not take it.
    pub failures: u32,
    /// What came of the last time, and when that was.
    pub last: Option<(Timestamp, Answer)>,
}

/// What has become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It waits for its first or its next try.
    Waiting,
    /// It arrived.
    Delivered,
    /// It was tried as often as one is, and did not arrive.
    Dead,
}

impl DeliveryState {
    /// As it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// The text names nothing that becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write waiting, delivered or dead")]
pub struct NoSuchDeliveryState;

impl FromStr for DeliveryState {
    type Err = NoSuchDeliveryState;

    fn from_str(text: &str) -> Result<Self, NoSuchDeliveryState> {
        let all = [Self::Waiting, Self::Delivered, Self::Dead];
        all.into_iter().find(|state| state.name() == text).ok_or(NoSuchDeliveryState)
    }
}

impl Delivery {
    /// What has become of it.
    pub fn state(&self) -> DeliveryState {
        match (self.due_at, self.last) {
            (Some(_), _) => DeliveryState::Waiting,
            (None, Some((_, answer))) if answer.is_success() => DeliveryState::Delivered,
            (None, _) => DeliveryState::Dead,
        }
    }

    /// What it is after another try, which came to `answer` now. `jitter` is any number: it spreads what failed together.
    ///
    /// Where the receiver could not be reached, that says nothing of the message: it stays due, before all that came after it.
    #[must_use]
    pub fn tried(&self, answer: Answer, jitter: u32, now: Timestamp) -> Self {
        let attempts = self.attempts.saturating_add(1);
        let (due_at, failures) = if answer.is_success() {
            (None, self.failures)
        } else if answer.is_of_receiver() {
            (self.due_at, self.failures)
        } else {
            let failures = self.failures.saturating_add(1);
            (pause_after(failures, jitter).map(|pause| now.plus(pause)), failures)
        };
        Self { attempts, failures, due_at, last: Some((now, answer)), ..self.clone() }
    }

    /// Whether the webhook is to be turned off after this try, unless something else arrived there within [`PATIENCE`].
    pub fn tells_of_failing(&self, now: Timestamp) -> bool {
        let failed = self.last.is_some_and(|(_, answer)| answer.is_of_all());
        failed && self.due_at.is_none_or(|due| now.since(due) >= PATIENCE)
    }
}

/// How long a message waits after so many failures, and up to a tenth more. `None`: it is not tried again.
fn pause_after(failures: u32, jitter: u32) -> Option<Duration> {
    let at = usize::try_from(failures).ok()?.checked_sub(1)?;
    let pause = *SCHEDULE.get(at)?;
    Some(pause + pause.mul_f64(f64::from(jitter) / f64::from(u32::MAX) / 10.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn delivery() -> Delivery {
        Delivery {
            realm: RealmId::MIN,
            webhook: WebhookId::MIN,
            id: EventId::MIN,
            event: Event::Test,
            subject: [0; 16],
            body: "{}".into(),
            created_at: NOW,
            due_at: Some(NOW),
            attempts: 0,
            failures: 0,
            last: None,
        }
    }

    #[test]
    fn a_message_is_tried_ten_times_over_three_days_and_then_no_more() {
        let (mut one, mut now) = (delivery(), NOW);
        let mut pauses = Vec::new();
        while let Some(due) = one.due_at {
            pauses.push(due.since(now).as_secs());
            now = due;
            assert_eq!((one.state(), one.tells_of_failing(now)), (DeliveryState::Waiting, false));
            one = one.tried(Answer::Status(500), 0, now);
        }
        assert_eq!(pauses, [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!((one.state(), one.attempts), (DeliveryState::Dead, 10));
        assert!(now.since(NOW) < PATIENCE && one.tells_of_failing(now));
        assert_eq!(one.last, Some((now, Answer::Status(500))));
        let spread = delivery().tried(Answer::TooSlow, u32::MAX, NOW);
        assert_eq!(spread.due_at, Some(NOW.plus(Duration::from_millis(5_500))));
    }

    #[test]
    fn wh_04_while_nobody_is_there_a_message_keeps_its_place() {
        let later = NOW.plus(Duration::from_hours(75));
        let one = delivery().tried(Answer::NoConnection, 0, NOW).tried(Answer::Status(503), 0, later);
        assert_eq!((one.due_at, one.attempts, one.failures), (Some(NOW), 2, 0));
        assert!(!one.tells_of_failing(later) && one.tells_of_failing(NOW.plus(PATIENCE)));
    }

    #[test]
    fn only_a_status_of_success_is_a_delivery() {
        // Whether it says something of the message, and whether it does of the next.
        for (answer, arrived, of_receiver, of_all) in [
            (Answer::Status(200), true, false, false),
            (Answer::Status(204), true, false, false),
            (Answer::Status(302), false, false, false),
            (Answer::Status(400), false, false, false),
            (Answer::Status(410), false, true, true),
            (Answer::Status(429), false, true, true),
            (Answer::Status(500), false, false, true),
            (Answer::Status(503), false, true, true),
            (Answer::TooSlow, false, false, true),
            (Answer::Broken, false, false, true),
            (Answer::NoConnection, false, true, true),
            (Answer::AddressRefused, false, true, true),
            (Answer::SecretUnreadable, false, true, true),
        ] {
            let one = delivery().tried(answer, 0, NOW);
            assert_eq!(one.state() == DeliveryState::Delivered, arrived, "{answer}");
            assert_eq!((answer.is_of_receiver(), answer.is_of_all()), (of_receiver, of_all), "{answer}");
            assert_eq!(one.due_at == Some(NOW), of_receiver, "{answer}");
            assert_eq!(answer.to_string().parse(), Ok(answer));
        }
        assert_eq!("soon".parse::<Answer>(), Err(NoSuchAnswer));
    }

    #[test]
    fn the_secret_before_signs_for_as_long_as_was_said() {
        let until = NOW.plus(LONGEST_OVERLAP);
        let webhook = Webhook {
            id: WebhookId::MIN,
            realm: RealmId::MIN,
            name: None,
            url: "https://app.test/hook".parse().unwrap(),
            events: Events::All,
            form: Form::Standard,
            state: WebhookState::On,
            sealed_secret: vec![1],
            previous_secret: Some((vec![2], until)),
            created_at: NOW,
            updated_at: NOW,
            version: 1,
        };
        assert_eq!((webhook.also_signs(NOW), webhook.also_signs(until)), (Some([2].as_slice()), None));
        for state in WebhookState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
        assert_eq!("dead".parse::<DeliveryState>(), Ok(DeliveryState::Dead));
    }
}
