//! The page at `/`, for whoever decides: what waits for a person first, with the command that decides, then how far each network is.
//!
//! It decides nothing.

use std::collections::BTreeMap;

use butler_core::control::NetworkStatus;
use butler_core::daemon::http::asked::Asked;
use butler_core::daemon::http::identifiers::told;
use butler_core::daemon::http::page::Frame;
use butler_core::domain::action::{EffectKey, Phase, ShortKey, short_keys};
use butler_core::text::time::{distance, moment};
use maud::{Markup, html};

use crate::waiting::Waiting;

/// How what is below the verdict looks.
pub(crate) const STYLE: &str = include_str!("page.css");

/// What the page shows.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Unix seconds.
    pub(crate) now: u64,
    /// What was asked for.
    pub(crate) asked: Asked,
    pub(crate) networks: BTreeMap<String, NetworkStatus>,
    pub(crate) waiting: Vec<Waiting>,
    /// How many wait in all.
    pub(crate) count: u64,
    pub(crate) is_stopped: bool,
}

/// The page.
pub(crate) fn render(facts: &Facts) -> String {
    let (class, verdict) = verdict(facts);
    let of = |phase| facts.waiting.iter().filter(move |one| one.phase == phase);
    let short = short_keys(facts.waiting.iter().map(|one| &one.key));
    let (program, version) = ("butler-watcher", env!("CARGO_PKG_VERSION"));
    let (now, asked) = (facts.now, &facts.asked);
    let frame = Frame { program, version, title: "", class, verdict: &verdict, now, asked, pages: &[], style: STYLE };
    frame.html(&html! {
        (section("Waits for an approval", of(Phase::AwaitingApproval).collect(), &short, facts.now))
        (section("Parked", of(Phase::Parked).collect(), &short, facts.now))
        @if u64::try_from(facts.waiting.len()).is_ok_and(|shown| facts.count > shown) {
            p.quiet { (facts.count) " wait in all: " code { "butler-cli actions list" } " shows every one" }
        }
        (networks(&facts.networks))
    })
}

fn verdict(facts: &Facts) -> (&'static str, String) {
    let stuck = facts.networks.values().filter(|network| network.problem.is_some()).count();
    match (facts.is_stopped, stuck, facts.count) {
        (true, _, _) => ("critical", "the journal refuses: nothing is planned".to_owned()),
        (false, 1.., _) => ("critical", format!("{stuck} not followed further")),
        (false, 0, 0) => ("good", "nothing waits for anybody".to_owned()),
        (false, 0, count) => ("warning", format!("{count} to decide on")),
    }
}

/// The short keys of all that is shown.
type Short<'a> = BTreeMap<&'a EffectKey, ShortKey>;

fn section(title: &str, waiting: Vec<&Waiting>, short: &Short<'_>, now: u64) -> Markup {
    html! {
        section {
            h2 { (title) }
            @if waiting.is_empty() { p.quiet { "none" } }
            @for one in waiting { (action(one, short, now)) }
        }
    }
}

fn action(one: &Waiting, short: &Short<'_>, now: u64) -> Markup {
    let verbs = if one.phase == Phase::AwaitingApproval { ["approve", "reject"] } else { ["retry", "drop"] };
    html! {
        article {
            p.what { strong { (one.kind) } " " (told(&one.why)) }
            p.quiet {
                "waits since " (moment(one.since)) " (" (distance(now, one.since)) ")"
                @if let Some(until) = one.until { "; too late " (distance(now, until)) }
                @if !one.approved_by.is_empty() { "; approved by " (one.approved_by.join(" and ")) }
                @if let Some(reason) = &one.reason { "; " (told(reason)) }
            }
            @if let Some(short) = short.get(&one.key) {
                @for verb in verbs { p { code title=(one.key) { "butler-cli actions " (verb) " " (short) } } }
            }
        }
    }
}

fn networks(networks: &BTreeMap<String, NetworkStatus>) -> Markup {
    let shown = |block: Option<u64>| block.map_or_else(|| "–".to_owned(), |block| block.to_string());
    html! {
        section {
            h2 { "Networks" }
            table {
                tr { th { "network" } th { "planned to" } th { "final" } th { "state" } }
                @for (name, network) in networks {
                    tr {
                        td { (name) }
                        td.number { (shown(network.checkpoint)) }
                        td.number { (shown(network.last)) }
                        td class=[network.problem.as_ref().map(|_| "bad")] { (network.problem.as_deref().unwrap_or("followed")) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use butler_core::domain::action::ActionKind;

    use super::*;

    fn facts(waiting: Vec<Waiting>) -> Facts {
        let network = NetworkStatus { checkpoint: Some(80), last: Some(85), problem: None };
        let networks = [("mainnet".to_owned(), network)].into();
        Facts {
            now: 1_800_000_000,
            asked: Asked::default(),
            networks,
            count: u64::try_from(waiting.len()).unwrap(),
            waiting,
            is_stopped: false,
        }
    }

    fn waiting(phase: Phase, why: &str) -> Waiting {
        Waiting {
            key: "configure_coinbase/1/0x00/x".parse().unwrap(),
            kind: ActionKind::ConfigureCoinbase,
            phase,
            why: why.to_owned(),
            reason: Some("<b>&".to_owned()),
            since: 1_799_990_000,
            until: Some(1_800_003_600),
            approved_by: vec!["uid 1000".to_owned()],
        }
    }

    #[test]
    fn what_waits_is_shown_with_the_commands_that_decide_and_text_stays_text() {
        let short = "configure_coinbase/1/0x00/x".parse::<EffectKey>().unwrap().short();
        let page = render(&facts(vec![
            waiting(Phase::AwaitingApproval, "<script>alert(1)</script>"),
            waiting(Phase::Parked, "it was slashed"),
        ]));
        for text in [
            &format!("<code title=\"configure_coinbase/1/0x00/x\">butler-cli actions approve {short}</code>"),
            &format!("butler-cli actions reject {short}"),
            &format!("butler-cli actions retry {short}"),
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "&lt;b&gt;&amp;",
            "2 to decide on",
            "approved by uid 1000",
            "too late in 1h 00m",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("<script"));
    }

    #[test]
    fn the_worst_is_said_first() {
        assert_eq!(verdict(&facts(Vec::new())), ("good", "nothing waits for anybody".to_owned()));
        let mut stuck = facts(vec![waiting(Phase::Parked, "x")]);
        stuck.networks.get_mut("mainnet").unwrap().problem = Some("it is not read".to_owned());
        assert_eq!(verdict(&stuck), ("critical", "1 not followed further".to_owned()));
        assert!(render(&stuck).contains("it is not read"));
        stuck.is_stopped = true;
        assert_eq!(verdict(&stuck).0, "critical");
        assert!(render(&Facts { count: 3, ..facts(Vec::new()) }).contains("3 wait in all"));
    }
}
