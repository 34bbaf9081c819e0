//! What is wanted of providers and publishers, held against the chain at each look: what owners of a Safe are to be asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use butler_core::chain::DelegationTimes;
use butler_core::config::{Config, NetworkConfig, WantedKeys};
use butler_core::contracts::bindings::staking_registry::KeyStore;
use butler_core::domain::action::{ActionKind, Phase, Wish};
use butler_core::domain::attester::queue_key::bad_queue_keys;
use butler_core::domain::block::BlockRef;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::runway::DelegationPace;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use butler_core::proposing::not_run;
use butler_core::runtime::report::one_line;
use butler_core::store::file::load_bounded;
use butler_core::text::time::count;
use butler_core::transaction::keys::file::{MOST_BYTES, read};
use butler_core::transaction::plan::{Decision, Plan};
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::wish::{first_good, proposal_of};
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::executors::proposals::{Ground, JudgedKeys, PATIENCE, VOID, look_at_all};
use crate::journal::Entry;
use crate::plan::proposals::{Draft, Have, Said, Slot, Wanted, wishes};

/// How often what takes a look at all providers is looked up again while it waits for a person.
const EVERY: Duration = Duration::from_secs(600);
/// The largest proposal that an action holds, in bytes of JSON.
const LARGEST: usize = 56 * 1024;

/// What is found of the slots of one network.
#[derive(Debug)]
pub(super) struct Proposals {
    config: Arc<Config>,
    times: DelegationTimes,
    /// When all providers were looked at for a slot.
    looked_at: BTreeMap<Slot, Instant>,
    /// What was said last of what is wanted and cannot be proposed.
    refused: BTreeMap<Slot, String>,
}

/// What the journal has of a slot that is not over.
pub(super) type Standing = BTreeMap<Slot, Entry>;

impl Proposals {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self { config, times: DelegationTimes::default(), looked_at: BTreeMap::new(), refused: BTreeMap::new() }
    }

    /// What is to be said of every slot that the configuration or the journal is about.
    pub(super) async fn look(
        &mut self,
        network: &Network,
        snapshot: &NetworkSnapshot,
        standing: &Standing,
        denied: &BTreeMap<Slot, Wish>,
    ) -> BTreeMap<Slot, Said> {
        let wanted = &network.config.wanted;
        let (paces, all_known) = self.paces(network, snapshot).await;
        let open: BTreeSet<Slot> = standing.keys().copied().collect();
        let thresholds = network.config.thresholds();
        let have = Have {
            providers: &snapshot.providers,
            bad_keys: &bad_queue_keys(snapshot),
            config: wanted,
            admins: &network.config.provider_admins,
            paces: &paces,
            open: &open,
            thresholds: &thresholds,
        };
        let ground = Ground { config: &network.config, book: &network.keys.book, snapshot };
        let mut found = BTreeMap::new();
        for (slot, wanted) in wishes(&have) {
            let said = match wanted {
                None if slot.kind == ActionKind::AddKeys && !all_known => Said::Unknown,
                None => Said::Already("the chain has what is wanted".to_owned()),
                Some(wanted) => Box::pin(self.said(network, ground, (slot, wanted), standing, denied)).await,
            };
            self.note(slot, &said);
            found.insert(slot, said);
        }
        for slot in open {
            found.entry(slot).or_insert_with(|| Said::Already("the configuration does not want it".to_owned()));
        }
        found
    }

    async fn said(
        &mut self,
        network: &Network,
        ground: Ground<'_>,
        (slot, wanted): (Slot, Wanted),
        standing: &Standing,
        denied: &BTreeMap<Slot, Wish>,
    ) -> Said {
        if ground.doubt(&wanted.wish).is_some() {
            return Said::Unknown;
        }
        match wanted.wish {
            Wish::AddKeys { .. } | Wish::CreateProvider { .. } => {
                if denied.get(&slot) == Some(&wanted.wish) || !self.is_time(slot, standing.get(&slot)) {
                    return Said::Unknown;
                }
                self.looked_at.insert(slot, Instant::now());
                let looked = Box::pin(look_further(&self.config, network, &wanted)).await;
                looked.unwrap_or_else(|why| {
                    tracing::warn!(network = network.config.name, "what is wanted is not looked up: {why}");
                    Said::Unknown
                })
            }
            Wish::SetTakeRate { .. }
            | Wish::SetRecipient { .. }
            | Wish::Drip { .. }
            | Wish::AcceptAdmin { .. }
            | Wish::FundPublishers => drafted(ground, &wanted, None),
        }
    }

    /// Whether all providers are looked at for a slot now: not while somebody acts on it, and seldom while a person is waited for.
    fn is_time(&self, slot: Slot, live: Option<&Entry>) -> bool {
        let is_old = self.looked_at.get(&slot).is_none_or(|at| at.elapsed() >= EVERY);
        match live {
            None => is_old,
            Some(Entry { standing, .. }) => match standing.phase {
                Phase::AwaitingApproval | Phase::Due => is_old || standing.reason.as_deref() == Some(VOID),
                Phase::Planned | Phase::Running | Phase::Verifying | Phase::Done | Phase::Parked | Phase::Dropped => {
                    false
                }
            },
        }
    }

    /// How fast delegations come, and whether that was read.
    async fn paces(
        &mut self,
        network: &Network,
        snapshot: &NetworkSnapshot,
    ) -> (BTreeMap<ProviderId, DelegationPace>, bool) {
        if network.config.wanted.keys.is_none() {
            return (BTreeMap::new(), true);
        }
        let (client, block): (_, &BlockRef) = (network.reader.client(), &snapshot.block);
        match self.times.read(client, block, &snapshot.delegations).await {
            Ok(times) => {
                let pace = |(id, times): (ProviderId, Vec<u64>)| {
                    Some((id, DelegationPace::observed(&times, snapshot.block.timestamp)?))
                };
                (times.into_iter().filter_map(pace).collect(), true)
            }
            Err(error) => {
                tracing::debug!("how fast delegations come is not known: {}", one_line(&error));
                (BTreeMap::new(), false)
            }
        }
    }

    /// Tells once that something is wanted and cannot be proposed.
    fn note(&mut self, slot: Slot, said: &Said) {
        match said {
            Said::Refused(why) => {
                if self.refused.insert(slot, why.clone()).as_ref() != Some(why) {
                    tracing::warn!(kind = slot.kind.name(), "{} is wanted, and is not proposed: {why}", slot.kind);
                }
            }
            Said::Unknown => {}
            Said::Wanted(_) | Said::Already(_) => drop(self.refused.remove(&slot)),
        }
    }
}

/// Decides with the queues of all providers, and for keys with what is found of each.
async fn look_further(config: &Config, network: &Network, wanted: &Wanted) -> Result<Said, String> {
    let prepared = match (&wanted.wish, &network.config.wanted.keys) {
        (Wish::AddKeys { .. }, Some(prepared)) => Some(prepared),
        (Wish::AddKeys { .. }, None) => return Ok(Said::Unknown),
        _ => None,
    };
    let keys: Vec<KeyStore> = match prepared {
        Some(WantedKeys { file, .. }) => match block_in_place(|| load(file)) {
            Ok(keys) => keys,
            Err(why) => return Ok(Said::Refused(why)),
        },
        None => Vec::new(),
    };
    let open = || Network::open_with(config, Some(&network.config.name), PATIENCE, network.keys.clone());
    let mut further = block_in_place(open).map_err(|error| one_line(&error))?;
    let snapshot = Box::pin(look_at_all(&mut further, &keys)).await?;
    let ground = Ground { config: &network.config, book: &network.keys.book, snapshot: &snapshot };
    if ground.doubt(&wanted.wish).is_some() {
        return Ok(Said::Unknown);
    }
    let (Some(prepared), Some(provider)) = (prepared, wanted.wish.provider()) else {
        return Ok(drafted(ground, wanted, None));
    };
    let judged = ground.judged(further.reader.client(), provider, keys).await.map_err(|error| one_line(&error))?;
    Ok(of_keys(ground, wanted, prepared, judged))
}

fn of_keys(ground: Ground<'_>, wanted: &Wanted, prepared: &WantedKeys, (all, judged): JudgedKeys) -> Said {
    let first_bad = judged.bad.first().map(ToString::to_string);
    let (judged, left_out) = first_good(judged, prepared.at_once);
    if judged.good.is_empty() {
        let why = first_bad.map_or_else(String::new, |bad| format!(", and others cannot be used, the first: {bad}"));
        return Said::Refused(format!("no key of `{}` is left to be added{why}", prepared.file.display()));
    }
    let mut said = drafted(ground, wanted, Some(&(all, judged.clone())));
    if let Said::Wanted(draft) = &mut said {
        let bad = first_bad
            .map(|bad| format!("{} of the file cannot be used and left out, the first: {bad}", count(left_out, "key")));
        draft.proposal.remarks.extend(bad);
        draft.proposal.remarks.extend(not_run(ground.book, &judged.good));
    }
    said
}

/// The keys of a registration file, all of which is public. Nothing of a file that is something else is shown.
fn load(file: &Path) -> Result<Vec<KeyStore>, String> {
    let content = load_bounded(file, MOST_BYTES).map_err(|error| one_line(&error))?;
    read(&content).map_err(|error| format!("`{}`: {}", file.display(), one_line(&error)))
}

/// What is proposed for something that is wanted.
fn drafted(ground: Ground<'_>, wanted: &Wanted, keys: Option<&JudgedKeys>) -> Said {
    let planned = ground.decision(&wanted.wish, wanted.from, keys).and_then(|decision| match decision {
        Decision::Already { says, .. } => Ok(Err(says)),
        Decision::Wanted(change) => Plan::new(change, ground.places()).map(Ok).map_err(Refusal::from),
    });
    let plan = match planned {
        Ok(Ok(plan)) => plan,
        Ok(Err(says)) => return Said::Already(says),
        Err(refusal) => return Said::Refused(one_line(&refusal)),
    };
    let proposal = proposal_of(&plan, wanted.wish);
    if serde_json::to_vec(&proposal).map_or(usize::MAX, |bytes| bytes.len()) > LARGEST {
        return Said::Refused("it is too large for one proposal".to_owned());
    }
    Said::Wanted(Box::new(Draft { proposal, why: wanted.why.clone(), block: ground.snapshot.block }))
}

/// Whether there is anything to look for.
pub(super) fn is_wanted(config: &NetworkConfig, standing: &Standing) -> bool {
    config.wanted.is_anything() || !standing.is_empty()
}
