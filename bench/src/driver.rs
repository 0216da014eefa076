//! A closed-loop HTTP/1.1 driver: every connection asks, waits for the answer, and asks again.
//!
//! One thread, one epoll set, no allocation a request: it must cost less than what it measures.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use memchr::memmem;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::Outcome;

/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one connection says.
pub trait Talk {
    /// Writes the next request; `false` when there is nothing more to ask.
    fn ask(&mut self, out: &mut Vec<u8>) -> bool;
    /// Takes the head of the answer, before the answer. Most need none of it.
    fn head(&mut self, _head: &[u8]) {}
    /// Takes the answer.
    fn hear(&mut self, status: u16, body: &[u8]);
}

/// What came out of a run.
#[derive(Debug, Default)]
pub struct Load {
    /// Answers a second, within the time asked for.
    pub per_second: f64,
    /// How long each answer took, in microseconds, sorted.
    pub took: Vec<f64>,
    /// How many answers had which status.
    pub status: BTreeMap<u16, u64>,
}

impl Load {
    /// Milliseconds that this share of the answers stayed below.
    pub fn quantile(&self, share: f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into a list")]
        let index = (self.took.len() as f64 * share) as usize;
        self.took.get(index.min(self.took.len().saturating_sub(1))).copied().unwrap_or(f64::NAN) / 1_000.0
    }

    /// Refuses a run that measured something else than intended.
    pub fn only(self, status: u16) -> Outcome<Self> {
        if self.status.keys().all(|found| *found == status) && !self.status.is_empty() {
            return Ok(self);
        }
        Err(format!("expected only status {status}, the answers were {:?}", self.status).into())
    }
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    asked: Option<Instant>,
}

/// Lets every one of `talks` go on over a connection of its own for `length`, or until all have nothing more to ask.
pub fn drive<T: Talk>(address: SocketAddr, talks: &mut [T], length: Option<Duration>) -> Outcome<Load> {
    go_on(address, talks, length, false)
}

/// The same without ever sleeping, from a core that the server does not have. Whoever answers a driver that sleeps pays for
/// waking it, which on a virtual machine can be the price of a request; a server that keeps the driver busy would not pay it.
pub fn drive_awake<T: Talk>(address: SocketAddr, talks: &mut [T], length: Duration) -> Outcome<Load> {
    go_on(address, talks, Some(length), true)
}

fn go_on<T: Talk>(
    address: SocketAddr,
    talks: &mut [T],
    length: Option<Duration>,
    awake: bool,
) -> Outcome<Load> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut connections = Vec::with_capacity(talks.len());
    for number in 0..talks.len() {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        epoll::add(&poll, &stream, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
        connections.push(Connection { stream, received: Vec::with_capacity(8_192), asked: None });
    }
    let mut load = Load { took: Vec::with_capacity(1 << 16), ..Load::default() };
    let (begun, mut out, mut in_time) = (Instant::now(), Vec::with_capacity(4_096), 0_u32);
    let until = length.map(|length| begun + length);
    let mut under_way = 0_usize;
    for (connection, talk) in connections.iter_mut().zip(talks.iter_mut()) {
        under_way += usize::from(send(connection, talk, &mut out)?);
    }
    let mut events: Vec<epoll::Event> = Vec::with_capacity(talks.len().max(1));
    let patience = Timespec::try_from(if awake { Duration::ZERO } else { PATIENCE })?;
    let mut heard = begun;
    while under_way > 0 {
        events.clear();
        match epoll::wait(&poll, spare_capacity(&mut events), Some(&patience)) {
            Ok(0) if awake && heard.elapsed() < PATIENCE => continue,
            Ok(0) => return Err("no answer within half a minute".into()),
            Ok(_) => heard = Instant::now(),
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let number = usize::try_from(event.data.u64())?;
            let (connection, talk) = (&mut connections[number], &mut talks[number]);
            if !receive(connection)? {
                continue;
            }
            let Some((status, body, whole)) = answer(&connection.received)? else { continue };
            let now = Instant::now();
            let asked = connection.asked.take().ok_or("an answer to no question")?;
            talk.head(&connection.received[..body]);
            talk.hear(status, &connection.received[body..whole]);
            if whole < connection.received.len() {
                return Err("two answers to one question".into());
            }
            connection.received.clear();
            under_way -= 1;
            *load.status.entry(status).or_default() += 1;
            let goes_on = until.is_none_or(|until| now <= until);
            if goes_on {
                in_time += 1;
                load.took.push((now - asked).as_secs_f64() * 1e6);
                under_way += usize::from(send(connection, talk, &mut out)?);
            }
        }
    }
    let took = length.unwrap_or_else(|| begun.elapsed());
    load.per_second = f64::from(in_time) / took.as_secs_f64();
    load.took.sort_by(f64::total_cmp);
    Ok(load)
}

/// Returns whether there was something to ask.
fn send(connection: &mut Connection, talk: &mut impl Talk, out: &mut Vec<u8>) -> Outcome<bool> {
    out.clear();
    if !talk.ask(out) {
        return Ok(false);
    }
    connection.asked = Some(Instant::now());
    // A request is far smaller than a socket's buffer, and the connection is idle: it goes out whole.
    connection.stream.write_all(out)?;
    Ok(true)
}

/// Returns whether something arrived.
fn receive(connection: &mut Connection) -> Outcome<bool> {
    let mut piece = [0; 16_384];
    match connection.stream.read(&mut piece) {
        Ok(0) => Err("the server closed the connection".into()),
        Ok(count) => {
            connection.received.extend_from_slice(&piece[..count]);
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Status, where the body begins and where it ends, once all of it is there.
fn answer(received: &[u8]) -> Outcome<Option<(u16, usize, usize)>> {
    let Some(end) = memmem::find(received, b"\r\n\r\n") else { return Ok(None) };
    let status = received.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let status: u16 = status.ok_or("an answer without a status")?;
    // As hyper writes it, and as node does.
    let spelled = [b"content-length: ", b"Content-Length: "];
    let length = match spelled.iter().find_map(|name| memmem::find(&received[..end], *name)) {
        Some(at) => {
            let digits = received[at + 16..].iter().take_while(|byte| byte.is_ascii_digit());
            digits.fold(0_usize, |number, digit| number * 10 + usize::from(digit - b'0'))
        }
        None if status == 204 || status == 304 => 0,
        None => return Err("an answer without a length".into()),
    };
    let whole = end + 4 + length;
    Ok((received.len() >= whole).then_some((status, end + 4, whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_once_all_of_it_is_there() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ndate: x\r\n\r\nhello";
        assert_eq!(answer(&whole[..20]).unwrap(), None);
        let nodes = String::from_utf8_lossy(whole).replace("content-length", "Content-Length");
        assert_eq!(answer(nodes.as_bytes()).unwrap(), Some((200, whole.len() - 5, whole.len())));
        assert_eq!(answer(&whole[..whole.len() - 1]).unwrap(), None);
        assert_eq!(answer(whole).unwrap(), Some((200, whole.len() - 5, whole.len())));
        let empty = b"HTTP/1.1 204 No Content\r\ndate: x\r\n\r\n";
        assert_eq!(answer(empty).unwrap(), Some((204, empty.len(), empty.len())));
        assert!(answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn a_run_with_another_status_is_no_measurement() {
        let load = Load { status: BTreeMap::from([(200, 9), (503, 1)]), ..Load::default() };
        assert!(load.only(200).is_err());
        assert!(Load::default().only(200).is_err());
    }

    #[test]
    fn a_quantile_is_the_answer_that_many_were_faster_than() {
        let load = Load { took: (1..=100).map(|n| f64::from(n) * 1_000.0).collect(), ..Load::default() };
        assert!((load.quantile(0.5) - 51.0).abs() < 1e-9);
        assert!((load.quantile(0.99) - 100.0).abs() < 1e-9);
        assert!((load.quantile(1.0) - 100.0).abs() < 1e-9);
    }
}
