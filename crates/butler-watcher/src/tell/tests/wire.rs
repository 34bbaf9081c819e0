//! Each channel against a fake that holds to its platform's limits, and answers as badly as the real ones may.

use std::time::Duration;

use butler_core::config::{
    ChatConfig, EmailConfig, EndpointConfig, EndpointUrl, MailTls, Manner, TelegramConfig, WebhookConfig,
};
use butler_core::domain::action::{ActionKind, Priority};
use butler_testkit::chat::{Kind, MailServer, MailTls as ServerTls, Platform, Reply};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::told;
use crate::tell::channels::channel::{Answer, Channel, Letter};
use crate::tell::channels::discord::Discord;
use crate::tell::channels::email::Email;
use crate::tell::channels::slack::Slack;
use crate::tell::channels::telegram::Telegram;
use crate::tell::channels::webhook::Webhook;
use crate::tell::digest::Digest;

const SECRET: &str = "123456:s3cr3t-of-the-channel";
const LETTER: Letter<'_> = Letter { id: "0011", title: "a title", text: "a text" };
/// The longest that a platform is waited for here.
const PATIENCE: Duration = Duration::from_millis(300);

fn manner() -> Manner {
    Manner { min_priority: Priority::Normal, messages_per_minute: 6, quiet_hours: None, template: None }
}

pub(super) fn endpoint(url: &str) -> EndpointConfig {
    EndpointConfig {
        name: "ops".to_owned(),
        url: EndpointUrl::parse(url).unwrap(),
        auth: None,
        timeout: PATIENCE,
        max_concurrency: 1,
        max_response_bytes: 65_536,
        max_batch: 1,
        ca_file: None,
        credits: Default::default(),
    }
}

fn channel(platform: &Platform, kind: Kind) -> Box<dyn Channel> {
    let chat = |url: &str| ChatConfig { endpoint: endpoint(url), manner: manner() };
    match kind {
        Kind::Discord => Box::new(Discord::new(&chat(&platform.url())).unwrap()),
        Kind::Slack => Box::new(Slack::new(&chat(&platform.url())).unwrap()),
        Kind::Telegram | Kind::Webhook => {
            let url = format!("{}/bot{SECRET}/sendMessage", platform.url());
            let config = TelegramConfig { endpoint: endpoint(&url), chat_id: "-1001".to_owned(), manner: manner() };
            Box::new(Telegram::new(&config).unwrap())
        }
    }
}

/// Without the signs that a backslash makes text of.
fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let mut left = String::new();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else {
            left.push(letter);
        }
    }
    left
}

const CHATS: [Kind; 3] = [Kind::Discord, Kind::Slack, Kind::Telegram];

#[tokio::test]
async fn the_longest_and_oddest_text_is_within_the_limits_of_each_platform_and_calls_nobody() {
    let odd =
        ["@everyone <@123> <!channel> *b* _i_ `c` https://evil.example/x [a](http://b) ", &"&<>_*".repeat(90)].concat();
    for kind in CHATS {
        let platform = Platform::start(kind, SECRET, &[]).await.unwrap();
        let channel = channel(&platform, kind);
        let mut digest = Digest::default();
        (0..10_000).for_each(|number| digest.plan(number + 1, told(ActionKind::Slashed, number, Priority::High, &odd)));
        let text = digest.text(channel.as_ref(), None);
        let answer = channel.send(Letter { text: &text, ..LETTER }).await;
        assert_eq!((answer, platform.refused()), (Answer::Taken, Vec::new()), "{kind:?}");
        let taken = platform.texts().remove(0);
        assert!(taken.contains("10000 to tell") && taken.contains(" more"), "{taken}");
        for link in ["@", "://", "evil.example"] {
            assert!(!taken.contains(link), "{kind:?} has {link}: {taken}");
        }
        // Telegram is not asked to look for markup.
        let marks: &[&str] = if kind == Kind::Telegram { &[] } else { &["<", "*", "`", " _i_"] };
        let shown = unescaped(&taken);
        for mark in marks {
            assert!(!shown.contains(mark), "{kind:?} has {mark}: {taken}");
        }
    }
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_as_the_platform_refuses_it() {
    for (kind, most) in CHATS.into_iter().zip([2000, 3000, 4096]) {
        let platform = Platform::start(kind, SECRET, &[]).await.unwrap();
        let channel = channel(&platform, kind);
        assert_eq!(channel.most(), most);
        let (fits, not) = ("x".repeat(most), "x".repeat(most + 1));
        assert_eq!(channel.send(Letter { text: &fits, ..LETTER }).await, Answer::Taken);
        assert_eq!(channel.send(Letter { text: &not, ..LETTER }).await, Answer::Refused("answers 400".to_owned()));
    }
}

#[tokio::test]
async fn asked_too_often_waits_as_long_as_the_platform_says_and_nothing_that_it_says_is_repeated() {
    for kind in CHATS {
        // One that closes a connection which was good before is asked once more at once, so that comes first.
        let script = [
            Reply::Silence,
            Reply::TooOften(1500),
            Reply::Status(500),
            Reply::Status(403),
            Reply::Nonsense,
            Reply::Hang,
            Reply::Status(302),
        ];
        let platform = Platform::start(kind, SECRET, &script).await.unwrap();
        let channel = channel(&platform, kind);
        let Answer::Later { after: None, why } = channel.send(LETTER).await else { panic!("{kind:?}") };
        assert!(why.starts_with("does not answer (") && platform.texts().len() == 1, "{why}");
        let Answer::Later { after: Some(wait), .. } = channel.send(LETTER).await else { panic!("{kind:?}") };
        let exact = if kind == Kind::Discord { 1500 } else { 2000 };
        assert_eq!(wait, Duration::from_millis(exact), "{kind:?}");
        for (reply, expected) in [
            (Reply::Status(500), "answers 500"),
            (Reply::Status(403), "answers 403"),
            (Reply::Nonsense, "answers 200, and not as "),
            (Reply::Hang, "does not answer (timeout)"),
            (Reply::Status(302), "answers 302"),
        ] {
            let answer = channel.send(LETTER).await;
            let (is_refused, why) = match &answer {
                Answer::Later { after: None, why } => (false, why.clone()),
                Answer::Refused(why) => (true, why.clone()),
                Answer::Taken | Answer::Later { .. } => panic!("{kind:?} to {reply:?}: {answer:?}"),
            };
            assert!(why.starts_with(expected) && !why.contains("s3cr3t"), "{kind:?} to {reply:?}: {why}");
            assert_eq!(is_refused, matches!(reply, Reply::Status(302 | 403)), "{kind:?} to {reply:?}");
        }
        assert_eq!(channel.send(LETTER).await, Answer::Taken);
        drop(platform);
        let Answer::Later { why, .. } = channel.send(LETTER).await else { panic!("{kind:?}") };
        assert!(why.starts_with("does not answer (") && !format!("{channel:?}").contains("s3cr3t"), "{why}");
    }
}

#[tokio::test]
async fn a_webhook_with_a_secret_signs_the_time_and_the_body() {
    use secrecy::SecretString;
    let platform = Platform::start(Kind::Webhook, SECRET, &[]).await.unwrap();
    let secret = "a secret of the two";
    let config =
        WebhookConfig { endpoint: endpoint(&platform.url()), secret: Some(SecretString::from(secret.to_owned())) };
    let webhook = Webhook::new(&config).unwrap();
    assert_eq!(webhook.post(Letter { text: "{\"why\":\"x\"}", ..LETTER }).await, Answer::Taken);
    let taken = platform.taken().remove(0);
    let (time, signature) = taken.signature.unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = ethers_core::utils::hex::decode(signature.strip_prefix("sha256=").unwrap()).unwrap();
    ring::hmac::verify(&key, format!("{time}.{}", taken.raw).as_bytes(), &tag).unwrap();
    assert!(!format!("{webhook:?}").contains(secret));
    let unsigned = Webhook::new(&WebhookConfig { endpoint: endpoint(&platform.url()), secret: None }).unwrap();
    assert_eq!(unsigned.post(Letter { text: "{}", ..LETTER }).await, Answer::Taken);
    assert!(platform.taken().remove(1).signature.is_none());
}

fn mail(server: &MailServer, tls: MailTls) -> EmailConfig {
    EmailConfig {
        name: "mail".to_owned(),
        host: "localhost".to_owned(),
        port: server.port(),
        tls,
        ca_file: server.ca_file(),
        login: None,
        from: "butler@example.com".to_owned(),
        to: vec!["ops@example.com".to_owned(), "night@example.com".to_owned()],
        timeout: Duration::from_secs(5),
        manner: manner(),
    }
}

/// `butler` and `p4ss-of-the-mail` for `AUTH PLAIN`.
const LOGIN: &str = "AGJ1dGxlcgBwNHNzLW9mLXRoZS1tYWls";

fn with_login(config: EmailConfig) -> EmailConfig {
    EmailConfig { login: Some(("butler".to_owned(), "p4ss-of-the-mail".to_owned().into())), ..config }
}

#[tokio::test]
async fn a_letter_is_whole_and_has_the_same_message_id_at_each_try() {
    for (tls, server_tls) in [
        (MailTls::Nothing, ServerTls::Nothing),
        (MailTls::Implicit, ServerTls::Implicit),
        (MailTls::StartTls, ServerTls::StartTls),
    ] {
        let login = (tls != MailTls::Nothing).then_some(LOGIN);
        // The first is taken and not acknowledged.
        let server = MailServer::start(server_tls, login, &["", "451 later", "554 never"]).await.unwrap();
        let config = if login.is_some() { with_login(mail(&server, tls)) } else { mail(&server, tls) };
        let email = Email::new(&config).unwrap();
        let text = ["butler\n• größer\n.\n..two\n", &"long ".repeat(400)].concat();
        let letter = Letter { id: "0011aa", title: "butler: 3 to tell (größer)", text: &text };
        let why = |answer: Answer| match answer {
            Answer::Later { why, .. } => why,
            other @ (Answer::Taken | Answer::Refused(_)) => panic!("{tls:?}: {other:?}"),
        };
        assert!(why(email.send(letter).await).starts_with("does not answer ("));
        assert_eq!(why(email.send(letter).await), "answers 451");
        assert_eq!(email.send(letter).await, Answer::Refused("answers 554".to_owned()));
        assert_eq!((email.send(letter).await, server.faults()), (Answer::Taken, Vec::new()), "{tls:?}");
        let letters = server.letters();
        let ids: Vec<_> = letters.iter().map(|letter| letter.header("Message-ID")).collect();
        assert_eq!(ids, [Some("<0011aa@example.com>".to_owned()), Some("<0011aa@example.com>".to_owned())]);
        let letter = &letters[0];
        assert_eq!((letter.from.as_str(), letter.to.len()), ("butler@example.com", 2));
        for name in ["Date", "Subject", "From", "To"] {
            assert!(letter.header(name).is_some_and(|value| value.is_ascii()), "{name} of {}", letter.text);
        }
        assert_eq!(letter.header("Content-Type").as_deref(), Some("text/plain; charset=utf-8"));
    }
}

#[tokio::test]
async fn a_mail_server_without_our_trust_a_wrong_password_and_one_that_is_dead_are_told_without_the_password() {
    let server = MailServer::start(ServerTls::Implicit, Some("other"), &[]).await.unwrap();
    let stranger = Email::new(&EmailConfig { ca_file: None, ..mail(&server, MailTls::Implicit) }).unwrap();
    let Answer::Later { why, .. } = stranger.send(LETTER).await else { panic!("it was trusted") };
    assert!(why.starts_with("does not answer ("), "{why}");
    let email = Email::new(&with_login(mail(&server, MailTls::Implicit))).unwrap();
    assert_eq!(email.send(LETTER).await, Answer::Refused("answers 535".to_owned()));
    assert!(!format!("{email:?}").contains("p4ss"), "{email:?}");
    // One that offers no TLS gets nothing.
    let plain = MailServer::start(ServerTls::Nothing, None, &[]).await.unwrap();
    let email = Email::new(&EmailConfig { ca_file: None, ..mail(&plain, MailTls::StartTls) }).unwrap();
    assert!(matches!(email.send(LETTER).await, Answer::Later { .. }) && plain.letters().is_empty());
    let config = mail(&plain, MailTls::Nothing);
    drop(plain);
    let dead = Email::new(&config).unwrap();
    assert!(matches!(dead.send(LETTER).await, Answer::Later { why, .. } if why == "does not answer (connection)"));
}

#[tokio::test]
async fn a_reply_of_a_mail_server_that_does_not_end_costs_one_try_and_nothing_else() {
    for (flood, tls) in [(&b"220-x\r\n"[..], MailTls::StartTls), (b"220-xxxxxxxxxxxxxxxx", MailTls::Nothing)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = EmailConfig {
            name: "mail".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
            tls,
            ca_file: None,
            login: None,
            from: "butler@example.com".to_owned(),
            to: vec!["ops@example.com".to_owned()],
            timeout: Duration::from_secs(60),
            manner: manner(),
        };
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            while stream.write_all(flood).await.is_ok() {}
        };
        let email = Email::new(&config).unwrap();
        let (answer, ()) = tokio::join!(email.send(LETTER), server);
        assert!(matches!(&answer, Answer::Later { why, .. } if why == "does not answer (connection)"), "{answer:?}");
    }
}
