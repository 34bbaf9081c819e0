//! What is computed here about Safes against their real contracts, of each version that is known.

use butler_core::chain::{fetch_safe, fetch_transaction_hash};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::contracts::safe::{
    GasRefund, Operation, Outcome, SafeAccount, SafeTransaction, SafeVersion, decode_execution, execution_topics,
};
use butler_core::transaction::Call;
use butler_core::transaction::safe::calls_transaction;
use butler_testkit::devnet::{Chain, DevnetSpec, Played, ensure};
use butler_testkit::safe::{DeployedSafe, SafeCall, SafeOwner, SafePackages, SafeRelease};
use ethers_core::types::{Address, H256, Log, U256};
use serde_json::json;

use crate::support;

const CHAIN_ID: u64 = 31_337;

async fn chain() -> Chain {
    Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap()
}

fn owners() -> Vec<SafeOwner> {
    (1..=3).map(|number| SafeOwner::numbered(number).unwrap()).collect()
}

async fn deploy(chain: &Chain, release: SafeRelease) -> DeployedSafe {
    let packages = SafePackages::ensure().unwrap();
    DeployedSafe::deploy(chain, &packages, release, (&owners(), 2), 0).await.unwrap()
}

fn version(release: SafeRelease) -> SafeVersion {
    release.name().parse().unwrap()
}

fn account(safe: &DeployedSafe) -> SafeAccount {
    SafeAccount { chain_id: CHAIN_ID, address: safe.address }
}

fn as_call(transaction: &SafeTransaction) -> SafeCall {
    let refund = &transaction.refund;
    SafeCall {
        to: transaction.to,
        value: transaction.value,
        data: transaction.data.to_vec(),
        operation: transaction.operation.code(),
        gas: [refund.safe_tx_gas, refund.base_gas, refund.gas_price],
        refund: [refund.gas_token, refund.receiver],
        nonce: transaction.nonce,
    }
}

fn ether(to: u8, wei: u64) -> Call {
    Call { to: Address::repeat_byte(to), value: wei.into(), data: Vec::new().into() }
}

async fn give(chain: &Chain, safe: Address) {
    chain.rpc("anvil_setBalance", json!([safe, "0xde0b6b3a7640000"])).await.unwrap();
}

async fn balance(chain: &Chain, account: Address) -> U256 {
    serde_json::from_value(chain.rpc("eth_getBalance", json!([account, "latest"])).await.unwrap()).unwrap()
}

/// The Safe's logs of executions in that block.
async fn executions(chain: &Chain, safe: Address, played: Played) -> Vec<(H256, Outcome)> {
    let block = format!("{:#x}", played.block);
    let filter = json!([{ "address": safe, "topics": [execution_topics()], "fromBlock": block, "toBlock": block }]);
    let logs: Vec<Log> = serde_json::from_value(chain.rpc("eth_getLogs", filter).await.unwrap()).unwrap();
    let read = logs.iter().map(|log| decode_execution(log).unwrap());
    read.map(|execution| (execution.transaction, execution.outcome)).collect()
}

#[tokio::test]
async fn hashes_are_those_of_the_contracts() {
    let chain = chain().await;
    for release in SafeRelease::ALL {
        let safe = deploy(&chain, release).await;
        let plain = SafeTransaction {
            to: Address::repeat_byte(7),
            value: U256::zero(),
            data: Vec::new().into(),
            operation: Operation::Call,
            refund: GasRefund::default(),
            nonce: 0,
        };
        let refund = GasRefund {
            safe_tx_gas: U256::MAX,
            base_gas: 3.into(),
            gas_price: U256::exp10(20),
            gas_token: Address::repeat_byte(2),
            receiver: Address::repeat_byte(3),
        };
        let full = SafeTransaction {
            to: safe.call_only,
            value: U256::MAX,
            data: vec![0xab; 1_234].into(),
            operation: Operation::DelegateCall,
            refund,
            nonce: u64::MAX,
        };
        let client = support::client(&[support::endpoint("devnet", chain.url())]);
        let head = client.head(BlockTag::Latest, &[]).await.unwrap().block;
        for transaction in [plain, full] {
            let asked = fetch_transaction_hash(&client, &head, safe.address, &transaction).await.unwrap();
            assert_eq!(transaction.hash(&account(&safe)), asked, "{release:?}");
            let told = safe.hash(&chain, &as_call(&transaction)).await.unwrap();
            assert_eq!(transaction.hash(&account(&safe)), told, "{release:?} {transaction:?}");
        }
    }
}

#[tokio::test]
async fn batches_go_by_way_of_the_versions_own_contract_and_logs_are_read() {
    let chain = chain().await;
    for (index, release) in SafeRelease::ALL.into_iter().enumerate() {
        let safe = deploy(&chain, release).await;
        assert!(version(release).usual_call_only() == safe.call_only, "{release:?}: its address follows from its code");
        give(&chain, safe.address).await;
        let receivers = [11, 12, 13].map(|byte| byte + 10 * u8::try_from(index).unwrap());
        let one = calls_transaction(&[ether(receivers[0], 5)], version(release), 0).unwrap();
        let two = calls_transaction(&[ether(receivers[1], 6), ether(receivers[2], 7)], version(release), 1).unwrap();
        for transaction in [one, two] {
            let hash = transaction.hash(&account(&safe));
            // Signed by what is computed here: the contract takes no other hash.
            let signatures = SafeOwner::sign_together(&safe.owners, hash).unwrap();
            let played = safe.execute_signed(&chain, &as_call(&transaction), signatures).await.unwrap();
            assert_eq!(executions(&chain, safe.address, played).await, [(hash, Outcome::Success)], "{release:?}");
        }
        for (receiver, wei) in receivers.into_iter().zip([5, 6, 7]) {
            assert_eq!(balance(&chain, Address::repeat_byte(receiver)).await, wei.into(), "{release:?}");
        }
    }
}

#[tokio::test]
async fn a_failed_execution_is_read_in_each_form() {
    let chain = chain().await;
    for release in SafeRelease::ALL {
        let safe = deploy(&chain, release).await;
        // The Safe has no ether. With gas of its own, what is called may fail and the nonce is used all the same.
        let mut transaction = calls_transaction(&[ether(9, 5)], version(release), 0).unwrap();
        transaction.refund.safe_tx_gas = 100_000.into();
        let played = safe.execute(&chain, &as_call(&transaction)).await.unwrap();
        let hash = transaction.hash(&account(&safe));
        assert_eq!(executions(&chain, safe.address, played).await, [(hash, Outcome::Failure)], "{release:?}");
        assert_eq!(safe.nonce(&chain).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_safe_tells_its_version_owners_threshold_and_nonce() {
    let chain = chain().await;
    let client: L1Client = support::client(&[support::endpoint("devnet", chain.url())]);
    for release in SafeRelease::ALL {
        let safe = deploy(&chain, release).await;
        let rejection = SafeCall { to: safe.address, ..SafeCall::default() };
        safe.execute(&chain, &rejection).await.unwrap();
        let head = client.head(BlockTag::Latest, &[]).await.unwrap().block;
        let state = fetch_safe(&client, &head, safe.address).await.unwrap();
        assert_eq!(state.version, Ok(version(release)));
        assert_eq!(state.owners, owners().iter().map(SafeOwner::address).collect());
        assert_eq!((state.threshold, state.nonce), (2, 1));
    }
    let head = client.head(BlockTag::Latest, &[]).await.unwrap().block;
    let nobody = fetch_safe(&client, &head, Address::repeat_byte(9)).await.unwrap_err();
    assert!(nobody.to_string().contains("no Safe"), "{nobody}");
}
