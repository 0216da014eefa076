//! What whoever tried too often is told: `Retry-After` (RFC 9110 section 10.2.3), `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers-10).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header::RETRY_AFTER};
use gatepost_domain::rate_limit::{Exhausted, Quota};

use super::Rule;

/// What is left, and when there is more.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// Which quotas there are.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Something was tried more often than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// What was.
    pub rule: Rule,
    /// Which quota has nothing left, and until when.
    pub(super) exhausted: Exhausted,
}

impl Limited {
    /// How long to wait.
    pub fn wait(&self) -> Duration {
        self.exhausted.wait
    }

    /// Says so in an answer.
    pub fn tell(&self, headers: &mut HeaderMap) {
        // Whole seconds; a pace is some of them.
        let wait = self.exhausted.wait.as_secs().max(1);
        headers.insert(RETRY_AFTER, wait.into());
        let (name, limit) = (self.rule.name(), self.rule.limit());
        let second = format!("{name}-day");
        let policy = |name: &str, quota: Quota| {
            format!("\"{name}\";q={};w={}", quota.most(), quota.window().as_secs())
        };
        let mut policies = policy(name, limit.quota);
        if let Some(lasting) = limit.lasting {
            policies = format!("{policies}, {}", policy(&second, lasting));
        }
        let exhausted = if self.exhausted.lasting { &second } else { name };
        for (header, text) in
            [(RATE_LIMIT_POLICY, policies), (RATE_LIMIT, format!("\"{exhausted}\";r=0;t={wait}"))]
        {
            // Names of ours and numbers.
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(header, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: Rule, lasting: bool) -> [String; 3] {
        let mut headers = HeaderMap::new();
        let exhausted = Exhausted { wait: Duration::from_secs(170), lasting };
        Limited { rule, exhausted }.tell(&mut headers);
        [RETRY_AFTER, RATE_LIMIT_POLICY, RATE_LIMIT].map(|name| headers[name].to_str().unwrap().to_owned())
    }

    #[test]
    fn rl_04_the_headers_name_the_quotas_and_the_wait() {
        assert_eq!(
            told(Rule::SignInAccount, true),
            [
                "170",
                "\"sign-in-account\";q=5;w=900, \"sign-in-account-day\";q=30;w=86400",
                "\"sign-in-account-day\";r=0;t=170"
            ]
        );
        assert_eq!(
            told(Rule::SignInAddress, false),
            ["170", "\"sign-in-address\";q=20;w=900", "\"sign-in-address\";r=0;t=170"]
        );
    }
}
