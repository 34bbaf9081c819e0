//! What is wrong at the newest block, with the key files as they are now: of the snapshot at each look, of slashing and governance
//! now and then, since that takes requests of its own.

use std::collections::BTreeMap;

use butler_core::chain::{GovernanceReader, GovernanceRequest, NetworkSlashingReader};
use butler_core::domain::attester::duplicates::ReplicaPolicy;
use butler_core::domain::attester::overview::overview;
use butler_core::domain::findings::chain::{ChainFacts, of_chain};
use butler_core::domain::findings::governance::of_governance;
use butler_core::domain::findings::slashing::of_slashing;
use butler_core::domain::findings::{Finding, Source, attester, program};
use butler_core::domain::provider::publisher::top_ups;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::one_line;

/// Seconds of the chain's time between two readings of slashing and governance: votes take hours, and proposals days.
const BESIDE: u64 = 900;

/// Reads what a snapshot does not have, and remembers what needs to be read once.
#[derive(Debug, Default)]
pub(super) struct Beside {
    slashing: NetworkSlashingReader,
    governance: GovernanceReader,
    /// When both were read, by the chain.
    read_at: Option<u64>,
    failures: FailureStreak,
}

/// What was found, and who was not asked or did not answer: what they found before stands.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
    pub(super) unasked: Vec<Source>,
}

impl Beside {
    /// What is wrong with slashing and governance at the snapshot's block.
    pub(super) async fn look(&mut self, network: &Network, snapshot: &NetworkSnapshot) -> Found {
        let now = snapshot.block.timestamp;
        if self.read_at.is_some_and(|at| now < at.saturating_add(BESIDE)) {
            return Found { findings: Vec::new(), unasked: vec![Source::Slashing, Source::Governance] };
        }
        let (client, thresholds) = (network.reader.client(), network.config.thresholds());
        let request = GovernanceRequest {
            aztec_registry: network.config.aztec_registry,
            rollup: snapshot.rollup.address,
            clock: snapshot.rollup.clock,
        };
        let slashing = self.slashing.read(client, &snapshot.block, snapshot).await.map_err(|error| one_line(&error));
        let slashing = slashing.and_then(|facts| {
            of_slashing(&facts, snapshot, &thresholds).ok_or_else(|| "a time of slashing does not fit".to_owned())
        });
        let governance = self.governance.read(client, &snapshot.block, &request).await;
        let governance = governance.map_err(|error| one_line(&error));
        let governance = governance.map(|facts| of_governance(&facts, now, &thresholds));
        let mut found = Found::default();
        let mut problem = None;
        for (source, read) in [(Source::Slashing, slashing), (Source::Governance, governance)] {
            match read {
                Ok(findings) => found.findings.extend(findings),
                Err(why) => {
                    found.unasked.push(source);
                    problem = Some(why);
                }
            }
        }
        match problem {
            // The next look asks again.
            Some(why) => {
                if self.failures.failed().is_some() {
                    tracing::warn!("votes to slash and governance's proposals are not all known: {why}");
                }
            }
            None => {
                self.read_at = Some(now);
                self.failures.ended();
            }
        }
        found
    }
}

/// Everything that `domain/findings` knows of a snapshot.
pub(super) fn findings(network: &Network, snapshot: &NetworkSnapshot) -> Vec<Finding> {
    let (config, keys) = (&network.config, &network.keys);
    let mut rows = overview(snapshot, &keys.book, &BTreeMap::new(), config.coinbase_rules());
    attester::judge_what_is_known(&mut rows, &keys.book);
    let publishers = top_ups(&keys.book, &snapshot.publisher_balances, config.publisher_minimum);
    let publishers = publishers.unwrap_or_else(|error| {
        tracing::warn!("publishers are not judged: {error}");
        Vec::new()
    });
    let facts = ChainFacts {
        snapshot,
        book: &keys.book,
        rows: &rows,
        publishers: &publishers,
        has_key_files: keys.says_anything(),
        of_files: keys.findings(),
        watched: network.watched(snapshot.providers.len()),
        admins: &config.provider_admins,
        replicas: if config.replicated_keys { ReplicaPolicy::Allow } else { ReplicaPolicy::Refuse },
    };
    let mut found = of_chain(facts, &config.thresholds());
    found.extend(snapshot.unconfirmed.as_deref().map(program::of_unconfirmed));
    found
}
