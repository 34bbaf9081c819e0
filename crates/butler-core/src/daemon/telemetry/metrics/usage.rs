//! What the process takes of the machine, under the names that every Prometheus client uses.
//!
//! The start is told by the clock of that moment: the unit hides the machine's boot time from the service.

use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::sample::{Sample, count, number};

crate::metric_families! {
    CPU: Counter "process_cpu_seconds_total" [] "seconds" "Processor time that the process took, of user and system together, as of at most five seconds ago.";
    RESIDENT: Gauge "process_resident_memory_bytes" [] "bytes" "Memory of the process that is in RAM.";
    VIRTUAL: Gauge "process_virtual_memory_bytes" [] "bytes" "Memory that the process has addresses for.";
    OPEN_FILES: Gauge "process_open_fds" [] "" "Open files and connections.";
    MOST_FILES: Gauge "process_max_fds" [] "" "The most files and connections that it may have open; absent without a limit.";
    STARTED: Gauge "process_start_time_seconds" [] "seconds" "When the process started, by this machine's clock.";
}

/// Everything but the start, as it is now. What the system does not tell is absent. Blocks for some microseconds.
pub(super) fn look() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut push = |family, value| samples.push(Sample::of_process(family, [], value));
    let took = clock_gettime(ClockId::ProcessCPUTime);
    if let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(took.tv_sec), u32::try_from(took.tv_nsec)) {
        push(&CPU, number(seconds) + f64::from(nanoseconds) / 1e9);
    }
    if let Some([all, resident]) = pages() {
        let bytes = |pages: u64| number(pages) * count(page_size());
        push(&RESIDENT, bytes(resident));
        push(&VIRTUAL, bytes(all));
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        // The folder itself is open while it is read.
        push(&OPEN_FILES, count(open.count().saturating_sub(1)));
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        push(&MOST_FILES, number(most));
    }
    samples
}

/// When the process started.
pub(super) fn started(at: u64) -> Sample {
    Sample::of_process(&STARTED, [], number(at))
}

/// Pages of memory, all and those in RAM.
fn pages() -> Option<[u64; 2]> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
    Some([numbers.next()?, numbers.next()?])
}

#[cfg(test)]
mod tests {
    use super::super::family::Family;
    use super::*;

    #[test]
    fn everything_is_told_of_this_process() {
        let samples = look();
        let value = |family: &Family| samples.iter().find(|sample| sample.family == family).map(|sample| sample.value);
        let (resident, all) = (value(&RESIDENT).unwrap(), value(&VIRTUAL).unwrap());
        assert!(resident > 1e5 && all > resident, "{resident} {all}");
        let before = value(&OPEN_FILES).unwrap();
        let _file = tempfile::tempfile().unwrap();
        let file = || look().into_iter().find(|sample| sample.family == &OPEN_FILES).unwrap().value;
        assert!(file() >= 1.0 && before >= 1.0);
        assert!(value(&CPU).unwrap() > 0.0 && value(&MOST_FILES).is_none_or(|most| most >= before));
    }
}
