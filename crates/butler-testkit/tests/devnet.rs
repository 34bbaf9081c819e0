//! The devnet: it starts, says what its oracle says, and dies with its owner.

use butler_testkit::devnet::{Chain, DevnetSpec, History, Move, Status, ensure, example_files};
use ethers_core::{
    abi::{ParamType, decode},
    types::{Address, U256},
    utils::{hex, id, to_checksum},
};
use serde_json::{Value, json};

async fn call(
    chain: &Chain,
    to: Address,
    signature: &str,
    argument: Option<[u8; 32]>,
    block: Value,
) -> anyhow::Result<Vec<u8>> {
    let mut data = id(signature).to_vec();
    data.extend(argument.unwrap_or_default().iter().take(if argument.is_some() { 32 } else { 0 }));
    let transaction = json!({ "to": to_checksum(&to, None), "data": format!("0x{}", hex::encode(data)) });
    let answer = chain.rpc("eth_call", json!([transaction, block])).await?;
    Ok(hex::decode(answer.as_str().unwrap()).unwrap())
}

#[tokio::test]
async fn the_chain_says_what_the_oracle_says() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    assert_eq!(chain.block_number().await.unwrap(), oracle.block.number);
    assert_eq!(chain.timestamp().await.unwrap(), oracle.block.timestamp);
    let rollup = oracle.contracts.rollup_address;
    for (name, attester) in &oracle.attesters {
        let mut word = [0; 32];
        word[12..].copy_from_slice(attester.address.as_bytes());
        let status = call(&chain, rollup, "getStatus(address)", Some(word), json!("latest")).await.unwrap();
        let status = decode(&[ParamType::Uint(8)], &status).unwrap().remove(0).into_uint().unwrap();
        let expected = match attester.status {
            Status::None => 0,
            Status::Validating => 1,
            Status::Zombie => 2,
            Status::Exiting => 3,
        };
        assert_eq!(status, U256::from(expected), "{name}");
    }
    assert_eq!(oracle.coinbases().len(), 7, "A0 to A4, A6 and A7 were staked");
}

#[tokio::test]
async fn only_an_archive_answers_about_the_past() {
    let state = ensure(&DevnetSpec::scenario()).unwrap();
    let recent = Chain::start(&state).await.unwrap();
    let rollup = recent.oracle().unwrap().contracts.rollup_address;
    let error = call(&recent, rollup, "getActiveAttesterCount()", None, json!("0x32")).await.unwrap_err();
    assert!(format!("{error:#}").contains("BlockOutOfRangeError"), "{error:#}");
    let archive = Chain::start_with(&state, History::Archive, None).await.unwrap();
    let count = call(&archive, rollup, "getActiveAttesterCount()", None, json!("0x32")).await.unwrap();
    assert_eq!(U256::from_big_endian(&count), U256::zero());
}

#[tokio::test]
async fn a_bare_chain_has_no_contracts() {
    let chain = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    assert_eq!(chain.block_number().await.unwrap(), 0);
    chain.mine().await.unwrap();
    assert_eq!(chain.block_number().await.unwrap(), 1);
    assert!(chain.oracle().is_err());
}

#[tokio::test]
async fn a_dropped_chain_is_gone() {
    let chain = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let address = chain.url().trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(chain);
    assert!(std::net::TcpStream::connect(&address).is_err());
}

#[tokio::test]
async fn the_example_files_fit_the_story() {
    let oracle = ensure(&DevnetSpec::scenario()).unwrap().oracle().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let files = example_files(directory.path(), &oracle, "http://127.0.0.1:1").unwrap();
    let config = std::fs::read_to_string(files.config).unwrap();
    assert!(config.contains("chain_id = 31337"), "{config}");
    let keys: Value = serde_json::from_slice(&std::fs::read(files.server_2).unwrap()).unwrap();
    let coinbases = oracle.coinbases();
    let coinbase = |index: usize| keys["validators"][index]["coinbase"].as_str().map(|text| text.parse().unwrap());
    assert_ne!(coinbase(0), Some(coinbases[&oracle.attesters["A3"].address]));
    assert_eq!(coinbase(1), Some(coinbases[&oracle.attesters["A4"].address]));
    assert_eq!(coinbase(2), None);
}

async fn status(chain: &Chain, attester: Address) -> u64 {
    let mut word = [0; 32];
    word[12..].copy_from_slice(attester.as_bytes());
    let rollup = chain.oracle().unwrap().contracts.rollup_address;
    let answer = call(chain, rollup, "getStatus(address)", Some(word), json!("latest")).await.unwrap();
    U256::from_big_endian(&answer).as_u64()
}

async fn entry_queue_length(chain: &Chain) -> u64 {
    let rollup = chain.oracle().unwrap().contracts.rollup_address;
    U256::from_big_endian(&call(chain, rollup, "getEntryQueueLength()", None, json!("latest")).await.unwrap()).as_u64()
}

#[tokio::test]
async fn an_attester_goes_through_its_life() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let attester = oracle.attester("A8").unwrap().address;
    let staked = chain.play(Move::Stake { provider: 1 }).await.unwrap();
    assert!(staked.block > oracle.block.number && staked.transaction.is_some());
    assert_eq!(entry_queue_length(&chain).await, 4);
    chain.play(Move::Flush).await.unwrap();
    assert_eq!(entry_queue_length(&chain).await, 0);
    assert_eq!(status(&chain, attester).await, 1);
    chain.play(Move::Slash { attester, tokens: 2000 }).await.unwrap();
    chain.play(Move::InitiateWithdraw { attester }).await.unwrap();
    assert_eq!(status(&chain, attester).await, 3);
    assert!(chain.play(Move::FinalizeWithdraw { attester }).await.is_err(), "the exit delay has not passed");
    chain.play(Move::JumpSeconds(oracle.rollup.exit_delay)).await.unwrap();
    chain.play(Move::FinalizeWithdraw { attester }).await.unwrap();
    assert_eq!(status(&chain, attester).await, 0);
}

#[tokio::test]
async fn new_keys_become_active_and_bad_ones_do_not() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    chain.play(Move::Flush).await.unwrap();
    chain.play(Move::Drip { provider: 1, count: 2 }).await.unwrap();
    chain.play(Move::AddKeys { provider: 1, keys: oracle.spare_keys[..1].to_vec() }).await.unwrap();
    let duplicate = oracle.attester("A0").unwrap().address;
    chain.play(Move::AddKeysRaw { provider: 1, attester: duplicate }).await.unwrap();
    chain.play(Move::Stake { provider: 1 }).await.unwrap();
    chain.play(Move::Stake { provider: 1 }).await.unwrap();
    assert!(chain.play(Move::Stake { provider: 1 }).await.is_err(), "the provider has no key left");
    let bad = Address::repeat_byte(0xbb);
    chain.play(Move::Deposit { attester: bad }).await.unwrap();
    chain.play(Move::DepositKey { key: oracle.spare_keys[1].clone() }).await.unwrap();
    assert_eq!(entry_queue_length(&chain).await, 4);
    chain.play(Move::Flush).await.unwrap();
    assert_eq!(status(&chain, oracle.spare_keys[0].attester).await, 1);
    assert_eq!(status(&chain, oracle.spare_keys[1].attester).await, 1);
    assert_eq!(status(&chain, bad).await, 0);
}

#[tokio::test]
async fn admins_change_and_time_passes() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    chain.play(Move::SetTakeRate { provider: 1, rate: 800 }).await.unwrap();
    chain.play(Move::ProposeAdmin { provider: 1, admin: oracle.accounts["recipient"] }).await.unwrap();
    chain.play(Move::AcceptAdmin { provider: 1 }).await.unwrap();
    chain.play(Move::Drip { provider: 1, count: 1 }).await.unwrap();
    let before = chain.timestamp().await.unwrap();
    assert_eq!(chain.play(Move::Mine).await.unwrap().block, oracle.block.number + 5);
    assert_eq!(chain.timestamp().await.unwrap(), before + 12);
    chain.play(Move::JumpEpochs(2)).await.unwrap();
    assert_eq!(chain.timestamp().await.unwrap(), before + 12 + 2 * 72 * 32);
    let old = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await.unwrap();
    let head = chain.play(Move::Reorg { depth: 2 }).await.unwrap().block;
    let new = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await.unwrap();
    assert_eq!(
        (head, old["number"] == new["number"], old["hash"] == new["hash"]),
        (oracle.block.number + 6, true, false)
    );
}

#[tokio::test]
async fn a_large_devnet_has_all_it_says() {
    let chain = Chain::start(&ensure(&DevnetSpec::large(60)).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    assert_eq!(oracle.active_attesters.len(), 60);
    assert_eq!(oracle.entry_queue.len(), 7);
    assert_eq!(oracle.coinbases().len(), 60);
    assert!(oracle.providers.values().all(|provider| provider.queue.len() == 20));
    assert_eq!(entry_queue_length(&chain).await, 7);
    assert_eq!(oracle.rollup.entry_queue_flush_size, 4);
    chain.play(Move::Flush).await.unwrap();
    assert_eq!(entry_queue_length(&chain).await, 3);
    let directory = tempfile::tempdir().unwrap();
    let files = example_files(directory.path(), oracle, chain.url()).unwrap();
    let keys: Value = serde_json::from_slice(&std::fs::read(files.server_1).unwrap()).unwrap();
    assert_eq!(keys["validators"].as_array().unwrap().len(), 60);
}
