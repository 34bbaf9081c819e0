//! Word that a person had something tried again. What is tried again is shown as it was when it was parked: whoever watches looks at once
//! what it is now.

use tokio::sync::watch;

/// Who tells and who hears of it.
#[derive(Debug, Default)]
pub struct Retries(watch::Sender<()>);

impl Retries {
    /// Something is tried again.
    pub fn note(&self) {
        self.0.send_replace(());
    }

    /// Hears of what is tried again from now on.
    #[must_use]
    pub fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}
