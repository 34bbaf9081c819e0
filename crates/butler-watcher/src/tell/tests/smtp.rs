//! Letters by a real mail server: over TLS under an authority of our own, with a password, within its limits, and by its codes.

use std::time::Duration;

use butler_core::config::{EmailConfig, MailTls};
use butler_testkit::chat::{MailTls as HouseTls, SmtpHouse, SmtpHouseSettings};

use super::lanes::manner;
use crate::tell::channels::channel::{Answer, Channel as _, Letter};
use crate::tell::channels::email::Email;

const LOGIN: (&str, &str) = ("butler", "p4ss-of-the-mail");
const LETTER: Letter<'_> =
    Letter { id: "0011aa", title: "butler: 3 to tell (größer)", text: "butler\n• größer\n" };
/// The two ways in which a password may travel.
const SAFE: [(MailTls, HouseTls); 2] =
    [(MailTls::Implicit, HouseTls::Implicit), (MailTls::StartTls, HouseTls::StartTls)];

/// A server that takes letters of at most 20,000 bytes; `None` where none can be started.
fn house(tls: HouseTls, login: Option<(&str, &str)>) -> Option<SmtpHouse> {
    SmtpHouse::start(SmtpHouseSettings { tls, login, size_limit: 20_000 }).unwrap()
}

fn config(house: &SmtpHouse, tls: MailTls, login: Option<(&str, &str)>, to: &[&str]) -> EmailConfig {
    EmailConfig {
        name: "mail".to_owned(),
        host: "localhost".to_owned(),
        port: house.port(),
        tls,
        ca_file: Some(house.ca_file()),
        login: login.map(|(user, password)| (user.to_owned(), password.to_owned().into())),
        from: "butler@example.com".to_owned(),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
        timeout: Duration::from_secs(20),
        manner: manner(),
    }
}

async fn sent(config: &EmailConfig, letter: Letter<'_>) -> Answer {
    Email::new(config).unwrap().send(letter).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_reads_the_letter_as_it_was_written_and_it_went_over_tls_with_a_password() {
    for (tls, house_tls) in SAFE {
        let Some(house) = house(house_tls, Some(LOGIN)) else { return };
        let config = config(&house, tls, Some(LOGIN), &["ops@example.com", "night@example.com"]);
        let text = ["butler\n• größer @ops\n.\n..two\n", &"long ".repeat(400), "\n"].concat();
        // Again over the same connection, and over one of its own.
        let email = Email::new(&config).unwrap();
        for _ in 0..2 {
            assert_eq!(email.send(Letter { text: &text, ..LETTER }).await, Answer::Taken, "{tls:?}");
        }
        assert_eq!(sent(&config, Letter { text: &text, ..LETTER }).await, Answer::Taken, "{tls:?}");
        let letters = house.letters(3).unwrap();
        assert!(letters.iter().all(|letter| *letter == letters[0]), "{letters:#?}");
        let letter = &letters[0];
        // A letter ends in a line of its own.
        assert_eq!((letter.text.trim_end(), letter.subject.as_str()), (text.trim_end(), LETTER.title));
        assert_eq!(
            (letter.id.as_str(), letter.content_type.as_str()),
            ("<0011aa@example.com>", "text/plain; charset=\"utf-8\"")
        );
        assert_eq!((letter.from.as_str(), letter.to.as_slice()), ("butler@example.com", config.to.as_slice()));
        assert_eq!((letter.is_safe, letter.user.as_deref(), letter.faults.len()), (true, Some("butler"), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_refuses_wrong_passwords_none_and_too_much_and_takes_what_is_short() {
    for (tls, house_tls) in SAFE {
        let Some(house) = house(house_tls, Some(LOGIN)) else { return };
        let with = |login| config(&house, tls, login, &["ops@example.com"]);
        let wrong = sent(&with(Some(("butler", "another-password"))), LETTER).await;
        assert_eq!(wrong, Answer::Refused("answers 535".to_owned()), "{tls:?}");
        assert_eq!(sent(&with(None), LETTER).await, Answer::Refused("answers 530".to_owned()), "{tls:?}");
        let long = "a line that is one of many\n".repeat(1_000);
        let too_much = sent(&with(Some(LOGIN)), Letter { text: &long, ..LETTER }).await;
        assert_eq!(too_much, Answer::Refused("answers 552".to_owned()), "{tls:?}");
        assert_eq!(sent(&with(Some(LOGIN)), LETTER).await, Answer::Taken);
        assert_eq!(house.letters(1).unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_codes_of_a_real_server_say_whether_it_is_tried_again() {
    let Some(house) = house(HouseTls::StartTls, None) else { return };
    for (to, expected) in [
        ("rcpt-450@example.com", Answer::Later { after: None, why: "answers 450".to_owned() }),
        ("rcpt-550@example.com", Answer::Refused("answers 550".to_owned())),
        ("data-451@example.com", Answer::Later { after: None, why: "answers 451".to_owned() }),
        ("data-554@example.com", Answer::Refused("answers 554".to_owned())),
    ] {
        // One of several keeps it from all of them.
        let config = config(&house, MailTls::StartTls, None, &["ops@example.com", to]);
        assert_eq!(sent(&config, LETTER).await, expected, "{to}");
    }
    assert_eq!(sent(&config(&house, MailTls::StartTls, None, &["ops@example.com"]), LETTER).await, Answer::Taken);
    assert_eq!(house.letters(1).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_that_nobody_vouches_for_or_that_has_no_tls_gets_neither_letter_nor_password() {
    for (tls, house_tls) in SAFE {
        let Some(house) = house(house_tls, Some(LOGIN)) else { return };
        let with = config(&house, tls, Some(LOGIN), &["ops@example.com"]);
        let stranger = EmailConfig { ca_file: None, ..with.clone() };
        let other_name = EmailConfig { host: "127.0.0.2".to_owned(), ..with.clone() };
        for refused in [stranger, other_name] {
            let answer = sent(&refused, LETTER).await;
            assert!(matches!(&answer, Answer::Later { why, .. } if why.starts_with("does not answer (")), "{answer:?}");
        }
        assert_eq!(sent(&with, LETTER).await, Answer::Taken);
        assert_eq!(house.letters(1).unwrap().len(), 1);
    }
    let Some(plain) = house(HouseTls::Nothing, None) else { return };
    let asks_for_tls = config(&plain, MailTls::StartTls, Some(LOGIN), &["ops@example.com"]);
    assert!(matches!(sent(&asks_for_tls, LETTER).await, Answer::Later { .. }));
    let readable = config(&plain, MailTls::Nothing, None, &["ops@example.com"]);
    assert_eq!(sent(&readable, LETTER).await, Answer::Taken);
    assert_eq!(plain.letters(1).unwrap().len(), 1);
}
