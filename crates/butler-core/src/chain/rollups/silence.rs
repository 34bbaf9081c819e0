//! What a former rollup does not tell: its own silence ends no reading, and whoever lies about it is still found out.

use crate::chain::error::SnapshotError;
use crate::client::l1::L1Client;

/// What one former rollup was asked in vain.
#[derive(Debug)]
pub(super) struct Silence {
    /// Whether there is one endpoint only, so that nobody else can be heard.
    pub(super) is_alone: bool,
    /// The first function that it did not answer in a form that is known.
    pub(super) function: Option<String>,
}

impl Silence {
    pub(super) fn of(client: &L1Client) -> Self {
        Self { is_alone: client.endpoints().len() == 1, function: None }
    }

    /// The answer; `None` where the rollup gives none, or one that cannot be and that nobody else can be asked about.
    ///
    /// # Errors
    /// Whatever may be the fault of an endpoint.
    pub(super) fn hear<T>(&mut self, answer: Result<T, SnapshotError>) -> Result<Option<T>, SnapshotError> {
        let function = match answer {
            Ok(answer) => return Ok(Some(answer)),
            Err(SnapshotError::Unsupported { function, .. }) => function,
            Err(SnapshotError::NoContract { source, .. }) => source.function().to_owned(),
            Err(SnapshotError::Nonsense { giver, source, .. }) if self.is_alone || giver.is_none() => {
                source.function().to_owned()
            }
            Err(error) => return Err(error),
        };
        self.function.get_or_insert(function);
        Ok(None)
    }
}
