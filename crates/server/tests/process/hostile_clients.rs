//! Clients that do not speak HTTP, or speak it to do harm. Each gets a short answer or none, and nobody else notices.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::{CHEAP_HASHES, DEADLINE, Http, Protocol, Server, gatepost, sign_up};

/// More than this is not an answer to a hostile request but a leak, in KiB. A debug build with its thread stacks is
/// larger than what is released.
const GROWTH_KIB: u64 = 48 * 1024;

fn serve(folder: &tempfile::TempDir) -> Server {
    gatepost("serve --listen 127.0.0.1:0 --log-level debug").data(folder.path()).envs(CHEAP_HASHES).serve()
}

/// Sends bytes and returns the status line of the answer; empty when the connection was closed without one.
async fn status_line(server: &Server, bytes: &[u8]) -> String {
    answer_to(server, bytes, false).await
}

/// The same, and nothing more will come: the client closes its side.
async fn status_line_at_the_end(server: &Server, bytes: &[u8]) -> String {
    answer_to(server, bytes, true).await
}

async fn answer_to(server: &Server, bytes: &[u8], ends: bool) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let read = async {
        let mut part = [0; 4096];
        while !answer.contains(&b'\n') {
            match reader.read(&mut part).await {
                Ok(read @ 1..) => answer.extend_from_slice(&part[..read]),
                Ok(0) | Err(_) => break,
            }
        }
    };
    let write = async {
        // The server may answer and close before it has read everything: then writing fails, and the answer counts.
        let _ = writer.write_all(bytes).await;
        if ends {
            let _ = writer.shutdown().await;
        }
        std::future::pending::<()>().await;
    };
    let exchange = async {
        tokio::select! {
            () = read => {}
            () = write => {}
        }
    };
    timeout(DEADLINE, exchange).await.expect("the server answers or closes the connection");
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

/// Somebody else is served as if nothing had happened.
async fn assert_serves(server: &mut Server) {
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let mut http = Http::new(server.address(), protocol);
        assert_eq!(http.get("/health/ready").await.unwrap().status, 200);
    }
    server.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn ht_03_heads_that_are_too_large_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(&folder);
    let long = "a".repeat(200_000);
    let many = "authorization: Bearer x\r\n".repeat(1_000);
    for (what, head) in [
        (
            "a long header",
            format!("GET /api/v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {long}\r\n\r\n"),
        ),
        ("a thousand headers", format!("GET /api/v1/me HTTP/1.1\r\nhost: x\r\n{many}\r\n")),
        ("a head without end", format!("GET / HTTP/1.1\r\nhost: x\r\nx: {long}{long}")),
    ] {
        assert_eq!(
            status_line(&server, head.as_bytes()).await,
            "HTTP/1.1 431 Request Header Fields Too Large",
            "{what}"
        );
    }
    let target = format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n");
    let line = status_line(&server, target.as_bytes()).await;
    assert!(line.starts_with("HTTP/1.1 414 ") || line.starts_with("HTTP/1.1 431 "), "{line}");
    assert_serves(&mut server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_credentials_are_refused_whichever_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(&folder);
    let tokens = sign_up(&mut server.http(), "ada@hostile.test").await;
    let good = format!("authorization: Bearer {}\r\n", tokens.access);
    let request =
        |headers: &str| format!("GET /api/v1/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    assert_eq!(status_line(&server, request(&good).as_bytes()).await, "HTTP/1.1 200 OK");
    for headers in
        [format!("{good}authorization: Bearer x\r\n"), format!("authorization: Basic eDp5\r\n{good}")]
    {
        assert_eq!(status_line(&server, request(&headers).as_bytes()).await, "HTTP/1.1 401 Unauthorized");
    }
    assert_serves(&mut server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ht_03_bodies_that_are_too_large_are_refused_without_being_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(&folder);
    assert_serves(&mut server).await;
    let before = server.resident_kib();
    let head = "POST /api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let announced = format!("{head}content-length: 100000000000\r\n\r\n{{");
    assert_eq!(status_line(&server, announced.as_bytes()).await, "HTTP/1.1 413 Payload Too Large");
    // 32 MiB in chunks, which nobody announced.
    let mut chunked = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..512 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.resize(chunked.len() + 0x10000, b' ');
        chunked.extend_from_slice(b"\r\n");
    }
    let line = status_line(&server, &chunked).await;
    // What is packed is not unpacked.
    let packed = format!("{head}content-encoding: gzip\r\nconnection: close\r\ncontent-length: 20\r\n\r\n");
    let packed = [
        packed.as_bytes(),
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0],
    ]
    .concat();
    assert_eq!(status_line(&server, &packed).await, "HTTP/1.1 400 Bad Request");
    // The answer may be lost with the connection, which is closed under the flood.
    assert!(line.is_empty() || line == "HTTP/1.1 413 Payload Too Large", "{line}");
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < GROWTH_KIB, "grew by {grown} KiB");
    assert_serves(&mut server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ht_01_what_is_not_http_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(&folder);
    let post =
        "POST /api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";
    for (what, bytes) in [
        (
            "a size that is no number",
            format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"),
        ),
        (
            "a size beyond 64 bits",
            format!("{post}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{{}}\r\n"),
        ),
        ("a length that is no number", format!("{post}content-length: ten\r\n\r\n{{}}")),
        ("two lengths", format!("{post}content-length: 2\r\ncontent-length: 20\r\n\r\n{{}}")),
        ("a negative length", format!("{post}content-length: -1\r\n\r\n{{}}")),
        ("two lengths in one", format!("{post}content-length: 2, 20\r\n\r\n{{}}")),
        ("a length with a sign", format!("{post}content-length: +2\r\n\r\n{{}}")),
        (
            "chunks by another name",
            format!("{post}transfer-encoding: xchunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        ),
        (
            "chunks that are not last",
            format!("{post}transfer-encoding: chunked, identity\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        ),
        ("a space before the colon", "GET / HTTP/1.1\r\nhost : x\r\n\r\n".to_owned()),
        ("a folded header", "GET / HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n".to_owned()),
        ("a NUL in a header", "GET / HTTP/1.1\r\nhost: x\r\na: b\0c\r\n\r\n".to_owned()),
        ("no host", "GET /health/live HTTP/1.1\r\n\r\n".to_owned()),
        ("a host that is none", "GET /health/live HTTP/1.1\r\nhost: a/b\r\n\r\n".to_owned()),
        ("a method of nobody", "G\u{1}T / HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
        ("text", "hello\r\n\r\n".to_owned()),
        ("SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()),
    ] {
        let line = status_line(&server, bytes.as_bytes()).await;
        assert!(line.starts_with("HTTP/1.1 400 "), "{what}: {line:?}");
    }
    // A body that ends too early is no request.
    let cut = format!("{post}content-length: 100\r\n\r\n{{\"email\":");
    let line = status_line_at_the_end(&server, cut.as_bytes()).await;
    assert!(line.is_empty() || line.starts_with("HTTP/1.1 400 "), "{line:?}");
    // Length and chunks at once: one of the two must not count, or the connection could be smuggled through.
    let both = format!("{post}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    let line = status_line(&server, both.as_bytes()).await;
    assert!(line.starts_with("HTTP/1.1 4"), "{line:?}");
    // A TLS client on a port without TLS, and bytes of every value.
    let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 500]].concat();
    let every: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for bytes in [hello, every, vec![0; 100_000], vec![b'\n'; 100_000]] {
        let line = status_line_at_the_end(&server, &bytes).await;
        assert!(line.is_empty() || line.starts_with("HTTP/1.1 4"), "{line:?}");
    }
    assert_serves(&mut server).await;
}

/// Clients that begin and do not go on hold a connection, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_stuck_clients_do_not_keep_others_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = serve(&folder);
    let mut stuck = Vec::new();
    for number in 0..300 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let begun: &[u8] = match number % 3 {
            0 => b"GET / HTTP/1.1\r\nhost",
            1 => b"POST /api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
            _ => b"PRI * HTTP/2.0\r\n",
        };
        stream.write_all(begun).await.unwrap();
        stuck.push(stream);
    }
    let mut http = server.http();
    let answered = timeout(Duration::from_secs(5), sign_up(&mut http, "ada@hostile.test")).await;
    assert!(answered.is_ok(), "a sign-in waited behind clients that send nothing");
    assert_serves(&mut server).await;
}

mod http_2 {
    //! Frames by hand (RFC 9113).

    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    /// `GET /api/v1/me` from the static table of HPACK (RFC 7541), the path as a literal.
    const GET: &[u8] = b"\x82\x86\x04\x0a/api/v1/me\x41\x01x";

    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    const CONTINUATION: u8 = 9;
    /// Flags of HEADERS.
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    /// Sends, and reads until `enough` or the connection ends.
    async fn answer(
        server: &Server,
        frames: impl Iterator<Item = Vec<u8>>,
        enough: fn(&[u8]) -> bool,
    ) -> Vec<u8> {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        let mut answer = Vec::new();
        let read = async {
            let mut part = vec![0; 64 * 1024];
            while !enough(&answer) {
                match reader.read(&mut part).await {
                    Ok(read @ 1..) => answer.extend_from_slice(&part[..read]),
                    Ok(0) | Err(_) => break,
                }
            }
        };
        let write = async {
            let mut open = writer.write_all(PREFACE).await.is_ok();
            for frame in frames {
                open = open && writer.write_all(&frame).await.is_ok();
            }
            std::future::pending::<()>().await;
        };
        let exchange = async {
            tokio::select! {
                () = read => {}
                () = write => {}
            }
        };
        timeout(DEADLINE, exchange).await.expect("the server answers, or ends the connection");
        answer
    }

    /// The payload of the first whole frame of a kind that the server sent.
    fn first(kind: u8, mut bytes: &[u8]) -> Option<&[u8]> {
        while bytes.len() >= 9 {
            let length = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]) as usize;
            let payload = bytes.get(9..9 + length)?;
            if bytes[3] == kind {
                return Some(payload);
            }
            bytes = &bytes[9 + length..];
        }
        None
    }

    /// The error code with which the server ended the connection.
    fn went_away(bytes: &[u8]) -> Option<u32> {
        first(GOAWAY, bytes).map(|payload| u32::from_be_bytes(payload[4..8].try_into().unwrap()))
    }

    /// CVE-2023-44487: requests that are taken back at once cost the server work and the client nothing.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_of_requests_taken_back_ends_the_connection() {
        let folder = tempfile::tempdir().unwrap();
        let mut server = serve(&folder);
        assert_serves(&mut server).await;
        let before = server.resident_kib();
        let pairs = (0..50_000_u32).map(|number| {
            let stream = number * 2 + 1;
            let get = frame(HEADERS, END_STREAM | END_HEADERS, stream, GET);
            [get, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
        });
        let code = went_away(&answer(&server, pairs, |bytes| went_away(bytes).is_some()).await);
        // ENHANCE_YOUR_CALM, or a connection that broke before we could read why.
        assert!(matches!(code, Some(11) | None), "{code:?}");
        let log = server.stderr.text();
        let answered = log.matches("/api/v1/me").count();
        println!("HOSTILE rapid-reset sent=50000 worked_on={answered} goaway={code:?}");
        assert!(answered < 5_000, "{answered} of 50000 requests were worked on");
        let grown = server.resident_kib().saturating_sub(before);
        assert!(grown < GROWTH_KIB, "grew by {grown} KiB");
        assert_serves(&mut server).await;
    }

    /// CVE-2024-24549 and its kin: a head that never ends.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_head_that_is_continued_for_ever_ends_the_connection() {
        let folder = tempfile::tempdir().unwrap();
        let mut server = serve(&folder);
        assert_serves(&mut server).await;
        let before = server.resident_kib();
        let more = [b"\x40\x01a\x7f\x81\x7e".as_slice(), &[b'b'; 255]].concat();
        let frames = std::iter::once(frame(HEADERS, END_STREAM, 1, GET))
            .chain((0..100_000).map(|_| frame(CONTINUATION, 0, 1, &more)));
        let code = went_away(&answer(&server, frames, |bytes| went_away(bytes).is_some()).await);
        assert!(matches!(code, Some(1 | 9 | 11) | None), "{code:?}");
        let grown = server.resident_kib().saturating_sub(before);
        println!("HOSTILE continuation-flood goaway={code:?} grown_kib={grown}");
        assert!(grown < GROWTH_KIB, "grew by {grown} KiB");
        assert_serves(&mut server).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn floods_of_settings_and_pings_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let mut server = serve(&folder);
        assert_serves(&mut server).await;
        let before = server.resident_kib();
        let flood = (0..50_000).map(|number| {
            if number % 2 == 0 {
                frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])
            } else {
                frame(PING, 0, 0, &[7; 8])
            }
        });
        let flood = flood.chain(std::iter::once(frame(PING, 0, 0, b"the end.")));
        // Only the end of what came: to read all of it anew each time would be a flood of our own.
        let end = |bytes: &[u8]| {
            bytes[bytes.len().saturating_sub(500)..].windows(8).any(|part| part == b"the end.")
        };
        answer(&server, flood, end).await;
        let grown = server.resident_kib().saturating_sub(before);
        println!("HOSTILE settings-and-pings grown_kib={grown}");
        assert!(grown < GROWTH_KIB, "grew by {grown} KiB");
        assert_serves(&mut server).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_head_of_a_thousand_credentials_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut server = serve(&folder);
        // `authorization: x`, once into the dynamic table and then a byte each.
        let head = [GET, b"\x57\x01x".as_slice(), &vec![0xbe; 1_000]].concat();
        let frames = [frame(HEADERS, END_STREAM | END_HEADERS, 1, &head)];
        let ended =
            |bytes: &[u8]| [HEADERS, RST_STREAM, GOAWAY].iter().any(|kind| first(*kind, bytes).is_some());
        let answer = answer(&server, frames.into_iter(), ended).await;
        // `:status: 431`, the number in the code of RFC 7541 appendix B.
        assert_eq!(first(HEADERS, &answer), Some(b"\x48\x83\x69\x90\xff".as_slice()), "{answer:02x?}");
        assert_serves(&mut server).await;
    }
}
