//! Phrases and keys that somebody wrote down in a way of his own: numbered in any manner and order, dumped, encoded as the text that
//! they are, in pieces over validators. And what looks a little like that and is none.

mod dumps;
mod manners;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use bip39::{Language, Mnemonic};
use butler_core::fuzzing;
use butler_core::key_files::FaultKind;
use ethers_core::utils::{hex, keccak256};
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;

use self::dumps::dumps;
use self::manners::{ALPHABET, MANNERS, orders};

fn phrase(language: Language, seed: u8, length: usize) -> Vec<String> {
    let entropy = keccak256([seed, 90]);
    let phrase = Mnemonic::from_entropy_in(language, &entropy[..length]).unwrap().to_string();
    phrase.split(' ').map(str::to_owned).collect()
}

fn is_refused(value: &Value) -> bool {
    let file = json!({"validators": [{"attester": "0x1111111111111111111111111111111111111111"}], "note": value});
    is_refused_file(&file)
}

fn is_refused_file(file: &Value) -> bool {
    let report = fuzzing::key_file(file.to_string().as_bytes());
    report.files.is_empty() && report.faults.iter().any(|fault| fault.kind == FaultKind::Secret)
}

#[test]
fn words_with_numbers_of_any_kind_are_a_phrase_in_any_order() {
    let mut missed = Vec::new();
    let mut betweens = [" ", ", ", "\n", "; ", " | "].iter().cycle();
    for (seed, length) in [(1, 16), (2, 20), (3, 32)] {
        let words = phrase(Language::English, seed, length);
        for (order, numbered) in orders(&words) {
            for (name, manner) in MANNERS {
                let all: Vec<String> = numbered.iter().map(|(at, word)| manner(*at, words.len(), word)).collect();
                let between = betweens.next().unwrap();
                if !is_refused(&json!(all.join(between))) {
                    missed.push(format!("{name} {order} of {} with {between:?}", words.len()));
                }
                let note = format!("backup of the old wallet, server paris: {} (keep it safe)", all.join(" "));
                if !is_refused(&json!(note)) {
                    missed.push(format!("{name} {order} of {} in a note", words.len()));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}\n{} missed", missed.join("\n"), missed.len());
}

#[test]
fn numbered_words_are_a_phrase_over_several_values_in_any_order() {
    let mut missed = Vec::new();
    for seed in 1..4 {
        let words = phrase(Language::English, seed, 16);
        for (order, numbered) in orders(&words) {
            let texts: Vec<String> = numbered.iter().map(|(at, word)| format!("{word} ({at})")).collect();
            let by_name: Map<String, Value> =
                numbered.iter().map(|(at, word)| (format!("w{at}"), json!(word))).collect();
            let by_word: Map<String, Value> = numbered.iter().map(|(at, word)| (word.clone(), json!(at))).collect();
            let objects: Vec<Value> = numbered.iter().map(|(at, word)| json!({"index": at, "word": word})).collect();
            let validators: Vec<Value> = numbered
                .iter()
                .map(|(at, word)| json!({"attester": format!("0x{at:040x}"), "label": format!("{at}/{word}")}))
                .collect();
            for (name, value) in [
                ("texts", json!({"validators": [], "x": texts})),
                ("by name", json!({"validators": [], "x": by_name})),
                ("by word", json!({"validators": [], "x": by_word})),
                ("objects", json!({"validators": [], "x": objects})),
                ("validators", json!({"validators": validators})),
            ] {
                if !is_refused_file(&value) {
                    missed.push(format!("{name} {order}: {value}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}\n{} missed", missed.join("\n"), missed.len());
}

#[test]
fn a_phrase_is_found_between_labels_and_backwards() {
    for seed in 0..6 {
        let words = phrase(Language::English, seed, if seed % 2 == 0 { 16 } else { 32 });
        let labelled: Vec<String> =
            words.iter().zip(ALPHABET).map(|(word, label)| format!("{label}: {word}")).collect();
        assert!(is_refused(&json!(labelled.join(", "))), "{labelled:?}");
        let numbers: Vec<String> = (1..=words.len()).map(|at| (at * 7 % (words.len() + 1)).to_string()).collect();
        for value in [
            json!(format!("{}: {}", words.join(" "), numbers.join(" "))),
            json!(words.iter().map(|word| STANDARD.encode(word)).collect::<Vec<_>>()),
            json!(
                words
                    .iter()
                    .map(|word| word.chars().map(String::from).collect::<Vec<_>>().join(" "))
                    .collect::<Vec<_>>()
                    .join(" / ")
            ),
        ] {
            assert!(is_refused(&value), "{value}");
        }
        let backwards: Vec<String> = words.iter().rev().cloned().collect();
        for value in [json!(backwards.join(", ")), json!(backwards), json!(backwards.join(" / "))] {
            assert!(is_refused(&value), "{value}");
        }
    }
}

#[test]
fn numbered_words_are_a_phrase_in_every_language() {
    for language in Language::ALL {
        let words = phrase(*language, 9, 16);
        let shuffled: Vec<String> =
            (0..12).map(|at| at * 5 % 12).map(|at| format!("{}({})", words[at], at + 1)).collect();
        assert!(is_refused(&json!(shuffled.join(" "))), "{shuffled:?}");
    }
    let short = |word: &String| word.nfc().take(4).collect::<String>();
    for seed in 0..6 {
        let words = phrase(Language::Japanese, seed, 32);
        let cut: Vec<String> = words.iter().map(short).collect();
        assert!(is_refused(&json!(cut.join(" "))) && is_refused(&json!(cut.join("\u{3000}"))), "{cut:?}");
        assert!(is_refused(&json!(cut)), "{cut:?}");
    }
}

#[test]
fn a_dump_or_an_encoding_of_the_text_of_a_secret_is_that_secret() {
    let mut missed = Vec::new();
    for seed in 0..1 {
        let key = keccak256([seed, 91]);
        let words = phrase(Language::English, seed + 20, if seed % 2 == 0 { 16 } else { 32 });
        let texts = [
            hex::encode(key),
            format!("0x{}\n", hex::encode(key)),
            words.join(" "),
            phrase(Language::English, 21, 32).join("\n"),
        ];
        for (number, text) in texts.iter().enumerate() {
            for (name, lines) in dumps(text.as_bytes()) {
                let labelled: Vec<String> = lines.iter().map(|line| format!("memory {line}")).collect();
                for (form, value) in [
                    ("in one text", json!(lines.join("\n"))),
                    ("after a label", json!(format!("key: {}", lines.join("\n")))),
                    ("with a label each", json!(labelled.join("\n"))),
                    ("in a list", json!(lines)),
                    (
                        "by name",
                        json!(
                            (0..)
                                .zip(&lines)
                                .map(|(at, line)| (format!("line{at:03}"), json!(line)))
                                .collect::<Map<_, _>>()
                        ),
                    ),
                ] {
                    // Characters alone do not say where one ends that is a blank.
                    let is_lossy = name == "od -c" && number == 3;
                    if !is_refused(&value) && !is_lossy {
                        missed.push(format!("{name} {form} of text {number}: {value}"));
                    }
                }
            }
            let twice = STANDARD.encode(STANDARD.encode(text));
            let pieces = |text: &str, length: usize| {
                text.as_bytes()
                    .chunks(length)
                    .map(|piece| String::from_utf8(piece.to_vec()).unwrap())
                    .collect::<Vec<_>>()
            };
            let base64 = STANDARD.encode(text);
            for (form, value) in [
                ("base64", json!(base64)),
                ("base64 without its end", json!(STANDARD_NO_PAD.encode(text))),
                ("base64 for URLs", json!(URL_SAFE.encode(text))),
                ("base64 twice", json!(twice)),
                ("base64 of base64 of bytes", json!(STANDARD.encode(STANDARD.encode(key)))),
                ("base64 of hexadecimal", json!(STANDARD.encode(hex::encode(text)))),
                ("hexadecimal of base64", json!(pieces(&hex::encode(&base64), 32).join(" "))),
                ("base64 over lines", json!(pieces(&base64, 24).join("\n"))),
                ("base64 in a list", json!(pieces(&base64, 12))),
                ("base64 twice in a list", json!(pieces(&twice, 20))),
                ("base64 among words", json!(format!("the backup is {base64} for now"))),
                ("hexadecimal in a list", json!(pieces(&hex::encode(text), 12))),
                ("codes", json!(text.bytes().collect::<Vec<_>>())),
                (
                    "codes by name",
                    json!(
                        (0..)
                            .zip(text.bytes())
                            .map(|(at, code)| (format!("c{at:03}"), json!(code)))
                            .collect::<Map<_, _>>()
                    ),
                ),
            ] {
                if !is_refused(&value) {
                    missed.push(format!("{form} of text {number}: {value}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}\n{} missed", missed.join("\n"), missed.len());
}

#[test]
fn a_piece_for_each_validator_is_a_secret_whatever_else_they_have() {
    let address = |at: usize| format!("0x{}", hex::encode(&keccak256(at.to_be_bytes())[..20]));
    let mut missed = Vec::new();
    for seed in 0..4 {
        let digits = hex::encode(keccak256([seed, 92]));
        let words = phrase(Language::English, seed + 40, 16);
        let base64 = STANDARD.encode(words.join(" "));
        let cut = |text: &str, count: usize| {
            let size = text.len().div_ceil(count);
            text.as_bytes().chunks(size).map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        for (name, pieces) in [
            ("two pieces", cut(&digits, 2)),
            ("four pieces", cut(&digits, 4)),
            ("eight pieces", cut(&digits, 8)),
            ("sixteen pieces", cut(&digits, 16)),
            ("words", words.clone()),
            ("base64 of words", cut(&base64, 10)),
        ] {
            for beside in 0..4 {
                let one = |(at, piece): (usize, &String)| {
                    let mut one = json!({"attester": address(at), "label": piece});
                    let fields = one.as_object_mut().unwrap();
                    for (name, value) in
                        [("server", json!(format!("paris-{at}"))), ("port", json!(40_400 + at)), ("zone", json!("eu"))]
                            .into_iter()
                            .take(beside)
                    {
                        fields.insert(name.to_owned(), value);
                    }
                    one
                };
                let validators: Vec<Value> = pieces.iter().enumerate().map(one).collect();
                if !is_refused_file(&json!({"validators": validators})) {
                    missed.push(format!("{name} with {beside} beside"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}\n{} missed", missed.join("\n"), missed.len());
}

#[test]
fn what_operators_write_with_words_and_numbers_is_read() {
    let mut labels = String::new();
    for (at, word) in ["apple", "hotel", "rocket", "north", "cabin", "river", "motor", "eagle"].iter().enumerate() {
        writeln!(labels, "butler_up{{region=\"{word}\",server=\"{word}-{at}\"}} {at}").unwrap();
    }
    for honest in [
        json!("apple, hotel, rocket, north, cabin, river, motor, eagle, planet, silver, garden, winter"),
        json!([
            "apple-7", "hotel-7", "rocket-7", "north-7", "cabin-7", "river-7", "motor-7", "eagle-7", "planet-7",
            "silver-7", "garden-7", "winter-7"
        ]),
        json!(labels),
        json!(
            "steps: 1. stop the node 2. move the keys 3. copy the folder 4. check the mode 5. start the node 6. wait for the sync 7. look at the log 8. ask for the peers 9. test the port 10. close the ticket 11. write the note 12. go home"
        ),
        json!(
            "1 january 2 february 3 march 4 april 5 may 6 june 7 july 8 august 9 september 10 october 11 november 12 december"
        ),
        json!(
            "one server for each of the twelve regions; the second and the third share a rack, the first has a spare"
        ),
        json!(
            "rack 1 unit 2, rack 1 unit 3, rack 2 unit 4, rack 3 unit 5, rack 4 unit 6, rack 5 unit 7, rack 6 unit 8, rack 7 unit 9, rack 8 unit 10, rack 9 unit 11, rack 10 unit 12"
        ),
        json!({"q": "sum by (server) (rate(butler_requests_total{code=~\"5..\"}[5m])) / 12 > 0.1 and on (server) butler_up == 1"}),
        json!("SGVsbG8gZnJvbSB0aGUgb3Bz"),
        json!((0..80).map(|at| 97 + at * 7 % 26).collect::<Vec<_>>()),
    ] {
        assert!(!is_refused(&honest), "{honest}");
    }
}
