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
    fn no_text_makes_it_panic(text in "\\PC{0,200}", cut in 0_usize..200) {
        let secrets = Secrets::of(&settings("https://a:b@h.example/päth-of-gold?%C3", None));
        let _ = secrets.foreign(&text);
        let bytes = text.as_bytes();
        let _ = secrets.foreign_bytes(&bytes[cut.min(bytes.len())..]);
    }
}
