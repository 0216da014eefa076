//! What was found when the answers were compared with what is there.

use std::fmt;

/// Counts over all clients.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Accounts whose registration was acknowledged.
    pub(super) registrations: u64,
    /// Refreshes that were acknowledged.
    pub(super) refreshes: u64,
    /// Sign-outs that were acknowledged.
    pub(super) sign_outs: u64,
    /// Read-backs made.
    pub(super) checks: u64,
    /// Acknowledged and not there any more.
    pub(super) lost: Vec<String>,
    /// Ended and alive again.
    pub(super) resurrected: Vec<String>,
    /// Half there.
    pub(super) corrupt: Vec<String>,
    /// Done although the client saw no answer: allowed, and good to know.
    pub(super) unacknowledged_done: u64,
    /// Turned away with 503 under load.
    pub(super) turned_away: u64,
}

impl Ledger {
    pub(super) fn add(&mut self, other: Self) {
        self.registrations += other.registrations;
        self.refreshes += other.refreshes;
        self.sign_outs += other.sign_outs;
        self.checks += other.checks;
        self.lost.extend(other.lost);
        self.resurrected.extend(other.resurrected);
        self.corrupt.extend(other.corrupt);
        self.unacknowledged_done += other.unacknowledged_done;
        self.turned_away += other.turned_away;
    }

    pub(super) fn assert_nothing_lost(&self) {
        assert!(self.registrations > 0 && self.refreshes > 0 && self.sign_outs > 0, "no load: {self}");
        assert_eq!(self.lost, Vec::<String>::new(), "acknowledged writes were lost");
        assert_eq!(self.resurrected, Vec::<String>::new(), "ended sessions live again");
        assert_eq!(self.corrupt, Vec::<String>::new(), "something is half there");
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "registrations={} refreshes={} sign_outs={} read_back={} lost={} resurrected={} corrupt={} done_unacked={} turned_away={}",
            self.registrations,
            self.refreshes,
            self.sign_outs,
            self.checks,
            self.lost.len(),
            self.resurrected.len(),
            self.corrupt.len(),
            self.unacknowledged_done,
            self.turned_away
        )
    }
}
