//! Whose address a request came from: that of the peer, or the one that proxies vouch for which the operator trusts.
//!
//! One header counts, the one that these proxies write. A proxy passes the others on as it was sent them, so whoever believed all of
//! them would believe the caller.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use serde::Deserialize;

/// In which header trusted proxies say for whom they ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressHeader {
    /// A list, to which each proxy adds whoever asked it.
    #[default]
    XForwardedFor,
    /// The same with more (RFC 7239).
    Forwarded,
    /// One address.
    XRealIp,
}

impl AddressHeader {
    /// As in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
            Self::XRealIp => "x-real-ip",
        }
    }
}

/// Whom to believe about where a request came from: nobody, unless networks are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Where they are.
    pub networks: Vec<IpNet>,
    /// Where they say it.
    pub header: AddressHeader,
}

impl TrustedProxies {
    /// The address that a request came from. What cannot be read is believed as little as what an unknown peer says: the address is
    /// then that of the last proxy that is known.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let name = HeaderName::from_static(self.header.name());
        let mut lines =
            headers.get_all(name).iter().rev().map(|line| line.to_str().unwrap_or("?")).peekable();
        if self.header == AddressHeader::XRealIp {
            let said = lines.next().filter(|_| lines.peek().is_none());
            return said.and_then(address).unwrap_or(client);
        }
        // From the last one, who asked us, to the first, until one is not trusted to have said it.
        let hops = lines.flat_map(|line| match self.header {
            AddressHeader::Forwarded => elements(line),
            _ => line.split(',').map(address).rev().collect(),
        });
        for hop in hops {
            let Some(hop) = hop else { break };
            client = hop;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// An address, perhaps with a port, in its one form.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// Who asked whom by a line of `Forwarded` (RFC 7239 section 4), the last first. A name that a proxy made up for somebody is no address,
/// nor is anything in a line whose quotes do not match.
fn elements(line: &str) -> Vec<Option<IpAddr>> {
    let node = |element: &str| {
        let mut said = parts(element, ';')?.into_iter().filter_map(|pair| pair.trim().split_once('='));
        let mut said = said.by_ref().filter(|(name, _)| name.eq_ignore_ascii_case("for"));
        let (_, node) = said.next()?;
        let node = node.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(node);
        said.next().is_none().then(|| address(node))?
    };
    match parts(line, ',') {
        Some(elements) => elements.into_iter().rev().map(node).collect(),
        None => vec![None],
    }
}

/// What stands between separators, but not those in quotes. `None`: a quote has no end.
fn parts(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|c| {
        let literal = std::mem::take(&mut escaped);
        match c {
            _ if literal => false,
            '\\' if quoted => {
                escaped = true;
                false
            }
            '"' => {
                quoted = !quoted;
                false
            }
            c => c == separator && !quoted,
        }
    });
    let parts = parts.collect();
    (!quoted).then_some(parts)
}

/// Those who are counted together: an address, or all of a network where one has many to choose from (IPv6 /64).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Neighbourhood {
    /// An IPv4 address.
    Address(Ipv4Addr),
    /// An IPv6 address without its second half.
    Network(Ipv6Addr),
    /// Nobody said where the request came from. All of them count as one.
    Unknown,
}

impl Neighbourhood {
    /// That of an address.
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self::Address(address),
            Some(IpAddr::V6(address)) => {
                Self::Network(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            None => Self::Unknown,
        }
    }
}

impl fmt::Display for Neighbourhood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Network(network) => write!(f, "{network}/64"),
            Self::Unknown => Ok(()),
        }
    }
}

/// A network as in `10.0.0.0/8`, or an address alone.
pub fn network(text: &str) -> Result<IpNet, &'static str> {
    let text = text.trim();
    let alone = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    IpNet::from_str(text)
        .map(|network| network.trunc())
        .or_else(|_| alone())
        .map_err(|_| "write a network as in 10.0.0.0/8, or an address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        peer: IpAddr,
        headers: std::collections::BTreeMap<String, String>,
        trusted: Vec<String>,
        expect: String,
        why: String,
    }

    fn trusting(networks: &[&str], header: AddressHeader) -> TrustedProxies {
        TrustedProxies { networks: networks.iter().map(|text| network(text).unwrap()).collect(), header }
    }

    fn client(proxies: &TrustedProxies, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let headers = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn rl_01_every_row_of_the_vectors() {
        let vectors = include_str!("../../tests/vectors/client_ip.json");
        let Vectors { cases } = serde_json::from_str(vectors).unwrap();
        assert!(cases.len() >= 14);
        for case in cases {
            let trusted: Vec<&str> = case.trusted.iter().map(String::as_str).collect();
            let headers = case
                .headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            let client = trusting(&trusted, AddressHeader::XForwardedFor).client(case.peer, &headers);
            assert_eq!(Neighbourhood::of(Some(client)).to_string(), case.expect, "{}", case.why);
        }
    }

    #[test]
    fn rl_01_lines_count_as_one_list_and_nobody_speaks_past_what_cannot_be_read() {
        let proxies = trusting(&["10.0.0.0/8", "fd00::/8"], AddressHeader::XForwardedFor);
        let said = |lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            client(&proxies, "10.0.0.1", &lines)
        };
        assert_eq!(said(&["1.1.1.1", "198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(said(&["198.51.100.7", "unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(said(&["198.51.100.7,"]), "10.0.0.1");
        assert_eq!(said(&["198.51.100.7:99999"]), "10.0.0.1");
        assert_eq!(said(&["[2001:db8::1], fd00::2"]), "2001:db8::1");
        assert_eq!(said(&["0x7f.1", "127.1", "010.0.0.1"]), "10.0.0.1", "in no form but the usual");
        assert_eq!(
            client(&proxies, "::ffff:10.0.0.1", &[("x-forwarded-for", "198.51.100.7")]),
            "198.51.100.7"
        );
    }

    #[test]
    fn rl_01_one_header_counts_and_the_others_are_anybodys() {
        let other = [("x-forwarded-for", "1.1.1.1"), ("x-real-ip", "2.2.2.2"), ("forwarded", "for=3.3.3.3")];
        for (header, expected) in [
            (AddressHeader::XForwardedFor, "1.1.1.1"),
            (AddressHeader::XRealIp, "2.2.2.2"),
            (AddressHeader::Forwarded, "3.3.3.3"),
        ] {
            let proxies = trusting(&["10.0.0.1"], header);
            assert_eq!(client(&proxies, "10.0.0.1", &other), expected);
            assert_eq!(client(&proxies, "10.0.0.2", &other), "10.0.0.2");
            let without: Vec<_> = other.into_iter().filter(|(name, _)| *name != header.name()).collect();
            assert_eq!(client(&proxies, "10.0.0.1", &without), "10.0.0.1");
        }
    }

    #[test]
    fn rl_01_forwarded_and_x_real_ip() {
        let proxies = trusting(&["10.0.0.0/8"], AddressHeader::Forwarded);
        for (line, expected) in [
            ("for=1.1.1.1, For=\"[2001:db8::5]:4711\";proto=https;by=10.0.0.1", "2001:db8::5"),
            ("by=10.0.0.1;for=198.51.100.7, for=10.0.0.2;host=\"a;b\"", "198.51.100.7"),
            ("for=198.51.100.7, for=_hidden", "10.0.0.1"),
            ("for=198.51.100.7, for=unknown", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
            ("for=\"198.51.100.7", "10.0.0.1"),
            ("for=198.51.100.7;host=\"x, for=1.1.1.1;y=\"", "198.51.100.7"),
            ("for=1.1.1.1;host=\"x, for=198.51.100.7", "10.0.0.1"),
            ("for=1.1.1.1;host=\"\\\", for=198.51.100.7", "10.0.0.1"),
            ("for=198.51.100.7;for=1.1.1.1", "10.0.0.1"),
        ] {
            assert_eq!(client(&proxies, "10.0.0.1", &[("forwarded", line)]), expected, "{line}");
        }
        let proxies = trusting(&["10.0.0.0/8"], AddressHeader::XRealIp);
        for (lines, expected) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["198.51.100.7", "1.1.1.1"], "10.0.0.1"),
            (&["198.51.100.7, 1.1.1.1"], "10.0.0.1"),
        ] {
            let lines: Vec<_> = lines.iter().map(|line| ("x-real-ip", *line)).collect();
            assert_eq!(client(&proxies, "10.0.0.1", &lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_network_is_written_with_its_length_or_is_one_address() {
        for (text, expected) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            (" 10.1.2.3/8 ", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("fd00::/8", "fd00::/8"),
        ] {
            assert_eq!(network(text).unwrap().to_string(), expected);
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0", "proxy.internal", "*"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }
}
