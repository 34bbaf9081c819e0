//! Making foreign text safe to print: bounded, without control characters, without the paths of URLs.
//!
//! Endpoints put their own upstream's URL, key included, into error messages; none of that may reach a log.

pub use crate::text::visible::is_visible;
use std::sync::LazyLock;

use url::Url;

/// The most characters of foreign text that are ever shown.
const LIMIT: usize = 200;

static SCHEMES: LazyLock<[&str; 4]> = LazyLock::new(|| ["http://", "https://", "ws://", "wss://"]);

/// One line of foreign text that may be printed.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&without_url(word));
        if out.chars().count() > LIMIT {
            break;
        }
    }
    let clean: String = out.chars().map(|c| if is_visible(c) { c } else { '\u{fffd}' }).collect();
    match clean.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

/// Scheme and host of a URL: all of it that may be shown.
#[must_use]
pub fn host_label(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
        (Some(host), None) => format!("{}://{host}", url.scheme()),
        (None, _) => format!("{}://", url.scheme()),
    }
}

fn without_url(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let Some(start) = SCHEMES.iter().filter_map(|scheme| lower.find(scheme)).min() else {
        return word.to_owned();
    };
    let (before, url) = word.split_at(start);
    let shown = Url::parse(url).map_or_else(|_| "<url>".to_owned(), |url| host_label(&url));
    format!("{before}{shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_in_foreign_text_keeps_only_scheme_and_host() {
        let text = "HTTP request failed.\n\nURL: https://user:pw@rpc.example/v2/SECRET?k=SECRET Details";
        assert_eq!(printable(text), "HTTP request failed. URL: https://rpc.example Details");
        assert_eq!(printable("(\"http://127.0.0.1:38545/KEY\")"), "(\"http://127.0.0.1:38545");
        assert_eq!(printable("WSS://h.example/KEY"), "wss://h.example");
        assert_eq!(printable("http://[broken/KEY"), "<url>");
    }

    #[test]
    fn foreign_text_is_one_bounded_line_without_control_characters() {
        assert_eq!(printable("a\x1b[31mb\r\nc"), "a\u{fffd}[31mb c");
        for invisible in ['\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e0041}', '\u{ad}'] {
            assert_eq!(printable(&format!("a{invisible}b")), "a\u{fffd}b", "{invisible:?}");
        }
        assert_eq!(printable(&"x".repeat(500)).chars().count(), LIMIT + 1);
    }
}
