//! Who may ask and who may decide, and by which rules: what the configuration says at each moment.

use butler_core::config::WatcherConfig;

use super::access::{Access, UnknownUser};
use super::decisions::Rules;

/// What the configuration says of those who ask; a new one brings another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    pub(super) access: Access,
    pub(super) rules: Rules,
}

impl Rights {
    /// The rights that a configuration gives. Blocks.
    ///
    /// # Errors
    /// It names a user whom this machine does not know.
    pub fn of(config: &WatcherConfig) -> Result<Self, UnknownUser> {
        let rules = Rules { persons: config.approvals_needed, expiry: config.approval_expiry };
        Ok(Self { access: Access::of(config)?, rules })
    }
}
