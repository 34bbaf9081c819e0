//! One exchange with an endpoint: calls in batches where it takes them, else one each, side by side.
//!
//! What is refused for being a batch is asked again in smaller ones, and the limit is noted.

use std::ops::Range;

use futures_util::future::try_join_all;

use super::Endpoint;
use crate::client::error::{ErrorKind, RpcFailure};
use crate::client::jsonrpc::HeldBytes;
use crate::client::limits::Refusal;
use crate::client::wire::{Answer, Request};

impl Endpoint {
    /// Calls that one batch may have.
    pub(in crate::client) fn batch_size(&self) -> usize {
        usize::try_from(self.limits().batch_calls).unwrap_or(usize::MAX)
    }

    /// Sends calls and returns their answers in order: one exchange where batches are taken, else one each, side by side.
    ///
    /// # Errors
    /// What broke the whole exchange. What broke single calls is in their answers.
    pub async fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, RpcFailure> {
        let mut slots: Vec<Option<Answer>> = requests.iter().map(|_| None).collect();
        let held = HeldBytes::default();
        let mut pending: Vec<_> = std::iter::once(0..requests.len()).collect();
        let mut is_careful = false;
        while !pending.is_empty() {
            let size = self.batch_size();
            let mut chunks: Vec<_> = pending.into_iter().flat_map(|range| chunks(requests, range, size)).collect();
            // After a refusal one batch goes ahead, so that the others are not all refused, too.
            let later = if is_careful { chunks.split_off(chunks.len().min(1)) } else { Vec::new() };
            let ask = |chunk: &Range<usize>| self.chunk(requests.get(chunk.clone()).unwrap_or_default(), &held);
            // The first failure is that of the exchange; nobody waits for the rest.
            let ends = try_join_all(chunks.iter().map(ask)).await?;
            let mut refused: Option<(usize, Refusal)> = None;
            pending = Vec::new();
            for (chunk, end) in chunks.into_iter().zip(ends) {
                match end {
                    Chunk::Answered(answers) => {
                        for (slot, answer) in slots.iter_mut().skip(chunk.start).zip(answers) {
                            *slot = Some(answer);
                        }
                    }
                    Chunk::Refused(how) => {
                        refused = refused.max(Some((chunk.len(), how)));
                        pending.push(chunk);
                    }
                }
            }
            is_careful = refused.is_some();
            if let Some((calls, how)) = refused {
                self.note_refused_batch(calls, how);
            }
            pending.extend(later);
        }
        slots
            .into_iter()
            .map(|slot| slot.ok_or_else(|| RpcFailure::Malformed("a call without an answer".to_owned())))
            .collect()
    }

    fn note_refused_batch(&self, calls: usize, how: Refusal) {
        let to = u64::try_from(calls / 2).unwrap_or(u64::MAX).max(1);
        self.with_learnt(|learnt, now| learnt.refuse_batch(to, how, now));
        tracing::info!(endpoint = %self.name, batch = to, "endpoint {} takes no batches over {to} calls at present", self.name);
    }

    /// Sends one batch, or one call. `held` counts the bytes of all answers to one exchange, which are held at once.
    async fn chunk(&self, requests: &[Request], held: &HeldBytes) -> Result<Chunk, RpcFailure> {
        let answers = match requests {
            [request] => match self.peer.call_held(request, held).await {
                Err(failure) if breaks_exchange(&failure) => return Err(failure),
                answer => vec![answer],
            },
            requests => match self.peer.batch_held(requests, held).await {
                Ok(answers) => answers,
                Err(RpcFailure::BatchRefused) => return Ok(Chunk::Refused(Refusal::Spoken)),
                Err(failure) => return self.is_it_the_batch(requests, failure, held).await,
            },
        };
        // Each answer holds on to the body that it came in.
        if held.count() > EXCHANGE_LIMIT {
            return Err(RpcFailure::TooLarge { limit: EXCHANGE_LIMIT });
        }
        Ok(Chunk::Answered(answers))
    }

    /// Some refuse batches with a bare status, any error, or by closing the connection. An outage looks the same, so it is
    /// believed only when a single call is answered in the same moment, and not for long.
    async fn is_it_the_batch(
        &self,
        requests: &[Request],
        failure: RpcFailure,
        held: &HeldBytes,
    ) -> Result<Chunk, RpcFailure> {
        let Some(first) = requests.first().filter(|_| may_refuse_a_batch(&failure)) else { return Err(failure) };
        match self.peer.call_held(first, held).await {
            Ok(_) | Err(RpcFailure::Reverted { .. }) => {
                self.count_failure(failure.kind());
                Ok(Chunk::Refused(Refusal::Unspoken))
            }
            Err(_) => Err(failure),
        }
    }
}

/// How one batch, or one call, ended that did not break the exchange.
enum Chunk {
    Answered(Vec<Answer>),
    Refused(Refusal),
}

/// The most bytes of all answers to one exchange.
const EXCHANGE_LIMIT: usize = 32 << 20;

/// The most bytes of one body: some endpoints refuse more than two megabytes.
const BODY_LIMIT: usize = 1_500_000;

/// Splits a range of the requests into batches of at most `size` calls and, where one call alone is not larger, of bounded
/// bytes.
fn chunks(requests: &[Request], range: Range<usize>, size: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let rest = requests.get(start..range.end).filter(|rest| !rest.is_empty())?;
        let mut bytes = 0;
        let fits = |request: &&Request| {
            bytes += request.encoded_len();
            bytes <= BODY_LIMIT
        };
        let count = rest.iter().take(size).take_while(fits).count().max(1);
        start += count;
        Some(start - count..start)
    })
}

/// Whether a batch may have failed for being one.
fn may_refuse_a_batch(failure: &RpcFailure) -> bool {
    matches!(
        failure.kind(),
        ErrorKind::Http | ErrorKind::Rpc | ErrorKind::MethodNotFound | ErrorKind::Broken | ErrorKind::Malformed
    )
}

/// Whether a failure of one call says that the others have none to expect either.
fn breaks_exchange(failure: &RpcFailure) -> bool {
    matches!(
        failure.kind(),
        ErrorKind::Unreachable
            | ErrorKind::Tls
            | ErrorKind::Timeout
            | ErrorKind::Broken
            | ErrorKind::Unauthorized
            | ErrorKind::RateLimited
            | ErrorKind::Http
            | ErrorKind::Malformed
    )
}
