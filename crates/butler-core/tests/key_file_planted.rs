//! Secrets of every form in every place of a key file, and honest documents that are none: by hand, one by one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bip39::{Language, Mnemonic};
use butler_core::fuzzing;
use butler_core::key_files::FaultKind;
use ethers_core::types::U256;
use ethers_core::utils::{hex, keccak256};
use serde_json::{Map, Value, json};

const A: &str = "0x1111111111111111111111111111111111111111";
const B: &str = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
const RECIPIENT: &str = "0x0000000000000000000000000000000000000000000000000000000000000001";

/// Stands for an object whose names are the words of a phrase in their order, which a map of this test would not keep.
const NAMES: &str = "<names>";

fn key() -> [u8; 32] {
    keccak256(b"the key of these tests")
}

fn digits() -> String {
    hex::encode(key())
}

/// A text cut into pieces of these lengths, and a last one.
fn cut(text: &str, lengths: &[usize]) -> Vec<String> {
    let mut characters = text.chars();
    let mut pieces: Vec<String> = lengths.iter().map(|length| characters.by_ref().take(*length).collect()).collect();
    pieces.push(characters.collect());
    pieces.retain(|piece: &String| !piece.is_empty());
    pieces
}

fn every(text: &str, length: usize) -> Vec<String> {
    cut(text, &vec![length; text.chars().count() / length])
}

/// Digits of a number in a base.
fn in_base(bytes: &[u8], alphabet: &str) -> String {
    let (mut number, base) = (U256::from_big_endian(bytes), U256::from(alphabet.len()));
    let mut written = Vec::new();
    while !number.is_zero() {
        written.push(alphabet.as_bytes()[(number % base).as_usize()]);
        number /= base;
    }
    written.reverse();
    String::from_utf8(written).unwrap()
}

const BASE58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE85: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

fn phrase(language: Language, length: usize) -> String {
    Mnemonic::from_entropy_in(language, &key()[..length]).unwrap().to_string()
}

/// Digits in two groups with the marks of a UUID, which one key of sixty has by chance.
fn uuids(hex: &str, between: &str) -> String {
    let one = |digits: &str| {
        let (first, second, third, fourth, last) =
            (&digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..32]);
        format!("{first}-{second}-4{third}-a{fourth}-{last}")
    };
    format!("{}{between}{}", one(&hex[..32]), one(&hex[32..]))
}

fn words(length: usize) -> Vec<String> {
    phrase(Language::English, length).split(' ').map(str::to_owned).collect()
}

fn object(members: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(members.into_iter().collect::<Map<String, Value>>())
}

/// Secrets, each with a name for whoever reads what failed.
fn secrets() -> Vec<(String, Value)> {
    let (key, hex) = (key(), digits());
    let number = U256::from_big_endian(&key);
    let base64 = STANDARD.encode(key);
    let halves = cut(&hex, &[32]);
    let wide: String = hex.chars().map(|digit| char::from_u32(u32::from(digit) + 0xfee0).unwrap()).collect();
    let of_bytes = |name: fn(usize) -> String| object(key.iter().enumerate().map(|(at, byte)| (name(at), json!(byte))));
    let mut all: Vec<(&str, Value)> = vec![
        ("hexadecimal", json!(hex)),
        ("with 0x", json!(format!("0x{hex}"))),
        ("in capitals", json!(format!("0X{}", hex.to_uppercase()))),
        ("with a sign of its end", json!(format!("{hex}h"))),
        ("among words", json!(format!("the old key was {hex}, now unused"))),
        ("in a URL", json!(format!("https://signer.example/{hex}?x=1"))),
        ("full-width", json!(wide)),
        ("with what nobody sees", json!(every(&hex, 8).join("\u{200b}"))),
        ("bytes with colons", json!(every(&hex, 2).join(":"))),
        ("bytes of C", json!(format!("{{0x{}}}", every(&hex, 2).join(", 0x")))),
        ("over lines", json!(every(&hex, 16).join("\n"))),
        ("bytes", json!(key)),
        ("bytes with signs", json!(key.map(u8::cast_signed))),
        ("bytes in rows", json!(key.chunks(8).collect::<Vec<_>>())),
        ("bytes in rows of objects", json!(key.chunks(4).map(|row| json!({"row": row})).collect::<Vec<_>>())),
        ("bytes by number", of_bytes(|at| at.to_string())),
        ("bytes by name", of_bytes(|at| format!("byte{at}"))),
        (
            "bytes with their places",
            json!(key.iter().enumerate().map(|(at, byte)| json!({"i": at, "b": byte})).collect::<Vec<_>>()),
        ),
        ("bytes as text", json!(key.map(|byte| byte.to_string()))),
        ("bytes as hexadecimal text", json!(every(&hex, 2))),
        ("bytes with 0x", json!(every(&hex, 2).iter().map(|byte| format!("0x{byte}")).collect::<Vec<_>>())),
        ("a buffer", json!({"type": "Buffer", "data": key})),
        ("limbs of 64 bits", json!(number.0)),
        (
            "limbs of 32 bits",
            json!(key.chunks(4).map(|four| u32::from_be_bytes(four.try_into().unwrap())).collect::<Vec<_>>()),
        ),
        (
            "limbs by name",
            object(number.0.iter().zip(["a", "b", "c", "d"]).map(|(limb, name)| (name.to_owned(), json!(limb)))),
        ),
        ("halves in a list", json!(halves)),
        ("halves by name", json!({"first": halves[0], "second": halves[1]})),
        ("halves far from each other", json!({"one": {"x": halves[0]}, "name": "server-a", "two": [{"y": halves[1]}]})),
        ("halves as names", object(halves.iter().map(|half| (half.clone(), json!(1))))),
        ("half as a name", object([(halves[0].clone(), json!(halves[1]))])),
        ("40 and 24", json!(cut(&hex, &[40]))),
        ("44 and 20", json!(cut(&hex, &[44]))),
        ("20 and 44", json!({"a": cut(&hex, &[20])[0], "b": cut(&hex, &[20])[1]})),
        ("10 and 54", json!(cut(&hex, &[10]))),
        ("eight times 8", json!(every(&hex, 8))),
        (
            "eight times 8 by name",
            object(
                every(&hex, 8).into_iter().zip("abcdefgh".chars()).map(|(part, name)| (name.to_string(), json!(part))),
            ),
        ),
        ("sixteen times 4", json!(every(&hex, 4))),
        ("with 0x, in thirds", json!(every(&hex, 22).iter().map(|part| format!("0x{part}")).collect::<Vec<_>>())),
        ("decimal", json!(number.to_string())),
        ("decimal in halves", json!(every(&number.to_string(), 39))),
        ("decimal in pieces", json!(every(&number.to_string(), 11))),
        ("base64", json!(base64)),
        ("base64 without its end", json!(STANDARD_NO_PAD.encode(key))),
        ("base64 for URLs", json!(URL_SAFE_NO_PAD.encode(key))),
        ("base64 over lines", json!(every(&base64, 16).join("\n"))),
        ("base64 in a list", json!(every(&base64, 11))),
        ("base64 in halves", json!({"a": &base64[..22], "b": &base64[22..]})),
        ("base58", json!(in_base(&key, BASE58))),
        ("base32", json!(in_base(&key, BASE32))),
        ("base32 in pieces", json!(every(&in_base(&key, BASE32), 13))),
        ("base32 in small letters", json!(in_base(&key, BASE32).to_lowercase())),
        ("base85", json!(in_base(&key, BASE85))),
        ("a key of a wallet", json!("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ")),
        (
            "an extended key",
            json!(
                "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"
            ),
        ),
        ("PEM", json!(format!("-----BEGIN EC PRIVATE KEY-----\n{base64}\n-----END EC PRIVATE KEY-----"))),
        ("PEM in lines", json!(["-----BEGIN PRIVATE KEY-----", base64, "-----END PRIVATE KEY-----"])),
        (
            "a key of SSH2",
            json!("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56wAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----"),
        ),
        ("a key of PuTTY", json!("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none")),
        ("a key of age", json!("AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33")),
        ("a JWK", json!({"kty": "EC", "crv": "secp256k1", "d": URL_SAFE_NO_PAD.encode(key)})),
        ("an encrypted key", json!({"version": 3, "crypto": {"kdf": "scrypt", "mac": "00"}})),
        ("an encrypted key inline", json!({"kdf": "scrypt", "cipher": "aes-128-ctr", "mac": "ab"})),
        ("a short key by its name", json!({"privkey": "0x1"})),
        ("a key of a number", json!({"privateKey": 12345})),
        ("a password", json!({"keystorePassword": "hunter2"})),
        ("a named seed", json!({"seed": "correct horse"})),
        ("a named mnemonic", json!({"walletMnemonic": ["a", "b"]})),
    ];
    let english = words(16);
    let numbered = |form: fn(usize, &str) -> String| -> Vec<String> {
        (0..).zip(&english).map(|(at, word)| form(at, word)).collect()
    };
    let short: Vec<String> = english.iter().map(|word| word.chars().take(4).collect()).collect();
    all.extend([
        ("words", json!(english.join(" "))),
        ("24 words", json!(words(32).join(" "))),
        ("words in capitals", json!(english.join(" ").to_uppercase())),
        ("words with commas", json!(english.join(", "))),
        ("words over lines", json!(english.join("\n"))),
        ("words among others", json!(format!("backup: {} (do not lose)", english.join(" ")))),
        ("words in a list", json!(english)),
        ("words in two lists", json!([english[..6], english[6..]])),
        ("words in two named lists", json!({"first": english[..6], "last": english[6..]})),
        ("words in two texts", json!({"a": english[..6].join(" "), "b": english[6..].join(" ")})),
        ("words in rows", json!(english.chunks(4).collect::<Vec<_>>())),
        ("words by number", object((1..).zip(&english).map(|(at, word)| (format!("w{at:02}"), json!(word))))),
        (
            "words as objects",
            json!((1..).zip(&english).map(|(at, word)| json!({"index": at, "word": word})).collect::<Vec<_>>()),
        ),
        ("words as names", json!(NAMES)),
        ("words with numbers", json!(numbered(|at, word| format!("{}. {word}", at + 1)).join(" "))),
        ("words with labels", json!(numbered(|at, word| format!("w{at}:{word}")).join(" "))),
        ("words with labels in a list", json!(numbered(|at, word| format!("word{at}={word}")))),
        ("words with words", json!(numbered(|at, word| format!("word {at}: {word}")).join(", "))),
        ("words of four letters", json!(short.join(" "))),
        ("words of four letters in a list", json!(short)),
        ("the words of tests", json!("test test test test test test test test test test test junk")),
        ("words in a wrong order", json!(english.iter().rev().map(String::as_str).collect::<Vec<_>>().join(" "))),
        ("under the name of a hash", json!({"txHash": format!("0x{hex}")})),
        ("as a digest", json!({"digest": format!("sha256:{hex}")})),
        ("among hashes", json!({"txHashes": [format!("0x{}", hex::encode(keccak256(b"a"))), format!("0x{hex}")]})),
        ("two UUIDs of known versions", json!(uuids(&hex, " "))),
        ("two UUIDs with a comma", json!(uuids(&hex, ","))),
        (
            "limbs of 16 bits with signs",
            json!(key.chunks(2).map(|two| i16::from_be_bytes([two[0], two[1]])).collect::<Vec<_>>()),
        ),
        (
            "limbs of 16 bits with signs as text",
            json!(key.chunks(2).map(|two| i16::from_be_bytes([two[0], two[1]]).to_string()).collect::<Vec<_>>()),
        ),
        ("bytes with signs in a text", json!(key.map(|byte| byte.cast_signed().to_string()).join(", "))),
        ("words as names within names", english.iter().rev().fold(json!(1), |inner, word| json!({word: inner}))),
    ]);
    let mut all: Vec<(String, Value)> = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for language in Language::ALL {
        let text = phrase(*language, 16);
        all.push((format!("{language:?}"), json!(text)));
        all.push((format!("{language:?} in a list"), json!(text.split_whitespace().collect::<Vec<_>>())));
        if matches!(language, Language::SimplifiedChinese | Language::TraditionalChinese) {
            all.push((format!("{language:?} without spaces"), json!(text.replace(' ', ""))));
        }
        if *language == Language::Japanese {
            all.push(("Japanese with wide spaces".to_owned(), json!(text.replace(' ', "\u{3000}"))));
        }
    }
    all
}

/// Whole files with a value in each place where one could stand.
fn places(secret: &Value) -> Vec<Value> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut file = json!({"schemaVersion": 2, "feeRecipient": RECIPIENT, "validators": [
            {"attester": {"eth": A}, "publisher": [B], "coinbase": A}, {"attester": B, "coinbase": B}]});
        change(&mut file);
        file
    };
    let mut files = vec![
        with(&|file| file["note"] = secret.clone()),
        with(&|file| file["validators"][0]["note"] = secret.clone()),
        with(&|file| file["validators"][1]["x"] = json!({"deep": [[secret]]})),
        with(&|file| file["validators"][0]["attester"]["note"] = secret.clone()),
        with(&|file| file["validators"][0]["publisher"] = json!([A, secret])),
        with(&|file| file["remoteSigner"] = secret.clone()),
        with(&|file| file["extra"] = json!([{"server": "paris", "port": 8080}, secret, {"server": "oslo"}])),
        json!({"a_before": secret, "validators": [{"attester": A}], "z_after": "server-1"}),
        json!({"validators": [{"attester": A, "x": secret}, {"attester": B}], "version": "2026-11-26"}),
        json!([{"attester": A, "note": secret}]),
        json!({"server-a": [A], "server-b": [secret]}),
    ];
    if let Some(text) = secret.as_str().filter(|text| *text != NAMES) {
        files.push(json!({"validators": [{"attester": A, text: "x"}]}));
        files.push(json!({text: [A]}));
    }
    files
}

#[test]
fn every_form_of_a_secret_refuses_the_file_in_every_place() {
    let secrets = secrets();
    assert!(secrets.len() >= 60);
    let hex = digits();
    let base64 = STANDARD.encode(key());
    let english = words(16);
    let telling = [hex[8..20].to_owned(), hex[40..52].to_owned(), base64[4..14].to_owned(), english[2..5].join(" ")];
    let names: Vec<String> = english.iter().map(|word| format!("\"{word}\": 1")).collect();
    let names = format!("{{{}}}", names.join(","));
    let mut missed = Vec::new();
    for (name, secret) in &secrets {
        for (place, file) in places(secret).iter().enumerate() {
            let text = file.to_string().replace(&format!("\"{NAMES}\""), &names);
            let report = fuzzing::key_file(text.as_bytes());
            let is_refused =
                report.files.is_empty() && report.faults.iter().any(|fault| fault.kind == FaultKind::Secret);
            if !is_refused {
                missed.push(format!("{name} in {place}: {:?}", report.faults));
            }
            let told = format!("{report:?} {}", serde_json::to_string(&report.faults).unwrap()).to_lowercase();
            assert!(!telling.iter().any(|part| told.contains(&part.to_lowercase())), "{name} in {place}: {told}");
        }
    }
    assert!(missed.is_empty(), "{}\n{} missed", missed.join("\n"), missed.len());
}

/// Documents that hold no secret, each with a name.
fn honest() -> Vec<(String, Value)> {
    let validators = |change: &dyn Fn(usize) -> Value| {
        let attester = |at: usize| format!("0x{}", hex::encode(&keccak256(at.to_be_bytes())[..20]));
        let one = |at: usize| {
            let mut one = json!({"attester": attester(at), "publisher": [attester(1_000 + at)], "coinbase": attester(2_000 + at)});
            one.as_object_mut().unwrap().extend(change(at).as_object().unwrap().clone());
            one
        };
        json!({"validators": (0..40).map(one).collect::<Vec<_>>()})
    };
    let with = |value: Value| json!({"validators": [{"attester": A, "extra": value}], "extra": value});
    let hash = |at: usize| format!("0x{}", hex::encode(keccak256(at.to_le_bytes())));
    let time = |at: usize| 1_764_000_000_000_u64 + u64::try_from(at * 86_400_123 % 50_000_000_017).unwrap();
    let named = |name: &str, value: Value| with(object([(name.to_owned(), value)]));
    let uuid = |at: usize| {
        let digits = hash(at);
        format!("{}-{}-4{}-a{}-{}", &digits[2..10], &digits[10..14], &digits[14..17], &digits[17..20], &digits[20..32])
    };
    let names = "apple hotel rocket north cabin river motor eagle planet silver garden winter";
    let names: Vec<&str> = names.split(' ').collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    let registration = json!({
        "publicKeyG1": {"x": "14040631920337037677709966437409651072288616613076825157749168159693185460400",
            "y": "6284788440647112615638144926617266520775230953679255923656986669548279761148"}});
    [
        ("nothing else", validators(&|_| json!({}))),
        ("times of many kinds", validators(&|at| json!({"created": time(at), "updated": time(at + 1), "seen": time(at + 2), "next": time(at + 7)}))),
        ("times as text", validators(&|at| json!({"created": time(at).to_string(), "updated": time(at + 5).to_string()}))),
        ("times in seconds", validators(&|at| json!({"created": time(at) / 1000, "seen": time(at * 3) / 1000}))),
        ("times of a list", with(json!((0..50).map(time).collect::<Vec<_>>()))),
        ("dates", with(json!((1..=8).map(|day| format!("2026-11-{day:02}")).collect::<Vec<_>>()))),
        ("compact dates", with(json!((1..=12).map(|month| format!("2026{month:02}15")).collect::<Vec<_>>()))),
        ("moments", validators(&|at| json!({"created": format!("2026-11-{:02}T10:45:01.123Z", at % 28 + 1)}))),
        ("ids from 1", with(json!((1..60).collect::<Vec<_>>()))),
        ("ids from 1000", with(json!((1000..1017).collect::<Vec<_>>()))),
        ("many ids", with(json!((4_000..4_900).collect::<Vec<_>>()))),
        ("ids of two lists", with(json!([(100..150).collect::<Vec<_>>(), (100..150).collect::<Vec<_>>()]))),
        ("an index each", validators(&|at| json!({"index": at, "weight": 100, "shard": at % 4}))),
        ("ports", validators(&|at| json!({"port": 40_400 + at, "rpc": 8_080, "admin": 8_880}))),
        ("percents", validators(&|at| json!({"uptime": 90 + at * 7 % 11}))),
        ("fractions", validators(&|at| json!({"uptime": 0.9 + f64::from(u32::try_from(at).unwrap()) / 457.3}))),
        ("block numbers", validators(&|at| json!({"block": 24_000_000 + at * 7_919 % 100_003}))),
        ("stakes", validators(&|_| json!({"stake": 2e23, "wei": "200000000000000000000000"}))),
        ("IP addresses", with(json!((1..8).map(|at| format!("10.{at}.17.{}", at * 31)).collect::<Vec<_>>()))),
        ("sockets", with(json!((1..8).map(|at| format!("192.168.{at}.20:40400")).collect::<Vec<_>>()))),
        ("IPv6", with(json!((1..8).map(|at| format!("2001:db8:85a3:{at}a1f:7c2e:8a2e:{at}370:7334")).collect::<Vec<_>>()))),
        ("MAC addresses", with(json!((1..9).map(|at| format!("de:ad:be:ef:{at}1:{at}c")).collect::<Vec<_>>()))),
        ("UUIDs", validators(&|at| json!({"id": uuid(at)}))),
        ("a list of UUIDs", with(json!((0..20).map(uuid).collect::<Vec<_>>()))),
        ("server names that are words", with(json!(names))),
        ("server names in a text", named("servers", json!(names.join(", ")))),
        ("sorted server names", with(json!(sorted))),
        ("servers as names", object(sorted.iter().map(|name| ((*name).to_owned(), json!([]))).collect::<Vec<_>>())),
        ("a server each", validators(&|at| json!({"server": names[at % 12]}))),
        ("server names with numbers", with(json!((1..40).map(|at| format!("server-{at:02}")).collect::<Vec<_>>()))),
        ("host names", with(json!((1..20).map(|at| format!("ip-10-0-{at}-17.eu-central-1.compute.internal")).collect::<Vec<_>>()))),
        ("zones", with(json!(["eu-central-1a", "eu-central-1b", "us-east-2c", "ap-southeast-1b", "eu-west-3a"]))),
        ("camel case", with(json!(["PublisherOne", "PublisherTwo", "ValidatorSetOfParis", "BackupServerB", "EuWest1"]))),
        ("a commit", with(json!({"commit": &hash(3)[2..42]}))),
        ("lists of block numbers", validators(&|at| json!({"index": at, "blocks": (0..20).map(|n| 23_000_000 + n * n * 48_271 % 1_000_003).collect::<Vec<_>>()}))),
        ("a slot each", validators(&|at| json!({"index": at, "epoch": at * 32, "publisherNumber": 4, "zone": "eu", "active": true, "slot": at * at * 48_271 % 1_000_003}))),
        ("amounts in lists", validators(&|at| json!({"rewards": (1..13).map(|n| (u64::try_from(at * 13 + n).unwrap() * 7_919_333_444_555_111 % 17_000_000_000_000_000_003).to_string()).collect::<Vec<_>>()}))),
        ("ids in a list", with(json!((1_u64..11).map(|at| (100_000_000_000_000_000 + at * 87_931_933_344_455_511).to_string()).collect::<Vec<_>>()))),
        ("an image", named("image", json!(format!("azteclabs/aztec@sha256:{}", &hash(5)[2..])))),
        ("short commits", validators(&|at| json!({"commit": &hash(at)[2..9]}))),
        ("places of passwords", with(json!({"passwordFile": "/run/secrets/p", "secretKeyRef": {"name": "keys", "key": "eth"}, "privateKeyPath": "/keys/1", "mnemonicEnv": "WORDS"}))),
        ("numbers of keys", with(json!({"privateKeys": 4, "mnemonicWordCount": 24, "password": null, "privateKey": ""}))),
        ("a lone public key", json!([{"attester": A, "publicKeyG1": registration["publicKeyG1"]}])),
        ("a public key in a validator", json!({"validators": [{"attester": A, "keys": registration}]})),
        ("a peer", named("peerId", json!("16Uiu2HAm9bTtTzJNqQ4kPp8vD2XjT1UuXwWbKBTkBrVpyYyDzRkX"))),
        ("signers", validators(&|at| json!({"remoteSigner": {"remoteSignerUrl": format!("https://signer-{at}.example.com:9000/a/b?verbose=true&Trace=1")}}))),
        ("prose", named("note", json!("these are the keys of the second server in the rack behind the door of the office, moved in the spring"))),
        ("more prose", named("note", json!("This file was exported on 26 November 2026 at 10:45 by Anna; ask her before changing anything, please. Version 1.4.2, build 8812."))),
        ("Chinese prose", named("note", json!("这是第二台服务器的密钥文件，请不要修改它。"))),
        ("German prose", named("note", json!("Diese Datei gehört zum zweiten Server und darf nicht geändert werden, bis der Umzug fertig ist."))),
        ("addresses in lists", with(json!({"old": [A, B], "text": format!("{A},{B} {B}")}))),
        ("addresses without 0x", json!({"validators": (0..20).map(|at| json!({"attester": &hash(at)[2..42]})).collect::<Vec<_>>()})),
        ("balances", validators(&|at| json!({"balance": (1_234_567_890_123_456_789_u64 + u64::try_from(at).unwrap() * 7_919_333_444_555_111).to_string(), "gwei": 1_234_567_891_u64 * u64::try_from(at + 1).unwrap()}))),
        ("short ids", validators(&|at| json!({"id": &hash(at)[2..10]}))),
        ("percents of many days", with(json!((0..90).map(|at| 10 + at * 37 % 89).collect::<Vec<_>>()))),
        ("a content", named("logo", json!("ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"))),
        ("versions", with(json!((0..20).map(|at| format!("5.{at}.{}", at * 3)).collect::<Vec<_>>()))),
        ("names of providers", with(json!({"providerName": "Staking GmbH & Co. KG", "providerWebsite": "https://stake.example/en/", "discordUsername": "stakeBoss#1234"}))),
        ("phone numbers", with(json!({"oncall": ["+49 30 901820", "+41 44 668 18 00", "+1 (555) 010-9999"]}))),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

#[test]
fn honest_documents_are_no_secrets() {
    let honest = honest();
    assert!(honest.len() >= 40);
    let mut refused = Vec::new();
    for (name, file) in &honest {
        let report = fuzzing::key_file(file.to_string().as_bytes());
        let secrets = report.faults.iter().filter(|fault| fault.kind == FaultKind::Secret);
        refused.extend(secrets.map(|fault| format!("{name}: {fault}")));
    }
    assert!(refused.is_empty(), "{}\n{} of {} refused", refused.join("\n"), refused.len(), honest.len());
}
