//! The page as a browser has it: headless Chromium on the devnet, on a desk and on a phone.

use butler_testkit::browser::Browser;

use crate::expected::World;
use crate::support;
use crate::support::Bench;

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
    let page = text_of(&dom);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text:?} is not on the page: {dom}"));
    let missing = at(&format!("{}: it has no coinbase", bench.shown("A6")));
    let wrong = at(&format!("{}: its coinbase is ", bench.shown("A3")));
    assert!(at("Needs attention") < wrong && wrong < at("10 attesters") && missing < at("10 attesters"));
    let look = format!("butler-cli status --attester {} --network devnet", bench.shown("A6"));
    for link in [
        "/runbooks/ButlerCoinbaseMissing?network=devnet&amp;attester=0x",
        "/runbooks/ButlerPublisherDry?network=devnet&amp;publisher=0x",
        "state=ACTIVE",
    ] {
        assert!(dom.contains(link), "{link}: {dom}");
    }
    for text in [
        &*look,
        "alpha",
        "2 of them own",
        "Own deposits on their way",
        "Coinbases",
        "Runways",
        "Governance",
        "files for the next start: kept",
    ] {
        at(text);
    }
    assert_eq!(dom.matches("<script").count(), 0);
    assert!(!dom.contains("http-equiv"), "it asks for itself again only where somebody wants that");
    let attesters = browser.dom(&format!("{url}attesters?server=server-1&coinbase=missing")).unwrap();
    assert!(attesters.contains(&bench.shown("A6")) && !attesters.contains(&bench.shown("A3")), "{attesters}");
    let missing = browser.dom(&format!("{url}findings?kind=coinbase_missing&refresh=30")).unwrap();
    assert!(missing.contains(&bench.shown("A6")) && !missing.contains("its coinbase is "), "{missing}");
    assert!(missing.contains("content=\"30\"") && missing.contains(">stop</a>"), "{missing}");
    for (name, size) in [("wide", (1280, 1500)), ("narrow", (412, 2400))] {
        let picture = browser.picture(&url, size, &format!("page-{name}.png")).unwrap();
        // A page that is shown is more than a plain ground.
        assert!(std::fs::metadata(&picture).unwrap().len() > 20_000, "{}", picture.display());
    }
}

/// What stands between the tags.
fn text_of(html: &str) -> String {
    html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect()
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
    let runbook = program.get("/runbooks/ButlerNodeDown?node=alpha");
    assert!(
        runbook.head.contains("text/html") && runbook.text().contains("<h2>ButlerNodeDown</h2>"),
        "{}",
        runbook.head
    );
    // With one network only it is known which one is meant.
    assert!(runbook.text().contains("--network <b>mainnet</b>"), "{}", runbook.text());
    for written in [
        program.get("/runbooks/ButlerNodeDown.md"),
        program.request("GET", "/runbooks/ButlerNodeDown", &["Accept: text/markdown"]),
    ] {
        let text = written.text();
        assert!(written.head.contains("text/markdown") && text.starts_with("# ButlerNodeDown"), "{}", written.head);
    }
    assert!(program.get("/runbooks/").text().contains("/runbooks/ButlerWatcherDown"));
    for missing in ["/runbooks/README", "/runbooks/..%2fREADME", "/runbooks/x.md", "/runbooksx", "/attesters/"] {
        assert_eq!(program.get(missing).status, 404, "{missing}");
    }
    assert_eq!(program.request("POST", "/attesters", &["Content-Length: 0"]).status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_leads_to_the_watchers_page_where_one_is_configured() {
    let (folder, program) = support::idle("watcher_url = \"https://watcher.example.com/butler\"").await;
    assert!(program.get("/").text().contains("href=\"https://watcher.example.com/butler\""));
    let path = folder.path().join("butler.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("watcher_url", "# watcher_url");
    butler_core::store::file::save_atomic(&path, text.as_bytes(), 0o600).unwrap();
    support::wait_for("the page without it", || (!program.get("/").text().contains("watcher.example")).then_some(()))
        .await;
}
