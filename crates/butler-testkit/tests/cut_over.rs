//! The devnet's cut-over: both rollups hold what their oracles say, before and afterwards.

use butler_testkit::devnet::{Chain, DevnetSpec, Move, Oracle, RollupSide, Status, ensure};
use ethers_core::types::{Address, U256};
use serde_json::json;

/// A getter's answer as one word.
async fn word(chain: &Chain, to: Address, call: &str) -> anyhow::Result<U256> {
    let answer = chain.rpc("eth_call", json!([{ "to": to, "data": call }, "latest"])).await?;
    Ok(answer.as_str().unwrap().get(..66).unwrap_or("0x0").parse()?)
}

async fn says(chain: &Chain, side: &RollupSide) {
    for (name, attester) in &side.attesters {
        let call = format!("0x30ccebb5{:0>64}", format!("{:x}", attester.address));
        let status = match attester.status {
            Status::None => 0,
            Status::Validating => 1,
            Status::Zombie => 2,
            Status::Exiting => 3,
        };
        assert_eq!(word(chain, side.address, &call).await.unwrap(), status.into(), "{name} at {}", side.version);
    }
    for (coinbase, amount) in &side.rewards {
        assert_eq!(chain.rewards_at(side.address, *coinbase).await.unwrap(), *amount);
    }
}

fn of(side: &RollupSide, names: &[&str]) -> Vec<Status> {
    names.iter().map(|name| side.attesters[*name].status).collect()
}

fn sides(oracle: &Oracle) -> (&RollupSide, &RollupSide) {
    let upgrade = oracle.upgrade.as_ref().unwrap();
    (&upgrade.former, &upgrade.next)
}

#[tokio::test]
async fn a_cut_over_moves_those_who_move_along_and_nobody_else() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut chain = Chain::start(&state).await.unwrap();
    let before = chain.oracle().unwrap().clone();
    let (former, next) = sides(&before);
    says(&chain, former).await;
    says(&chain, next).await;
    chain.cut_over(&state).await.unwrap();
    let after = chain.oracle().unwrap().clone();
    assert_eq!(chain.block_number().await.unwrap(), after.block.number);
    assert_eq!(chain.timestamp().await.unwrap(), after.block.timestamp);
    let (former, next) = sides(&after);
    says(&chain, former).await;
    says(&chain, next).await;
    let rows = ["A0", "A8", "A9", "D0", "D1", "D2", "D3"];
    use Status::{Exiting, None, Validating, Zombie};
    assert_eq!(of(former, &rows), [None, Validating, Exiting, Zombie, None, None, None]);
    assert_eq!(of(next, &rows), [Validating, None, None, None, None, None, None]);
    let waiting: Vec<Address> = former.entry_queue.iter().map(|item| item.attester).collect();
    assert_eq!(waiting, [after.attester("D1").unwrap().address, after.attester("D2").unwrap().address]);
    assert!(former.rewards.values().any(|amount| !amount.is_zero()));
    // The next flush there refuses the first and lets the second in.
    chain.play_at(former.address, Move::Flush).await.unwrap();
    let status = |name: &str| format!("0x30ccebb5{:0>64}", format!("{:x}", after.attester(name).unwrap().address));
    assert_eq!(word(&chain, former.address, &status("D1")).await.unwrap(), 0.into());
    assert_eq!(word(&chain, former.address, &status("D2")).await.unwrap(), 1.into());
}

#[tokio::test]
async fn the_next_rollup_lacks_what_newer_ones_lack_and_has_what_they_have() {
    let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
    let mut chain = Chain::start(&state).await.unwrap();
    chain.cut_over(&state).await.unwrap();
    let oracle = chain.oracle().unwrap().clone();
    let (rollup, proposer) = (oracle.contracts.rollup_address, oracle.contracts.slashing_proposer_address);
    word(&chain, rollup, "0xfcb3f6ba").await.unwrap_err();
    word(&chain, proposer, "0x0f968174").await.unwrap_err();
    // `getPendingSlasher`, `getLegacySlasher`, `getAttesterExitLimitState`, `getAttesterExitWindow`.
    for selector in ["0x76d0fc70", "0xf0b724c0"] {
        assert_eq!(word(&chain, rollup, selector).await.unwrap(), U256::zero());
    }
    let window = word(&chain, rollup, "0xaa8898e8").await.unwrap();
    assert_eq!(word(&chain, rollup, "0x4e1e6adf").await.unwrap(), window);

    let leaving = oracle.attester("A0").unwrap().address;
    chain.exit_by_attester(leaving).await.unwrap();
    let status = format!("0x30ccebb5{:0>64}", format!("{leaving:x}"));
    assert_eq!(word(&chain, rollup, &status).await.unwrap(), 2.into(), "a zombie");
    let refused = chain.exit_by_attester(oracle.attester("A1").unwrap().address).await.unwrap_err();
    assert!(format!("{refused:#}").contains("1851105e"), "{refused:#}");

    chain.queue_slasher(Address::repeat_byte(7)).await.unwrap();
    assert_eq!(word(&chain, rollup, "0x76d0fc70").await.unwrap(), U256::from_big_endian(&[7; 20]));
    chain.finalize_slasher().await.unwrap_err();
    chain.play(Move::JumpSeconds(60 * 86_400)).await.unwrap();
    chain.finalize_slasher().await.unwrap();
    let former = U256::from_big_endian(oracle.contracts.slasher_address.as_bytes());
    assert_eq!(word(&chain, rollup, "0xf0b724c0").await.unwrap(), former);
}
