//! Any private key or phrase, in each of a table of encodings, in each place of a file of any shape, is refused and told
//! nowhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bip39::{Language, Mnemonic};
use butler_core::fuzzing;
use butler_core::key_files::FaultKind;
use ethers_core::types::U256;
use ethers_core::utils::{hex, keccak256};
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;

const A: &str = "0x1111111111111111111111111111111111111111";
const B: &str = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
const RECIPIENT: &str = "0x0000000000000000000000000000000000000000000000000000000000000001";
/// How many secrets are tried in each encoding.
const TRIES: u32 = 3;

/// The digits of a number in a base, the highest first.
fn digits(key: &[u8; 32], base: usize) -> Vec<usize> {
    let mut number = U256::from_big_endian(key);
    let mut found = Vec::new();
    while !number.is_zero() {
        found.push((number % base).as_usize());
        number /= base;
    }
    found.reverse();
    found
}

/// Every byte in digits of so many bits.
fn of_bits(key: &[u8; 32], bits: usize) -> Vec<usize> {
    let all = key.iter().flat_map(|byte| (0..8).rev().map(move |bit| usize::from(byte >> bit & 1)));
    all.collect::<Vec<_>>().chunks(bits).map(|digits| digits.iter().fold(0, |sum, digit| sum * 2 + digit)).collect()
}

fn joined<T: ToString>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn cut(text: &str, lengths: &[usize]) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let (mut at, mut pieces, mut lengths) = (0, Vec::new(), lengths.iter().cycle());
    while at < characters.len() {
        let to = characters.len().min(at + lengths.next().unwrap());
        pieces.push(characters[at..to].iter().collect());
        at = to;
    }
    pieces
}

fn object(members: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(members.into_iter().collect::<Map<String, Value>>())
}

/// A text in which each character is written as something else.
fn escaped(text: &str, form: fn(u32) -> String) -> String {
    text.chars().map(|character| form(u32::from(character))).collect()
}

/// A way to write a character: its name, and what it makes of a code point.
type Escape = (&'static str, fn(u32) -> String);

const ESCAPES: [Escape; 9] = [
    ("percent", |code| format!("%{code:02X}")),
    ("percent twice", |code| format!("%25{code:02x}")),
    ("unicode", |code| format!("\\u{code:04x}")),
    ("unicode twice", |code| format!("\\\\u{code:04x}")),
    ("braces", |code| format!("\\u{{{code:x}}}")),
    ("hexadecimal", |code| format!("\\x{code:02x}")),
    ("octal", |code| format!("\\{code:03o}")),
    ("references", |code| format!("&#{code};")),
    ("code points", |code| format!("U+{code:04X}")),
];

const ALPHABETS: [(&str, &str); 6] = [
    ("base 32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ("base 36", "0123456789abcdefghijklmnopqrstuvwxyz"),
    ("base 58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
    ("base 62", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("base 64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
    ("base 85", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"),
];

/// The key in every encoding, with a name for whoever reads what was missed.
fn of_key(key: &[u8; 32]) -> Vec<(String, Value)> {
    let hexadecimal = hex::encode(key);
    let mut all: Vec<(String, Value)> = Vec::new();
    let mut add = |name: String, value: Value| all.push((name, value));
    for base in [2, 3, 4, 5, 8, 10, 12, 16, 32, 36, 58, 62, 64, 85, 100, 128, 256, 1000, 2048, 10_000, 65_536, 100_000]
    {
        let digits = digits(key, base);
        let rows: Vec<&[usize]> = digits.chunks(8).collect();
        add(format!("digits of base {base}"), json!(digits));
        add(format!("digits of base {base} in rows"), json!(rows));
        add(format!("digits of base {base} as texts"), json!(digits.iter().map(usize::to_string).collect::<Vec<_>>()));
        add(format!("digits of base {base} in one text"), json!(joined(&digits, " ")));
        add(format!("digits of base {base} with commas"), json!(format!("[{}]", joined(&digits, ","))));
        add(
            format!("digits of base {base} by name"),
            object((0..).zip(&digits).map(|(at, digit)| (format!("d{at:03}"), json!(digit)))),
        );
        add(
            format!("digits of base {base} as objects"),
            json!((0..).zip(&digits).map(|(at, digit)| json!({"at": at, "digit": digit})).collect::<Vec<_>>()),
        );
    }
    for bits in [1, 2, 4, 8, 16, 32] {
        let digits = of_bits(key, bits);
        add(format!("digits of {bits} bits"), json!(digits));
        add(format!("digits of {bits} bits backwards"), json!(digits.iter().rev().collect::<Vec<_>>()));
        add(
            format!("digits of {bits} bits in binary"),
            json!(digits.iter().map(|digit| format!("{digit:0bits$b}")).collect::<Vec<_>>()),
        );
        add(
            format!("digits of {bits} bits in marked binary"),
            json!(digits.iter().map(|digit| format!("0b{digit:b}")).collect::<Vec<_>>()),
        );
        add(
            format!("digits of {bits} bits in octal"),
            json!(digits.iter().map(|digit| format!("0o{digit:o}")).collect::<Vec<_>>()),
        );
        add(
            format!("digits of {bits} bits in bare octal"),
            json!(digits.iter().map(|digit| format!("{digit:o}")).collect::<Vec<_>>()),
        );
        add(
            format!("digits of {bits} bits in hexadecimal"),
            json!(digits.iter().map(|digit| format!("{digit:x}")).collect::<Vec<_>>()),
        );
        add(
            format!("digits of {bits} bits in marked hexadecimal"),
            json!(digits.iter().map(|digit| format!("0x{digit:x}")).collect::<Vec<_>>()),
        );
        add(
            format!("digits of {bits} bits in binary in one text"),
            json!(digits.iter().map(|digit| format!("{digit:0bits$b}")).collect::<Vec<_>>().join(" ")),
        );
    }
    for (name, group, offset) in [("xxd", 2, ": "), ("hexdump", 1, "  ")] {
        let line = |(at, bytes): (usize, &[u8])| {
            let groups = joined(&bytes.chunks(group).map(hex::encode).collect::<Vec<_>>(), " ");
            let letter = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
            let letters: String = bytes.iter().map(letter).collect();
            format!("{:08x}{offset}{groups}  {letters}", at * 16)
        };
        let lines: Vec<String> = key.chunks(16).enumerate().map(line).collect();
        add(format!("{name} in one text"), json!(joined(&lines, "\n")));
        add(format!("{name} in a list"), json!(lines));
    }
    add("truths".to_owned(), json!(of_bits(key, 1).iter().map(|bit| *bit == 1).collect::<Vec<_>>()));
    add(
        "truths by name".to_owned(),
        object((0..).zip(of_bits(key, 1)).map(|(at, bit)| (format!("bit{at:03}"), json!(bit == 1)))),
    );
    for between in [" ", ":", "-", "_", ".", ", ", "\n", "|", "\t", "\u{200b}", "/", " 0x", "h ", "\\x"] {
        for length in [1, 2, 4, 8, 16] {
            add(format!("groups of {length} with {between:?}"), json!(cut(&hexadecimal, &[length]).join(between)));
        }
        add(format!("uneven groups with {between:?}"), json!(cut(&hexadecimal, &[3, 1, 7, 12, 2]).join(between)));
    }
    for (name, alphabet) in ALPHABETS {
        let letters: Vec<char> = alphabet.chars().collect();
        let text: String = digits(key, letters.len()).iter().map(|digit| letters[*digit]).collect();
        add(name.to_owned(), json!(text));
        add(format!("{name} in letters"), json!(text.chars().map(String::from).collect::<Vec<_>>()));
        for length in [1, 2, 3, 4, 5, 8, 16] {
            add(format!("{name} in a list of {length}"), json!(cut(&text, &[length])));
            if name != "base 85" {
                add(format!("{name} with blanks after {length}"), json!(cut(&text, &[length]).join(" ")));
            }
        }
    }
    for (name, text) in [("base64", STANDARD.encode(key)), ("base64 for URLs", URL_SAFE_NO_PAD.encode(key))] {
        add(name.to_owned(), json!(text));
        for length in [4, 8, 10, 16, 22, 30, 40] {
            for between in [" ", "\n", "\r\n    ", "\t", ", ", "\\n"] {
                add(format!("{name} of {length} with {between:?}"), json!(cut(&text, &[length]).join(between)));
            }
        }
        add(format!("{name} broken anywhere"), json!(cut(&text, &[7, 3, 11, 2, 9]).join(" ")));
        add(format!("{name} of the digits"), json!(STANDARD.encode(&hexadecimal)));
        add(format!("{name} of the digits over lines"), json!(cut(&STANDARD.encode(&hexadecimal), &[64]).join("\n")));
    }
    for (name, form) in ESCAPES {
        for text in [format!("0x{hexadecimal}"), STANDARD.encode(key), U256::from_big_endian(key).to_string()] {
            add(format!("{name} of {}", text.len()), json!(escaped(&text, form)));
        }
    }
    add(
        "bytes with percent signs".to_owned(),
        json!(key.iter().map(|byte| format!("%{byte:02x}")).collect::<String>()),
    );
    add("bytes as a URL has them".to_owned(), json!(url(key)));
    add("bytes as characters".to_owned(), json!(key.iter().copied().map(char::from).collect::<String>()));
    add("bytes as C has them".to_owned(), json!(key.iter().map(|byte| format!("\\{byte:o}")).collect::<String>()));
    add(
        "bytes in words".to_owned(),
        json!(
            key.chunks(2)
                .map(|two| format!("{:#06x}", u16::from_be_bytes([two[0], two[1]])))
                .collect::<Vec<_>>()
                .join("; ")
        ),
    );
    all
}

/// Bytes as a URL has them: letters and figures stand for themselves.
fn url(bytes: &[u8]) -> String {
    let one =
        |byte: &u8| if byte.is_ascii_alphanumeric() { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(one).collect()
}

/// A phrase in every writing.
fn of_phrase(entropy: &[u8], language: Language) -> Vec<(String, Value)> {
    let phrase = Mnemonic::from_entropy_in(language, entropy).unwrap().to_string();
    let marks = |text: &str| {
        text.nfd().filter(|letter| !unicode_normalization::char::is_combining_mark(*letter)).collect::<String>()
    };
    let is_own_script = matches!(
        language,
        Language::Japanese | Language::Korean | Language::SimplifiedChinese | Language::TraditionalChinese
    );
    let plain = if is_own_script { phrase.clone() } else { marks(&phrase) };
    let plain_words: Vec<&str> = plain.split(' ').collect();
    let mut all = vec![
        ("plain".to_owned(), json!(plain)),
        ("composed".to_owned(), json!(phrase.nfc().collect::<String>())),
        ("decomposed".to_owned(), json!(phrase.nfd().collect::<String>())),
        ("in capitals".to_owned(), json!(plain.to_uppercase())),
        ("in a list".to_owned(), json!(plain_words)),
        (
            "in capitals in a list".to_owned(),
            json!(plain_words.iter().map(|word| word.to_uppercase()).collect::<Vec<_>>()),
        ),
        ("as a sentence".to_owned(), json!(format!("Recovery: {}.", plain_words.join(", ")))),
        (
            "in two fields".to_owned(),
            json!({"first": plain_words[..5].join(" "), "second": plain_words[5..].join(" ")}),
        ),
        ("in three lists".to_owned(), json!([plain_words[..4], plain_words[4..7], plain_words[7..]])),
        ("by number".to_owned(), object((1..).zip(&plain_words).map(|(at, word)| (format!("{at:02}"), json!(word))))),
        (
            "by name".to_owned(),
            object((1..).zip(&plain_words).map(|(at, word)| (format!("word_{at:02}"), json!(word)))),
        ),
        (
            "as objects".to_owned(),
            json!(plain_words.iter().map(|word| json!({"word": word, "used": true})).collect::<Vec<_>>()),
        ),
        (
            "numbered".to_owned(),
            json!((1..).zip(&plain_words).map(|(at, word)| format!("{at}) {word}")).collect::<Vec<_>>().join("\n")),
        ),
        ("numbered in two columns".to_owned(), json!(numbered(&plain_words, (0..12).flat_map(|at| [at, at + 12])))),
        ("numbered backwards".to_owned(), json!(numbered(&plain_words, (0..24).rev()))),
        ("with plus signs".to_owned(), json!(plain_words.join("+"))),
        ("with hyphens".to_owned(), json!(plain_words.join("-"))),
        ("with underscores".to_owned(), json!(plain_words.join("_"))),
        ("in a URL".to_owned(), json!(format!("https://x.example/?seed={}", percent(&plain)))),
        ("in a URL in a list".to_owned(), json!(phrase.split(' ').map(percent).collect::<Vec<_>>())),
        ("with what nobody sees".to_owned(), json!(plain_words.join(" \u{200b}"))),
        (
            "broken by what nobody sees".to_owned(),
            json!(
                plain
                    .chars()
                    .map(|letter| if letter == 'a' { "a\u{200d}".to_owned() } else { letter.to_string() })
                    .collect::<String>()
            ),
        ),
        ("in base64".to_owned(), json!(STANDARD.encode(&phrase))),
        ("in hexadecimal".to_owned(), json!(hex::encode(&phrase))),
        ("as JSON in a text".to_owned(), json!(json!({"m": plain_words}).to_string())),
        ("as JSON twice in a text".to_owned(), json!(json!(json!({"m": plain_words}).to_string()).to_string())),
    ];
    if !matches!(language, Language::SimplifiedChinese | Language::TraditionalChinese) {
        let capital = |word: &&str| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
        };
        all.push(("glued".to_owned(), json!(plain_words.concat())));
        all.push(("in one name".to_owned(), json!(plain_words.iter().map(capital).collect::<String>())));
    }
    for (name, form) in ESCAPES {
        let is_of_bytes = matches!(name, "percent" | "percent twice" | "hexadecimal" | "octal");
        if plain.is_ascii() || !is_of_bytes {
            all.push((name.to_owned(), json!(escaped(&plain, form))));
        }
    }
    all
}

/// Words with their numbers, in another order.
fn numbered(words: &[&str], order: impl Iterator<Item = usize>) -> String {
    order.filter_map(|at| Some(format!("{}:{}", at + 1, words.get(at)?))).collect::<Vec<_>>().join(" ")
}

fn percent(text: &str) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            written.push(char::from(byte));
        } else {
            write!(written, "%{byte:02X}").unwrap();
        }
    }
    written
}

/// Files of every shape with a value in each place where one could stand.
fn places(secret: &Value) -> Vec<Value> {
    let file = |change: &dyn Fn(&mut Value)| {
        let mut file = json!({"schemaVersion": 2, "feeRecipient": RECIPIENT, "validators": [
            {"attester": {"eth": A}, "publisher": [B], "coinbase": A}, {"attester": B, "coinbase": B}]});
        change(&mut file);
        file
    };
    let mut all = vec![
        file(&|file| file["note"] = secret.clone()),
        file(&|file| file["validators"][0]["weight"] = secret.clone()),
        file(&|file| file["validators"][1]["attester"] = json!({"eth": B, "note": secret})),
        file(&|file| file["validators"][0]["publisher"] = json!([A, secret])),
        json!({"attesters": [{"address": A, "x": secret, "lastSeenState": "ACTIVE"}], "version": "2.0"}),
        json!({"attesters": [A], "publishers": [B], "version": "1.1", "z": [{"port": 8080}, secret, {"server": "oslo"}]}),
        json!({"server-a": [A], "server-b": [secret]}),
        json!([{"attester": A, "note": {"index": 3, "deep": secret}}, {"attester": B}]),
    ];
    if let Some(text) = secret.as_str() {
        all.push(json!({"validators": [{"attester": A, text: "x"}]}));
        all.push(file(&|file| {
            file["remoteSigner"] = json!({"remoteSignerUrl": format!("https://signer.example/{text}")});
        }));
    }
    all
}

/// What of the secret must appear nowhere: any part of it that tells something.
fn is_told(report: &butler_core::key_files::KeyFilesReport, telling: &[String]) -> bool {
    let findings: Vec<String> =
        report.findings().iter().map(|finding| format!("{finding:?} {}", finding.line())).collect();
    let told =
        format!("{report:?} {} {}", serde_json::to_string(&report.faults).unwrap(), findings.join(" ")).to_lowercase();
    telling.iter().any(|part| told.contains(&part.to_lowercase()))
}

fn miss(missed: &mut BTreeMap<String, u32>, name: &str, secret: &Value, telling: &[String], number: usize) {
    let places = places(secret);
    for (place, file) in places.iter().enumerate().skip(number % places.len()).take(1) {
        let report = fuzzing::key_file(file.to_string().as_bytes());
        let is_refused = report.files.is_empty() && report.faults.iter().any(|fault| fault.kind == FaultKind::Secret);
        *missed.entry(name.to_owned()).or_default() += u32::from(!is_refused);
        assert!(!is_told(&report, telling), "{name} in {place}: {report:?}");
    }
}

fn keys() -> impl Iterator<Item = (usize, [u8; 32])> {
    (0..TRIES).map(|number| (usize::try_from(number).unwrap(), keccak256([7, 7, u8::try_from(number).unwrap()])))
}

#[test]
fn a_key_is_refused_in_every_encoding_and_place() {
    let mut missed = BTreeMap::new();
    for (number, key) in keys() {
        let text = hex::encode(key);
        let telling = [text[8..20].to_owned(), STANDARD.encode(key)[4..16].to_owned()];
        for (at, (name, secret)) in of_key(&key).iter().enumerate() {
            miss(&mut missed, name, secret, &telling, number + at);
        }
    }
    missed.retain(|_, count| *count > 0);
    assert!(missed.values().all(|count| *count <= 1) && missed.len() <= 4, "{missed:#?}");
}

#[test]
fn a_phrase_is_refused_in_every_writing_language_and_place() {
    let mut missed = BTreeMap::new();
    for (number, key) in keys() {
        for language in Language::ALL {
            let entropy = &key[..[16, 20, 24, 28, 32][number % 5]];
            let phrase = Mnemonic::from_entropy_in(*language, entropy).unwrap().to_string();
            let words: Vec<&str> = phrase.split(' ').collect();
            let telling = [words[2..5].join(" "), words[2..5].join("\", \"")];
            for (at, (name, secret)) in of_phrase(entropy, *language).iter().enumerate() {
                miss(&mut missed, &format!("{name} in {language:?}"), secret, &telling, number + at);
            }
        }
    }
    missed.retain(|_, count| *count > 0);
    assert!(missed.is_empty(), "{missed:#?}");
}
