//! Each lie of the proxy really is one: what it answers is not what the chain answers.

use std::collections::BTreeSet;

use butler_testkit::{
    devnet::{Chain, DevnetSpec, History, Move, ensure},
    proxy::{Fault, FaultPlan, FaultProxy, ForgedCoinbase, Getter, Lie, LogKind, STRANGER, SplitEvent},
    rpc::Client,
};
use ethers_core::{
    abi::{ParamType, Token, decode, encode},
    types::Address,
    utils::{hex, keccak256},
};
use serde_json::{Value, json};

const STAKE: &str = "StakedWithProvider(uint256,address,address,address,address)";
const DRIP: &str = "ProviderQueueDripped(uint256,address)";
const KEYS: &str = "AttestersAddedToProvider(uint256,address[])";
const SPLIT: &str = "SplitCreated(address,(address[],uint256[],uint256,uint16),address,address,uint256)";

struct Setting {
    chain: Chain,
    proxy: FaultProxy,
    liar: Client,
}

impl Setting {
    async fn start() -> Self {
        let chain = Chain::start_with(&ensure(&DevnetSpec::scenario()).unwrap(), History::Archive, None).await.unwrap();
        let proxy = FaultProxy::start(chain.url()).await.unwrap();
        let liar = Client::new(&proxy.url()).unwrap();
        Self { chain, proxy, liar }
    }

    fn lie(&self, lie: Lie) {
        self.proxy.set(FaultPlan::always(Fault::Lie(lie)));
    }

    async fn told(&self, method: &str, params: Value) -> Value {
        self.liar.call(method, &params).await.unwrap()
    }

    async fn truth(&self, method: &str, params: Value) -> Value {
        self.chain.rpc(method, params).await.unwrap()
    }

    async fn logs(&self, signatures: &[&str]) -> Vec<Value> {
        self.told("eth_getLogs", filter(signatures)).await.as_array().unwrap().clone()
    }

    async fn real_logs(&self, signatures: &[&str]) -> Vec<Value> {
        self.truth("eth_getLogs", filter(signatures)).await.as_array().unwrap().clone()
    }

    fn rollup(&self) -> Address {
        self.chain.oracle().unwrap().contracts.rollup_address
    }
}

fn topic(signature: &str) -> String {
    format!("0x{}", hex::encode(keccak256(signature)))
}

fn filter(signatures: &[&str]) -> Value {
    let topics: Vec<_> = signatures.iter().map(|signature| topic(signature)).collect();
    json!([{ "fromBlock": "0x0", "toBlock": "0x53", "topics": [topics] }])
}

fn block(name: &str) -> Value {
    json!([name, false])
}

fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// Multicall3's own view of where it runs: number and time of the block.
async fn place(client: &Client, chain: &Chain, at: Value) -> Result<u64, String> {
    let to = format!("{:#x}", chain.oracle().unwrap().contracts.multicall3);
    let answer = client.call("eth_call", &json!([{ "to": to, "data": "0x42cbb15c" }, at])).await;
    answer.map(|answer| number(&answer)).map_err(|error| error.to_string())
}

#[test]
fn every_lie_stands_in_the_list_once_and_the_docs_name_it() {
    let texts: BTreeSet<String> = Lie::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), Lie::ALL.len());
    let page = include_str!("../README.md");
    for lie in Lie::ALL {
        assert!(page.contains(&format!("`{}`", lie.name())), "{lie} is not in the kit's README");
    }
}

#[tokio::test]
async fn logs_are_missing_late_or_pruned() {
    let setting = Setting::start().await;
    let real = setting.real_logs(&[STAKE, DRIP, KEYS]).await;
    setting.lie(Lie::EmptyLogs);
    assert!(setting.logs(&[STAKE]).await.is_empty());
    for lie in [Lie::LateLogs(20), Lie::PrunedLogs(60)] {
        setting.lie(lie);
        let told = setting.logs(&[STAKE, DRIP, KEYS]).await;
        assert!(!told.is_empty() && told.len() < real.len(), "{lie}");
    }
    const RECIPIENT: &str = "ProviderRewardsRecipientUpdated(uint256,address)";
    let is_counted = |lie: &Lie| matches!(lie, Lie::LeftOut(LogKind::Stake | LogKind::Drip | LogKind::Keys));
    let left_out = Lie::ALL.into_iter().filter(is_counted);
    let mut count = 0;
    for lie in left_out {
        setting.lie(lie);
        assert_eq!(setting.logs(&[STAKE, DRIP, KEYS]).await.len() + 1, real.len(), "{lie}");
        count += 1;
    }
    assert_eq!(count, 3);
    assert!(!setting.real_logs(&[RECIPIENT]).await.is_empty());
    setting.lie(Lie::LeftOut(LogKind::Terms));
    assert!(setting.logs(&[RECIPIENT]).await.is_empty());
}

#[tokio::test]
async fn stakes_are_forged() {
    let setting = Setting::start().await;
    let real = setting.real_logs(&[STAKE, DRIP]).await;
    for lie in [Lie::Attester, Lie::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Missing), Lie::StakeAsDrip] {
        setting.lie(lie);
        let told = setting.logs(&[STAKE, DRIP]).await;
        assert_eq!(told.iter().zip(&real).filter(|(told, real)| told != real).count(), 1, "{lie}");
    }
    setting.lie(Lie::DripAsStake);
    assert_eq!(setting.logs(&[STAKE]).await.len(), setting.real_logs(&[STAKE]).await.len(), "only who asks for drips");
    assert_ne!(setting.logs(&[STAKE, DRIP]).await, real);
    setting.lie(Lie::StakeAsDrip);
    assert_eq!(setting.logs(&[STAKE]).await.len() + 1, setting.real_logs(&[STAKE]).await.len());
    setting.lie(Lie::ExtraStake(SplitEvent::Missing));
    assert_eq!(setting.logs(&[STAKE]).await.len(), setting.real_logs(&[STAKE]).await.len() + 1);
    setting.lie(Lie::Coinbase(ForgedCoinbase::OfAnother, SplitEvent::Missing));
    let coinbases: BTreeSet<String> =
        setting.logs(&[STAKE]).await.iter().map(|log| log["data"].as_str().unwrap()[..66].to_owned()).collect();
    assert_eq!(coinbases.len() + 1, setting.real_logs(&[STAKE]).await.len(), "two have the same");
}

#[tokio::test]
async fn the_forged_splits_event_stands_in_the_block_of_its_stake() {
    let setting = Setting::start().await;
    let stake = setting.real_logs(&[STAKE]).await.last().unwrap().clone();
    let stranger = format!("{:#066x}", ethers_core::types::U256::from_big_endian(STRANGER.as_bytes()));
    let query = json!([{
        "fromBlock": stake["blockNumber"], "toBlock": stake["blockNumber"], "topics": [topic(SPLIT), stranger]
    }]);
    for lie in [Lie::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Forged), Lie::ExtraStake(SplitEvent::Forged)] {
        setting.lie(lie);
        let told = setting.told("eth_getLogs", query.clone()).await;
        assert_eq!(told.as_array().unwrap().len(), 1, "{lie}");
        assert_eq!(told[0]["blockHash"], stake["blockHash"], "{lie}");
    }
    setting.lie(Lie::ExtraStake(SplitEvent::Missing));
    assert_eq!(setting.told("eth_getLogs", query).await, json!([]));
}

#[tokio::test]
async fn heads_are_too_high_and_the_liar_stands_by_them() {
    let setting = Setting::start().await;
    let real = setting.truth("eth_getBlockByNumber", block("latest")).await;
    for (lie, head) in [
        (Lie::HeadAhead(3), 0x56),
        (Lie::HeadNumberAhead(3), 0x56),
        (Lie::HeadAhead(1_000), 0x53 + 1_000),
        (Lie::HeadForged, 0x53),
    ] {
        setting.lie(lie);
        let told = setting.told("eth_getBlockByNumber", block("latest")).await;
        assert_eq!(number(&told["number"]), head, "{lie}");
        assert_eq!(number(&setting.told("eth_blockNumber", json!([])).await), head, "{lie}");
        assert_eq!(told["hash"] == real["hash"], lie == Lie::HeadNumberAhead(3), "{lie}");
        let name = format!("{head:#x}");
        assert_eq!(setting.told("eth_getBlockByNumber", block(&name)).await["hash"], told["hash"], "{lie}");
        let at = json!({ "blockHash": told["hash"] });
        assert_eq!(place(&setting.liar, &setting.chain, at).await, Ok(0x53), "{lie}");
        let mut query = filter(&[STAKE]);
        query[0]["toBlock"] = json!(name);
        assert!(!setting.told("eth_getLogs", query).await.as_array().unwrap().is_empty(), "{lie}");
    }
    setting.lie(Lie::HeadInFuture(3_600));
    let told = setting.told("eth_getBlockByNumber", block("latest")).await;
    assert_eq!(told["hash"], real["hash"]);
    assert!(number(&told["timestamp"]) >= number(&real["timestamp"]) + 3_600);
}

#[tokio::test]
async fn heads_are_too_low() {
    let setting = Setting::start().await;
    let real = setting.truth("eth_getBlockByNumber", block("latest")).await;
    setting.lie(Lie::HeadBehind(2));
    assert_eq!(setting.told("eth_getBlockByNumber", block("latest")).await["number"], "0x51");
    assert!(setting.told("eth_getBlockByNumber", block("0x53")).await.is_null());
    assert!(setting.told("eth_getBlockByHash", json!([real["hash"], false])).await.is_null());
    let at = json!({ "blockHash": real["hash"] });
    assert!(place(&setting.liar, &setting.chain, at).await.unwrap_err().contains("header not found"));
    assert_eq!(place(&setting.liar, &setting.chain, json!("latest")).await, Ok(0x51));
}

#[tokio::test]
async fn finality_is_too_low_too_high_or_made_up() {
    let setting = Setting::start().await;
    let finalized = block("finalized");
    let real = setting.truth("eth_getBlockByNumber", finalized.clone()).await;
    setting.lie(Lie::FinalityAtGenesis);
    assert_eq!(setting.told("eth_getBlockByNumber", finalized.clone()).await["number"], "0x0");
    setting.lie(Lie::FinalityAhead);
    assert_eq!(setting.told("eth_getBlockByNumber", finalized.clone()).await["number"], "0x53");
    setting.lie(Lie::FinalityForged);
    let told = setting.told("eth_getBlockByNumber", finalized).await;
    assert_eq!(told["number"], real["number"]);
    assert_ne!(told["hash"], real["hash"]);
    let by_number = block(real["number"].as_str().unwrap());
    assert_eq!(setting.told("eth_getBlockByNumber", by_number).await["hash"], told["hash"]);
}

#[tokio::test]
async fn getters_revert_alone_and_in_packs() {
    let setting = Setting::start().await;
    let contracts = setting.chain.oracle().unwrap().contracts;
    let count = hex::decode("90a3b386").unwrap();
    let view = [hex::decode("34a51ed5").unwrap(), encode(&[Token::Address(STRANGER)])].concat();
    let inner = |data: &[u8]| {
        Token::Tuple(vec![Token::Address(setting.rollup()), Token::Bool(true), Token::Bytes(data.to_vec())])
    };
    let pack = format!("0x82ad56cb{}", hex::encode(encode(&[Token::Array(vec![inner(&count), inner(&view)])])));
    let pack = json!([{ "to": contracts.multicall3, "data": pack }, "latest"]);
    let alone = json!([{ "to": setting.rollup(), "data": format!("0x{}", hex::encode(&view)) }, "latest"]);
    let successes = async || {
        let answer = setting.told("eth_call", pack.clone()).await;
        let bytes = hex::decode(answer.as_str().unwrap()).unwrap();
        let outcome = ParamType::Tuple(vec![ParamType::Bool, ParamType::Bytes]);
        let outcomes = decode(&[ParamType::Array(Box::new(outcome))], &bytes).unwrap().remove(0);
        let outcomes = outcomes.into_array().unwrap();
        outcomes.into_iter().map(|outcome| outcome.into_tuple().unwrap()[0] == Token::Bool(true)).collect::<Vec<_>>()
    };
    setting.proxy.set(FaultPlan::none());
    assert_eq!(successes().await, [true, true]);
    for fault in [Fault::Lie(Lie::Reverted(Getter::AttesterView)), Fault::RevertCalls("0x34a51ed5".to_owned())] {
        setting.proxy.set(FaultPlan::always(fault.clone()));
        assert_eq!(successes().await, [true, false], "{fault:?}");
        assert!(setting.liar.call("eth_call", &alone).await.unwrap_err().to_string().contains("reverted"));
    }
    setting.lie(Lie::AllReverted);
    assert!(setting.liar.call("eth_call", &pack).await.unwrap_err().to_string().contains("reverted"));
    setting.lie(Lie::NoCode);
    assert_eq!(setting.told("eth_call", pack).await, "0x");
}

#[tokio::test]
async fn answers_are_zeros_or_one_more_alone_and_in_packs() {
    let setting = Setting::start().await;
    let contracts = setting.chain.oracle().unwrap().contracts;
    let epoch = hex::decode("5d3ea8f1").unwrap();
    let place = hex::decode("42cbb15c").unwrap();
    let alone = json!([{ "to": setting.rollup(), "data": format!("0x{}", hex::encode(&epoch)) }, "latest"]);
    let inner =
        |to, data: &[u8]| Token::Tuple(vec![Token::Address(to), Token::Bool(true), Token::Bytes(data.to_vec())]);
    let calls = vec![inner(setting.rollup(), &epoch), inner(contracts.multicall3, &place)];
    let pack = format!("0x82ad56cb{}", hex::encode(encode(&[Token::Array(calls)])));
    let pack = json!([{ "to": contracts.multicall3, "data": pack }, "latest"]);
    let words = async || {
        let answer = setting.told("eth_call", pack.clone()).await;
        let bytes = hex::decode(answer.as_str().unwrap()).unwrap();
        let outcome = ParamType::Tuple(vec![ParamType::Bool, ParamType::Bytes]);
        let outcomes = decode(&[ParamType::Array(Box::new(outcome))], &bytes).unwrap().remove(0);
        let word = |outcome: Token| hex::encode(outcome.into_tuple().unwrap().remove(1).into_bytes().unwrap());
        outcomes.into_array().unwrap().into_iter().map(word).map(|word| number(&json!(word))).collect::<Vec<_>>()
    };
    setting.proxy.set(FaultPlan::none());
    let truth = words().await;
    assert_eq!(number(&setting.told("eth_call", alone.clone()).await), truth[0]);
    for (lie, told) in [
        (Lie::Zeros, 0),
        (Lie::Zero(Getter::EpochDuration), 0),
        (Lie::OneMore(Getter::EpochDuration), truth[0] + 1),
        (Lie::OneMore(Getter::ProviderQueues), truth[0]),
    ] {
        setting.lie(lie);
        assert_eq!(words().await, [told, truth[1]], "{lie}");
        assert_eq!(number(&setting.told("eth_call", alone.clone()).await), told, "{lie}");
    }
}

#[tokio::test]
async fn state_is_read_at_another_block() {
    let setting = Setting::start().await;
    let old = setting.truth("eth_getBlockByNumber", block("0x50")).await;
    let by_hash = json!({ "blockHash": old["hash"] });
    for (lie, read) in [(Lie::ReadsAtLatest, 0x53), (Lie::ReadsOneBefore, 0x4f)] {
        setting.lie(lie);
        assert_eq!(place(&setting.liar, &setting.chain, by_hash.clone()).await, Ok(read), "{lie}");
        assert_eq!(place(&setting.liar, &setting.chain, json!("0x50")).await, Ok(read), "{lie}");
    }
}

#[tokio::test]
async fn a_dropped_block_is_still_served_by_its_hash() {
    let setting = Setting::start().await;
    setting.chain.play(Move::Mine).await.unwrap();
    setting.lie(Lie::DroppedBranch);
    let dropped = setting.told("eth_getBlockByNumber", block("latest")).await;
    setting.chain.play(Move::Reorg { depth: 1 }).await.unwrap();
    let by_hash = json!([dropped["hash"], false]);
    assert!(setting.truth("eth_getBlockByHash", by_hash.clone()).await.is_null());
    assert_eq!(setting.told("eth_getBlockByHash", by_hash).await, dropped);
    let at = json!({ "blockHash": dropped["hash"] });
    assert_eq!(place(&setting.liar, &setting.chain, at).await, Ok(number(&dropped["number"])));
}

#[tokio::test]
async fn another_chain_is_told() {
    let setting = Setting::start().await;
    setting.lie(Lie::OtherChain(1));
    assert_eq!(setting.told("eth_chainId", json!([])).await, "0x1");
}
