//! The diagram in `docs/attester-states.md` is the one that `judge` judges by.
//!
//! `UPDATE_DOCS=1 cargo test -p butler-core --test main domain_diagram::` rewrites it.

#![expect(clippy::expect_used, reason = "helpers of a test may fail it; clippy allows that in test functions only")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::attester::transition::mermaid;

const START: &str = "<!-- diagram: generated from ARROWS in crates/butler-core/src/domain/attester/transition.rs -->\n";
const END: &str = "<!-- diagram: end -->\n";

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/attester-states.md")
}

/// The page with the diagram of today between its markers.
fn with_diagram(page: &str) -> String {
    let (before, rest) = page.split_once(START).expect("the page has the start marker");
    let (_, after) = rest.split_once(END).expect("the page has the end marker after it");
    let diagram = mermaid();
    format!("{before}{START}\n```mermaid\n{diagram}```\n\n{END}{after}")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that rewrites a page under version control needs no atomic replacement"
)]
fn the_page_shows_the_table_that_judges() {
    let path = page_path();
    let page = std::fs::read_to_string(&path).expect("the page is readable");
    let wanted = with_diagram(&page);
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &wanted).expect("the page is writable");
        return;
    }
    assert!(page == wanted, "the diagram of docs/attester-states.md is not the generated one; run with UPDATE_DOCS=1");
}

#[test]
fn the_page_explains_every_state_and_position_and_no_others() {
    let page = std::fs::read_to_string(page_path()).expect("the page is readable");
    let explained: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let known: BTreeSet<&str> =
        State::ALL.map(State::name).into_iter().chain(Position::ALL.map(Position::name)).collect();
    assert_eq!(explained, known, "first cells of the page's tables");
}

#[test]
fn a_page_with_an_old_diagram_is_noticed() {
    let page = format!("text\n{START}old\n{END}more\n");
    let wanted = with_diagram(&page);
    assert_ne!(page, wanted);
    assert_eq!(with_diagram(&wanted), wanted, "rewriting again changes nothing");
    assert!(wanted.starts_with("text\n") && wanted.ends_with("more\n"));
}
