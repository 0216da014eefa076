//! Connections that say nothing, or never come to the point, do not stay.
//!
//! One timer a connection, which ticks whatever happens: a request touches it not at all. Timers that are set back at
//! every read and write cost a request a tenth of its CPU.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// How often a connection is looked at.
const TICK: Duration = Duration::from_secs(5);
/// How many looks at a connection on which nothing moves, while no answer is owed: half a minute. HTTP/2 asks for a sign
/// of life more often than this.
const SILENCE: u32 = 6;
/// How many looks at a client that is still sending the head of its request: ten to fifteen seconds.
const HEAD: u32 = 2;
/// What an HTTP/2 connection begins with (RFC 9113 section 3.4). Its frames are no unfinished head.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection's service tells its stream: how many requests there were, and how many answers are owed.
#[derive(Clone, Default)]
pub(super) struct Counter(Arc<Counts>);

#[derive(Default)]
struct Counts {
    asked: AtomicU64,
    answered: AtomicU64,
}

impl Counter {
    /// A request whose answer is `answer`.
    pub(super) fn count<F>(&self, answer: F) -> Counted<F> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        Counted { answer, owed: Owed(self.clone()) }
    }
}

/// Also an answer that nobody waits for any more is owed no longer.
struct Owed(Counter);

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.0.answered.fetch_add(1, Ordering::Relaxed);
    }
}

pin_project! {
    /// An answer that is owed until it is given.
    pub(super) struct Counted<F> {
        #[pin]
        answer: F,
        owed: Owed,
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().answer.poll(context)
    }
}

pin_project! {
    /// A stream that ends in a time-out when the other end is too slow.
    pub(super) struct Watched<S> {
        #[pin]
        stream: S,
        tick: Pin<Box<Sleep>>,
        watch: Watch,
    }
}

/// What was seen of a connection.
#[derive(Default)]
struct Watch {
    counter: Counter,
    /// Requests and answers at the last look.
    before: (u64, u64),
    /// Whether anything moved since the last look.
    moved: bool,
    /// Whether something was read since the last request, its body aside: the head of the next.
    in_head: bool,
    protocol: Protocol,
    silent_for: u32,
    in_head_for: u32,
}

/// What the first bytes say is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// So many bytes of the preface of HTTP/2 have come, and nothing else. Until all of it has, it may be a head.
    Undecided(usize),
    Http1,
    Http2,
}

impl Default for Protocol {
    fn default() -> Self {
        Self::Undecided(0)
    }
}

impl Protocol {
    fn after(self, bytes: &[u8]) -> Self {
        let Self::Undecided(known) = self else { return self };
        let expected = &PREFACE[known..];
        let compared = expected.len().min(bytes.len());
        match known + compared {
            _ if expected[..compared] != bytes[..compared] => Self::Http1,
            whole if whole == PREFACE.len() => Self::Http2,
            part => Self::Undecided(part),
        }
    }
}

impl<S> Watched<S> {
    /// Watches `stream`, whose requests are counted by `counter`.
    pub(super) fn new(stream: S, counter: Counter) -> Self {
        let watch = Watch { counter, ..Watch::default() };
        Self { stream, tick: Box::pin(tokio::time::sleep(TICK)), watch }
    }
}

impl Watch {
    /// Whether the client has used up its time.
    fn is_over(&mut self) -> bool {
        let counts = &self.counter.0;
        let now = (counts.asked.load(Ordering::Relaxed), counts.answered.load(Ordering::Relaxed));
        let owes = now.0 != now.1;
        // What was read belonged to a request that has begun since, or to its body.
        if now != self.before || owes {
            self.in_head = false;
        }
        self.before = now;
        // However slowly it goes on: a head is timed from its first byte.
        let waits_for_head = self.in_head && self.protocol != Protocol::Http2;
        self.in_head_for = if waits_for_head { self.in_head_for + 1 } else { 0 };
        self.silent_for = if self.moved || owes { 0 } else { self.silent_for + 1 };
        self.moved = false;
        self.in_head_for >= HEAD || self.silent_for >= SILENCE
    }

    fn heard(&mut self, bytes: &[u8]) {
        self.moved = true;
        self.in_head |= !bytes.is_empty();
        self.protocol = self.protocol.after(bytes);
    }

    /// Where nothing moves: wakes the connection at the next tick, and ends it when its time is up.
    fn or_wait<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        tick: &mut Pin<Box<Sleep>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            return polled;
        }
        loop {
            ready!(tick.as_mut().poll(context));
            if self.is_over() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            tick.as_mut().reset(Instant::now() + TICK);
        }
    }
}

impl<S: AsyncRead> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let before = buffer.filled().len();
        let read = this.stream.poll_read(context, buffer);
        if read.is_ready() {
            this.watch.heard(&buffer.filled()[before..]);
        }
        this.watch.or_wait(read, this.tick, context)
    }
}

impl<S: AsyncWrite> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.project();
        let written = this.stream.poll_write(context, bytes);
        this.watch.moved |= written.is_ready();
        this.watch.or_wait(written, this.tick, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        let written = this.stream.poll_write_vectored(context, parts);
        this.watch.moved |= written.is_ready();
        this.watch.or_wait(written, this.tick, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    // Having nothing to flush is no movement.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        let flushed = this.stream.poll_flush(context);
        this.watch.or_wait(flushed, this.tick, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        let ended = this.stream.poll_shutdown(context);
        this.watch.or_wait(ended, this.tick, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    fn connection(room: usize) -> (DuplexStream, Watched<DuplexStream>, Counter) {
        let counter = Counter::default();
        let (client, server) = duplex(room);
        (client, Watched::new(server, counter.clone()), counter)
    }

    /// How many seconds a reader that wants everything waits until it is told that the time is up.
    async fn seconds_until_over(mut watched: Watched<DuplexStream>) -> u64 {
        let begun = Instant::now();
        let mut all = Vec::new();
        let error = watched.read_to_end(&mut all).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_stays_half_a_minute() {
        let (_client, watched, _) = connection(64);
        assert_eq!(seconds_until_over(watched).await, 30);
    }

    /// A client that sends `first` and then a byte every so often: when it is over.
    async fn over_after(first: &[u8], period: Duration) -> u64 {
        let (mut client, watched, _) = connection(64);
        client.write_all(first).await.unwrap();
        let trickle = async {
            loop {
                tokio::time::sleep(period).await;
                if client.write_all(b"x").await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! { over = seconds_until_over(watched) => over, () = trickle => unreachable!() }
    }

    #[tokio::test(start_paused = true)]
    async fn ht_02_a_head_ends_after_ten_to_fifteen_seconds_however_it_trickles_in() {
        for first in [
            &b"G"[..],
            b"GET / HTTP/1.1\r\n",
            b"PRI /x HTTP/1.1\r\nHost: x\r\nX: a",
            b"P",
            b"PRI * HTTP/2.0\r\n\r\n",
        ] {
            for millis in [100, 700, 4_900, 7_000, 11_000, 25_000] {
                let over = over_after(first, Duration::from_millis(millis)).await;
                assert!((10..=15).contains(&over), "{first:?} and a byte every {millis} ms: {over} s");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_http2_are_no_head() {
        for split in [24, 1, 10] {
            let (mut client, watched, _) = connection(64);
            client.write_all(&PREFACE[..split]).await.unwrap();
            let pings = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                client.write_all(&PREFACE[split..]).await.unwrap();
                for _ in 0..60 {
                    client.write_all(b"ping").await.unwrap();
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            };
            tokio::select! { over = seconds_until_over(watched) => panic!("over after {over} s"), () = pings => {} }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_had_a_long_upload_is_kept_as_long_as_any_other() {
        let (mut client, watched, counter) = connection(64);
        let upload = async {
            let answer = counter.count(async {});
            for _ in 0..9 {
                client.write_all(b"a part").await.unwrap();
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            answer.await;
            std::future::pending::<()>().await;
        };
        let over =
            tokio::select! { over = seconds_until_over(watched) => over, () = upload => unreachable!() };
        assert!((45..=50).contains(&over), "half a minute after the answer, not {over} s");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_takes_long_is_waited_for() {
        let (mut client, watched, counter) = connection(64);
        client.write_all(b"GET / HTTP/1.1").await.unwrap();
        let answer = counter.count(tokio::time::sleep(Duration::from_mins(2)));
        let waiting = seconds_until_over(watched);
        tokio::pin!(waiting);
        tokio::select! { over = &mut waiting => panic!("over after {over} s"), () = answer => {} }
        assert!((145..=150).contains(&waiting.await), "half a minute after the answer");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_take_its_answer_is_left() {
        let (_client, mut watched, _) = connection(8);
        let begun = Instant::now();
        let error = watched.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() <= Duration::from_secs(35));
    }
}
