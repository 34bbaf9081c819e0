//! What the keystores of one network say, and what of that an action would change.

use std::collections::BTreeMap;

use butler_core::domain::action::{CoinbaseBefore, KeystoreContent, KeystoreEdit, KeystoreFile};
use butler_core::domain::ids::Coinbase;
use butler_core::key_files::edit::{FileView, FolderView, Obstacle, ObstacleKind, Setting, ValidatorView, Verdict};
use ethers_core::types::{Address, H256};

/// The keystore of each server as it was seen last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Views(BTreeMap<String, Seen>);

/// One server's keystore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    view: Option<FolderView>,
    /// Why it was not seen the last time.
    problem: Option<String>,
}

impl Views {
    /// Takes in what a look found. What was seen before stands where nothing was.
    pub fn take(&mut self, server: &str, found: Result<FolderView, String>) {
        let seen = self.0.entry(server.to_owned()).or_default();
        match found {
            Ok(view) => *seen = Seen { view: Some(view), problem: None },
            Err(problem) => seen.problem = Some(problem),
        }
    }

    /// Why keystores were not seen the last time, by server.
    pub fn problems(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(server, seen)| Some((server.as_str(), seen.problem.as_deref()?)))
    }

    /// A server's keystore where it was seen the last time.
    #[must_use]
    pub fn seen(&self, server: &str) -> Option<&FolderView> {
        self.0.get(server).filter(|seen| seen.problem.is_none())?.view.as_ref()
    }

    /// What would be changed to give an attester its coinbase, at every server that has it or may have it.
    #[must_use]
    pub fn edits(&self, attester: Address, coinbase: Coinbase) -> Vec<KeystoreEdit> {
        let edits = self.0.iter().filter_map(|(server, seen)| match &seen.view {
            Some(view) if find(view, attester).is_some() || hiding(view).is_none() => {
                edit_of(server, view, attester, coinbase)
            }
            Some(_) | None => Some(KeystoreEdit {
                server: server.clone(),
                file: String::new(),
                validator: 0,
                before: CoinbaseBefore::Unread,
                frame: H256::zero(),
            }),
        });
        edits.collect()
    }

    /// Whether every server that has the attester gives it this coinbase. `None` where none has it, or that is not known.
    #[must_use]
    pub fn has(&self, attester: Address, coinbase: Coinbase) -> Option<bool> {
        let mut found = None;
        for seen in self.0.values() {
            let view = seen.view.as_ref().filter(|_| seen.problem.is_none())?;
            let Some((file, validator)) = find(view, attester) else {
                if hiding(view).is_some() {
                    return None;
                }
                continue;
            };
            let is_so = before(file, validator, attester, coinbase) == CoinbaseBefore::AsWanted;
            found = Some(found.unwrap_or(true) && is_so);
        }
        found
    }
}

fn edit_of(server: &str, view: &FolderView, attester: Address, coinbase: Coinbase) -> Option<KeystoreEdit> {
    let (file, validator) = find(view, attester)?;
    Some(KeystoreEdit {
        server: server.to_owned(),
        file: file.name.to_string(),
        validator: validator.index,
        before: before(file, validator, attester, coinbase),
        frame: file.frame?,
    })
}

/// Where an attester stands in a keystore.
#[must_use]
pub fn find(view: &FolderView, attester: Address) -> Option<(&FileView, &ValidatorView)> {
    let mut all = view.files.iter().flat_map(|file| file.validators.iter().map(move |validator| (file, validator)));
    all.find(|(_, validator)| validator.attesters.contains(&attester))
}

/// A file that may have validators which are not seen; `None` where there is none.
#[must_use]
pub fn hiding(view: &FolderView) -> Option<&Obstacle> {
    view.obstacles.iter().find(|obstacle| match obstacle.kind {
        ObstacleKind::Broken
        | ObstacleKind::Schema
        | ObstacleKind::NotAKeystore
        | ObstacleKind::NotAFile
        | ObstacleKind::Empty
        | ObstacleKind::Unreadable
        | ObstacleKind::Link
        | ObstacleKind::EncryptedKey
        | ObstacleKind::Name => true,
        ObstacleKind::SchemasMixed
        | ObstacleKind::SeveralProvers
        | ObstacleKind::SignerMissing
        | ObstacleKind::DuplicateAttester
        | ObstacleKind::NoValidators
        | ObstacleKind::ZeroCoinbase => false,
    })
}

/// Why the node would not take the folder, where that is known.
#[must_use]
pub fn refusal(view: &FolderView) -> Option<String> {
    let obstacle = view.obstacles.iter().find(|obstacle| match obstacle.kind.verdict() {
        Verdict::Refuses => true,
        // Its proposals fail, and what is written may mend just that.
        Verdict::Harms => obstacle.kind != ObstacleKind::ZeroCoinbase,
        Verdict::Unknown => false,
    })?;
    let file = obstacle.file.as_ref().map(|file| format!("{file}: ")).unwrap_or_default();
    Some(format!("{file}{}", obstacle.what))
}

/// What a node would load.
#[must_use]
pub fn content(view: &FolderView) -> KeystoreContent {
    let files = view.files.iter().map(|file| KeystoreFile { name: file.name.to_string(), digest: file.digest });
    KeystoreContent::of(files.collect())
}

/// What a validator says of its coinbase, next to the one that it is to have. Where it says nothing, the file's top counts.
#[must_use]
pub fn before(file: &FileView, validator: &ValidatorView, attester: Address, coinbase: Coinbase) -> CoinbaseBefore {
    match (validator.coinbase, file.coinbase) {
        (Setting::Address(address), _) if address == coinbase.address() => CoinbaseBefore::AsWanted,
        (Setting::Address(address), _) | (Setting::Absent | Setting::Null, Setting::Address(address))
            if address != attester && address != coinbase.address() =>
        {
            CoinbaseBefore::Set(address)
        }
        (Setting::Zero, _) | (Setting::Absent | Setting::Null, Setting::Zero) => CoinbaseBefore::Zero,
        (Setting::Illegible, _) | (Setting::Absent | Setting::Null, Setting::Illegible) => CoinbaseBefore::Illegible,
        (Setting::Address(_), _)
        | (Setting::Absent | Setting::Null, Setting::Address(_) | Setting::Absent | Setting::Null) => {
            CoinbaseBefore::NotSet
        }
    }
}

/// Whether what is there now is what a person saw, or what was written since under the same approval.
#[must_use]
pub fn is_as_shown(shown: &[KeystoreEdit], now: &[KeystoreEdit]) -> bool {
    shown.len() == now.len()
        && shown.iter().zip(now).all(|(shown, now)| {
            let same = KeystoreEdit { before: shown.before, ..now.clone() } == *shown;
            same && (now.before == shown.before || now.before == CoinbaseBefore::AsWanted)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A keystore with one file and these validators: an attester each, with its setting.
    fn view(validators: &[(u8, Setting)]) -> FolderView {
        let validators = validators.iter().enumerate().map(|(index, (attester, coinbase))| ValidatorView {
            index,
            attesters: vec![Address::repeat_byte(*attester)],
            is_single: true,
            coinbase: *coinbase,
            publishers: Vec::new(),
        });
        let file = FileView {
            name: "keys.json".to_owned().try_into().unwrap(),
            digest: H256::repeat_byte(1),
            frame: Some(H256::repeat_byte(2)),
            mode: 0o600,
            uid: 0,
            gid: 0,
            coinbase: Setting::Absent,
            validators: validators.collect(),
        };
        FolderView { files: vec![file], hidden: 0, obstacles: Vec::new() }
    }

    fn coinbase(byte: u8) -> Coinbase {
        Coinbase::try_from(Address::repeat_byte(byte)).unwrap()
    }

    fn views(servers: &[(&str, Result<FolderView, String>)]) -> Views {
        let mut views = Views::default();
        for (server, found) in servers {
            views.take(server, found.clone());
        }
        views
    }

    fn befores(views: &Views) -> Vec<(String, CoinbaseBefore)> {
        views.edits(Address::repeat_byte(1), coinbase(9)).into_iter().map(|edit| (edit.server, edit.before)).collect()
    }

    #[test]
    fn every_server_that_has_the_attester_or_may_have_it_is_shown() {
        let wrong = Setting::Address(Address::repeat_byte(8));
        let right = Setting::Address(Address::repeat_byte(9));
        let views = views(&[
            ("a", Ok(view(&[(1, Setting::Absent)]))),
            ("b", Ok(view(&[(2, Setting::Absent), (1, wrong)]))),
            ("c", Ok(view(&[(2, Setting::Absent)]))),
            ("d", Err("down".to_owned())),
            ("e", Ok(view(&[(1, right)]))),
        ]);
        let expected = [
            ("a", CoinbaseBefore::NotSet),
            ("b", CoinbaseBefore::Set(Address::repeat_byte(8))),
            ("d", CoinbaseBefore::Unread),
            ("e", CoinbaseBefore::AsWanted),
        ];
        assert_eq!(befores(&views), expected.map(|(server, before)| (server.to_owned(), before)));
        assert_eq!(views.has(Address::repeat_byte(1), coinbase(9)), None, "one was not seen");
        assert_eq!(views.problems().collect::<Vec<_>>(), [("d", "down")]);
    }

    #[test]
    fn a_server_whose_file_may_have_the_attester_illegibly_is_shown_as_not_seen() {
        let hidden = |kind| {
            let mut view = view(&[(2, Setting::Absent)]);
            let obstacle = json!({ "kind": kind, "file": null, "line": null, "what": "a fault" });
            view.obstacles.push(serde_json::from_value(obstacle).unwrap());
            views(&[("a", Ok(view))])
        };
        assert_eq!(befores(&hidden(ObstacleKind::Broken)), [("a".to_owned(), CoinbaseBefore::Unread)]);
        assert_eq!(befores(&hidden(ObstacleKind::ZeroCoinbase)), []);
        let right = Setting::Address(Address::repeat_byte(9));
        let mut both = hidden(ObstacleKind::Broken);
        both.take("b", Ok(view(&[(1, right)])));
        assert_eq!(both.has(Address::repeat_byte(1), coinbase(9)), None);
    }

    #[test]
    fn it_is_so_when_every_server_that_has_it_says_so_and_all_were_seen() {
        let has =
            |servers: &[(&str, Result<FolderView, String>)]| views(servers).has(Address::repeat_byte(1), coinbase(9));
        let right = || Ok(view(&[(1, Setting::Address(Address::repeat_byte(9)))]));
        assert_eq!(has(&[("a", right()), ("b", right())]), Some(true));
        assert_eq!(has(&[("a", right()), ("b", Ok(view(&[])))]), Some(true));
        assert_eq!(has(&[("a", right()), ("b", Ok(view(&[(1, Setting::Zero)])))]), Some(false));
        assert_eq!(has(&[("a", Ok(view(&[])))]), None);
        // What was seen before stands, and is not proof.
        assert_eq!(has(&[("a", right()), ("a", Err("down".to_owned()))]), None);
        assert!(
            !views(&[("a", right()), ("a", Err(String::new()))]).edits(Address::repeat_byte(1), coinbase(9)).is_empty()
        );
    }

    #[test]
    fn a_file_s_top_counts_where_a_validator_says_nothing_and_the_own_address_is_nothing() {
        let of = |own: Setting, top: Setting| {
            let mut view = view(&[(1, own)]);
            view.files[0].coinbase = top;
            befores(&views(&[("a", Ok(view))]))[0].1
        };
        let address = |byte| Setting::Address(Address::repeat_byte(byte));
        assert_eq!(of(Setting::Absent, address(8)), CoinbaseBefore::Set(Address::repeat_byte(8)));
        assert_eq!(of(Setting::Null, Setting::Zero), CoinbaseBefore::Zero);
        assert_eq!(of(address(9), address(8)), CoinbaseBefore::AsWanted);
        assert_eq!(of(address(1), Setting::Absent), CoinbaseBefore::NotSet);
        // It is written all the same: another validator's file may have another top.
        assert_eq!(of(Setting::Absent, address(9)), CoinbaseBefore::NotSet);
        assert_eq!(of(Setting::Illegible, address(9)), CoinbaseBefore::Illegible);
    }

    #[test]
    fn what_was_approved_is_what_is_there_or_was_written_since() {
        let shown = views(&[("a", Ok(view(&[(1, Setting::Absent)])))]).edits(Address::repeat_byte(1), coinbase(9));
        let now = |setting| views(&[("a", Ok(view(&[(1, setting)])))]).edits(Address::repeat_byte(1), coinbase(9));
        assert!(is_as_shown(&shown, &now(Setting::Absent)));
        assert!(is_as_shown(&shown, &now(Setting::Address(Address::repeat_byte(9)))));
        assert!(!is_as_shown(&shown, &now(Setting::Zero)));
        let mut other = shown.clone();
        other[0].frame = H256::zero();
        assert!(!is_as_shown(&shown, &other) && !is_as_shown(&shown, &[]));
    }
}
