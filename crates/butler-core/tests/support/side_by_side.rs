//! Many short trials of one kind: most of each is waiting, so a few are at work together.

use std::future::Future;

use futures_util::StreamExt as _;

/// Trials at work together.
const TOGETHER: usize = 6;

/// Runs the trial of each item, and gives what they found in the order of the items.
pub(crate) async fn side_by_side<T, R, F: Future<Output = R>>(
    items: impl IntoIterator<Item = T>,
    trial: impl FnMut(T) -> F,
) -> Vec<R> {
    futures_util::stream::iter(items).map(trial).buffered(TOGETHER).collect().await
}
