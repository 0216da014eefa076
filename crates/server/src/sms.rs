//! Codes as text messages. Gatepost delivers none: it posts each to the sender of the realm (the setting `sms_url`), an application of the
//! operator's, and whoever asked for the code waits until it was taken.
//!
//! What a code is good for, and whether it is right, is in [`mfa`](crate::mfa); here it is made, counted and sent.

use std::time::Duration;

use gatepost_domain::{
    RealmId, RealmSettings, SettingRefused, Timestamp, UserId, WebUri,
    audit::{Actor, Event, Record},
    mfa::{
        PhoneNumber,
        sms::{SMS_CODE_TTL, SentFor, SmsCode},
    },
    webhook::Answer,
};
use gatepost_store::{audit, sms_codes, sms_codes::SentCode};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    App,
    http::{Problem, Where},
    limits::{Attempt, Rule, attempt_of},
    mail,
    realm::Snapshot,
    request_secrets::{self, Signs, Unsigned},
};

/// How long a sender has, from our first look into the database to the head of its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the sender is where requests can be sent to, as far as its address tells.
pub fn check(app: &App, settings: &RealmSettings) -> Result<(), SettingRefused> {
    settings.sms_url.iter().try_for_each(|url| {
        app.outgoing()
            .takes_messages(url)
            .map_err(|refused| SettingRefused::new("sms_url", refused.to_string()))
    })
}

/// Who sends the text messages of a realm.
pub fn sender(realm: &Snapshot) -> Result<&WebUri, Problem> {
    realm.settings().sms_url.as_ref().ok_or(Problem::SmsOff)
}

/// A code that the sender has taken.
#[derive(Clone, Debug)]
pub struct SmsSent {
    /// Where it was sent, as its owner is shown it.
    pub to: String,
    /// From when on it is no good.
    pub expires_at: Timestamp,
}

/// A code that is to be sent: counted, and not kept yet.
pub(crate) struct Prepared {
    /// What is kept of it, by the transaction of whoever sends it, and only if what it is sent for is still so.
    pub(crate) kept: SentCode,
    app: App,
    whose: (RealmId, UserId),
    url: WebUri,
    body: Zeroizing<String>,
    record: Record,
}

/// What was counted for one message. It stays counted once the sender is asked, whatever came of that: it may have cost a message.
#[derive(Default)]
struct Counted(Vec<Attempt>);

impl Counted {
    /// One more limit. Where it is reached no message goes out, and the limits before it lose nothing.
    fn add(&mut self, taken: Result<Attempt, Problem>) -> Result<(), Problem> {
        match taken {
            Ok(attempt) => self.0.push(attempt),
            Err(refused) => {
                self.0.drain(..).for_each(Attempt::give_back);
                return Err(refused);
            }
        }
        Ok(())
    }
}

impl Prepared {
    /// Makes a code for a user, if none of the limits is reached. Nobody is asked before it was counted.
    pub(crate) fn new(
        app: &App,
        realm: &Snapshot,
        user: UserId,
        (number, sent_for): (&PhoneNumber, SentFor<'_>),
        origin: &Where,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let url = sender(realm)?.clone();
        // Apart: whoever says that another's number is theirs, or that they have many, uses up nothing of what is sent at sign-ins.
        let sets_up = matches!(sent_for, SentFor::SetUp(_));
        let mut counted = Counted::default();
        counted.add(attempt_of(app, realm, (Rule::SmsPause, user), Some(user), origin, now))?;
        counted.add(attempt_of(app, realm, (Rule::SmsAccount, user), Some(user), origin, now))?;
        counted.add(attempt_of(app, realm, (Rule::SmsNumber, (number, sets_up)), Some(user), origin, now))?;
        let address = (Rule::SmsAddress, (origin.neighbourhood(), sets_up));
        counted.add(attempt_of(app, realm, address, Some(user), origin, now))?;
        counted.add(attempt_of(app, realm, (Rule::SmsRealm, sets_up), Some(user), origin, now))?;
        let id = realm.id();
        let (code, key) = (SmsCode::generate(app.entropy()), sent_for.key());
        let digest = app.master_key().sms_code_key().digest((id, user), &key, number, &code);
        let expires_at = now.plus(SMS_CODE_TTL);
        let kept = SentCode { sent_for: key, digest, number: number.clone(), expires_at };
        let (locale, text) = mail::text_message(realm, origin.language(), &code);
        let body = json!({
            "type": "sms.code",
            "realm": realm.name(),
            "to": number.as_str(),
            "code": code.reveal(),
            "text": text.as_str(),
            "locale": locale,
            "expires_in": SMS_CODE_TTL.as_secs(),
        });
        let actor = match sent_for {
            SentFor::SignIn(_) => Actor::Anonymous,
            SentFor::SetUp(_) | SentFor::Session(_) => Actor::User(user),
        };
        let record = origin.record(app, id, Event::SmsSent, actor, now).user(user);
        let record = record.with("for", sent_for.name()).with("to", number.masked());
        let record = match sent_for {
            SentFor::SignIn(_) => record,
            SentFor::SetUp(session) | SentFor::Session(session) => record.session(session),
        };
        let body = Zeroizing::new(body.to_string());
        Ok(Self { kept, app: app.clone(), whose: (id, user), url, body, record })
    }

    /// Sends it, after the transaction that keeps it. Whoever does not wait for the end changes nothing about it: what the sender did not
    /// take is withdrawn, and written down, all the same.
    pub(crate) async fn deliver(self) -> Result<SmsSent, Problem> {
        tokio::spawn(self.carry_out()).await.map_err(Problem::internal)?
    }

    async fn carry_out(self) -> Result<SmsSent, Problem> {
        let answer = tokio::time::timeout(PATIENCE, self.post()).await.unwrap_or(Ok(Answer::TooSlow));
        let answer = answer.unwrap_or_else(|unsigned| {
            tracing::warn!(%unsigned, realm.id = %self.whose.0, "a request to a sender of text messages could not be signed");
            Answer::SecretUnreadable
        });
        metrics::counter!("gatepost_sms_sent_total", "result" => answer.class()).increment(1);
        let Self { kept, app, whose: (realm, user), record, .. } = self;
        let sent = SmsSent { to: kept.number.masked(), expires_at: kept.expires_at };
        if answer.is_success() {
            let noted = app.db().write("record a text message", move |tx| {
                let record = record.clone();
                Box::pin(async move { audit::append(tx, &record).await })
            });
            noted.await?;
            return Ok(sent);
        }
        let remedy = match answer {
            Answer::AddressRefused => {
                "let the server call private addresses (outgoing.private_addresses), or name another sms_url"
            }
            _ => "ask whoever runs it",
        };
        tracing::warn!(%answer, realm.id = %realm, remedy, "a sender of text messages did not take one");
        let record = Record { event: Event::SmsNotSent, ..record }.with("answer", answer.to_string());
        let withdrawn = app.db().write("withdraw a code that was not sent", move |tx| {
            let (kept, record) = (kept.clone(), record.clone());
            Box::pin(async move {
                sms_codes::withdraw(tx, realm, user, (&kept.sent_for, &kept.digest)).await?;
                audit::append(tx, &record).await
            })
        });
        withdrawn.await?;
        Err(Problem::SmsNotSent)
    }

    async fn post(&self) -> Result<Answer, Unsigned> {
        // As it may stand there since private addresses were allowed.
        if self.app.outgoing().takes_messages(&self.url).is_err() {
            return Ok(Answer::AddressRefused);
        }
        // Of a sender that is slow no more wait than there are places.
        let Some(_place) = self.app.senders().take(self.whose.0).await else { return Ok(Answer::TooSlow) };
        let headers = request_secrets::sign(&self.app, (self.whose.0, Signs::Sms), &self.body).await?;
        Ok(self.app.outgoing().deliver(&self.url, headers, self.body.as_str().to_owned()).await)
    }
}
