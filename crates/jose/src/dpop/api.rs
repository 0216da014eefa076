//! Proofs as an API takes them: made for its own address, and good once.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;

use super::{Expected, ProofRefused, Proved, normal, verify};

/// So many used proofs are remembered. With the proofs of a minute they take some 16 MiB.
const REMEMBERED: usize = 1 << 18;

/// Checks the proofs of one API's requests (RFC 9449 section 4.3), each good once.
///
/// Used proofs are remembered for as long as they would be good otherwise: in this process, and in bounded memory. When more than a
/// quarter of a million come within a minute, the oldest are forgotten, and from then on every proof as old as those is refused: a
/// flood makes the window shorter, and no proof good twice.
pub struct Proofs {
    /// Without a slash at the end.
    public_url: Box<str>,
    used: Mutex<Used>,
}

/// The text is no address that clients could reach an API under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not an http(s) URL with a host, and without user name, query and fragment")]
pub struct AddressRefused;

impl Proofs {
    /// `public_url` is the address under which clients reach the path `/` of the API. A prefix that a proxy takes off the path
    /// belongs to it: `https://example.com/notes`.
    pub fn new(public_url: &str) -> Result<Self, AddressRefused> {
        let written = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
        if !public_url.bytes().all(written) || normal(public_url).is_none() {
            return Err(AddressRefused);
        }
        Ok(Self {
            public_url: public_url.trim_end_matches('/').into(),
            used: Mutex::new(Used::new(REMEMBERED)),
        })
    }

    /// What the value of the one header `DPoP` shows about a request with this token. `path` is that of the request as it was sent,
    /// not decoded.
    ///
    /// The proof is not used up: that is for [`take`](Self::take), once the token is found good, too.
    pub fn check(
        &self,
        proof: &str,
        (method, path): (&str, &str),
        access_token: &str,
        now: i64,
    ) -> Result<Proved, ProofRefused> {
        let uri = [&*self.public_url, path].concat();
        let expected = Expected { method, uri: &uri, access_token: Some(access_token), nonces: &[] };
        verify(proof, &expected, now)
    }

    /// Uses a proof up. [`ProofRefused::Used`]: it was used before.
    pub fn take(&self, proved: &Proved, now: i64) -> Result<(), ProofRefused> {
        let text = format!("{}\0{}", proved.thumbprint, proved.id);
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let id = hash.as_ref().first_chunk().copied().map_or(0, u128::from_be_bytes);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.take(id, proved.expires_at, now)
    }
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proofs").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

struct Used {
    most: usize,
    ids: HashSet<u128>,
    by_end: BTreeMap<i64, Vec<u128>>,
    /// What ends by then is refused, for it may have been used and forgotten.
    forgotten: i64,
}

impl Used {
    fn new(most: usize) -> Self {
        Self { most, ids: HashSet::new(), by_end: BTreeMap::new(), forgotten: i64::MIN }
    }

    fn take(&mut self, id: u128, end: i64, now: i64) -> Result<(), ProofRefused> {
        while self.by_end.first_key_value().is_some_and(|(end, _)| *end <= now) {
            self.forget_oldest();
        }
        // Also where the clock was set back behind what was forgotten as over.
        if end <= self.forgotten {
            return Err(ProofRefused::TooOld);
        }
        if !self.ids.insert(id) {
            return Err(ProofRefused::Used);
        }
        self.by_end.entry(end).or_default().push(id);
        if self.ids.len() > self.most {
            self.forget_oldest();
        }
        Ok(())
    }

    /// Forgets the proofs that end first.
    fn forget_oldest(&mut self) {
        if let Some((end, ids)) = self.by_end.pop_first() {
            self.forgotten = self.forgotten.max(end);
            for id in ids {
                self.ids.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn an_address_is_one_that_clients_can_reach() {
        for good in
            ["https://api.test", "https://api.test/", "http://127.0.0.1:8000", "https://api.test:8443/v1/"]
        {
            assert!(Proofs::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "api.test",
            "ftp://api.test",
            "https://",
            "https://a@api.test",
            "https://api.test?x",
            "https://api.test#x",
            "https://api test",
        ] {
            assert_eq!(Proofs::new(bad).map(drop), Err(AddressRefused), "{bad}");
        }
    }

    #[test]
    fn jwt_14_a_proof_is_good_once_and_remembered_as_long_as_it_would_be_good() {
        let mut used = Used::new(100);
        assert_eq!(used.take(1, NOW + 61, NOW), Ok(()));
        for now in [NOW, NOW + 60] {
            assert_eq!(used.take(1, NOW + 61, now), Err(ProofRefused::Used));
        }
        assert_eq!(used.take(1, NOW + 90, NOW), Err(ProofRefused::Used), "the same name in another proof");
        assert_eq!(used.take(2, NOW + 122, NOW + 61), Ok(()));
        assert_eq!((used.ids.len(), used.by_end.len()), (1, 1), "what is over is forgotten");
        assert_eq!(used.take(1, NOW + 61, NOW), Err(ProofRefused::TooOld), "a clock that is set back");
    }

    #[test]
    fn jwt_14_a_flood_of_proofs_makes_the_window_shorter_and_none_good_twice() {
        let mut used = Used::new(100);
        for second in 0..60 {
            for one in 0..10 {
                let id = u128::from(u32::try_from(second).unwrap() * 10 + one);
                assert_eq!(used.take(id, NOW + second + 61, NOW + second), Ok(()));
                assert!(used.ids.len() <= 101, "bounded");
            }
        }
        for (id, end) in [(0, NOW + 61), (599, NOW + 120)] {
            assert!(used.take(id, end, NOW + 60).is_err(), "{id}");
        }
        assert_eq!(used.take(9999, NOW + 61, NOW + 60), Err(ProofRefused::TooOld));
        assert_eq!(used.take(9999, NOW + 121, NOW + 60), Ok(()));
    }
}
