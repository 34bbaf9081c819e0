//! The attesters' last states on disk, so that a change during a restart is judged and counted. Without them the first scrape judges nothing.

use std::collections::BTreeMap;

use butler_core::domain::attester::state::State;
use butler_core::store::memory::NetworkSubject;
use butler_core::store::record::{Format, Record};
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use crate::kept_file::{Kept, KeptFile};

/// How the file is written; the limit is for about 100,000 attesters.
const FORMAT: Format = Format { what: "a file of states", version: 1, limit: 8 << 20 };

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Content {
    version: u32,
    subject: NetworkSubject,
    states: BTreeMap<Address, State>,
}

impl Record for Content {
    type Subject = NetworkSubject;

    const FORMAT: Format = FORMAT;

    fn subject(&self) -> &NetworkSubject {
        &self.subject
    }
}

/// The file of one network.
pub type StatesFile = KeptFile<BTreeMap<Address, State>>;

impl Kept for BTreeMap<Address, State> {
    type Content = Content;

    const NAME: &'static str = "states";
    const WHAT: &'static str = "the states";

    fn of(content: Content) -> Self {
        content.states
    }

    fn encode(&self, subject: &NetworkSubject) -> Vec<u8> {
        let content = Content { version: FORMAT.version, subject: subject.clone(), states: self.clone() };
        #[expect(clippy::expect_used, reason = "addresses are keys that JSON allows, and nothing else can fail")]
        let mut bytes = serde_json::to_vec_pretty(&content).expect("states can be written as JSON");
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept_file::tests::{believes_nobody_else, comes_back, fails_and_goes_on, is_golden, is_moved_aside};

    const GOLDEN: &str = include_str!("../tests/golden/states-1.json");

    fn states() -> BTreeMap<Address, State> {
        State::ALL.into_iter().zip(1..).map(|(state, byte)| (Address::repeat_byte(byte), state)).collect()
    }

    #[test]
    fn version_1_is_written_and_read_as_it_always_was() {
        is_golden(&states(), GOLDEN);
    }

    #[test]
    fn states_come_back_and_are_written_only_when_they_changed() {
        comes_back(&states());
    }

    #[test]
    fn what_is_broken_foreign_newer_or_too_large_is_moved_aside() {
        let contents = [
            String::new(),
            "{".to_owned(),
            "[1]".to_owned(),
            GOLDEN.replace("\"ACTIVE\"", "\"ASLEEP\""),
            GOLDEN.replace("31337", "1"),
            GOLDEN.replace("\"devnet\"", "\"twin\""),
            GOLDEN.replace("\"version\": 1", "\"version\": 2"),
            "[".repeat(100_000),
            " ".repeat(9 << 20),
        ];
        is_moved_aside(&states(), contents);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_more_than_a_failure() {
        fails_and_goes_on(&states());
    }

    #[test]
    fn what_others_may_change_or_have_planted_is_not_believed() {
        believes_nobody_else(&states());
    }
}
