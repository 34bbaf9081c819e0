//! Every keystore that a node reads is changed in its coinbases and nowhere else, and whatever cannot be is refused.

mod agent;
pub(super) mod bench;
mod refusals;
pub(super) mod samples;
mod views;

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use self::samples::{Piece, Sample, address, any_sample, key, split};
use super::reading::Reading;
use super::{Setting, edit, frame};
use crate::domain::ids::Coinbase;
use crate::key_files::content::WrittenCoinbase;
use crate::text::address::checksummed;

const PATH: &str = "keys/keys.json";

fn coinbase(number: usize) -> Coinbase {
    split(number).try_into().unwrap()
}

/// What a reader makes of it.
fn read(text: &[u8]) -> Reading {
    Reading::of(text, Path::new(PATH)).unwrap_or_else(|fault| panic!("{fault:?}")).0
}

/// A coinbase for the chosen ones of those validators that can have one.
fn wishes(sample: &Sample, chosen: u8) -> BTreeMap<usize, Coinbase> {
    let single = sample.attesters.iter().enumerate().filter(|(index, one)| one.is_some() && chosen >> index & 1 == 1);
    single.map(|(index, _)| (index, coinbase(if chosen > 127 { index } else { index + 500 }))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_is_wished_stands_there_afterwards_and_every_other_byte_is_as_it_was(sample in any_sample(), chosen: u8) {
        let before = sample.text();
        let wishes = wishes(&sample, chosen);
        let wanted = wishes.iter().map(|(index, coinbase)| (sample.attesters[*index].unwrap(), *coinbase)).collect();
        let edited = edit(before.as_bytes(), Path::new(PATH), &wanted).unwrap();
        let after = str::from_utf8(&edited.content).unwrap();
        let (old, new) = (read(before.as_bytes()), read(after.as_bytes()));
        let (old_content, new_content) = (old.content.as_ref().unwrap(), new.content.as_ref().unwrap());

        // By bytes: each piece but the coinbases that change, one after the other.
        let changed: Vec<usize> = edited.changes.iter().map(|change| change.index).collect();
        let mut rest = after;
        for piece in &sample.pieces {
            match piece {
                Piece::Gap(index) if changed.contains(index) => {
                    let value = format!("\"{}\"", checksummed(&wishes[index].address()));
                    let (inserted, others) = rest.split_once(&value).unwrap();
                    prop_assert!(inserted.starts_with(','), "{}", after);
                    prop_assert_eq!(inserted[1..].split_whitespace().collect::<String>(), "\"coinbase\":");
                    rest = others;
                }
                Piece::Value(index, _) if changed.contains(index) => {
                    let value = format!("\"{}\"", checksummed(&wishes[index].address()));
                    prop_assert!(rest.starts_with(&value), "{}", after);
                    rest = &rest[value.len()..];
                }
                Piece::Gap(_) => {}
                Piece::Text(text) | Piece::Value(_, text) => {
                    prop_assert!(rest.starts_with(text.as_str()), "{:?} is not at {:?}", text, rest);
                    rest = &rest[text.len()..];
                }
            }
        }
        prop_assert_eq!(rest, "");

        // By what a reader makes of it.
        let mut expected = old_content.clone();
        for validator in &mut expected.validators {
            if let Some(coinbase) = wishes.get(&validator.index) {
                validator.coinbase = WrittenCoinbase::Address(coinbase.address());
            }
        }
        expected.coinbase = old_content.coinbase;
        prop_assert_eq!(&expected, new_content);
        for change in &edited.changes {
            let was = old_content.validators.iter().find(|validator| validator.index == change.index).unwrap();
            prop_assert_eq!(old.setting(was), change.before);
            prop_assert_eq!(sample.attesters[change.index], Some(change.attester));
            prop_assert_eq!(Some(&change.after), wishes.get(&change.index));
        }

        // Once more changes nothing, and whatever coinbase stands there leaves the frame alone.
        let again = edit(&edited.content, Path::new(PATH), &wanted).unwrap();
        prop_assert!(again.changes.is_empty() && again.content == edited.content);
        prop_assert_eq!(frame(before.as_bytes()), frame(after.as_bytes()));
        prop_assert!(frame(after.as_bytes()).is_some());
    }

    #[test]
    fn any_other_byte_gives_another_frame_or_none(sample in any_sample(), at: prop::sample::Index, byte: u8) {
        let mut changed = Vec::new();
        for piece in &sample.pieces {
            if let Piece::Text(text) = piece {
                changed.extend(text.bytes().map(|byte| (byte, true)));
            } else if let Piece::Value(_, text) = piece {
                changed.extend(text.bytes().map(|byte| (byte, false)));
            }
        }
        let before: Vec<u8> = changed.iter().map(|(byte, _)| *byte).collect();
        let at = at.index(before.len());
        let mut after = before.clone();
        after[at] = byte;
        // White space and commas around a coinbase, and the way its name is spelled, belong to its member.
        let is_its_own = |text: &[u8]| {
            let text = String::from_utf8_lossy(text);
            super::spans::validators(&text).is_none_or(|all| all.iter().flatten().any(|member| {
                member.name == "coinbase" && (member.key.start.saturating_sub(30)..member.value.end + 30).contains(&at)
            }))
        };
        if before != after && !is_its_own(&before) {
            prop_assert_ne!(frame(&before), frame(&after));
        }
    }

    #[test]
    fn hostile_bytes_are_refused_and_nothing_else(bytes: Vec<u8>) {
        let wanted = [(address(0), coinbase(1))].into();
        prop_assert!(edit(&bytes, Path::new(PATH), &wanted).is_err());
        prop_assert!(frame(&bytes).is_none());
    }

    #[test]
    fn a_broken_keystore_is_refused_or_changed_in_its_coinbases_alone(sample in any_sample(), at: prop::sample::Index, byte: u8, is_cut: bool) {
        let mut text = sample.text().into_bytes();
        let at = at.index(text.len());
        if is_cut { text.truncate(at) } else { text[at] = byte }
        let wanted = [(address(0), coinbase(501))].into();
        if let Ok(edited) = edit(&text, Path::new(PATH), &wanted) {
            prop_assert_eq!(frame(&text), frame(&edited.content));
            let again = edit(&edited.content, Path::new(PATH), &wanted).unwrap();
            prop_assert!(again.changes.is_empty());
        }
    }
}

#[test]
fn a_coinbase_is_put_behind_its_attester_as_its_neighbours_are_written() {
    let one = key(0);
    let value = checksummed(&split(1)).to_string();
    for (before, after) in [
        (format!(r#"{{"attester":"{one}"}}"#), format!(r#"{{"attester":"{one}","coinbase":"{value}"}}"#)),
        (format!(r#"{{ "attester": "{one}" }}"#), format!(r#"{{ "attester": "{one}", "coinbase": "{value}" }}"#)),
        (
            format!("{{\r\n\t\"attester\" : \"{one}\"\r\n}}"),
            format!("{{\r\n\t\"attester\" : \"{one}\",\r\n\t\"coinbase\" : \"{value}\"\r\n}}"),
        ),
        (
            format!("{{ \"attester\": \"{one}\",\n  \"publisher\": null}}"),
            format!("{{ \"attester\": \"{one}\",\n  \"coinbase\": \"{value}\",\n  \"publisher\": null}}"),
        ),
        (
            format!("{{ \"publisher\": null\n, \"attester\":\n\"{one}\"}}"),
            format!("{{ \"publisher\": null\n, \"attester\":\n\"{one}\", \"coinbase\": \"{value}\"}}"),
        ),
    ] {
        let whole = |validator: &str| format!("{{\"schemaVersion\": 1, \"validators\": [{validator}]}}\n");
        let wanted = [(address(0), coinbase(1))].into();
        let edited = edit(whole(&before).as_bytes(), Path::new(PATH), &wanted).unwrap();
        assert_eq!(str::from_utf8(&edited.content).unwrap(), whole(&after));
        assert_eq!(edited.changes[0].before, Setting::Absent);
    }
}

#[test]
fn how_a_frame_is_computed_does_not_change_silently() {
    // Approvals that wait are bound to it: another way to compute it needs another domain.
    let file =
        br#"{"schemaVersion": 1, "validators": [{"attester": "0x1", "coinbase": "0x2"}, {"coinbase": 1, "x": 2}]}"#;
    let without = br#"{"schemaVersion": 1, "validators": [{"attester": "0x1"}, {"x": 2}]}"#;
    assert_eq!(frame(file), frame(without));
    let shown = format!("{:?}", frame(file).unwrap());
    assert_eq!(shown, "0x527118b7888bb3596e0f24f3897b87a2c8d442a2e227458add2a8537cc19fc81");
    assert_ne!(frame(file), frame(br#"{"schemaVersion": 1, "validators": [{"attester": "0x1"}, {"x": 3}]}"#));
}
