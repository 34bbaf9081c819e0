//! Where people are told is read strictly, and its secrets come from files that nobody else may read.

use std::os::unix::fs::PermissionsExt as _;

use butler_core::config::{Config, MailTls};
use butler_core::domain::action::Priority;
use butler_core::store::file::save_atomic;
use secrecy::ExposeSecret as _;

use crate::config_case::{BASE, case, refused};

const TOKEN: &str = "123456:AA-bb_cc";
const MAIL: &str =
    "[[watcher.email]]\nname = \"mail\"\nhost = \"mail.example\"\nfrom = \"b@example.com\"\nto = [\"o@example.com\"]\n";

/// What is said of a section that must be refused.
fn fault(section: &str) -> String {
    let message =
        refused(format!("{BASE}{section}"), &[("TOKEN", TOKEN), ("SHORT", "hunter2"), ("PASSWORD", "hunter2")]);
    assert!(!message.contains("hunter2") && !message.contains(TOKEN), "{message}");
    message
}

#[test]
fn every_kind_of_channel_is_read_with_its_defaults() {
    let text = format!(
        "{BASE}[[watcher.webhooks]]\nname = \"hook\"\nurl = \"http://a\"\nsecret_env = \"SECRET\"\n\
         [[watcher.discord]]\nname = \"d\"\nurl_env = \"URL\"\nmin_priority = \"high\"\nquiet_hours = \"22:00-07:00\"\ntemplate = \"{{why}}\"\n\
         [[watcher.slack]]\nurl_env = \"URL\"\nmessages_per_minute = 1\n\
         [[watcher.telegram]]\nname = \"t\"\ntoken_env = \"TOKEN\"\nchat_id = \"@ops\"\n\
         {MAIL}user = \"u\"\npassword_env = \"PASSWORD\"\ntls = \"starttls\"\n"
    );
    let variables = [
        ("SECRET", "0123456789abcdef"),
        ("URL", "https://hooks.example/services/s3cr3t"),
        ("TOKEN", TOKEN),
        ("PASSWORD", "hunter2"),
    ];
    let config = Config::load(&case(text.as_bytes(), &variables).sources).unwrap();
    let (watcher, shown) = (&config.watcher, config.render());
    assert_eq!((watcher.webhooks.len(), watcher.chats.len()), (1, 4));
    assert!(watcher.webhooks[0].secret.is_some());
    let [discord, slack] = [&watcher.chats.discord[0], &watcher.chats.slack[0]];
    assert_eq!((discord.manner.min_priority, discord.manner.messages_per_minute), (Priority::High, 6));
    assert!(discord.manner.template.is_some() && slack.manner.template.is_none());
    assert_eq!((slack.endpoint.name.as_str(), slack.manner.messages_per_minute), ("hooks.example", 1));
    let telegram = &watcher.chats.telegram[0].endpoint;
    assert_eq!(telegram.url.expose().as_str(), format!("https://api.telegram.org/bot{TOKEN}/sendMessage"));
    let mail = &watcher.chats.email[0];
    assert_eq!((mail.port, mail.tls), (587, MailTls::StartTls));
    assert!(mail.login.as_ref().is_some_and(|(_, password)| password.expose_secret() == "hunter2"));
    for text in [shown, format!("{config:?}")] {
        for secret in ["s3cr3t", "AA-bb_cc", "0123456789abcdef", "hunter2"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn what_cannot_be_told_is_refused_with_its_key() {
    for (section, key, why) in [
        ("[[watcher.discord]]\n", "watcher.discord[0]", "this endpoint has no URL"),
        ("[[watcher.slack]]\nurl = \"http://a\"\nbasic_user = \"x\"\n", "watcher.slack[0].basic_user", "unknown key"),
        (
            "[[watcher.slack]]\nurl = \"http://a\"\nquiet_hours = \"22-7\"\n",
            "watcher.slack[0].quiet_hours",
            "a part of the day",
        ),
        (
            "[[watcher.slack]]\nurl = \"http://a\"\ntemplate = \"{whom}\"\n",
            "watcher.slack[0].template",
            "a field that does not exist",
        ),
        (
            "[[watcher.slack]]\nurl = \"http://a\"\nmin_priority = \"low\"\n",
            "watcher.slack[0].min_priority",
            "urgent, high or normal",
        ),
        (
            "[[watcher.slack]]\nurl = \"http://a\"\nmessages_per_minute = 0\n",
            "watcher.slack[0].messages_per_minute",
            "1 to 60",
        ),
        ("[[watcher.telegram]]\nname = \"t\"\nchat_id = \"1\"\n", "watcher.telegram[0]", "no token"),
        (
            "[[watcher.telegram]]\nname = \"t\"\ntoken_env = \"SHORT\"\nchat_id = \"1\"\n",
            "watcher.telegram[0].token_env",
            "a number, a colon",
        ),
        (
            "[[watcher.telegram]]\nname = \"t\"\ntoken_env = \"TOKEN\"\nchat_id = \"ops\"\n",
            "watcher.telegram[0].chat_id",
            "a chat is a number",
        ),
        (
            "[[watcher.webhooks]]\nurl = \"http://a\"\nsecret_env = \"SHORT\"\n",
            "watcher.webhooks[0].secret_env",
            "at least 16 characters",
        ),
        (
            "[[watcher.email]]\nname = \"m\"\nhost = \"a\"\nfrom = \"x\"\nto = []\n",
            "watcher.email[0].from",
            "an address such as",
        ),
        (
            "[[watcher.slack]]\nname = \"x\"\nurl = \"http://a\"\n[[watcher.discord]]\nname = \"x\"\nurl = \"http://b\"\n",
            "watcher.slack[0].name",
            "two channels are called `x`",
        ),
        ("[[watcher.slack]]\nname = \"log\"\nurl = \"http://a\"\n", "watcher.slack[0].name", "called `log`"),
        ("[[watcher.slack]]\nname = \"a \"\nurl = \"http://a\"\n", "watcher.slack[0].name", "no blank at its ends"),
        ("[[watcher.slack]]\nname = \"a\\u200b\"\nurl = \"http://a\"\n", "watcher.slack[0].name", "nobody sees"),
        ("[[watcher.webhooks]]\nname = \"log \"\nurl = \"http://a\"\n", "watcher.webhooks[0].name", "called `log`"),
        (
            "[[watcher.slack]]\nname = \"on call\"\nurl = \"http://a\"\n[[watcher.slack]]\nname = \"on  call\"\nurl = \"http://b\"\n",
            "watcher.slack[1].name",
            "two channels are called `on  call`",
        ),
        ("[watcher]\napprovers = [\"65534\"]\n", "watcher.approvers", "whoever the kernel cannot name"),
    ] {
        let message = fault(section);
        assert!(message.contains(key) && message.contains(why), "{section}\n{message}");
    }
    for (more, key, why) in [
        ("user = \"u\"\n", "user", "a user without a password"),
        ("password_env = \"PASSWORD\"\n", "password_env", "a password without `user`"),
        ("user = \"u\"\npassword_env = \"PASSWORD\"\ntls = \"none\"\n", "password_env", "would travel readable"),
        ("tls = \"ssl\"\n", "tls", "implicit, starttls or none"),
    ] {
        let message = fault(&format!("{MAIL}{more}"));
        assert!(message.contains(&format!("watcher.email[0].{key}")) && message.contains(why), "{more}\n{message}");
    }
}

#[test]
fn a_secret_of_a_channel_that_others_may_read_is_refused() {
    for section in [
        "[[watcher.discord]]\nurl_file = \"secret\"\n",
        "[[watcher.webhooks]]\nurl = \"http://a\"\nsecret_file = \"secret\"\n",
        "[[watcher.telegram]]\nname = \"t\"\nchat_id = \"1\"\ntoken_file = \"secret\"\n",
    ] {
        for (mode, is_good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            let case = case(format!("{BASE}{section}").as_bytes(), &[]);
            let path = case.folder.path().join("secret");
            let text = if section.contains("url_file") { "https://hooks.example/x" } else { "123456:0123456789abcdef" };
            save_atomic(&path, text.as_bytes(), mode).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let said = Config::load(&case.sources).err().map(|error| error.to_string());
            let is_right = said.as_ref().map_or(is_good, |said| !is_good && said.contains("chmod 600"));
            assert!(is_right, "{section} {mode:o}: {said:?}");
        }
    }
}
