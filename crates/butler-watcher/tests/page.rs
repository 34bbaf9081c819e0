//! The page of what waits, as a browser has it: headless Chromium, on a desk and on a phone.

use butler_testkit::browser::Browser;

use crate::support::person::{begun, stake};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_what_waits_for_a_person_first_with_the_command_that_decides() {
    let Some(browser) = Browser::found() else { return };
    let bench = begun("", "").await;
    let watcher = bench.watch();
    stake(&bench, 3).await;
    watcher.reached(bench.last_block().await).await;
    let url = format!("http://{}/", watcher.address().await);
    let dom = browser.dom(&url).unwrap();
    let at = |text: &str| dom.find(text).unwrap_or_else(|| panic!("{text:?} is not on the page: {dom}"));
    assert!(at("3 to decide on") < at("Waits for an approval") && at("Waits for an approval") < at("Networks"));
    assert_eq!(dom.matches(">butler-cli actions approve ").count(), 3, "{dom}");
    assert_eq!(dom.matches("<script").count(), 0);
    for (name, size) in [("wide", (1280, 1000)), ("narrow", (412, 1600))] {
        let picture = browser.picture(&url, size, &format!("watcher-page-{name}.png")).unwrap();
        // A page that is shown is more than a plain ground.
        assert!(std::fs::metadata(&picture).unwrap().len() > 20_000, "{}", picture.display());
    }
}
