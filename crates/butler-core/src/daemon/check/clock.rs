//! Whether something keeps this machine's clock right, as far as files tell.
//!
//! The kernel's own word (`adjtimex`) is not asked for: the unit's `ProtectClock=` forbids it to the service.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::list::Check;

/// What systemd-timesyncd touches when it has set the clock.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";
/// What others that set clocks leave in `/run`.
const OTHERS: [(&str, &str); 3] = [("/run/chrony", "chrony"), ("/run/ntpd.pid", "ntpd"), ("/run/openntpd", "openntpd")];

/// `file` is one that was written before: a clock that is behind it is wrong.
pub(super) fn look(file: &Path, now: u64) -> Vec<Check> {
    let mut checks = vec![keeper(Path::new(SYNCHRONIZED), &OTHERS.map(|(path, name)| (Path::new(path), name)))];
    let written = std::fs::metadata(file).ok().and_then(|file| u64::try_from(file.mtime()).ok());
    // A file system of another machine may be a little ahead.
    if written.is_some_and(|written| written > now.saturating_add(60)) {
        let why = format!("it is behind the time at which `{}` was written", file.display());
        checks.push(Check::warning("clock", why).hint("set it: certificates and deadlines are held against it"));
    }
    checks
}

fn keeper(synchronized: &Path, others: &[(&Path, &str)]) -> Check {
    if synchronized.exists() {
        return Check::good("clock", "systemd-timesyncd has set it");
    }
    if synchronized.parent().is_some_and(Path::exists) {
        return Check::warning("clock", "systemd-timesyncd runs and has not set it")
            .hint("`timedatectl timesync-status`");
    }
    match others.iter().find(|(path, _)| path.exists()) {
        Some((_, name)) => Check::good("clock", format!("{name} runs; whether it is right is not known")),
        None => Check::warning("clock", "nothing tells that it is kept right")
            .hint("where a host or a hypervisor sets it, all is well; else install systemd-timesyncd or chrony"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::Outcome;
    use super::*;

    #[test]
    fn who_keeps_the_clock_is_told_by_what_they_leave() {
        let run = tempfile::tempdir().unwrap();
        let (chrony, timesync) = (run.path().join("chrony"), run.path().join("timesync"));
        let synchronized = timesync.join("synchronized");
        let found = || keeper(&synchronized, &[(&chrony, "chrony")]);
        assert_eq!(found().outcome, Outcome::Warning);
        std::fs::create_dir(&chrony).unwrap();
        assert!(found().why.contains("chrony runs"));
        std::fs::create_dir(&timesync).unwrap();
        assert!(found().why.contains("has not set it"));
        std::fs::create_dir(&synchronized).unwrap();
        assert_eq!(found().outcome, Outcome::Good);
    }

    #[test]
    fn a_clock_that_is_behind_what_was_written_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let written = u64::try_from(file.as_file().metadata().unwrap().mtime()).unwrap();
        let says = |now| look(file.path(), now).iter().any(|check| check.why.contains("behind the time"));
        assert!(!says(written) && !says(written - 60) && says(written - 61));
    }
}
