//! Many things done side by side, on all cores: nearly all of the time of a proposal goes into recovering who signed it.

use std::num::NonZero;
use std::thread;

/// Below this many a thread takes longer to begin than it saves.
const WORTH_A_THREAD: usize = 16;

/// What `work` makes of each of them, in their order.
pub(super) fn side_by_side<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = jobs.len().div_ceil(cores).max(WORTH_A_THREAD);
    let work = &work;
    let parts = |jobs: &[J]| jobs.iter().map(work).collect::<Vec<R>>();
    thread::scope(|scope| {
        let mut shares = jobs.chunks(share);
        // The first share is this thread's own.
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares.map(|share| scope.spawn(move || parts(share))).collect();
        let mut all = parts(own);
        for other in others {
            match other.join() {
                Ok(part) => all.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_and_answers_keep_their_order() {
        for count in [0, 1, WORTH_A_THREAD, WORTH_A_THREAD + 1, 1_000] {
            let jobs: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = jobs.iter().map(|job| 2 * job).collect();
            assert_eq!(side_by_side(&jobs, |job| 2 * job), doubled);
        }
    }
}
