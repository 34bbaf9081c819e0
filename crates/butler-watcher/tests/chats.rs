//! What is told reaches people, whole and grouped, through failures, a restart and secrets, by the real program.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and its files are its own")]

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use butler_testkit::chat::{Kind, MailServer, MailTls, Platform, Reply};
use butler_testkit::devnet::Move;

use crate::support::person::{begun, cli_as, own, text, wait_for};
use crate::support::{Bench, Watcher, path_in, posted};

/// What must be in nothing that the program writes.
const PLANTED: [&str; 5] = [
    "d1sc0rd-t0ken-planted",
    "sl4ck-t0ken-planted",
    "7654321:telegr4m-t0ken-planted",
    "w3bh00k-secret-planted",
    "m4il-passw0rd-planted",
];

/// A file of a secret, in the bench's folder.
fn secret(bench: &Bench, name: &str, text: &str) {
    let path = path_in(bench, name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The secrets that are found in a text, as they are or in another form.
fn planted_in(text: &str) -> Vec<&'static str> {
    let forms = |secret: &str| {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        [secret.to_owned(), hex, secret.replace(':', "%3A")]
    };
    PLANTED.into_iter().filter(|secret| forms(secret).iter().any(|form| text.contains(form.as_str()))).collect()
}

/// What the socket answers to a question.
fn asked(bench: &Bench, question: &str) -> String {
    let mut stream = UnixStream::connect(path_in(bench, "run/watcher/control.sock")).unwrap();
    stream.write_all(posted(question).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

async fn taken(watcher: &Watcher, channel: &str) -> f64 {
    let series = format!("butler_watcher_told_total{{channel=\"{channel}\",result=\"success\"}}");
    watcher.metric(&series).await.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_in_few_messages_everywhere_through_a_restart_and_no_secret_is_in_any_output() {
    let bench = Bench::start().await;
    bench.settle().await;
    let discord = Platform::start(Kind::Discord, PLANTED[0], &[Reply::TooOften(200)]).await.unwrap();
    let slack = Platform::start(Kind::Slack, PLANTED[1], &[Reply::Status(500)]).await.unwrap();
    let telegram = Platform::start(Kind::Telegram, PLANTED[2], &[Reply::Nonsense]).await.unwrap();
    let webhook = Platform::start(Kind::Webhook, "hook", &[]).await.unwrap();
    // `butler` and its password.
    let login = "AGJ1dGxlcgBtNGlsLXBhc3N3MHJkLXBsYW50ZWQ=";
    let mail = MailServer::start(MailTls::Implicit, Some(login), &["451 later"]).await.unwrap();
    secret(&bench, "discord", &discord.url());
    secret(&bench, "slack", &slack.url());
    secret(&bench, "telegram", PLANTED[2]);
    secret(&bench, "webhook", PLANTED[3]);
    secret(&bench, "mail", PLANTED[4]);
    let config = bench.config().replace("[watcher]\n", "[watcher]\nruntime_directory = \"run\"\n");
    bench.configure(&format!(
        "{config}[[watcher.webhooks]]\nname = \"pager\"\nurl = \"{}\"\nsecret_file = \"webhook\"\n\
         [[watcher.discord]]\nname = \"discord\"\nurl_file = \"discord\"\n\
         [[watcher.slack]]\nname = \"slack\"\nurl_file = \"slack\"\n\
         [[watcher.telegram]]\nname = \"telegram\"\ntoken_file = \"telegram\"\nchat_id = \"-1001\"\napi_url = \"{}\"\n\
         [[watcher.email]]\nname = \"mail\"\nhost = \"localhost\"\nport = {}\nuser = \"butler\"\npassword_file = \"mail\"\n\
         from = \"butler@example.com\"\nto = [\"ops@example.com\"]\nca_file = \"{}\"\n",
        webhook.url(),
        telegram.url(),
        mail.port(),
        mail.ca_file().unwrap().display(),
    ));
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    let texts = || {
        let letters = mail.letters().into_iter().map(|letter| letter.text).collect();
        [("discord", discord.texts()), ("slack", slack.texts()), ("telegram", telegram.texts()), ("mail", letters)]
    };
    let all_have = |count: usize| texts().iter().all(|(_, texts)| texts.len() >= count).then_some(());
    watcher.until("two messages everywhere", async || all_have(2)).await;
    let first = watcher.kill();
    // What happens meanwhile is told afterwards.
    bench.chain.play(Move::SetTakeRate { provider: 1, rate: 777 }).await.unwrap();
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    let says = || texts().iter().all(|(_, texts)| texts.iter().any(|text| text.contains("777"))).then_some(());
    watcher.until("the take rate everywhere", async || says()).await;
    watcher.until("a last success", async || (taken(&watcher, "mail").await >= 1.0).then_some(())).await;
    let metrics = watcher.get("/metrics").await;
    for channel in ["discord", "slack", "telegram", "mail", "pager"] {
        assert!(
            metrics.contains(&format!("butler_watcher_channel_up{{channel=\"{channel}\"}} 1")),
            "{channel}: {metrics}"
        );
    }
    let socket = [
        r#"{"version":1,"ask":"status"}"#,
        r#"{"version":1,"ask":{"actions":{"phase":null,"after":null,"limit":100}}}"#,
        r#"{"version":1,"ask":{"history":{"after":0,"limit":500}}}"#,
    ]
    .map(|question| asked(&bench, question));
    let (_, second) = watcher.stop();
    for (name, texts) in texts() {
        // A hundred things and more: what was due at once came together.
        assert!(texts.len() <= 8, "{name} got {}: {texts:#?}", texts.len());
        assert!(texts.iter().any(|text| text.contains(" to tell ")), "{name}: {texts:#?}");
        let mut distinct = texts.clone();
        distinct.dedup();
        assert!(texts.len() - distinct.len() <= 1, "{name}: {texts:#?}");
    }
    for platform in [&discord, &slack, &telegram] {
        assert_eq!(platform.refused(), Vec::<String>::new());
    }
    assert_eq!(mail.faults(), Vec::<String>::new());
    assert!(webhook.taken().iter().all(|message| message.signature.is_some() && message.body["retracted"] == false));
    let export = {
        use butler_watcher::journal::{Journal as _, Keeper, Settings};
        let keeper =
            Keeper::open(&butler_watcher::program::journal_directory(&path_in(&bench, "state")), Settings::default());
        let (mut export, keeper) = (Vec::new(), keeper.unwrap());
        keeper.export(&mut export).unwrap();
        let history = serde_json::to_string(&keeper.history(0, 100_000).unwrap()).unwrap();
        String::from_utf8(export).unwrap() + &history
    };
    for (name, text) in
        [("log", first + &second), ("metrics", metrics), ("socket", socket.concat()), ("journal", export)]
    {
        assert_eq!(planted_in(&text), Vec::<&str>::new(), "in the {name}");
        assert!(!text.is_empty() && !text.contains(login), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_dead_or_hangs_keeps_nothing_from_another_one_and_is_shown_as_down() {
    let bench = Bench::start().await;
    bench.settle().await;
    let good = Platform::start(Kind::Discord, PLANTED[0], &[]).await.unwrap();
    let hanging = Platform::start(Kind::Slack, PLANTED[1], &[Reply::Hang; 50]).await.unwrap();
    let gone = Platform::start(Kind::Slack, PLANTED[1], &[Reply::Status(404); 1000]).await.unwrap();
    for (name, platform) in [("good", &good), ("hanging", &hanging), ("gone", &gone)] {
        secret(&bench, name, &platform.url());
    }
    bench.configure(&format!(
        "{}[[watcher.slack]]\nname = \"hanging\"\nurl_file = \"hanging\"\ntimeout = \"1s\"\n\
         [[watcher.slack]]\nname = \"gone\"\nurl_file = \"gone\"\n\
         [[watcher.discord]]\nname = \"good\"\nurl_file = \"good\"\n",
        bench.config()
    ));
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    watcher.until("two messages", async || (good.texts().len() >= 2).then_some(())).await;
    let down = async |name: &str| {
        let up = watcher.metric(&format!("butler_watcher_channel_up{{channel=\"{name}\"}}")).await?;
        let waiting = watcher.metric(&format!("butler_watcher_channel_waiting{{channel=\"{name}\"}}")).await?;
        (up == 0.0 && waiting > 0.0).then_some(())
    };
    watcher.until("the one that hangs is down", async || down("hanging").await).await;
    watcher.until("the one that is gone is down", async || down("gone").await).await;
    let (_, log) = watcher.stop();
    assert!(hanging.texts().is_empty() && gone.texts().is_empty());
    let line =
        |name: &str, why: &str| log.lines().filter(|line| line.contains(&format!("the channel {name} {why}"))).count();
    assert_eq!((line("gone", "answers 404"), line("hanging", "does not answer (timeout)")), (1, 1), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_others_may_read_is_refused_before_anything_starts() {
    let bench = Bench::start().await;
    secret(&bench, "discord", "https://discord.com/api/webhooks/1/x");
    std::fs::set_permissions(path_in(&bench, "discord"), std::fs::Permissions::from_mode(0o644)).unwrap();
    bench.configure(&format!("{}[[watcher.discord]]\nname = \"ops\"\nurl_file = \"discord\"\n", bench.config()));
    let (code, log) = bench.watch().ended().await;
    assert!(code == 3 && log.contains("watcher.discord[0].url_file") && log.contains("chmod 600"), "{code}: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_once_what_waits_for_an_approval_and_the_command_that_gives_it() {
    let bench = begun("", "").await;
    let discord = Platform::start(Kind::Discord, PLANTED[0], &[]).await.unwrap();
    secret(&bench, "discord", &discord.url());
    bench.configure(&format!(
        "{}[[watcher.discord]]\nname = \"ops\"\nurl_file = \"discord\"\ntemplate = \"{{priority}}! {{why}}\"\n",
        bench.config()
    ));
    let watcher = bench.watch();
    for _ in 0..2 {
        bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    }
    bench.settle().await;
    // One whose answer nobody saw before the kill comes twice.
    let texts = || {
        let mut texts = discord.texts();
        texts.dedup();
        texts
    };
    let told = || texts().join("\n").matches("• urgent! waits for an approval").count();
    let commands = || texts().join("\n").matches("actions approve ").count();
    watcher.until("two notices", async || (told() == 2).then_some(())).await;
    watcher.kill();
    let watcher = bench.watch();
    bench.chain.play(Move::SetTakeRate { provider: 1, rate: 777 }).await.unwrap();
    bench.settle().await;
    watcher
        .until("what comes later", async || discord.texts().iter().any(|text| text.contains("777")).then_some(()))
        .await;
    assert_eq!((told(), commands()), (2, 2), "{:#?}", discord.texts());
    assert_eq!(discord.refused(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_approves_in_time_is_told_once_everywhere_and_tried_again_it_asks_again_through_kills() {
    let keys = format!("approvers = [\"{}\"]\napproval_expiry = \"8s\"\n", own());
    let bench = begun(&keys, "").await;
    let discord = Platform::start(Kind::Discord, PLANTED[0], &[]).await.unwrap();
    let webhook = Platform::start(Kind::Webhook, "hook", &[]).await.unwrap();
    secret(&bench, "discord", &discord.url());
    bench.configure(&format!(
        "{}[[watcher.discord]]\nname = \"ops\"\nurl_file = \"discord\"\n[[watcher.webhooks]]\nname = \"pager\"\nurl = \"{}\"\n",
        bench.config(),
        webhook.url()
    ));
    // One whose answer nobody saw before a kill comes twice, under its id where there is one.
    let said = |what: &str| {
        let mut texts = discord.texts();
        texts.dedup();
        texts.join("\n").matches(what).count()
    };
    let posted = |kind: &str| {
        let of_kind = webhook.taken().into_iter().map(|message| message.body).filter(|body| body["kind"] == kind);
        let of_kind = of_kind.filter(|body| body["count"] == 1);
        of_kind.map(|body| body["id"].to_string()).collect::<std::collections::BTreeSet<_>>().len()
    };
    let watcher = bench.watch();
    bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    bench.settle().await;
    let row = wait_for(&bench, &watcher, "parked", 1).await.remove(0);
    watcher.kill();
    let watcher = bench.watch();
    watcher.until("the parked one", async || (said("is parked") == 1 && posted("parked") == 1).then_some(())).await;
    assert!(said("nobody approved it in time") == 1 && said("waits for an approval\\:") == 1, "{:#?}", discord.texts());
    let rows = wait_for(&bench, &watcher, "parked", 1).await;
    assert_eq!(text(&rows[0], "key"), text(&row, "key"));
    let retry = ["--json", "actions", "retry", text(&rows[0], "key"), "--shown", text(&rows[0], "shown")];
    let (code, _, said_by_it) = cli_as(&bench, own(), &retry).await;
    assert_eq!(code, 0, "{said_by_it}");
    let first = watcher.kill();
    let watcher = bench.watch();
    let asks = || said("waits for an approval again") == 1 && posted("approval_needed") == 1;
    watcher.until("the question again", async || asks().then_some(())).await;
    // And nobody answers again.
    watcher.until("parked again", async || (said("is parked") == 2 && posted("parked") == 2).then_some(())).await;
    let (_, second) = watcher.stop();
    assert!(asks(), "{:#?}", discord.texts());
    let log = first + &second;
    assert!(
        log.contains("is parked (`butler-cli actions retry ") && log.contains("waits for an approval again"),
        "{log}"
    );
    let numbers: std::collections::BTreeSet<u64> =
        webhook.taken().iter().filter_map(|message| message.body["sequence"].as_u64()).collect();
    let last = u64::try_from(numbers.len()).unwrap();
    assert_eq!(numbers.into_iter().collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
    assert_eq!(discord.refused(), Vec::<String>::new());
}
