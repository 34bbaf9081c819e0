//! A finding about an attester, with the servers that have it.

use crate::domain::attester::duplicates::Place;
use crate::domain::attester::overview::AttesterRow;
use crate::domain::findings::{Finding, FindingKind, Severity, Subject};

pub(super) fn about(row: &AttesterRow, kind: FindingKind, severity: Severity, what: impl Into<String>) -> Finding {
    let servers = row.servers.iter().map(|server| Place::Server { server: server.clone() });
    Finding::new(kind, severity, Subject::Attester(row.attester), what).in_places(servers.collect())
}
