//! The page as a browser has it: headless Chromium on the devnet, on a desk and on a phone.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "only its world is used here")]
mod expected;
#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::path::Path;
use std::process::{Command, Output};

use expected::World;
use support::{Bench, Program};

/// Whether the test with a browser is to be left out.
fn without_chromium() -> bool {
    std::env::var_os("BUTLER_SKIP_CHROMIUM").is_some_and(|value| value == "1")
}

/// Runs the browser on the page. It speaks to nobody but the program.
fn chromium(profile: &Path, program: &Program, arguments: &[&str]) -> Output {
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
        ])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .arg(format!("http://{}/", program.address))
        .output()
        .expect(
            "`chromium` is not on the PATH: `apt-get install chromium`, or set BUTLER_SKIP_CHROMIUM=1 to do without",
        );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    // What the policy forbids is told as a console message.
    assert!(!said.contains("Content Security Policy") && !said.contains("Refused to"), "{said}");
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_what_needs_attention_first() {
    if without_chromium() {
        return;
    }
    let bench = Bench::start().await;
    let _world = World::stand_up(&bench).await;
    let program = bench.run().await;
    program.when_scraped("devnet", "nodes").await;
    program.when_scraped("devnet", "l1").await;
    let profile = bench.path("chromium");
    let dom = String::from_utf8(chromium(&profile, &program, &["--dump-dom"]).stdout).unwrap();
    let at = |text: &str| dom.find(text).unwrap_or_else(|| panic!("{text:?} is not on the page: {dom}"));
    let missing = at(&format!("{}: it has no coinbase", bench.shown("A6")));
    let wrong = at(&format!("{}: its coinbase is ", bench.shown("A3")));
    assert!(at("Needs attention") < wrong && wrong < at("10 attesters") && missing < at("10 attesters"));
    for text in
        ["/runbooks/ButlerCoinbaseMissing", "/runbooks/ButlerPublisherDry", "<b>5</b> ACTIVE", "alpha", "2 of them own"]
    {
        at(text);
    }
    assert_eq!(dom.matches("<script").count(), 0);
    for (name, size) in [("wide", "1280,1500"), ("narrow", "412,2400")] {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{name}.png"));
        let _ = std::fs::remove_file(&path);
        let arguments = [format!("--screenshot={}", path.display()), format!("--window-size={size}")];
        chromium(&profile, &program, &arguments.each_ref().map(String::as_str));
        // A page that is shown is more than a plain ground.
        assert!(std::fs::metadata(&path).unwrap().len() > 20_000, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_forbids_what_it_does_not_need() {
    let (_folder, program) = support::idle("").await;
    let page = program.get("/");
    assert_eq!(page.status, 200);
    for header in [
        "content-security-policy: default-src 'none'; style-src 'sha256-",
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(page.head.contains(header), "{header} is not in {}", page.head);
    }
    let text = page.text();
    assert!(
        text.contains("scraper l1: nothing is known yet") || text.contains("scraper l1: its last scrape failed"),
        "{text}"
    );
    let runbook = program.get("/runbooks/ButlerNodeDown");
    assert!(runbook.head.contains("text/plain") && runbook.text().starts_with("# ButlerNodeDown"), "{}", runbook.head);
    for missing in ["/runbooks/", "/runbooks/README", "/runbooks/..%2fREADME", "/runbooks/ButlerNodeDown.md"] {
        assert_eq!(program.get(missing).status, 404, "{missing}");
    }
}
