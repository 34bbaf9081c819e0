//! Whether a program is ready. Once it is, it stays so: there is no way back, by the type.

use std::sync::OnceLock;

/// Not ready at first, and ready for good from some moment on.
#[derive(Debug, Default)]
pub struct Readiness(OnceLock<()>);

impl Readiness {
    /// From now on it is ready.
    pub fn reach(&self) {
        // Whoever was first has set it.
        let _ = self.0.set(());
    }

    /// Whether it is ready, or `condition` holds now, which makes it so.
    pub fn is_reached_or(&self, condition: impl FnOnce() -> bool) -> bool {
        if self.0.get().is_none() && condition() {
            self.reach();
        }
        self.is_reached()
    }

    /// Whether it is ready.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.0.get().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ready_once_stays_so() {
        let readiness = Readiness::default();
        assert!(!readiness.is_reached() && !readiness.is_reached_or(|| false));
        assert!(readiness.is_reached_or(|| true));
        assert!(readiness.is_reached() && readiness.is_reached_or(|| false));
    }
}
