//! Publishers that get ether, in one batch: those that lack some, up to a target above what they should hold, so that they do not lack some
//! again at once. Those of nodes that fund themselves are left alone: two that do it pay twice.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};

use super::change::{Change, FUND};
use super::plan::{Decision, Wanted};
use super::refusal::Refusal;
use crate::domain::provider::publisher::PublisherRow;
use crate::text::address::checksummed;
use crate::text::amount::amount;
use crate::text::time::count;

/// All of it, in hundredths.
const PERCENT: u64 = 100;

/// How much is sent to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundingRule {
    /// Only who holds less than this gets any, in wei; `None` for less than it should hold.
    pub floor: Option<U256>,
    /// Who gets any has this part of what it should hold afterwards, in hundredths; at least 100.
    pub fill_percent: u64,
    /// The most for all together, in wei.
    pub cap: U256,
}

/// Funds the publishers that lack ether. `funds_itself` are the servers whose nodes do that themselves.
///
/// # Errors
/// `NoPublisher` where there is none to be funded at all, `OverCap` where they lack more than may be sent.
pub fn fund(
    rows: &[PublisherRow],
    funds_itself: &BTreeSet<String>,
    from: Address,
    rule: &FundingRule,
) -> Result<Decision, Refusal> {
    let is_funded_there = |row: &&PublisherRow| !row.servers.is_disjoint(funds_itself);
    let (left, rows): (Vec<_>, Vec<_>) = rows.iter().partition(is_funded_there);
    if rows.is_empty() {
        return Err(Refusal::NoPublisher);
    }
    let mut transfers = BTreeMap::new();
    let mut effects = Vec::new();
    let (mut unread, mut short) = (0_u64, 0_u64);
    for row in rows {
        // What was not read is not known to be missing.
        let Some(balance) = row.balance else {
            unread = unread.saturating_add(1);
            continue;
        };
        let fill = row.required.saturating_mul(rule.fill_percent.max(PERCENT).into()) / PERCENT;
        let lacks = fill.saturating_sub(balance);
        if balance >= rule.floor.unwrap_or(row.required).min(row.required) || lacks.is_zero() {
            short = short.saturating_add(u64::from(balance < row.required));
            continue;
        }
        transfers.insert(row.publisher, lacks);
        let (who, to) = (checksummed(&row.publisher), amount(fill, 6));
        effects.push(format!("the publisher {who} has {to} ETH, and no longer {}", amount(balance, 6)));
    }
    let total = transfers.values().fold(U256::zero(), |sum, wei| sum.saturating_add(*wei));
    if total > rule.cap {
        return Err(Refusal::OverCap { total, cap: rule.cap });
    }
    let mut others = Vec::new();
    if short > 0 {
        others.push(format!("{} less than it should, and not less than the floor", holding(short)));
    }
    if unread > 0 {
        others.push(format!("what {} is not known", holding(unread)));
    }
    if !left.is_empty() {
        others.push(format!("{} left alone, whose nodes have a `fundingAccount`", count(left.len(), "publisher")));
    }
    if effects.is_empty() {
        let says = if short == 0 && unread == 0 {
            "every publisher that is funded here has what it should hold already"
        } else {
            "nobody is to be sent any"
        };
        let says = std::iter::once(says.to_owned()).chain(others).collect::<Vec<_>>().join("; ");
        return Ok(Decision::Already { says, name: FUND, change: None });
    }
    let mut remarks = vec![format!("{} ETH together", amount(total, 6))];
    remarks.extend(others);
    Ok(Decision::Wanted(Wanted { change: Change::Fund { transfers }, from, effects, remarks }))
}

/// "1 publisher holds", "2 publishers hold".
fn holding(publishers: u64) -> String {
    format!("{} {}", count(publishers, "publisher"), if publishers == 1 { "holds" } else { "hold" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::publisher::Load;
    use crate::domain::samples::address;

    fn row(number: u64, server: &str, balance: Option<u64>) -> PublisherRow {
        PublisherRow {
            publisher: address(number),
            servers: BTreeSet::from([server.to_owned()]),
            load: Load::ZERO,
            balance: balance.map(U256::from),
            required: 100.into(),
            top_up: None,
        }
    }

    const RULE: FundingRule = FundingRule { floor: None, fill_percent: 150, cap: U256([1_000, 0, 0, 0]) };

    fn funded(rows: &[PublisherRow], rule: &FundingRule) -> Result<Vec<(Address, u64)>, Refusal> {
        let itself = BTreeSet::from(["itself".to_owned()]);
        Ok(match fund(rows, &itself, address(9), rule)? {
            Decision::Already { .. } => Vec::new(),
            Decision::Wanted(Wanted { change: Change::Fund { transfers }, .. }) => {
                transfers.into_iter().map(|(to, wei)| (to, wei.as_u64())).collect()
            }
            Decision::Wanted(other) => panic!("{other:?}"),
        })
    }

    #[test]
    fn who_lacks_some_is_filled_above_what_it_should_hold_and_nobody_else() {
        let rows = [row(1, "a", Some(99)), row(2, "a", Some(100)), row(3, "a", None), row(4, "b", Some(0))];
        assert_eq!(funded(&rows, &RULE), Ok(vec![(address(1), 51), (address(4), 150)]));
        let after = [row(1, "a", Some(150)), row(2, "a", Some(100))];
        assert_eq!(funded(&after, &RULE), Ok(Vec::new()), "the second time there is nothing to do");
    }

    #[test]
    fn a_lower_floor_waits_longer_and_a_higher_one_changes_nothing() {
        let rows = [row(1, "a", Some(60)), row(2, "a", Some(40))];
        let floor = |wei: u64| FundingRule { floor: Some(wei.into()), ..RULE };
        assert_eq!(funded(&rows, &floor(50)), Ok(vec![(address(2), 110)]));
        assert_eq!(funded(&[row(1, "a", Some(120))], &floor(200)), Ok(Vec::new()));
    }

    #[test]
    fn nodes_that_fund_themselves_are_left_alone() {
        let rows = [row(1, "itself", Some(0)), row(2, "a", Some(0))];
        assert_eq!(funded(&rows, &RULE), Ok(vec![(address(2), 150)]));
        assert_eq!(funded(&rows[..1], &RULE), Err(Refusal::NoPublisher));
        assert_eq!(funded(&[], &RULE), Err(Refusal::NoPublisher));
    }

    #[test]
    fn nobody_is_said_to_hold_what_it_does_not_or_what_nobody_read() {
        let says = |rows: &[PublisherRow], floor: Option<u64>| {
            let itself = BTreeSet::from(["itself".to_owned()]);
            match fund(rows, &itself, address(9), &FundingRule { floor: floor.map(U256::from), ..RULE }).unwrap() {
                Decision::Already { says, .. } => says,
                Decision::Wanted(wanted) => panic!("{wanted:?}"),
            }
        };
        let every = "every publisher that is funded here has what it should hold already";
        assert_eq!(says(&[row(1, "a", Some(100))], None), every);
        let left = "1 publisher left alone, whose nodes have a `fundingAccount`";
        assert_eq!(says(&[row(1, "a", Some(100)), row(2, "itself", Some(0))], None), format!("{every}; {left}"));
        let short = says(&[row(1, "a", Some(60)), row(2, "a", None)], Some(50));
        let expected = "nobody is to be sent any; 1 publisher holds less than it should, and not less than the floor; what 1 publisher holds is \
                        not known";
        assert_eq!(short, expected);
    }

    #[test]
    fn more_than_the_cap_is_refused_as_a_whole() {
        let rows = [row(1, "a", Some(0)), row(2, "a", Some(0))];
        let cap = |wei: u64| FundingRule { cap: wei.into(), ..RULE };
        assert_eq!(funded(&rows, &cap(299)), Err(Refusal::OverCap { total: 300.into(), cap: 299.into() }));
        assert_eq!(funded(&rows, &cap(300)).unwrap().len(), 2);
    }
}
