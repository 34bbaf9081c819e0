//! How one endpoint is asked for a part of a scan: ever less, until it answers or another one may do better.

use super::shared::Shared;
use crate::client::endpoint::Endpoint;
use crate::client::error::RpcFailure;
use crate::client::limits::Refusal;
use crate::client::log_width::narrower;
use crate::client::logs::{LogFilter, LogStep, NARROW, read_range};

/// How one endpoint is asked for a part.
pub(super) struct Reading<'r> {
    pub(super) endpoint: &'r Endpoint,
    pub(super) filter: &'r LogFilter,
    pub(super) shared: &'r Shared,
    /// The endpoint for which the part was planned.
    pub(super) lead: Option<usize>,
    /// What another endpoint grants that was not asked for this part.
    pub(super) least: Option<u64>,
}

impl Reading<'_> {
    /// Reads one step that begins at `from` and ends at `to` or earlier, as the endpoint's limits have it; beside it whether
    /// it was left to another one although it might have answered a narrower range.
    pub(super) async fn step(&self, from: u64, to: u64) -> (Result<LogStep, RpcFailure>, bool) {
        let (endpoint, shared) = (self.endpoint, self.shared);
        let asked = to.saturating_sub(from).saturating_add(1);
        let mut span = asked;
        if self.lead != Some(endpoint.index()) {
            span = span.min(shared.good(endpoint));
        }
        loop {
            let last = from.saturating_add(span - 1);
            match read_range(endpoint, self.filter, (from, last), shared.pin.as_ref()).await {
                Ok(step) => {
                    endpoint.note_logs(false);
                    let good = shared.with_width(endpoint, |width| {
                        width.granted(span, step.logs.len());
                        width.good()
                    });
                    if good != endpoint.log_range() && (span == good || step.logs.len() > 1) {
                        endpoint.set_log_range(good);
                    }
                    return (Ok(step), false);
                }
                Err(failure) => {
                    let next = narrower(&failure, from, span, &mut shared.learnt().patience);
                    let Some(next) = next else {
                        shared.with_width(endpoint, |width| width.gave_up(span));
                        return (Err(failure), false);
                    };
                    let refused = span;
                    span = shared.with_width(endpoint, |width| width.refused(refused, next));
                    let width = next.width.unwrap_or_else(|| shared.good(endpoint));
                    let refused = next.width.map_or(refused, |named| named.saturating_add(1));
                    endpoint.shrink_log_range(refused, width, how(&failure));
                    tracing::debug!(endpoint = endpoint.name(), blocks = span, "log range shrunk to {span} blocks");
                    let least = self.least.map(|least| least.min(asked) / NARROW);
                    if least.is_some_and(|least| span < least) {
                        return (Err(failure), true);
                    }
                }
            }
        }
    }
}

/// How sure it is that a range was refused for its width.
fn how(failure: &RpcFailure) -> Refusal {
    if matches!(failure, RpcFailure::RangeRefused { .. }) { Refusal::Spoken } else { Refusal::Unspoken }
}
