//! The client of Safe's transaction service against a fake with the real one's rules, faults and lies, before a real Safe.

use std::sync::Arc;
use std::time::Duration;

use butler_core::client::http::HttpSettings;
use butler_core::client::safe::{
    Delegate, ListedTransaction, NotPrepared, PreparedProposal, RequestBudget, SafeService, ServiceError, ServiceLie,
};
use butler_core::contracts::safe::{Operation, SafeAccount, SafeTransaction, SafeVersion, ServiceRequest};
use butler_core::domain::action::EffectKey;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::report::Chain as Causes;
use butler_core::transaction::Call;
use butler_core::transaction::safe::{
    QueuedTransaction, Repeated, calls_transaction, contents_of, free_nonce, origin_of_effect, repeated,
};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::safe::{
    DeployedSafe, FakeSafeService, Lag, SafeCall, SafeOwner, SafePackages, SafeRelease, ServiceFault, Twist,
};
use ethers_core::types::Address;
use serde_json::Value;

use crate::support;

const KEY: &str = "a-key-that-nobody-may-see-9f31";
const VERSION: SafeVersion = SafeVersion::V1_4_1;

struct Setting {
    chain: Chain,
    safe: DeployedSafe,
    service: FakeSafeService,
    delegate: SafeOwner,
    client: SafeService,
}

fn http(url: &str) -> HttpSettings {
    support::endpoint("safe", url).http
}

impl Setting {
    async fn start() -> Self {
        let chain = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let packages = SafePackages::ensure().unwrap();
        let owners: Vec<SafeOwner> = (1..=2).map(|number| SafeOwner::numbered(number).unwrap()).collect();
        let safe = DeployedSafe::deploy(&chain, &packages, SafeRelease::V1_4_1, (&owners, 2), 0).await.unwrap();
        let service = FakeSafeService::start(&chain).await.unwrap();
        let delegate = SafeOwner::numbered(7).unwrap();
        service.add_delegate(delegate.address(), owners[0].address(), Some(safe.address));
        let account = SafeAccount { chain_id: 31_337, address: safe.address };
        let client = SafeService::new(&http(&service.url()), None, account, RequestBudget::new(1_000)).unwrap();
        Self { chain, safe, service, delegate, client }
    }

    fn account(&self) -> SafeAccount {
        *self.client.safe()
    }

    fn prepare(&self, calls: &[Call], nonce: u64, origin: &str) -> PreparedProposal {
        self.prepare_as(&self.delegate, &calls_transaction(calls, VERSION, nonce).unwrap(), origin).unwrap()
    }

    fn prepare_as(
        &self,
        signer: &SafeOwner,
        transaction: &SafeTransaction,
        origin: &str,
    ) -> Result<PreparedProposal, NotPrepared> {
        let signature = signer.sign(transaction.hash(&self.account())).unwrap().try_into().unwrap();
        PreparedProposal::new(&self.account(), VERSION, transaction, (signer.address(), &signature), origin)
    }

    async fn propose(&self, calls: &[Call], nonce: u64) -> PreparedProposal {
        let proposal = self.prepare(calls, nonce, "");
        self.client.propose(&proposal).await.unwrap();
        proposal
    }

    async fn listed(&self, nonce: u64) -> Vec<ListedTransaction> {
        self.client.transactions_from(nonce).await.unwrap()
    }

    /// What the client says while the service tells everything changed in this way.
    async fn lied_to(&self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> ServiceError {
        let twist: Twist = Arc::new(change);
        self.service.twist(Some(twist));
        let error = self.client.transactions_from(0).await.unwrap_err();
        self.service.twist(None);
        error
    }
}

fn call(byte: u8) -> Call {
    Call { to: Address::repeat_byte(byte), value: 0.into(), data: vec![byte; 36].into() }
}

#[tokio::test]
async fn a_proposal_is_one_however_often_its_bytes_are_sent() {
    let setting = Setting::start().await;
    let key: EffectKey = "add_keys/31337/0xab/7".parse().unwrap();
    let calls = [call(1), call(2)];
    let proposal = setting.prepare(&calls, 0, &origin_of_effect(&key));
    setting.service.break_next([ServiceFault::LoseReply, ServiceFault::Status(502)]);
    let lost = setting.client.propose(&proposal).await.unwrap_err();
    assert!(matches!(lost, ServiceError::NotAnswered(_)), "{lost}");
    let failing = setting.client.propose(&proposal).await.unwrap_err();
    assert!(matches!(failing, ServiceError::Failing(502)), "{failing}");
    // As it is after a restart: from what was kept.
    let kept: PreparedProposal = serde_json::from_str(&serde_json::to_string(&proposal).unwrap()).unwrap();
    setting.client.propose(&kept).await.unwrap();
    assert_eq!(setting.service.kept(), [proposal.hash]);
    let bodies = setting.service.bodies();
    assert!(bodies.len() == 3 && bodies.iter().all(|body| *body == proposal.body.as_bytes()));

    let found = setting.client.transaction(proposal.hash).await.unwrap().unwrap();
    assert_eq!(setting.listed(0).await, std::slice::from_ref(&found));
    assert_eq!(found.delegate, Some(setting.delegate.address()));
    assert_eq!(found.proposer, Some(setting.safe.owners[0].address()));
    assert!(found.is_trusted && found.executed.is_none() && found.confirmed_by.is_empty());
    let contents = contents_of(&found.transaction, VERSION);
    assert_eq!((contents.calls.as_slice(), contents.danger), (calls.as_slice(), None));
    assert_eq!(repeated(&key, &[call(9)], &contents, found.origin.as_deref()), Some(Repeated::Wholly));
}

#[tokio::test]
async fn pages_are_read_to_their_end_with_what_nobody_trusts() {
    let setting = Setting::start().await;
    for nonce in 0..103 {
        setting.propose(&[call(1)], nonce).await;
    }
    // Unsigned, by an owner: untrusted, and told only when that is asked for.
    let transaction = calls_transaction(&[call(2)], VERSION, 103).unwrap();
    let mut body: Value = serde_json::from_str(&setting.prepare(&[call(2)], 103, "").body).unwrap();
    body["sender"] = serde_json::to_value(setting.safe.owners[1].address()).unwrap();
    body.as_object_mut().unwrap().remove("signature");
    let url = format!("{}/v2/safes/{}/multisig-transactions/", setting.service.url(), {
        ethers_core::utils::to_checksum(&setting.safe.address, None)
    });
    let (status, _) = butler_testkit::rpc::Client::new(&url).unwrap().post(body.to_string().into()).await.unwrap();
    assert_eq!(status.as_u16(), 201);
    let before = setting.service.requests().len();
    let listed = setting.listed(0).await;
    assert_eq!(setting.service.requests().len() - before, 3, "two pages of those that are trusted, one of others");
    let nonces: Vec<u64> = listed.iter().map(|one| one.transaction.nonce).collect();
    assert_eq!(nonces, (0..=103).collect::<Vec<_>>());
    let untrusted = listed.iter().find(|one| !one.is_trusted).unwrap();
    assert_eq!(untrusted.hash, transaction.hash(&setting.account()));
    assert_eq!(setting.listed(102).await.len(), 2);
}

#[tokio::test]
async fn a_nonce_is_free_by_what_the_service_and_the_chain_have() {
    let setting = Setting::start().await;
    let queued = |listed: &[ListedTransaction]| -> Vec<QueuedTransaction> {
        let one = |one: &ListedTransaction| QueuedTransaction {
            hash: one.hash,
            nonce: one.transaction.nonce,
            is_executed: one.executed.is_some(),
            is_dead: false,
        };
        listed.iter().map(one).collect()
    };
    // A person's own, in the same place as another's: the service takes both.
    for (signer, byte) in [(&setting.safe.owners[0], 1), (&setting.safe.owners[1], 2)] {
        let transaction = calls_transaction(&[call(byte)], VERSION, 0).unwrap();
        setting.client.propose(&setting.prepare_as(signer, &transaction, "").unwrap()).await.unwrap();
    }
    let listed = setting.listed(0).await;
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|one| one.delegate.is_none() && one.confirmed_by.len() == 1));
    assert_eq!(free_nonce(0, &queued(&listed)).unwrap().nonce, 1);

    // Executed; the service learns of it later, and refuses that nonce from then on.
    let played = listed[0].transaction.clone();
    let executed = SafeCall { to: played.to, data: played.data.to_vec(), ..SafeCall::default() };
    setting.safe.execute(&setting.chain, &executed).await.unwrap();
    assert!(setting.listed(0).await.iter().all(|one| one.executed.is_none()), "it lags");
    setting.service.index().await.unwrap();
    let listed = setting.listed(0).await;
    assert_eq!(listed.iter().filter(|one| one.executed.is_some()).count(), 1);
    assert!(free_nonce(0, &queued(&listed)).is_err(), "an older answer of the chain");
    assert_eq!(free_nonce(1, &queued(&setting.listed(1).await)).unwrap().nonce, 1);
    let late = setting.client.propose(&setting.prepare(&[call(3)], 0, "")).await.unwrap_err();
    assert!(matches!(late, ServiceError::Refused { status: 422, .. }), "{late}");
    assert!(late.to_string().contains("already executed"), "{late}");
}

#[tokio::test]
async fn lists_lag_and_a_transaction_is_found_by_its_hash() {
    let setting = Setting::start().await;
    setting.service.set_lag(Lag::UntilIndexed);
    let proposal = setting.propose(&[call(1)], 0).await;
    assert_eq!(setting.listed(0).await, []);
    assert!(setting.client.transaction(proposal.hash).await.unwrap().is_some());
    setting.service.index().await.unwrap();
    assert_eq!(setting.listed(0).await.len(), 1);
}

fn lie(error: &ServiceError) -> ServiceLie {
    let ServiceError::Lie(lie) = error else { panic!("{error}") };
    *lie
}

#[tokio::test]
async fn each_lie_is_named() {
    let setting = Setting::start().await;
    let proposal = setting.propose(&[call(1)], 3).await;
    let other_hash = lie(&setting.lied_to(|one| one["safeTxHash"] = format!("0x{}", "ab".repeat(32)).into()).await);
    assert!(matches!(other_hash, ServiceLie::OtherHash { computed, .. } if computed == proposal.hash), "{other_hash}");
    // Whatever is changed of the content makes another hash.
    let changes: [fn(&mut Value); 6] = [
        |one| one["nonce"] = "4".into(),
        |one| one["to"] = format!("0x{}", "09".repeat(20)).into(),
        |one| one["value"] = "1".into(),
        |one| one["operation"] = 1.into(),
        |one| one["data"] = Value::Null,
        |one| one["gasPrice"] = "1".into(),
    ];
    for change in changes {
        let told = lie(&setting.lied_to(change).await);
        assert!(matches!(told, ServiceLie::OtherHash { told, .. } if told == proposal.hash), "{told}");
    }
    let stranger = Address::repeat_byte(9);
    let other_safe = lie(&setting.lied_to(move |one| one["safe"] = serde_json::to_value(stranger).unwrap()).await);
    assert_eq!(other_safe, ServiceLie::OtherSafe(stranger));

    // One that is whole, and not what was asked for.
    let another = calls_transaction(&[call(2)], VERSION, 1).unwrap();
    let told = another.hash(&setting.account());
    let (to, data) = (another.to, another.data.clone());
    let twist: Twist = Arc::new(move |one| {
        one["to"] = serde_json::to_value(to).unwrap();
        one["data"] = serde_json::to_value(&data).unwrap();
        one["nonce"] = "1".into();
        one["safeTxHash"] = serde_json::to_value(told).unwrap();
    });
    setting.service.twist(Some(twist));
    let behind = lie(&setting.client.transactions_from(2).await.unwrap_err());
    assert_eq!(behind, ServiceLie::OtherNonce { from: 2, told: 1 });
    let asked = proposal.hash;
    let instead = lie(&setting.client.transaction(asked).await.unwrap_err());
    assert_eq!(instead, ServiceLie::OtherTransaction { asked, told });

    let twist: Twist = Arc::new(move |one| one["delegate"] = serde_json::to_value(stranger).unwrap());
    setting.service.twist(Some(twist));
    let delegate = lie(&setting.client.delegations(setting.delegate.address()).await.unwrap_err());
    assert_eq!(delegate, ServiceLie::OtherDelegate(stranger));
}

#[tokio::test]
async fn what_is_no_answer_of_such_a_service_is_not_read() {
    let setting = Setting::start().await;
    setting.propose(&[call(1)], 0).await;
    let changes: [fn(&mut Value); 5] = [
        |one| one["nonce"] = "-1".into(),
        |one| one["nonce"] = "18446744073709551616".into(),
        |one| one["operation"] = 2.into(),
        |one| one["data"] = "no hex".into(),
        |one| *one = Value::Null,
    ];
    for change in changes {
        let error = setting.lied_to(change).await;
        assert!(matches!(error, ServiceError::Malformed(_)), "{error}");
    }
    setting.service.break_next([ServiceFault::Page]);
    let page = setting.client.transactions_from(0).await.unwrap_err();
    assert!(matches!(page, ServiceError::Malformed(_)), "{page}");
}

#[tokio::test]
async fn refusals_are_told_apart_and_the_key_is_in_none() {
    let setting = Setting::start().await;
    setting.service.demand_key(KEY);
    let with = |key: &str| {
        let budget = RequestBudget::new(100);
        SafeService::new(&http(&setting.service.url()), Some(&key.to_owned().into()), setting.account(), budget)
            .unwrap()
    };
    let client = with(KEY);
    assert_eq!(client.transactions_from(0).await.unwrap(), []);
    let refused = with("another-key-that-nobody-may-see").transactions_from(0).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Unauthorized(401)), "{refused}");
    setting.service.break_next([ServiceFault::RateLimited(7), ServiceFault::Status(404), ServiceFault::Status(400)]);
    let limited = client.transactions_from(0).await.unwrap_err();
    let wait = Some(Duration::from_secs(7));
    assert!(matches!(limited, ServiceError::RateLimited { retry_after } if retry_after == wait), "{limited}");
    let unknown = client.transactions_from(0).await.unwrap_err();
    assert!(matches!(unknown, ServiceError::NotFound(_)), "{unknown}");
    let other = client.transactions_from(0).await.unwrap_err();
    assert!(matches!(other, ServiceError::Refused { status: 400, .. }), "{other}");
    for error in [refused, limited, unknown, other] {
        let told = format!("{} {error:?} {client:?}", Causes(&error));
        assert!(!told.contains("nobody-may-see"), "{told}");
    }
    assert_eq!(client.transaction(Default::default()).await.unwrap(), None);
}

#[tokio::test]
async fn a_month_has_its_requests_by_both_counts() {
    let setting = Setting::start().await;
    let client = |budget| SafeService::new(&http(&setting.service.url()), None, setting.account(), budget).unwrap();
    let ours = client(RequestBudget::new(3));
    ours.transactions_from(0).await.unwrap();
    assert_eq!(ours.budget().left(unix_now()), 1);
    let before = setting.service.requests().len();
    let spent = ours.transactions_from(0).await.unwrap_err();
    assert!(matches!(spent, ServiceError::Spent(_)), "{spent}");
    assert_eq!(setting.service.requests().len() - before, 1, "what is beyond is not sent");
    // As it is after a restart.
    let kept = serde_json::from_str(&serde_json::to_string(&ours.budget()).unwrap()).unwrap();
    assert!(matches!(client(kept).transactions_from(0).await, Err(ServiceError::Spent(_))));

    setting.service.set_quota(3);
    let theirs = client(RequestBudget::new(1_000));
    theirs.transactions_from(0).await.unwrap();
    assert_eq!(theirs.budget().left(unix_now()), 1, "the service says less");
}

#[tokio::test]
async fn only_what_was_signed_and_may_be_proposed_leaves() {
    let setting = Setting::start().await;
    let honest = setting.prepare(&[call(1)], 0, "");
    let mut changed = honest.clone();
    changed.body = changed.body.replace(&"01".repeat(36), &"02".repeat(36));
    let mut renamed = honest.clone();
    renamed.nonce = 1;
    let elsewhere = PreparedProposal { safe: Address::repeat_byte(3), ..honest.clone() };
    for proposal in [changed, renamed, elsewhere] {
        let error = setting.client.propose(&proposal).await.unwrap_err();
        assert!(matches!(error, ServiceError::NotSent(NotPrepared::Changed)), "{error}");
    }
    let stranger = SafeOwner::numbered(99).unwrap();
    let stolen = PreparedProposal { sender: stranger.address(), ..honest };
    assert!(matches!(setting.client.propose(&stolen).await, Err(ServiceError::NotSent(_))));
    assert_eq!(setting.service.bodies(), Vec::<Vec<u8>>::new());

    let plain = calls_transaction(&[call(1)], VERSION, 0).unwrap();
    let to = plain.to;
    let dangerous = SafeTransaction { operation: Operation::DelegateCall, ..plain.clone() };
    let prepared = |transaction: &SafeTransaction, origin: &str| {
        setting.prepare_as(&setting.delegate, transaction, origin).map(|proposal| proposal.nonce)
    };
    assert_eq!(prepared(&dangerous, ""), Err(NotPrepared::DelegateCall(to)));
    let mut paying = plain.clone();
    paying.refund.gas_price = 1.into();
    assert_eq!(prepared(&paying, ""), Err(NotPrepared::Refund));
    assert_eq!(prepared(&plain, &"o".repeat(201)), Err(NotPrepared::Origin));
    assert_eq!(prepared(&plain, &"é".repeat(200)), Ok(0));
    let foreign = calls_transaction(&[call(1), call(2)], SafeVersion::V1_3_0, 0).unwrap();
    assert_eq!(prepared(&foreign, ""), Err(NotPrepared::DelegateCall(foreign.to)), "another version's");
}

#[tokio::test]
async fn delegates_are_those_of_this_safe_and_of_all_of_an_owners() {
    let setting = Setting::start().await;
    let (delegate, owner) = (setting.delegate.address(), setting.safe.owners[1].address());
    setting.service.add_delegate(delegate, owner, None);
    setting.service.add_delegate(delegate, owner, Some(Address::repeat_byte(5)));
    let found = setting.client.delegations(delegate).await.unwrap();
    let by = |delegator| Delegate { delegate, delegator };
    assert_eq!(found, [by(setting.safe.owners[0].address()), by(owner)]);
    assert_eq!(setting.client.delegations(Address::repeat_byte(5)).await.unwrap(), []);
    let twist: Twist = Arc::new(|one| one["expiryDate"] = "2026-01-01T00:00:00Z".into());
    setting.service.twist(Some(twist));
    assert_eq!(setting.client.delegations(delegate).await.unwrap(), [], "their time is over");
}

#[tokio::test]
async fn a_proposal_is_deleted_by_whoever_made_it() {
    let setting = Setting::start().await;
    let proposal = setting.propose(&[call(1)], 0).await;
    let request = ServiceRequest::Delete { safe: setting.account(), transaction: proposal.hash };
    let signed = |signer: &SafeOwner, now| signer.sign(request.hash(now)).unwrap().try_into().unwrap();
    let stranger = SafeOwner::numbered(99).unwrap();
    for signature in [signed(&stranger, unix_now()), signed(&setting.delegate, unix_now() - 3 * 3_600)] {
        let refused = setting.client.delete(proposal.hash, &signature).await.unwrap_err();
        assert!(matches!(refused, ServiceError::Refused { status: 400, .. }), "{refused}");
    }
    let signature = signed(&setting.delegate, unix_now());
    assert!(setting.client.delete(proposal.hash, &signature).await.unwrap());
    assert!(!setting.client.delete(proposal.hash, &signature).await.unwrap(), "it is gone");
    assert_eq!(setting.service.kept(), []);
}
