//! What wishes of a network are held against: when they are planned, and again before they are proposed.

use std::collections::BTreeMap;

use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::config::NetworkConfig;
use butler_core::contracts::bindings::staking_registry::KeyStore;
use butler_core::domain::action::Wish;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::operator::key_book::{Completeness, KeyBook};
use butler_core::domain::provider::publisher::{PublisherRow, top_ups};
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use butler_core::proposing::{places_of, roles_of};
use butler_core::runtime::report::one_line;
use butler_core::transaction::change::Change;
use butler_core::transaction::funding::FundingRule;
use butler_core::transaction::keys::facts::KeyFacts;
use butler_core::transaction::keys::{Judged, judge};
use butler_core::transaction::permitted::Places;
use butler_core::transaction::plan::Decision;
use butler_core::transaction::reading::ReadingError;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::wish::{Facts, MOST_FUNDED, decide};
use ethers_core::types::Address;

/// Keys that are to be added, with what was found of them.
pub type JudgedKeys = (Vec<KeyStore>, Judged);

/// A network as chain and key files have it.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Its configuration.
    pub config: &'a NetworkConfig,
    /// Its key files.
    pub book: &'a KeyBook,
    /// The chain.
    pub snapshot: &'a NetworkSnapshot,
}

impl Ground<'_> {
    /// Where calls may go.
    #[must_use]
    pub fn places(&self) -> Places {
        places_of(self.config.staking_registry, self.snapshot, self.book)
    }

    /// Why nothing is done for a wish now, where that is so: not on the word of one endpoint of several, nor where a file that cannot be read may
    /// say that a node funds itself.
    #[must_use]
    pub fn doubt(&self, wish: &Wish) -> Option<String> {
        if let Some(endpoint) = &self.snapshot.unconfirmed {
            return Some(format!("only the endpoint `{endpoint}` says what the chain has"));
        }
        let is_known = self.book.completeness() == Completeness::Complete;
        let needs_files = matches!(wish, Wish::FundPublishers);
        (needs_files && !is_known).then(|| "not every key file can be read".to_owned())
    }

    /// What a wish takes, which `from` is to send.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn decision(&self, wish: &Wish, from: Address, keys: Option<&JudgedKeys>) -> Result<Decision, Refusal> {
        let rule = self.config.wanted.funding.as_ref().map(|wanted| FundingRule {
            floor: wanted.floor,
            fill_percent: wanted.fill_percent,
            cap: wanted.cap,
        });
        let rows = self.publishers();
        let decided = |rows: &[PublisherRow]| {
            let funding = rule.as_ref().map(|rule| (rows, &self.book.self_funding, rule));
            let keys = keys.map(|(keys, judged)| (keys.as_slice(), judged));
            decide(wish, from, &Facts { snapshot: self.snapshot, keys, funding })
        };
        let decision = decided(&rows)?;
        if let Decision::Wanted(wanted) = &decision
            && let Change::Fund { transfers } = &wanted.change
            && transfers.len() > MOST_FUNDED
        {
            // The others come with the next one.
            let first: Vec<&Address> = transfers.keys().take(MOST_FUNDED).collect();
            let rows: Vec<_> = rows.into_iter().filter(|row| first.contains(&&row.publisher)).collect();
            return decided(&rows);
        }
        Ok(decision)
    }

    fn publishers(&self) -> Vec<PublisherRow> {
        let rows = top_ups(self.book, &self.snapshot.publisher_balances, self.config.publisher_minimum);
        rows.unwrap_or_else(|error| {
            tracing::warn!("publishers are not judged: {}", one_line(&error));
            Vec::new()
        })
    }

    /// Looks keys up that are to be added to a provider's queue. The snapshot knows them, and the queues of all providers.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub async fn judged(
        &self,
        client: &L1Client,
        provider: ProviderId,
        keys: Vec<KeyStore>,
    ) -> Result<JudgedKeys, ReadingError> {
        let facts = KeyFacts::read(client, (self.config.staking_registry, self.snapshot), &keys).await?;
        let roles: BTreeMap<Address, &'static str> = roles_of(self.snapshot, self.book);
        let judged = judge(self.snapshot, Some(provider), &keys, (&facts, &roles));
        Ok((keys, judged))
    }
}

/// Reads a snapshot that knows all providers' queues, and these keys.
///
/// # Errors
/// Why that was not possible, in one line.
pub async fn look_at_all(network: &mut Network, keys: &[KeyStore]) -> Result<NetworkSnapshot, String> {
    let mut request = network.request(BlockTag::Latest);
    request.attesters.extend(keys.iter().map(|key| key.attester).filter(|attester| !attester.is_zero()));
    (request.with_other_providers, request.admins_may_be_gone) = (true, true);
    network.reader.read(&request, &|_| ()).await.map_err(|error| one_line(&error))
}
