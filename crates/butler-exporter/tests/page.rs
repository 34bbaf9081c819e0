//! The page as a browser has it: headless Chromium on the devnet, on a desk and on a phone.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "only its world is used here")]
mod expected;
#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use butler_testkit::browser::Browser;
use expected::World;
use support::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_what_needs_attention_first() {
    let Some(browser) = Browser::found() else { return };
    let bench = Bench::start().await;
    let _world = World::stand_up(&bench).await;
    let program = bench.run().await;
    program.when_scraped("devnet", "nodes").await;
    program.when_scraped("devnet", "l1").await;
    let url = format!("http://{}/", program.address);
    let dom = browser.dom(&url).unwrap();
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
    for (name, size) in [("wide", (1280, 1500)), ("narrow", (412, 2400))] {
        let picture = browser.picture(&url, size, &format!("page-{name}.png")).unwrap();
        // A page that is shown is more than a plain ground.
        assert!(std::fs::metadata(&picture).unwrap().len() > 20_000, "{}", picture.display());
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
