//! What is wrong with a host as a stranger sees it.

use super::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::domain::operator::host::HostCheck;

/// What was seen of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostState {
    /// Its name in the configuration.
    pub name: String,
    /// The checks that failed.
    pub failed: Vec<HostCheck>,
    /// When the certificate of its HTTPS ends, in unix seconds.
    pub certificate_end: Option<u64>,
}

/// Everything that is wrong with a host at `now`.
#[must_use]
pub fn of_host(host: &HostState, now: u64, thresholds: &Thresholds) -> Vec<Finding> {
    let about = |kind, severity, what: String| Finding::new(kind, severity, Subject::Host(host.name.clone()), what);
    let of_check = |check: &HostCheck| match check {
        HostCheck::Dns => about(FindingKind::HostDnsWrong, Severity::Warning, "its name leads elsewhere".to_owned()),
        HostCheck::P2p | HostCheck::Rpc | HostCheck::RpcByIp | HostCheck::L1 => {
            about(FindingKind::HostUnreachable, Severity::Warning, format!("its check {} fails", check.name()))
        }
    };
    let mut found: Vec<Finding> = host.failed.iter().map(of_check).collect();
    let ends = host.certificate_end.filter(|end| *end < now.saturating_add(thresholds.certificate_end));
    found.extend(ends.map(|end| {
        about(FindingKind::HostCertificate, Severity::Warning, "its certificate ends".to_owned())
            .until(end)
            .critical_within(thresholds.certificate_end_critical)
    }));
    found
}
