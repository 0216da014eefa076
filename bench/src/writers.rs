//! Thirty-two who write at once: register, sign in, refresh, change, sign out. Nobody may be told that the server failed.

use std::time::Duration;

use crate::driver::{Talk, drive};
use crate::people::{PASSWORD, Person, member, send_json, sign_in};
use crate::report::{Bar, Better, Row, alone};
use crate::served::{Served, gatepost_unlimited};
use crate::{Outcome, Run, machine};

const GROUP: &str = "writers";
const WRITERS: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Register,
    SignIn,
    Refresh,
    Change,
    SignOut,
}

struct Writer {
    number: usize,
    people: u32,
    turns: u32,
    doing: Doing,
    me: Person,
    /// Answers that a right request must not get, with what was asked.
    refused: Vec<String>,
}

impl Writer {
    fn new(number: usize) -> Self {
        Self {
            number,
            people: 0,
            turns: 0,
            doing: Doing::Register,
            me: Person::default(),
            refused: Vec::new(),
        }
    }
}

impl Talk for Writer {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        let token = Some(&*self.me.access_token);
        match self.doing {
            Doing::Register => {
                self.people += 1;
                self.turns = 0;
                self.me.email = format!("w{}-{}@example.com", self.number, self.people);
                let body = ["{\"email\":\"", &self.me.email, "\",\"password\":\"", PASSWORD, "\"}"];
                send_json(out, "POST", "/api/v1/register", None, &body);
            }
            Doing::SignIn => out.extend_from_slice(&sign_in(&self.me.email)),
            Doing::Refresh => {
                let body = ["{\"refresh_token\":\"", &self.me.refresh_token, "\"}"];
                send_json(out, "POST", "/api/v1/refresh", None, &body);
            }
            Doing::Change => {
                let name = format!("{{\"name\":\"Ada {}\"}}", self.turns);
                send_json(out, "PATCH", "/api/v1/me", token, &[&name]);
            }
            Doing::SignOut => send_json(out, "POST", "/api/v1/logout", token, &["{}"]),
        }
        true
    }

    fn hear(&mut self, status: u16, body: &[u8]) {
        if status >= 300 && self.refused.len() < 5 {
            let told = member(body, "code").unwrap_or("no code");
            self.refused.push(format!("{:?}: {status} {told}", self.doing));
        }
        if status >= 500 {
            // The same again: what failed was not done.
            return;
        }
        for (name, into) in
            [("access_token", &mut self.me.access_token), ("refresh_token", &mut self.me.refresh_token)]
        {
            if let Some(token) = member(body, name) {
                token.clone_into(into);
            }
        }
        self.doing = match self.doing {
            Doing::Register => Doing::SignIn,
            Doing::SignIn | Doing::Change if self.turns < 4 => Doing::Refresh,
            Doing::Refresh => {
                self.turns += 1;
                Doing::Change
            }
            Doing::SignIn | Doing::Change => Doing::SignOut,
            Doing::SignOut => Doing::Register,
        };
    }
}

#[expect(clippy::print_stderr, reason = "what was refused is for whoever looks")]
pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let before = machine::pin(machine::DRIVER)?;
    let server = Served::start(gatepost_unlimited(&folder.path().join("data"), true, None)?, machine::BOTH)?;
    let mut writers: Vec<Writer> = (0..WRITERS).map(Writer::new).collect();
    let load = drive(server.address, &mut writers, Some(Duration::from_secs(run.seconds)))?;
    machine::unpin(&before)?;
    for refused in writers.iter().flat_map(|writer| &writer.refused).take(10) {
        eprintln!("writers: {refused}");
    }
    let of = |class: u16| {
        load.status.iter().filter(|(status, _)| *status / 100 == class).map(|(_, count)| count).sum::<u64>()
            as f64
    };
    let row = |name: &str, unit, better, figure, bar| alone(GROUP, name, unit, better, &[figure], bar);
    let (less, more) = (Better::Less, Better::More);
    Ok(vec![
        row(&format!("answers 2xx in {} s, 32 writers", run.seconds), "", more, of(2), None),
        row("answers 4xx (every request is a right one)", "", less, of(4), Some(Bar::AtMost(0.0))),
        row("answers 5xx", "", less, of(5), Some(Bar::AtMost(0.0))),
        row("answers a second", "/s", more, load.per_second, None),
        row("p99", "ms", less, load.quantile(0.99), None),
    ])
}
