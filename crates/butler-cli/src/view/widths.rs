//! What tests say of every table: how it looks at the usual widths, and that nothing is broken at any.

use std::collections::BTreeSet;

use butler_core::domain::block::BlockRef;
use butler_core::text::address::checksummed;
use ethers_core::types::{Address, H256, U256};
use ethers_core::utils::keccak256;

use super::format::short_address;
use super::json::{JsonRollup, Scope};
use crate::output::{Output, columns};

/// The widths that are written down.
const USUAL: [usize; 3] = [80, 100, 120];

/// Renders at the usual widths, for a snapshot, and looks at every other one.
///
/// # Panics
/// When a word is broken anywhere, or a line could have been shorter.
pub(crate) fn at_usual_widths(render: impl Fn(&Output) -> String) -> String {
    let at = |width: usize| {
        let output = Output::of_width(width);
        output.fitted(&render(&output))
    };
    let whole = at(usize::MAX);
    let mut known: BTreeSet<String> = words(&whole).map(str::to_owned).collect();
    let addresses = known.iter().filter_map(|word| word.parse::<Address>().ok()).map(|address| short_address(&address));
    known.extend(addresses.collect::<Vec<_>>());
    known.extend(words("not shown: ; widen the terminal or use --json").map(str::to_owned));
    for width in 40..=250 {
        let text = at(width);
        for word in words(&text) {
            assert!(known.contains(word), "{word:?} is broken at {width} columns:\n{text}");
        }
        for line in text.lines() {
            let is_one_word = line.split_whitespace().count() == 1;
            assert!(columns(line) <= width || is_one_word, "longer than {width} columns: {line:?}");
        }
    }
    USUAL.map(|width| format!("{width} columns\n\n{}", at(width))).join("\n")
}

/// Words without what joins them to others.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().map(|word| word.trim_end_matches([',', ';', ':']))
}

/// An address with letters of both cases.
pub(crate) fn address(number: u8) -> Address {
    Address::from_slice(&keccak256([number])[12..])
}

/// The same as words have it.
pub(crate) fn told(number: u8) -> String {
    checksummed(&address(number)).to_string()
}

/// A hash.
pub(crate) fn hash(number: u8) -> H256 {
    keccak256([number]).into()
}

/// A rollup of that version; the canonical one has version 1.
pub(crate) fn rollup(version: u64) -> JsonRollup {
    let address = |version: u64| Address::from_low_u64_be(version);
    JsonRollup { address: address(version).into(), version: U256::from(version).into(), is_canonical: version == 1 }
}

/// What a report is about.
pub(crate) fn scope() -> Scope {
    Scope {
        network: "mainnet".to_owned(),
        chain_id: 1,
        block: BlockRef { number: 24_300_123, hash: hash(0), timestamp: NOW },
        rollup: address(0).into(),
        unconfirmed: None,
        missing: Vec::new(),
    }
}

/// When reports are made.
pub(crate) const NOW: u64 = 1_767_579_072;
