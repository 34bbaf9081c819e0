//! The artifacts that a job builds on: still what they were when they were made.

use std::collections::BTreeMap;

use butler_core::runtime::report::one_line;
use tokio::task::spawn_blocking;

use super::artifact::{Look, look_at};
use super::task::{Ended, Input};

/// Looks at each.
pub(super) async fn check(inputs: &BTreeMap<String, Input>) -> Result<(), Ended> {
    for (job, input) in inputs {
        let path = input.path.clone();
        let looked = spawn_blocking(move || look_at(&path, u64::MAX)).await;
        let looked = looked.map_err(|error| Ended::retry(format!("the artifact of `{job}`: {}", one_line(&error))))?;
        match looked {
            Ok(Look::There { digest }) if digest == input.digest => {}
            Ok(Look::There { .. }) => {
                return Err(Ended::refused(format!("the artifact of `{job}` is not what it was when it was made")));
            }
            Ok(Look::Missing) => return Err(Ended::retry(format!("the artifact of `{job}` is gone"))),
            Err(error) => return Err(Ended::refused(format!("the artifact of `{job}`: {}", one_line(&error)))),
        }
    }
    Ok(())
}
