//! How every letter looks: what happened, at most one thing to do, and what to do if it was somebody else.

use askama::Template;
use gatepost_domain::{DisplayName, Logo, Timestamp};

use super::{
    colours::Colours,
    words::{MailWords, words},
};
use crate::{
    pages::{
        Language,
        html::{Html, Sentence, say},
    },
    realm::Snapshot,
};

/// A letter, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The subject.
    pub subject: String,
    /// What it says, as text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The picture that the HTML calls `cid:logo`.
    pub logo: Option<Logo>,
}

/// A sentence, as HTML and as text.
type Both = (Html, String);

fn both(sentence: &Sentence) -> Both {
    (sentence.html(), sentence.plain())
}

/// What a letter asks for.
struct Action {
    label: &'static str,
    url: String,
    hints: Vec<Both>,
}

/// A letter that is being written.
pub(super) struct Draft<'a> {
    realm: &'a Snapshot,
    pub(super) language: Language,
    pub(super) words: &'static MailWords,
    subject: String,
    heading: &'static str,
    hello: Sentence,
    paragraphs: Vec<Both>,
    facts: Vec<(&'static str, String)>,
    action: Option<Action>,
    not_you: Both,
    because: Both,
}

/// What a realm calls itself.
pub(super) fn name_of(realm: &Snapshot) -> &str {
    realm.settings().display_name.as_ref().map_or(realm.name(), DisplayName::as_str)
}

impl<'a> Draft<'a> {
    /// A letter that begins with a subject, which knows `{realm}`, and a heading.
    pub(super) fn new(
        realm: &'a Snapshot,
        language: Language,
        name: Option<&DisplayName>,
        subject: Sentence,
        heading: &'static str,
    ) -> Self {
        let words = words(language);
        let hello = match name {
            Some(name) => say(words.hello).put("name", name.as_str()),
            None => say(words.hello_nobody),
        };
        Self {
            realm,
            language,
            words,
            subject: subject.put("realm", name_of(realm)).plain(),
            heading,
            hello,
            paragraphs: Vec::new(),
            facts: Vec::new(),
            action: None,
            not_you: both(&say(words.not_you_notice)),
            because: both(&say(words.because_account)),
        }
    }

    /// One more paragraph, which knows `{realm}`.
    pub(super) fn says(mut self, sentence: Sentence) -> Self {
        self.paragraphs.push(both(&sentence.put("realm", name_of(self.realm))));
        self
    }

    /// Something worth knowing, if it is known.
    pub(super) fn fact(mut self, name: &'static str, value: Option<String>) -> Self {
        self.facts.extend(value.map(|value| (name, value)));
        self
    }

    /// What to do: a button, and what there is to say of its link.
    pub(super) fn asks(mut self, label: &'static str, url: String, hints: &[Sentence]) -> Self {
        self.action = Some(Action { label, url, hints: hints.iter().map(both).collect() });
        self
    }

    /// What to do if it was somebody else.
    pub(super) fn not_you(mut self, sentence: Sentence) -> Self {
        self.not_you = both(&sentence.put("realm", name_of(self.realm)));
        self
    }

    /// Why one gets it: an address was typed, then.
    pub(super) fn because_typed(mut self, sentence: &'static str, at: Timestamp) -> Self {
        self.because = both(&say(sentence).put("time", self.moment(at)));
        self
    }

    pub(super) fn moment(&self, at: Timestamp) -> String {
        crate::pages::html::moment(self.language.words(), at)
    }

    /// The letter.
    pub(super) fn finish(self) -> Result<Rendered, askama::Error> {
        let settings = self.realm.settings();
        let host = self.realm.public_url().split_once("://").map_or("", |(_, host)| host);
        let foot = say(self.words.foot).put("realm", name_of(self.realm)).put("host", host);
        let html = HtmlLetter {
            language: self.language,
            words: self.words,
            subject: &self.subject,
            realm: name_of(self.realm),
            pictured: settings.logo.is_some(),
            colours: Colours::of(settings.accent),
            heading: self.heading,
            hello_html: self.hello.html(),
            paragraphs: &self.paragraphs,
            facts: &self.facts,
            action: self.action.as_ref(),
            not_you: &self.not_you,
            foot: both(&foot),
            because: &self.because,
        }
        .render()?;
        let text = TextLetter {
            subject: &self.subject,
            hello: self.hello.plain(),
            paragraphs: &self.paragraphs,
            facts: &self.facts,
            action: self.action.as_ref(),
            not_you: &self.not_you,
            foot: both(&foot),
            because: &self.because,
        }
        .render()?;
        Ok(Rendered { subject: self.subject, text, html, logo: settings.logo.clone() })
    }
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct HtmlLetter<'a> {
    language: Language,
    words: &'static MailWords,
    subject: &'a str,
    realm: &'a str,
    pictured: bool,
    colours: Colours,
    heading: &'static str,
    hello_html: Html,
    paragraphs: &'a [Both],
    facts: &'a [(&'static str, String)],
    action: Option<&'a Action>,
    not_you: &'a Both,
    foot: Both,
    because: &'a Both,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct TextLetter<'a> {
    subject: &'a str,
    hello: String,
    paragraphs: &'a [Both],
    facts: &'a [(&'static str, String)],
    action: Option<&'a Action>,
    not_you: &'a Both,
    foot: Both,
    because: &'a Both,
}
