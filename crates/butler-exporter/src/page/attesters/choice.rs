//! Which attesters somebody asked for.

use std::collections::BTreeSet;

use butler_core::daemon::http::asked::Asked;
use butler_core::domain::findings::{FindingKind, Severity};
use butler_core::text::address::checksummed;

use crate::readings::details::AttesterLine;

/// Stands for whatever was found.
pub(super) const ANY: &str = "any";
/// Stands for nothing that was found.
pub(super) const NONE: &str = "none";

/// What attesters must be; what is not asked for takes all.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    network: Option<&'a str>,
    state: Option<&'a str>,
    server: Option<&'a str>,
    coinbase: Option<&'a str>,
    finding: Option<&'a str>,
    attester: Option<String>,
}

impl<'a> Choice<'a> {
    /// What was asked for.
    pub(super) fn of(asked: &'a Asked) -> Self {
        Self {
            network: asked.get("network"),
            state: asked.get("state"),
            server: asked.get("server"),
            coinbase: asked.get("coinbase"),
            finding: asked.get("finding"),
            attester: asked.get("attester").map(str::to_ascii_lowercase),
        }
    }

    /// Whether an attester is one of them.
    pub(super) fn takes(
        &self,
        network: &str,
        line: &AttesterLine,
        found: Option<&BTreeSet<(Severity, FindingKind)>>,
    ) -> bool {
        let has = |code: &str| found.into_iter().flatten().any(|(_, kind)| kind.code() == code);
        self.network.is_none_or(|wanted| wanted == network)
            && self.state.is_none_or(|wanted| wanted == line.state.name())
            && self.server.is_none_or(|wanted| line.servers.contains(wanted))
            && self.coinbase.is_none_or(|wanted| wanted == line.verdict.name())
            && match self.finding {
                None => true,
                Some(ANY) => found.is_some(),
                Some(NONE) => found.is_none(),
                Some(code) => has(code),
            }
            && self
                .attester
                .as_deref()
                .is_none_or(|start| checksummed(&line.attester).to_ascii_lowercase().starts_with(start))
    }
}
