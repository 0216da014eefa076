//! Which addresses lead out into the world.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a document may be fetched from here: addresses of the public internet, and with `private` those of this machine and
/// of private networks. Never link-local ones, where clouds keep the secrets of a machine.
pub(super) fn may_be_reached(address: IpAddr, private: bool) -> bool {
    let kind = match address {
        IpAddr::V4(address) => kind_of_v4(address),
        IpAddr::V6(address) => kind_of_v6(address),
    };
    match kind {
        Kind::Public => true,
        Kind::Private => private,
        Kind::Special => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Public,
    Private,
    Special,
}

/// After the IANA registry of special-purpose IPv4 addresses (RFC 6890).
fn kind_of_v4(address: Ipv4Addr) -> Kind {
    let [a, b, c, _] = address.octets();
    if address.is_loopback() || address.is_private() {
        return Kind::Private;
    }
    let special = address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    if special { Kind::Special } else { Kind::Public }
}

/// After the IANA registry of special-purpose IPv6 addresses. What carries an IPv4 address is what that is.
fn kind_of_v6(address: Ipv6Addr) -> Kind {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        kind_of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Private,
        _ if (s0, s1, s2, s3, s4, s5) == (0, 0, 0, 0, 0, 0xffff) => v4(s6, s7),
        // NAT64 (RFC 6052), 6to4 (RFC 3056).
        _ if (s0, s1, s2, s3, s4, s5) == (0x64, 0xff9b, 0, 0, 0, 0) => v4(s6, s7),
        _ if s0 == 0x2002 => v4(s1, s2),
        // Unique local (RFC 4193).
        _ if s0 & 0xfe00 == 0xfc00 => Kind::Private,
        // Documentation, Teredo, benchmarks and the like under 2001::/23, and 2001:db8::/32.
        _ if s0 == 0x2001 && (s1 < 0x200 || s1 == 0xdb8) => Kind::Special,
        _ if s0 == 0x3fff && s1 < 0x1000 => Kind::Special,
        // Global unicast (RFC 4291 section 2.4); all else is local, multicast or nobody's.
        _ if s0 & 0xe000 == 0x2000 => Kind::Public,
        _ => Kind::Special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dc_01_only_addresses_of_the_public_internet_are_reached() {
        let kind = |text: &str| match text.parse().unwrap() {
            IpAddr::V4(address) => kind_of_v4(address),
            IpAddr::V6(address) => kind_of_v6(address),
        };
        for text in ["8.8.8.8", "203.0.114.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
            assert_eq!(kind(text), Kind::Public, "{text}");
        }
        for text in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "::1",
            "fc00::1",
            "fdff::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:c0a8:101::",
        ] {
            assert_eq!(kind(text), Kind::Private, "{text}");
        }
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:169.254.169.254",
            "64:ff9b:1::1",
            "::127.0.0.1",
            "fec0::1",
        ] {
            assert_eq!(kind(text), Kind::Special, "{text}");
        }
    }
}
