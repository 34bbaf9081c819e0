//! Effects proposed by way of the fake service through lost answers, kills, lists that lag, reorgs, rejections and people who propose the same:
//! each happens once, and nothing waits behind a nonce that never comes.

use std::collections::BTreeSet;

use butler_core::chain::{fetch_safe, fetch_transaction_hash};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::client::safe::{PreparedProposal, RequestBudget, SafeService};
use butler_core::contracts::safe::{SafeAccount, SafeTransaction, SafeVersion};
use butler_core::domain::action::EffectKey;
use butler_core::transaction::Call;
use butler_core::transaction::safe::{Decision, KeptProposal, SafeView, calls_transaction, decide, origin_of_effect};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::safe::{
    DeployedSafe, FakeSafeService, Lag, SafeCall, SafeOwner, SafePackages, SafeRelease, ServiceFault,
};
use ethers_core::types::{Address, U256};
use serde_json::json;

use crate::support;

const ROUNDS: u64 = 300;
const VERSION: SafeVersion = SafeVersion::V1_5_0;

/// Numbers that look like chance, the same in each run of a seed.
struct Chance(u64);

impl Chance {
    fn one_in(&mut self, sides: u64) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(sides)
    }
}

struct World {
    chain: Chain,
    l1: L1Client,
    safe: DeployedSafe,
    service: FakeSafeService,
    client: SafeService,
    delegate: SafeOwner,
    chance: Chance,
    /// What survives a kill.
    kept: Vec<KeptProposal>,
    /// The effect that is wanted now: one wei for the account of that number.
    effect: u64,
}

fn receiver(effect: u64) -> Address {
    Address::from_low_u64_be(0xbeef_0000 + effect)
}

fn gift(effect: u64) -> Call {
    Call { to: receiver(effect), value: 1.into(), data: Vec::new().into() }
}

impl World {
    async fn start(seed: u64) -> Self {
        let chain = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let packages = SafePackages::ensure().unwrap();
        let owners = [1, 2].map(|number| SafeOwner::numbered(number).unwrap());
        let safe = DeployedSafe::deploy(&chain, &packages, SafeRelease::V1_5_0, (&owners, 2), 0).await.unwrap();
        chain.rpc("anvil_setBalance", json!([safe.address, "0xde0b6b3a7640000"])).await.unwrap();
        let service = FakeSafeService::start(&chain).await.unwrap();
        let delegate = SafeOwner::numbered(7).unwrap();
        service.add_delegate(delegate.address(), owners[0].address(), None);
        let l1 = support::client(&[support::endpoint("devnet", chain.url())]);
        let account = SafeAccount { chain_id: 31_337, address: safe.address };
        let http = support::endpoint("safe", &service.url()).http;
        let client = SafeService::new(&http, None, account, RequestBudget::new(1_000_000)).unwrap();
        Self { chain, l1, safe, service, client, delegate, chance: Chance(seed), kept: Vec::new(), effect: 0 }
    }

    fn key(&self) -> EffectKey {
        format!("gift/31337/{:?}", receiver(self.effect)).parse().unwrap()
    }

    async fn balance(&self, effect: u64) -> U256 {
        let balance = self.chain.rpc("eth_getBalance", json!([receiver(effect), "latest"])).await.unwrap();
        serde_json::from_value(balance).unwrap()
    }

    /// One look of the proposer, which may be killed after each step.
    async fn look(&mut self) {
        if !self.balance(self.effect).await.is_zero() {
            return;
        }
        let head = self.l1.head(BlockTag::Latest, &[]).await.unwrap().block;
        let state = fetch_safe(&self.l1, &head, self.safe.address).await.unwrap();
        let last = self.l1.head(BlockTag::Finalized, &[]).await.unwrap().block;
        // The first blocks have no Safe.
        let final_nonce = fetch_safe(&self.l1, &last, self.safe.address).await.map_or(0, |state| state.nonce);
        let Ok(listed) = self.client.transactions_from(final_nonce).await else { return };
        let (kept, dead) = (self.kept.as_slice(), &BTreeSet::new());
        let view = SafeView { state: &state, final_nonce, listed: &listed, kept, dead };
        let hash = match decide(&self.key(), &[gift(self.effect)], &view) {
            Ok(Decision::Propose(new)) => {
                let transaction = new.transaction;
                let told = fetch_transaction_hash(&self.l1, &head, self.safe.address, &transaction).await.unwrap();
                assert_eq!(told, transaction.hash(self.client.safe()));
                let (effect, has_arrived) = (self.key(), false);
                let proposal = self.prepare(&self.delegate, &transaction, &origin_of_effect(&effect));
                self.kept.push(KeptProposal { effect, proposal, has_arrived });
                told
            }
            Ok(Decision::SendAgain(hash)) => hash,
            Ok(Decision::Waits { .. }) | Err(_) => return,
        };
        if self.chance.one_in(4) {
            return;
        }
        let kept = self.kept.iter_mut().find(|kept| kept.proposal.hash == hash).unwrap();
        // Lost, or refused since its nonce was used meanwhile: the next look finds that.
        if self.client.propose(&kept.proposal).await.is_err() || self.chance.one_in(4) {
            return;
        }
        if let Ok(Some(found)) = self.client.transaction(hash).await {
            kept.has_arrived = found.hash == hash;
        }
    }

    fn prepare(&self, signer: &SafeOwner, transaction: &SafeTransaction, origin: &str) -> PreparedProposal {
        let account = self.client.safe();
        let signature = signer.sign(transaction.hash(account)).unwrap().try_into().unwrap();
        PreparedProposal::new(account, VERSION, transaction, (signer.address(), &signature), origin).unwrap()
    }

    /// A person proposes the same effect, in a batch with something else, where nothing of the kind was proposed.
    async fn person(&mut self) {
        let nonce = self.safe.nonce(&self.chain).await.unwrap();
        let is_open = self.kept.iter().any(|kept| kept.effect == self.key() && kept.proposal.nonce >= nonce);
        if is_open || !self.balance(self.effect).await.is_zero() {
            return;
        }
        self.service.mend();
        self.service.index().await.unwrap();
        let listed = self.client.transactions_from(nonce).await.unwrap();
        if listed.iter().any(|one| one.executed.is_none()) {
            return;
        }
        let other = Call { to: Address::repeat_byte(5), value: 1.into(), data: Vec::new().into() };
        let transaction = calls_transaction(&[other, gift(self.effect)], VERSION, nonce).unwrap();
        let proposal = self.prepare(&self.safe.owners[0], &transaction, "");
        self.client.propose(&proposal).await.unwrap();
        self.service.index().await.unwrap();
    }

    /// The owners execute what is next, or reject it.
    async fn owners(&mut self) {
        let nonce = self.safe.nonce(&self.chain).await.unwrap();
        let Ok(listed) = self.client.transactions_from(nonce).await else { return };
        let Some(next) = listed.into_iter().find(|one| one.transaction.nonce == nonce) else { return };
        let rejects = self.chance.one_in(5);
        let call = if rejects {
            SafeCall { to: self.safe.address, nonce, ..SafeCall::default() }
        } else {
            let SafeTransaction { to, value, data, operation, .. } = next.transaction;
            SafeCall { to, value, data: data.to_vec(), operation: operation.code(), nonce, ..SafeCall::default() }
        };
        let reorg = self.chance.one_in(4);
        let before = self.chain.rpc("evm_snapshot", json!([])).await.unwrap();
        self.safe.execute(&self.chain, &call).await.unwrap();
        if reorg {
            self.service.index().await.unwrap();
            Box::pin(self.look()).await;
            self.chain.rpc("evm_revert", json!([before])).await.unwrap();
            // The service still says that it was executed.
            Box::pin(self.look()).await;
            self.service.index().await.unwrap();
        }
    }

    /// Blocks pass, and what was done becomes final.
    async fn pass(&self) {
        for _ in 0..3 {
            self.chain.mine().await.unwrap();
        }
    }

    /// Nothing goes wrong until the effect is there.
    async fn calm(&mut self) {
        self.service.set_lag(Lag::None);
        self.service.mend();
        for _ in 0..40 {
            self.service.index().await.unwrap();
            self.look().await;
            self.owners().await;
            self.pass().await;
            if !self.balance(self.effect).await.is_zero() {
                return;
            }
        }
        panic!("effect {} never came: something waits behind a dead nonce", self.effect);
    }
}

#[tokio::test]
async fn each_effect_happens_once_whatever_happens() {
    let mut world = World::start(20_261_128).await;
    for _ in 0..ROUNDS {
        if world.chance.one_in(3) {
            let lag = if world.chance.one_in(2) { Lag::UntilIndexed } else { Lag::None };
            world.service.set_lag(lag);
        }
        if world.chance.one_in(3) {
            let fault = if world.chance.one_in(2) { ServiceFault::LoseReply } else { ServiceFault::Status(503) };
            world.service.break_next([fault]);
        }
        if world.chance.one_in(6) {
            world.person().await;
        }
        world.look().await;
        if world.chance.one_in(3) {
            world.service.index().await.unwrap();
        }
        if world.chance.one_in(3) {
            world.owners().await;
        }
        if world.chance.one_in(2) {
            world.pass().await;
        }
        if world.chance.one_in(8) {
            world.calm().await;
            world.effect += 1;
        }
    }
    world.calm().await;
    assert!(world.effect > 20, "{} effects", world.effect);
    for effect in 0..=world.effect {
        assert_eq!(world.balance(effect).await, U256::one(), "effect {effect}");
    }
}
