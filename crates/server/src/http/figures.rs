//! The metrics of requests, kept at hand by route: finding one by its name and labels costs more than counting.

use std::{
    cell::RefCell,
    collections::HashMap,
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use metrics::{Counter, Histogram, SharedString, counter, histogram};

/// After so long they are found again: an application may begin to record while it serves.
const KEPT: Duration = Duration::from_secs(1);

/// What is counted of one route.
struct Figures {
    since: Instant,
    seconds: Histogram,
    /// By the first digit of the status; those that were needed.
    requests: [Option<Counter>; 5],
}

impl Figures {
    fn of(route: &str, since: Instant) -> Self {
        let route: SharedString = route.to_owned().into();
        let seconds = histogram!("gatepost_http_request_seconds", "route" => route);
        Self { since, seconds, requests: [const { None }; 5] }
    }
}

thread_local! {
    /// By route. There are as many as the router has, and one for what has none.
    static AT_HAND: RefCell<HashMap<Box<str>, Figures>> = RefCell::default();
}

/// Counts a request that began then and is answered now.
pub(super) fn count(route: &str, status: StatusCode, began: Instant) {
    const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
    let now = Instant::now();
    let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
    AT_HAND.with_borrow_mut(|at_hand| {
        let fresh = |figures: &Figures| now.saturating_duration_since(figures.since) < KEPT;
        if !at_hand.get(route).is_some_and(fresh) {
            at_hand.insert(route.into(), Figures::of(route, now));
        }
        let Some(figures) = at_hand.get_mut(route) else { return };
        let requests = figures.requests[class].get_or_insert_with(|| {
            let route: SharedString = route.to_owned().into();
            counter!("gatepost_http_requests_total", "route" => route, "status" => CLASSES[class])
        });
        requests.increment(1);
        figures.seconds.record(now.saturating_duration_since(began).as_secs_f64());
    });
}
