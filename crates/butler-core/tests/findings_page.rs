//! `docs/findings.md` is what the code decides by.
//!
//! `UPDATE_DOCS=1 cargo test -p butler-core --test main findings_page::` rewrites it.

use std::path::{Path, PathBuf};

use butler_core::domain::findings::{FindingKind, render_page};
use butler_core::store::file::save_atomic;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

#[test]
fn the_page_is_current() {
    let (path, page) = (docs().join("findings.md"), render_page());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        save_atomic(&path, page.as_bytes(), 0o644).expect("the page is writable");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/findings.md is old: run with UPDATE_DOCS=1");
}

#[test]
fn every_kind_has_its_runbook() {
    for kind in FindingKind::all() {
        let page = docs().join(format!("runbooks/{}.md", kind.runbook()));
        let text = std::fs::read_to_string(&page).unwrap_or_default();
        assert!(text.starts_with(&format!("# {}", kind.runbook())), "{kind}: {}", page.display());
    }
}
