//! Who told something that cannot change, and for how long that is believed without asking again.

use serde::{Deserialize, Serialize};

use crate::client::l1::L1Client;

/// What the only endpoint told is asked again after so many blocks: about a day.
pub(in crate::chain) const ALONE: u64 = 7_200;
/// What one of several endpoints told is asked again after so many blocks: about ten minutes.
const ONE_OF_SEVERAL: u64 = 50;
/// The only endpoint must tell the same over so many blocks before what may change is kept: what it told but once is asked again.
const SETTLES_AFTER: u64 = 64;

/// Who told something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::chain) enum Told {
    /// Two endpoints that agree.
    ByTwo,
    /// One, by its name, when the chain was at that block.
    ByOne {
        endpoint: String,
        block: u64,
        /// Since which block it tells the same, where it told it more than once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
    },
}

impl Told {
    /// By the endpoint with that index alone, at block `number`.
    pub(in crate::chain) fn by_one(client: &L1Client, endpoint: usize, number: u64) -> Self {
        let name = client.endpoints().get(endpoint).map(|known| known.name().to_owned());
        Self::ByOne { endpoint: name.unwrap_or_default(), block: number, since: None }
    }

    /// Whether it is believed at block `number` without asking again.
    pub(in crate::chain) fn holds(&self, client: &L1Client, number: u64) -> bool {
        match self {
            Self::ByTwo => true,
            Self::ByOne { endpoint, block, .. } => {
                let is_only_witness = client.endpoints().iter().all(|known| known.name() == endpoint);
                let patience = if is_only_witness { ALONE } else { ONE_OF_SEVERAL };
                (*block..block.saturating_add(patience)).contains(&number)
            }
        }
    }

    /// Whether it is believed at block `number` without asking again, of something that can be forged at no cost and would be
    /// missed by nobody: never by the word of one where there are others, and by that of the only endpoint when it told the
    /// same for a while.
    pub(in crate::chain) fn is_settled(&self, client: &L1Client, number: u64) -> bool {
        match self {
            Self::ByTwo => true,
            Self::ByOne { block, since, .. } => {
                let is_settled = since.is_some_and(|since| block.saturating_sub(since) >= SETTLES_AFTER);
                is_settled && self.is_of_nobody_else(client, number)
            }
        }
    }

    /// The same for what costs an exchange of its own: of the only endpoint it may do for a short while that it told it once.
    pub(in crate::chain) fn is_of_nobody_else(&self, client: &L1Client, number: u64) -> bool {
        match self {
            Self::ByTwo => true,
            Self::ByOne { endpoint, block, since } => {
                let is_only_witness = client.endpoints().iter().all(|known| known.name() == endpoint);
                let patience = if since.is_some() { ALONE } else { SETTLES_AFTER };
                is_only_witness && (*block..block.saturating_add(patience)).contains(&number)
            }
        }
    }

    /// Who told what was told `before`, now that it was told again: as before, until that makes a difference.
    pub(in crate::chain) fn again(self, before: &Self) -> Self {
        let (Self::ByOne { endpoint, block, .. }, Self::ByOne { endpoint: other, block: first, since }) =
            (&self, before)
        else {
            return self;
        };
        let since = since.unwrap_or(*first);
        match block.checked_sub(since) {
            Some(blocks) if endpoint == other && blocks >= SETTLES_AFTER => {
                Self::ByOne { endpoint: endpoint.clone(), block: *block, since: Some(since) }
            }
            Some(_) if endpoint == other => before.clone(),
            Some(_) | None => self,
        }
    }

    /// Who told all of it, where `other` told another part.
    pub(in crate::chain) fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::ByTwo | Self::ByOne { .. }, Self::ByOne { .. }) => other,
            (Self::ByTwo | Self::ByOne { .. }, Self::ByTwo) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::l1::Policy;

    fn told(block: u64) -> Told {
        Told::ByOne { endpoint: "only".to_owned(), block, since: None }
    }

    #[test]
    fn what_the_only_endpoint_told_once_is_asked_again_and_what_it_told_for_a_while_is_not() {
        let client = L1Client::new(1, &[], Policy::ONE_SHOT).unwrap();
        assert!(!told(100).is_settled(&client, 100));
        let soon = told(100 + SETTLES_AFTER - 1).again(&told(100));
        assert_eq!(soon, told(100), "nothing new, and nothing to be written");
        let later = told(100 + SETTLES_AFTER).again(&soon);
        assert!(later.is_settled(&client, 100 + SETTLES_AFTER));
        assert!(!later.is_settled(&client, 100 + SETTLES_AFTER + ALONE), "not for ever");
        assert!(!later.is_settled(&client, 100), "not on another branch");
    }

    #[test]
    fn what_costs_an_exchange_is_asked_a_second_time_after_64_blocks_and_then_once_a_day() {
        let client = L1Client::new(1, &[], Policy::ONE_SHOT).unwrap();
        let holds = |told: &Told, number| told.is_of_nobody_else(&client, number);
        let first = told(100);
        assert!(holds(&first, 100) && holds(&first, 100 + SETTLES_AFTER - 1));
        assert!(!holds(&first, 100 + SETTLES_AFTER) && !holds(&first, 99));
        let second = told(100 + SETTLES_AFTER).again(&first);
        assert!(holds(&second, 100 + SETTLES_AFTER + ALONE - 1) && !holds(&second, 100 + SETTLES_AFTER + ALONE));
    }

    #[test]
    fn another_endpoint_begins_anew() {
        let client = L1Client::new(1, &[], Policy::ONE_SHOT).unwrap();
        let other = Told::ByOne { endpoint: "other".to_owned(), block: 10, since: Some(1) };
        let again = told(1_000).again(&other);
        assert_eq!(again, told(1_000));
        assert!(!again.is_settled(&client, 1_000));
        assert_eq!(told(9).again(&told(10)), told(9), "after a reorg, too");
        assert_eq!(Told::ByTwo.again(&other), Told::ByTwo);
    }

    #[test]
    fn of_two_parts_the_one_that_fewer_told_counts() {
        assert_eq!(Told::ByTwo.and(told(1)), told(1));
        assert_eq!(told(1).and(Told::ByTwo), told(1));
        assert_eq!(told(1).and(told(2)), told(2), "what came last was told once");
        assert_eq!(Told::ByTwo.and(Told::ByTwo), Told::ByTwo);
    }
}
