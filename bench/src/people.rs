//! What people say to the server.

use std::net::SocketAddr;

use memchr::memmem;

use crate::Outcome;
use crate::driver::{Talk, drive};

/// A password every realm accepts.
pub const PASSWORD: &str = "the engine weaves algebra";

/// A request without a body.
pub fn get(path: &str, access_token: Option<&str>) -> Vec<u8> {
    let authorization =
        access_token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}\r\n").into_bytes()
}

/// Writes a request with a JSON body.
pub fn send_json(out: &mut Vec<u8>, method: &str, path: &str, access_token: Option<&str>, body: &[&str]) {
    let length: usize = body.iter().map(|part| part.len()).sum();
    for part in [method, " ", path, " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(token) = access_token {
        for part in ["authorization: Bearer ", token, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    for part in body {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Writes a request with a form. An `authorization` is that of a client.
pub fn send_form(out: &mut Vec<u8>, path: &str, authorization: Option<&str>, body: &[&str]) {
    let length: usize = body.iter().map(|part| part.len()).sum();
    let typed = " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    for part in ["POST ", path, typed] {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(authorization) = authorization {
        for part in ["authorization: ", authorization, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    for part in body {
        out.extend_from_slice(part.as_bytes());
    }
}

/// The text of a member of a JSON answer. Our tokens need no unescaping.
pub fn member<'b>(body: &'b [u8], name: &str) -> Option<&'b str> {
    let begin = memmem::find(body, format!("\"{name}\":\"").as_bytes())? + name.len() + 4;
    let length = memchr::memchr(b'"', &body[begin..])?;
    std::str::from_utf8(&body[begin..begin + length]).ok()
}

/// Asks the same again and again.
pub struct Same(pub Vec<u8>);

impl Talk for Same {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(&self.0);
        true
    }

    fn hear(&mut self, _: u16, _: &[u8]) {}
}

/// The same request on so many connections.
pub fn same(request: &[u8], connections: usize) -> Vec<Same> {
    (0..connections).map(|_| Same(request.to_vec())).collect()
}

/// A sign-in with the password everybody has.
pub fn sign_in(email: &str) -> Vec<u8> {
    let mut out = Vec::new();
    send_json(
        &mut out,
        "POST",
        "/api/v1/login",
        None,
        &["{\"email\":\"", email, "\",\"password\":\"", PASSWORD, "\"}"],
    );
    out
}

/// Somebody who is signed in.
#[derive(Clone, Debug, Default)]
pub struct Person {
    pub email: String,
    pub access_token: String,
    pub refresh_token: String,
}

/// Registers and signs in one person after another.
struct Newcomers {
    next: Vec<String>,
    registered: bool,
    made: Vec<Person>,
    sessions: usize,
}

impl Talk for Newcomers {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(email) = self.next.last() else { return false };
        if self.registered {
            out.extend_from_slice(&sign_in(email));
        } else {
            let body = ["{\"email\":\"", email, "\",\"password\":\"", PASSWORD, "\"}"];
            send_json(out, "POST", "/api/v1/register", None, &body);
        }
        true
    }

    fn hear(&mut self, status: u16, body: &[u8]) {
        if !self.registered {
            self.registered = status == 201;
            return;
        }
        let token = |name| member(body, name).unwrap_or_default().to_owned();
        let email = self.next.last().cloned().unwrap_or_default();
        self.made.push(Person {
            email,
            access_token: token("access_token"),
            refresh_token: token("refresh_token"),
        });
        if self.made.len().is_multiple_of(self.sessions) {
            self.next.pop();
            self.registered = false;
        }
    }
}

/// So many people with `sessions` sessions each, made over 32 connections, as lists of equal length.
pub fn newcomers(
    address: SocketAddr,
    lists: usize,
    people: usize,
    sessions: usize,
) -> Outcome<Vec<Vec<Person>>> {
    let mut talks: Vec<Newcomers> = (0..lists)
        .map(|list| Newcomers {
            next: (0..people).map(|number| format!("p{list}-{number}@example.com")).collect(),
            registered: false,
            made: Vec::new(),
            sessions,
        })
        .collect();
    let load = drive(address, &mut talks, None)?;
    if load.status.keys().any(|status| *status >= 300) {
        return Err(format!("people could not sign in: {:?}", load.status).into());
    }
    Ok(talks.into_iter().map(|talk| talk.made).collect())
}

/// Refreshes in turn what it holds, each with the token it got before.
pub struct Refreshing {
    path: &'static str,
    tokens: Vec<String>,
    next: usize,
}

impl Refreshing {
    /// Of these people.
    pub fn of(people: &[Person]) -> Self {
        Self::at("/api/v1/refresh", people)
    }

    /// At another path, which takes and gives the same members.
    pub fn at(path: &'static str, people: &[Person]) -> Self {
        Self { path, tokens: people.iter().map(|person| person.refresh_token.clone()).collect(), next: 0 }
    }

    /// The token that is refreshed next.
    pub fn present(&self) -> &str {
        &self.tokens[self.next]
    }
}

impl Talk for Refreshing {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        let body = ["{\"refresh_token\":\"", &self.tokens[self.next], "\"}"];
        send_json(out, "POST", self.path, None, &body);
        true
    }

    fn hear(&mut self, _: u16, body: &[u8]) {
        if let Some(token) = member(body, "refresh_token") {
            token.clone_into(&mut self.tokens[self.next]);
        }
        self.next = (self.next + 1) % self.tokens.len();
    }
}
