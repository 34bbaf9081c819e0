//! How values look: in tables for people, in JSON for programs.

pub(crate) mod format;
pub(crate) mod json;
mod layout;
pub(crate) mod table;
mod value;
#[cfg(test)]
pub(crate) mod widths;

use self::json::Scope;

/// The first line of every report on a chain: what it is about.
#[must_use]
pub(crate) fn scope_line(scope: &Scope) -> String {
    let alone = scope.unconfirmed.as_ref().map(|endpoint| format!(" · as {endpoint} alone tells it"));
    let mut text = format!(
        "{} · chain {} · block {} · {}{}\n",
        scope.network,
        scope.chain_id,
        scope.block.number,
        format::moment(scope.block.timestamp),
        alone.unwrap_or_default()
    );
    for (which, capability) in &scope.missing {
        text.push_str(&format!("{}\n", capability.told(which)));
    }
    text
}
