//! One Python object for a token however often it is seen.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;

use crate::claims::Claims;

/// Remembers the Python object made for a verification, so that a repeated token costs no allocation and what was read from
/// it stays with it.
///
/// It decides nothing: the verifier has just answered with this very `Arc`, so keys, time and revocation were checked now. A
/// slot that is taken by another token is given up, which bounds the memory.
pub(crate) struct Seen {
    slots: Box<[Mutex<Option<Py<Claims>>>]>,
}

impl Seen {
    /// Room for this many tokens, rounded up to a power of two.
    pub(crate) fn new(tokens: usize) -> Self {
        Self { slots: (0..tokens.next_power_of_two()).map(|_| Mutex::default()).collect() }
    }

    /// The Python object that shows this verification.
    pub(crate) fn object<'py>(
        &self,
        py: Python<'py>,
        verified: Arc<gatepost_jose::Claims>,
    ) -> PyResult<Bound<'py, Claims>> {
        let slot = &self.slots[slot_of(&verified, self.slots.len())];
        {
            let kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(claims) = &*kept
                && claims.get().shows(&verified)
            {
                return Ok(claims.bind(py).clone());
            }
        }
        let made = Bound::new(py, Claims::new(verified))?;
        let former = slot.lock().unwrap_or_else(PoisonError::into_inner).replace(made.clone().unbind());
        // Only now, with the lock gone: dropping the last reference may run Python code.
        drop(former);
        Ok(made)
    }
}

/// Which of `slots` (a power of two) an allocation uses: its address, spread by a multiplicative hash because the allocator
/// hands out addresses that share their low bits.
fn slot_of(verified: &Arc<gatepost_jose::Claims>, slots: usize) -> usize {
    let address = Arc::as_ptr(verified).addr() as u64;
    let spread = address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    usize::try_from(spread).unwrap_or(0) & (slots - 1)
}
