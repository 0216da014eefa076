/// A source of unpredictable bytes. One implementation reads the operating system, tests bring their own.
///
/// Implementations must not fail: a process that cannot get random bytes must stop rather than repeat an id.
pub trait Entropy: Send + Sync {
    /// Fills `out` with unpredictable bytes.
    fn fill(&self, out: &mut [u8]);
}

impl<E: Entropy + ?Sized> Entropy for &E {
    fn fill(&self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

impl<E: Entropy + ?Sized> Entropy for std::sync::Arc<E> {
    fn fill(&self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A counter dressed as randomness: every call gives other bytes, every run the same.
    #[derive(Default)]
    pub(crate) struct Counting(AtomicU64);

    impl super::Entropy for Counting {
        fn fill(&self, out: &mut [u8]) {
            for chunk in out.chunks_mut(8) {
                let n = self
                    .0
                    .fetch_add(1, Ordering::Relaxed)
                    .wrapping_add(1)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15);
                chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
            }
        }
    }
}
