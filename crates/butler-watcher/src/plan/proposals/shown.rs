//! Whether what would be proposed now is what a person saw.

use std::collections::BTreeMap;

use butler_core::domain::action::{Proposal, Wish};
use butler_core::transaction::change::Change;
use butler_core::transaction::permitted::{NotPermitted, Places};
use butler_core::transaction::plan::{Decision, Plan, Wanted};
use butler_core::transaction::wish::proposal_of;
use ethers_core::types::{Address, U256};

/// What becomes of something that was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approved {
    /// It is so already.
    Already(String),
    /// It is proposed.
    Plan(Box<Plan>),
    /// It would be something else by now: it is shown anew.
    Void,
}

/// Whether what was shown may stand while this is wanted. Who is funded pays for gas all the time: what was shown stands as long as each of
/// them lacks that much, and nobody else does.
#[must_use]
pub fn is_as_shown(shown: &Proposal, now: &Proposal) -> bool {
    let is_funding = matches!((&shown.wish, &now.wish), (Wish::FundPublishers, Wish::FundPublishers));
    if !is_funding {
        return shown.effect == now.effect && shown.digest() == now.digest();
    }
    let (shown_to, now_to) = (transfers(shown), transfers(now));
    let lacks = |(to, wei): (&Address, &U256)| now_to.get(to).is_some_and(|lacks| lacks >= wei);
    shown.from == now.from && shown_to.len() == now_to.len() && shown_to.iter().all(lacks)
}

/// What is proposed of what was approved, given what the checks say now: the very calls that were approved, or nothing.
///
/// # Errors
/// A call is not on the list of what may be called.
pub fn as_approved(approved: &Proposal, now: Decision, places: Places) -> Result<Approved, NotPermitted> {
    let mut wanted = match now {
        Decision::Already { says, .. } => return Ok(Approved::Already(says)),
        Decision::Wanted(wanted) => wanted,
    };
    if let Change::Fund { transfers: lacking } = &wanted.change {
        let transfers = transfers(approved);
        let is_lacking = |(to, wei): (&Address, &U256)| lacking.get(to).is_some_and(|lacks| lacks >= wei);
        let is_others = transfers.len() != lacking.len();
        if transfers.is_empty() || is_others || !transfers.iter().all(is_lacking) {
            return Ok(Approved::Void);
        }
        wanted = Wanted { change: Change::Fund { transfers }, ..wanted };
    }
    let plan = Plan::new(wanted, places)?;
    let now = proposal_of(&plan, approved.wish);
    let is_same = now.effect == approved.effect && now.digest() == approved.digest();
    Ok(if is_same { Approved::Plan(Box::new(plan)) } else { Approved::Void })
}

fn transfers(proposal: &Proposal) -> BTreeMap<Address, U256> {
    proposal.calls.iter().map(|call| (call.to, call.value)).collect()
}
