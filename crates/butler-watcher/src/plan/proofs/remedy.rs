//! What would mend a node that uses another coinbase: a file that names it, or a reload where every file is right.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::action::CoinbaseBefore;
use butler_core::domain::ids::Coinbase;
use butler_core::domain::operator::key_book::{CoinbaseSetting, KeyBook};
use ethers_core::types::Address;

use crate::plan::views::Views;

/// Servers that are named at most.
const NAMED: usize = 3;

/// What would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// The files of these servers do not name the right coinbase.
    Write(BTreeSet<String>),
    /// All files that have the attester name the right one: the nodes of these servers did not take it.
    Reload(BTreeSet<String>),
    /// No file that can be read has the attester.
    Unknown,
}

/// What would mend an attester's coinbase, by the keystores as they were seen last and by what else the key files say.
#[must_use]
pub fn remedy(book: &KeyBook, views: Option<&Views>, attester: Address, right: Coinbase) -> Remedy {
    let (mut wrong, mut as_wanted) = (BTreeSet::new(), BTreeSet::new());
    for edit in views.map(|views| views.edits(attester, right)).unwrap_or_default() {
        match edit.before {
            CoinbaseBefore::AsWanted => as_wanted.insert(edit.server),
            CoinbaseBefore::NotSet | CoinbaseBefore::Zero | CoinbaseBefore::Set(_) | CoinbaseBefore::Illegible => {
                wrong.insert(edit.server)
            }
            CoinbaseBefore::Unread => false,
        };
    }
    // A keystore counts more than what public files say of the same server.
    for entry in book.entries.iter().filter(|entry| entry.attester == attester) {
        if wrong.contains(&entry.server) || as_wanted.contains(&entry.server) {
            continue;
        }
        let is_right = entry.coinbase_setting() == CoinbaseSetting::Set(right);
        if is_right { &mut as_wanted } else { &mut wrong }.insert(entry.server.clone());
    }
    if !wrong.is_empty() {
        Remedy::Write(wrong)
    } else if !as_wanted.is_empty() {
        Remedy::Reload(as_wanted)
    } else {
        Remedy::Unknown
    }
}

/// What becomes of a reload that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reloading {
    /// It waits for a person's approval.
    Waits,
    /// It is done by itself.
    Due,
    /// It is parked.
    Parked,
    /// It is not asked for: the node would refuse the files.
    Refused,
}

impl Reloading {
    const ALL: [Self; 4] = [Self::Waits, Self::Due, Self::Parked, Self::Refused];

    fn said_of(self, servers: &str) -> String {
        match self {
            Self::Waits => format!("`reload_keystore` of {servers} waits for an approval"),
            Self::Due => format!("`reload_keystore` of {servers} is due"),
            Self::Parked => format!("`reload_keystore` of {servers} is parked"),
            Self::Refused => format!("the nodes of {servers} would refuse the keystore as it is"),
        }
    }
}

impl Remedy {
    /// What a person is told to do.
    pub(super) fn advice(&self, reloads: &BTreeMap<String, Reloading>) -> String {
        match self {
            Self::Write(servers) => {
                let servers = named(servers);
                format!("the key files of {servers} do not name the right one: correct and reload them")
            }
            Self::Reload(servers) => {
                let of = |reloading: Option<Reloading>| -> BTreeSet<String> {
                    servers.iter().filter(|server| reloads.get(*server).copied() == reloading).cloned().collect()
                };
                let asked = Reloading::ALL.map(|reloading| (reloading, of(Some(reloading))));
                let asked = asked.into_iter().filter(|(_, servers)| !servers.is_empty());
                let mut all: Vec<String> =
                    asked.map(|(reloading, servers)| reloading.said_of(&named(&servers))).collect();
                let rest = of(None);
                if rest == *servers {
                    all.push("reload the keystore there, or start the node with these files".to_owned());
                } else if !rest.is_empty() {
                    let rest = named(&rest);
                    all.push(format!("reload the keystore of {rest}, or start the node with these files"));
                }
                let servers = named(servers);
                format!("every file is right, so the nodes of {servers} did not load them: {}", all.join("; "))
            }
            Self::Unknown => "no key file that can be read has it: find the node that runs it".to_owned(),
        }
    }
}

fn named(servers: &BTreeSet<String>) -> String {
    let some: Vec<&str> = servers.iter().take(NAMED).map(String::as_str).collect();
    let more = servers.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", some.join(", "))
}
