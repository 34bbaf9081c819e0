//! Secrets are hidden in every notation, and ordinary words are left alone.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::runtime::clock::unix_now;

fn settings(url: &str, authorization: Option<&str>) -> HttpSettings {
    HttpSettings {
        url: url.parse().unwrap(),
        authorization: authorization.map(Into::into),
        api_key: Some("the-admin-key-7f3a".into()),
        timeout: Duration::from_secs(1),
        max_response_bytes: 1,
        ca_file: None,
        clock: unix_now,
    }
}

#[test]
fn a_secret_is_hidden_however_it_is_written() {
    let secrets = Secrets::of(&settings(
        "https://u53r:p%40ss%2Fw0rd@h.example/v2/s3cr3t%2Fp4th-k3y?apikey=qu3ry+v4lue&x=1",
        Some("Bearer t0k3n/with+signs"),
    ));
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    for text in [
        "no route for /v2/s3cr3t%2Fp4th-k3y",
        "bad key s3cr3t/p4th-k3y.",
        "bad key S3CR3T%2fP4TH-K3Y",
        "bad key s3cr3t%252Fp4th-k3y",
        "key p4th-k3y",
        "key p4th\u{200b}-k3y",
        "key s 3 c r 3 t / p 4 t h - k 3 y",
        "key s3cr-3tp4-thk3-y",
        "t 0 k 3 n with signs",
        r"key s3cr3t\/p4th-k3y",
        r"key \u0073\u0033\u0063\u0072\u0033\u0074\u002fp4th-k3y",
        "key s3cr3t&#47;p4th-k3y and s3cr3t&#x2F;p4th-k3y",
        "?apikey=qu3ry+v4lue&amp;x=1",
        "user u53r",
        "password p@ss/w0rd",
        "password p%40ss%2Fw0rd",
        "token T0K3N/WITH+SIGNS is not known",
        "t0k3n%2Fwith%2Bsigns",
        "api key the-admin-key-7f3a",
        &format!("Basic {}", encode("u53r:p@ss/w0rd")),
        &format!("seen: {}", encode("Authorization: Bearer t0k3n/with+signs, thanks")),
        &format!("seen: {}", encode(" GET /v2/s3cr3t%2Fp4th-k3y HTTP/1.1")),
        &hex::encode("t0k3n/with+signs"),
        "the key is s3cr<b>3t/p4th</b>-k3y",
        "=73=33=63=72=33=74/p4th-k3y",
        "y3k-ht4p/t3rc3s",
        "f3pe3g/c4gu-x3l",
    ] {
        let shown = secrets.foreign(text);
        assert!(shown.contains(HIDDEN), "{text} became {shown}");
        for secret in ["s3cr3t", "p4th", "qu3ry", "v4lue", "u53r", "w0rd", "t0k3n", "7f3a", "T0K3N"] {
            assert!(!shown.contains(secret), "{text} became {shown}");
            assert!(!shown.contains(encode(secret).trim_end_matches(['=', 'A'])), "{text} became {shown}");
        }
    }
}

#[test]
fn words_that_are_no_secrets_stay() {
    let secrets = Secrets::of(&settings("https://h.example/v2/s3cr3tk3y", None));
    let text = "eth_getLogs is limited to a 10,000 range in v2, see docs";
    assert_eq!(secrets.foreign(text), text);
    let short = Secrets::of(&settings("https://a:pw@h.example/", None));
    assert_eq!(short.foreign("pw is not in pwned"), "<hidden> is not in pwned");
}

/// The ways in which echoes of a secret were seen or thought of; what a reader turns back without knowing the secret.
fn notations(secret: &str) -> Vec<(&'static str, String)> {
    let each = |form: fn(char) -> String| secret.chars().map(form).collect::<String>();
    let wide = |character: char| char::from_u32(u32::from(character) + 0xfee0).unwrap_or(character).to_string();
    let swapped = |character: char| match character {
        'a'..='z' => character.to_ascii_uppercase().to_string(),
        other => other.to_ascii_lowercase().to_string(),
    };
    let apart = |by: &str| secret.chars().map(String::from).collect::<Vec<_>>().join(by);
    let words = |size: usize| {
        let letters: Vec<char> = secret.chars().collect();
        letters.chunks(size).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(" | ")
    };
    vec![
        ("raw", secret.to_owned()),
        ("percent", each(|c| format!("%{:02x}", u32::from(c)))),
        ("percent twice", each(|c| format!("%25{:02X}", u32::from(c)))),
        ("percent u", each(|c| format!("%u{:04x}", u32::from(c)))),
        ("json", each(|c| format!("\\u{:04x}", u32::from(c)))),
        ("json twice", each(|c| format!("\\\\u{:04x}", u32::from(c)))),
        ("braces", each(|c| format!("\\u{{{:x}}}", u32::from(c)))),
        ("hex escape", each(|c| format!("\\x{:02x}", u32::from(c)))),
        ("octal", each(|c| format!("\\{:03o}", u32::from(c)))),
        ("entity", each(|c| format!("&#{};", u32::from(c)))),
        ("entity without its end", each(|c| format!("&#{}", u32::from(c)))),
        ("entity in hex", each(|c| format!("&#x{:X};", u32::from(c)))),
        ("entity twice", each(|c| format!("&amp;#{};", u32::from(c)))),
        ("quoted printable", each(|c| format!("={:02X}", u32::from(c)))),
        ("code points", each(|c| format!("U+{:04X} ", u32::from(c)))),
        ("decimal", each(|c| format!("{} ", u32::from(c)))),
        ("hex bytes", each(|c| format!("0x{:02x}, ", u32::from(c)))),
        ("hex with colons", each(|c| format!("{:02x}:", u32::from(c)))),
        ("hex", hex::encode(secret)),
        ("base64", base64::engine::general_purpose::STANDARD.encode(secret)),
        ("wide", each(wide)),
        ("other case", each(swapped)),
        ("soft hyphens", apart("\u{ad}")),
        ("nothing between", apart("\u{200b}")),
        ("accents", apart("\u{301}")),
        ("blanks", apart(" ")),
        ("dashes", apart("-")),
        ("tags", apart("<i></i>")),
        ("colours", apart("\x1b[1m")),
        ("zeros", apart("\0")),
        ("three and three", words(3)),
        ("seven and seven", words(7)),
        ("back to front", secret.chars().rev().collect()),
        ("shifted", String::from_utf8(shifted(secret.as_bytes())).unwrap()),
    ]
}

#[test]
fn an_echo_in_no_notation_shows_six_letters_of_a_secret_in_a_row() {
    let secret = "Zk3f9QpLw7RtXb2N";
    let secrets = Secrets::of(&settings(&format!("https://h.example/v3/{secret}"), None));
    for (name, echo) in notations(secret) {
        for text in [format!("no such project: {echo}"), format!("{echo} is over its limit"), format!("key={echo}")] {
            let shown = secrets.foreign(&text);
            assert!(shown.contains(HIDDEN), "{name}: {text} became {shown}");
            assert_eq!(leaked(&shown, secret), None, "{name}: {text} became {shown}");
        }
    }
}

/// Six letters of the secret that are shown, forwards or backwards, however they are spelt.
fn leaked(shown: &str, secret: &str) -> Option<String> {
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let shown = letters(&normal(&shown.replace(HIDDEN, " ")).unwrap());
    let secret = letters(secret);
    let back: String = secret.chars().rev().collect();
    [secret, back].iter().find_map(|secret| {
        let pieces = secret.as_bytes().windows(PIECE).map(|piece| String::from_utf8_lossy(piece).into_owned());
        pieces.into_iter().find(|piece| shown.contains(piece.as_str()))
    })
}

#[test]
fn a_secret_at_the_cut_is_hidden_too() {
    let secrets = Secrets::of(&settings("https://h.example/v2/0123456789abcdef0123456789abcdef", None));
    for padding in 0..300 {
        let text = format!("{}{}", "x ".repeat(padding), "0123456789abcdef0123456789abcdef");
        assert!(!secrets.foreign(&text).contains("0123"), "{padding}");
        let text = format!("{}{}", " ".repeat(LOOK - 40 + padding), "0123456789abcdef0123456789abcdef");
        assert!(!secrets.foreign(&text).contains("0123"), "{padding}");
        assert!(!secrets.foreign_bytes(text.as_bytes()).contains("0123"), "{padding}");
    }
}

#[test]
fn its_own_form_shows_nothing() {
    let secrets = Secrets::of(&settings("https://u:pw@h.example/s3cr3tk3y", Some("Bearer t0k3n")));
    assert_eq!(format!("{secrets:?}"), "Secrets(<hidden>)");
}

proptest! {
    #[test]
    fn no_random_secret_survives_in_any_surroundings(secret in "[A-Za-z0-9_.~+/=-]{8,40}", before in ".{0,30}", after in ".{0,30}") {
        let encoded = percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC).to_string();
        let secrets = Secrets::of(&settings(&format!("https://h.example/rpc?key={encoded}"), None));
        let base64 = base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret}{after}"));
        for form in [secret.clone(), encoded] {
            let shown = secrets.foreign(&format!("{before} {form}{after}"));
            prop_assert!(!shown.contains(&form), "{}", shown);
        }
        let shown = secrets.foreign(&base64);
        prop_assert!(shown.contains(HIDDEN) || base64.len() > 200, "{}", shown);
    }

    #[test]
    fn no_random_secret_is_shown_in_any_notation(secret in "[A-Za-z0-9]{10,40}", before in "[a-z ]{0,30}") {
        let secrets = Secrets::of(&settings(&format!("https://h.example/{secret}"), None));
        for (name, echo) in notations(&secret) {
            let shown = secrets.foreign(&format!("{before} {echo}"));
            prop_assert_eq!(leaked(&shown, &secret), None, "{}: {}", name, shown);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", cut in 0_usize..200) {
        let secrets = Secrets::of(&settings("https://a:b@h.example/päth-of-gold?%C3", None));
        let _ = secrets.foreign(&text);
        let bytes = text.as_bytes();
        let _ = secrets.foreign_bytes(&bytes[cut.min(bytes.len())..]);
    }
}
