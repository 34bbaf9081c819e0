//! What the journal's counters of a webhook, and of the log, are called.

use butler_core::domain::action::Part;

/// The channel that is always there; no other one is called so.
pub(super) const LOG: &str = "log";

/// The longest name that stands in a counter as it is.
const LONGEST: usize = 100;

/// The number of the last message to a webhook.
pub(super) fn number_of(webhook: &str) -> String {
    format!("webhook/{}", shown(webhook))
}

/// How far what was taken back was told to a webhook: `told` and `next` are lines of the history, `number` is the message's.
pub(super) fn retraction_of(webhook: &str, what: &str) -> String {
    format!("retract/{}/{what}", Part::Name(webhook))
}

/// A name of visible ASCII as it is, any other one as its hash.
fn shown(name: &str) -> String {
    let is_plain = name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain { name.to_owned() } else { Part::Name(name).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_counter_cannot_have_stands_there_as_its_hash() {
        assert_eq!(number_of("pager.example:8080"), "webhook/pager.example:8080");
        for odd in ["on call", "späher", &"x".repeat(120)] {
            let counter = number_of(odd);
            assert!(
                counter.starts_with("webhook/~") && counter.bytes().all(|byte| byte.is_ascii_graphic()),
                "{counter}"
            );
        }
    }
}
