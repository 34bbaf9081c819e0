//! The frame of a daemon's page at `/`: who shows it, the verdict first, then what the program has to show.
//!
//! Text is escaped by its type: only what `html!` wrote is markup. The page needs no script; its style is allowed by its digest, so that
//! nothing that slipped into it would be run or loaded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ring::digest::{SHA256, digest};

use super::respond::respond;
use super::routes::Reply;
use crate::text::time::moment;

/// What every page looks like.
const STYLE: &str = include_str!("page.css");

/// What stands around a program's own part.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The program's name.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// How bad it is: `good`, `warning` or `critical`.
    pub class: &'static str,
    /// That in words.
    pub verdict: &'a str,
    /// When it is shown, in unix seconds.
    pub now: u64,
    /// After how many seconds it is asked for again.
    pub refresh: u32,
    /// How the program's own part looks.
    pub style: &'static str,
}

impl Frame<'_> {
    /// The page around that part.
    #[must_use]
    pub fn html(&self, part: &Markup) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta http-equiv="refresh" content=(self.refresh);
                    title { (self.verdict) " · " (self.program) }
                    style { (PreEscaped(STYLE)) }
                    style { (PreEscaped(self.style)) }
                }
                body {
                    header {
                        h1 { (self.program) " " small { (self.version) } }
                        p class={ "verdict " (self.class) } { (self.verdict) }
                        p.now { (moment(self.now)) }
                    }
                    main {
                        (part)
                        footer {
                            a href="/metrics" { "metrics" } " · " a href="/livez" { "livez" } " · " a href="/readyz" { "readyz" }
                        }
                    }
                }
            }
        };
        page.into_string()
    }
}

/// The answer with a page of that style, and the policy under which nothing else is loaded or run.
#[must_use]
pub fn page(style: &'static str, html: String) -> Reply {
    let digests =
        [STYLE, style].map(|style| format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, style.as_bytes()))));
    let policy = format!(
        "default-src 'none'; style-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digests.join(" ")
    );
    let mut reply = respond(StatusCode::OK, "text/html; charset=utf-8", html.into());
    // It is made of digests and our own words.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        reply.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    reply
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn only_the_two_styles_of_the_page_are_taken_and_text_is_text() {
        let (program, version, style) = ("butler-x", "1.2.3", "b{color:red}");
        let frame = Frame { program, version, class: "good", verdict: "<b>well</b>", now: 0, refresh: 30, style };
        let reply = page(style, frame.html(&html! { p { "<script>" } }));
        let policy = reply.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        // `printf 'b{color:red}' | openssl dgst -sha256 -binary | base64`
        assert!(policy.contains("'sha256-ypIZpeWh67Lh3q46jpjGW7VCAJpmEqcFe8Dl5B2rXQU='"), "{policy}");
        assert!(policy.matches("'sha256-").count() == 2 && !policy.contains("unsafe"), "{policy}");
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        for part in ["content=\"30\"", "&lt;script&gt;", "&lt;b&gt;well", "<small>1.2.3</small>", style, STYLE] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
