//! Mail that is not sent but kept in memory, to be looked at.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use gatepost_domain::Timestamp;

use super::Rendered;

/// So many are kept; the oldest goes first.
const MOST: usize = 500;

/// A letter that would have been sent.
#[derive(Clone, Debug)]
pub struct KeptMail {
    /// Its number, from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The address it is for.
    pub to: String,
    /// Whom it is from: the realm.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// What it says, as text.
    pub text: String,
    /// The same as HTML. A picture that would be attached is in it.
    pub html: String,
}

impl KeptMail {
    /// The first link in it, as whoever gets it would open it.
    pub fn link(&self) -> Option<&str> {
        self.text.split_whitespace().find(|word| word.starts_with("http://") || word.starts_with("https://"))
    }
}

#[derive(Default)]
pub(super) struct Kept(Mutex<(u64, VecDeque<KeptMail>)>);

impl Kept {
    pub(super) fn keep(&self, to: &str, realm: &str, letter: &Rendered, at: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        let html = match &letter.logo {
            Some(logo) => letter.html.replace("cid:logo", &logo.to_string()),
            None => letter.html.clone(),
        };
        let mail = KeptMail {
            number: kept.0,
            at,
            to: to.to_owned(),
            from: realm.to_owned(),
            subject: letter.subject.clone(),
            text: letter.text.clone(),
            html,
        };
        kept.1.push_back(mail);
        if kept.1.len() > MOST {
            kept.1.pop_front();
        }
    }

    /// All of them, the oldest first.
    pub(super) fn all(&self) -> Vec<KeptMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.iter().cloned().collect()
    }
}
