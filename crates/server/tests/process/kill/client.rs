//! One client: it registers, signs in, refreshes and signs out, and keeps book of what it was answered.

use std::net::SocketAddr;

use serde_json::json;

use super::{Ledger, Round};
use crate::support::{Answer, Http, Protocol, Tokens, login, register};

/// Sessions a client keeps; with more it signs out of the oldest.
const SESSIONS: usize = 5;
/// How many of the newest accounts, and of the newest ended sessions, are a sample.
const SAMPLE: usize = 4;

/// How much is read back.
#[derive(Clone, Copy)]
pub(super) enum Extent {
    /// Every live session, and the newest of the rest.
    Sample,
    /// Everything.
    Everything,
}

struct Session {
    email: String,
    tokens: Tokens,
    /// A sign-out was asked for and not answered: it may have happened.
    in_doubt: bool,
}

/// A client and its book.
pub(super) struct Client {
    number: usize,
    made: usize,
    accounts: Vec<String>,
    /// Asked for and not answered: all there or not at all.
    doubtful_account: Option<String>,
    sessions: Vec<Session>,
    ended: Vec<Tokens>,
    dice: u64,
    pub(super) ledger: Ledger,
}

impl Client {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            made: 0,
            accounts: Vec::new(),
            doubtful_account: None,
            sessions: Vec::new(),
            ended: Vec::new(),
            dice: 0x9e37_79b9_7f4a_7c15 ^ (number as u64) << 17,
            ledger: Ledger::default(),
        }
    }

    /// The same sequence in every run (xorshift).
    fn roll(&mut self, sides: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        usize::try_from(self.dice >> 33).unwrap() % sides
    }

    /// Works until the round is over or there is no answer any more.
    pub(super) async fn work(&mut self, address: SocketAddr, round: &Round) {
        let mut http = Http::new(address, Protocol::Http1);
        while !round.is_over() {
            let answered = match self.roll(8) {
                0 | 1 => self.sign_up(&mut http, round).await,
                2 if self.sessions.len() > 1 => self.sign_out(&mut http, round).await,
                _ if !self.sessions.is_empty() => self.refresh(&mut http, round).await,
                _ => self.sign_up(&mut http, round).await,
            };
            if answered.is_none() {
                return;
            }
        }
    }

    /// Whether the answer says that it was done. What was turned away was not.
    fn is_done(&mut self, answer: &Answer, expected: u16, round: &Round) -> bool {
        if answer.status == expected {
            round.count();
            return true;
        }
        assert_eq!(answer.status, 503, "{}", answer.text());
        self.ledger.turned_away += 1;
        false
    }

    async fn sign_up(&mut self, http: &mut Http, round: &Round) -> Option<()> {
        self.made += 1;
        let email = format!("client-{}-{}@kill.test", self.number, self.made);
        self.doubtful_account = Some(email.clone());
        let registered = register(http, &email).await.ok()?;
        // A 503 may come after a commit whose answer was lost: the account stays in doubt.
        if !self.is_done(&registered, 201, round) {
            return Some(());
        }
        self.doubtful_account = None;
        self.ledger.registrations += 1;
        self.accounts.push(email.clone());
        let signed_in = login(http, &email).await.ok()?;
        if self.is_done(&signed_in, 200, round) {
            self.sessions.push(Session { email, tokens: Tokens::of(&signed_in), in_doubt: false });
        }
        if self.sessions.len() > SESSIONS { self.sign_out(http, round).await } else { Some(()) }
    }

    async fn refresh(&mut self, http: &mut Http, round: &Round) -> Option<()> {
        let which = self.roll(self.sessions.len());
        let body = json!({ "refresh_token": self.sessions[which].tokens.refresh });
        let answer = http.post("/api/v1/refresh", body).await.ok()?;
        if self.is_done(&answer, 200, round) {
            self.ledger.refreshes += 1;
            self.sessions[which].tokens = Tokens::of(&answer);
        }
        Some(())
    }

    async fn sign_out(&mut self, http: &mut Http, round: &Round) -> Option<()> {
        self.sessions[0].in_doubt = true;
        let token = self.sessions[0].tokens.access.clone();
        let answer = http.post_as("/api/v1/logout", &token, json!({})).await.ok()?;
        if self.is_done(&answer, 204, round) {
            self.ledger.sign_outs += 1;
            let ended = self.sessions.remove(0);
            self.ended.push(ended.tokens);
        }
        Some(())
    }

    /// Compares the book with what is there: every session, and accounts and ended sessions.
    pub(super) async fn read_back(&mut self, address: SocketAddr, extent: Extent) {
        let mut http = Http::new(address, Protocol::Http1).patient();
        let newest = match extent {
            Extent::Sample => SAMPLE,
            Extent::Everything => usize::MAX,
        };
        // First, for a refresh whose answer was lost can be repeated for some seconds only.
        self.read_sessions_back(&mut http).await;
        self.read_doubtful_account_back(&mut http).await;
        self.read_accounts_back(&mut http, newest).await;
        self.read_ended_back(&mut http, newest).await;
    }

    async fn read_sessions_back(&mut self, http: &mut Http) {
        for session in std::mem::take(&mut self.sessions) {
            self.ledger.checks += 1;
            let body = json!({ "refresh_token": session.tokens.refresh });
            let answer = http.post("/api/v1/refresh", body).await.unwrap();
            match (answer.status, session.in_doubt) {
                (200, _) => {
                    let tokens = Tokens::of(&answer);
                    let me = http.get_as("/api/v1/me", &tokens.access).await.unwrap();
                    if me.status != 200 || me.json()["email"] != session.email.as_str() {
                        self.ledger.corrupt.push(format!("{}: {}", session.email, me.text()));
                    }
                    self.sessions.push(Session { tokens, in_doubt: false, ..session });
                }
                // The sign-out that was not answered had been done. From now on it is certain.
                (401, true) => {
                    self.ledger.unacknowledged_done += 1;
                    self.ended.push(session.tokens);
                }
                _ => self.ledger.lost.push(format!("a session of {}: {}", session.email, answer.brief())),
            }
        }
    }

    /// A registration without an answer is repeated: either it is new, or the account is there whole.
    async fn read_doubtful_account_back(&mut self, http: &mut Http) {
        let Some(email) = self.doubtful_account.take() else {
            return;
        };
        let again = register(http, &email).await.unwrap();
        let signed_in = login(http, &email).await.unwrap();
        match (again.status, signed_in.status) {
            (201, 200) => {}
            (409, 200) => self.ledger.unacknowledged_done += 1,
            _ => self.ledger.corrupt.push(format!("{email}: {} {}", again.brief(), signed_in.brief())),
        }
        self.accounts.push(email);
    }

    async fn read_accounts_back(&mut self, http: &mut Http, newest: usize) {
        for email in self.accounts.iter().rev().take(newest) {
            self.ledger.checks += 1;
            let answer = login(http, email).await.unwrap();
            if answer.status != 200 {
                self.ledger.lost.push(format!("{email}: {}", answer.brief()));
            }
        }
    }

    async fn read_ended_back(&mut self, http: &mut Http, newest: usize) {
        for tokens in self.ended.iter().rev().take(newest) {
            self.ledger.checks += 1;
            let refreshed =
                http.post("/api/v1/refresh", json!({ "refresh_token": tokens.refresh })).await.unwrap();
            let seen = http.get_as("/api/v1/me", &tokens.access).await.unwrap();
            if (refreshed.status, seen.status) != (401, 401) {
                self.ledger.resurrected.push(format!("{} {}", refreshed.brief(), seen.brief()));
            }
        }
    }
}
