//! `upgrade`: what a cut-over to a new rollup left to do, and which node follows which rollup.

use butler_core::client::aztec_node::{AztecNode, L1_PROBE_DEADLINE};
use butler_core::domain::operator::node::Standing;
use butler_core::domain::rollups::RollupId;
use butler_core::domain::rollups::checklist::{Entry, Task, checklist};
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use butler_core::network::nodes::ask_node;
use butler_core::runtime::exit::Exit;
use futures_util::future::join_all;
use serde::Serialize;

use super::rows::rows;
use crate::args::{AtArgs, Global};
use crate::error::CliError;
use crate::gather::{Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, JsonAmount, JsonRollup, Scope};
use crate::view::table::{Column, Tone, column, heading, key, named, number, plain, table, toned, words};

/// The report of `upgrade`.
#[derive(Debug, Serialize)]
pub(super) struct UpgradeReport {
    scope: Scope,
    /// Every rollup of Aztec's registry, oldest first.
    rollups: Vec<JsonRollup>,
    /// What is left, and what was done.
    checklist: Vec<Item>,
    nodes: Vec<Node>,
}

#[derive(Debug, Serialize)]
struct Item {
    task: Task,
    is_open: bool,
    rollup: JsonRollup,
    attesters: Vec<JsonAddress>,
    /// Stake that leaves, or rewards that wait.
    amount: Option<JsonAmount>,
    /// The first moment at which one of them may go on.
    earliest: Option<u64>,
    what_to_do: &'static str,
}

#[derive(Debug, Serialize)]
struct Node {
    name: String,
    /// Why it is not known what it follows.
    failure: Option<&'static str>,
    node_version: Option<String>,
    /// The rollup that it follows.
    rollup: Option<JsonAddress>,
    /// `canonical`, `former` or `other`.
    follows: Option<&'static str>,
    /// The version of that rollup.
    rollup_version: Option<JsonAmount>,
    /// Whether it should follow that rollup, and why.
    standing: Option<Standing>,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &AtArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at, Look::CutOver).await?;
    let (snapshot, canonical) = (&gathered.snapshot, gathered.snapshot.canonical());
    let former = snapshot.former_rollups.iter().map(|former| former.id);
    let nodes = gathered.network.aztec_nodes()?;
    let report = UpgradeReport {
        scope: gathered.scope(),
        rollups: former.chain([canonical]).map(|rollup| JsonRollup::new(rollup, canonical)).collect(),
        checklist: checklist(snapshot, &rows(&gathered)).into_iter().map(|entry| item(entry, canonical)).collect(),
        nodes: join_all(nodes.iter().map(|node| look(node, &gathered.network, snapshot))).await,
    };
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

fn item(entry: Entry, canonical: RollupId) -> Item {
    let Entry { task, rollup, attesters, amount, earliest } = entry;
    Item {
        task,
        is_open: task.is_open(),
        rollup: JsonRollup::new(rollup, canonical),
        attesters: attesters.into_iter().map(Into::into).collect(),
        amount: amount.map(Into::into),
        earliest,
        what_to_do: task.what_to_do(),
    }
}

/// Asks a node which rollup it follows. Its own words are never shown.
async fn look(node: &AztecNode, network: &Network, snapshot: &NetworkSnapshot) -> Node {
    let state = Box::pin(ask_node(node, &network.config, L1_PROBE_DEADLINE)).await;
    let grace = network.config.thresholds().node_on_former_rollup;
    let failure = state.info.as_ref().err().map(|failure| failure.kind().name());
    let state = state.state(Some(snapshot), grace);
    let follows = |standing: Standing| match standing {
        Standing::Canonical => "canonical",
        Standing::Leaving | Standing::Needed | Standing::Former => "former",
        Standing::Other => "other",
    };
    Node {
        name: state.name,
        failure,
        node_version: state.version,
        rollup: state.rollup.map(|rollup| rollup.address.into()),
        follows: state.standing.map(follows),
        rollup_version: state.rollup.map(|rollup| rollup.version.into()),
        standing: state.standing,
    }
}

const ROLLUPS: [Column; 3] = [key("VERSION"), key("ADDRESS"), key("ROLE")];
const NODES: [Column; 5] =
    [key("NODE"), column("SOFTWARE", 1), key("FOLLOWS"), column("VERSION", 2), column("ROLLUP", 3)];

fn render(report: &UpgradeReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    text.push_str(&heading(output, "Rollups"));
    let rollups = report.rollups.iter().map(|rollup| {
        let role = if rollup.is_canonical { toned("canonical", Tone::Good) } else { toned("former", Tone::Faint) };
        vec![number(rollup.version.0.to_string()), named(&rollup.address.0), role]
    });
    text.push_str(&table(output, &ROLLUPS, rollups));
    text.push_str(&heading(output, "Checklist"));
    if report.checklist.is_empty() {
        text.push_str("nothing of yours is at any former rollup, or would be left behind by the next cut-over\n");
    }
    for item in &report.checklist {
        text.push_str(&render_item(item, report.scope.block.timestamp));
    }
    if !report.nodes.is_empty() {
        text.push_str(&heading(output, "Nodes"));
        let nodes = report.nodes.iter().map(|node| {
            let follows = match (node.standing, node.failure) {
                (Some(Standing::Canonical), _) => toned("the canonical rollup", Tone::Good),
                (Some(Standing::Leaving), _) => words("a former rollup, as it should for a while").in_tone(Tone::Good),
                (Some(Standing::Needed), _) => {
                    words("a former rollup, where own attesters need it").in_tone(Tone::Good)
                }
                (Some(Standing::Former), _) => words("a former rollup, where nothing needs it").in_tone(Tone::Warning),
                (Some(Standing::Other), _) => words("a rollup that the registry does not know").in_tone(Tone::Bad),
                (None, failure) => words(format!("not known: {}", failure.unwrap_or_default())).in_tone(Tone::Bad),
            };
            let rollup = node.rollup.map_or_else(|| plain(""), |rollup| named(&rollup.0));
            let rollup_version = node.rollup_version.map(|version| version.0.to_string()).unwrap_or_default();
            let version = plain(node.node_version.clone().unwrap_or_default());
            vec![plain(node.name.clone()), version, follows, number(rollup_version), rollup]
        });
        text.push_str(&table(output, &NODES, nodes));
    }
    text
}

fn render_item(item: &Item, now: u64) -> String {
    const SHOWN: usize = 20;
    let mark = if item.is_open { "[ ]" } else { "[x]" };
    let place = if item.rollup.is_canonical { "the canonical rollup" } else { "the former rollup" };
    let mut facts = Vec::new();
    if !item.attesters.is_empty() {
        facts.push(format::count(item.attesters.len(), "attester"));
    }
    facts.extend(item.amount.map(|amount| format!("{} tokens", format::amount(amount.0, 4))));
    let when = if item.task == Task::Duties { "until" } else { "from" };
    facts.extend(item.earliest.map(|at| format!("{when} {} ({})", format::moment(at), format::distance(now, at))));
    let mut text = format!(
        "{mark} {} at {place} {}: {}\n    {}\n",
        item.task.name().replace('_', " "),
        item.rollup.version.0,
        facts.join(", "),
        item.what_to_do
    );
    // Those that need nothing are only counted.
    let shown = if item.task == Task::Moved { 0 } else { SHOWN };
    for attester in item.attesters.iter().take(shown) {
        text.push_str(&format!("    {}\n", format::address(&attester.0)));
    }
    if item.attesters.len() > SHOWN && shown > 0 {
        text.push_str(&format!("    and {} more, see --json\n", item.attesters.len().saturating_sub(SHOWN)));
    }
    text
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;

    use super::*;
    use crate::view::widths::{NOW, address, at_usual_widths, scope};

    #[test]
    fn what_is_left_to_do_is_told_whole_at_every_width() {
        let rollup = |number, is_canonical| JsonRollup {
            address: address(number).into(),
            version: U256::from(2_934_756_904_u64 + u64::from(number)).into(),
            is_canonical,
        };
        let node = |name: &str, standing, failure| Node {
            name: name.to_owned(),
            failure,
            node_version: Some("5.1.0".to_owned()),
            rollup: Some(address(1).into()),
            follows: None,
            rollup_version: Some(U256::from(2_934_756_905_u64).into()),
            standing,
        };
        let report = UpgradeReport {
            scope: scope(),
            rollups: vec![rollup(1, false), rollup(2, true)],
            checklist: vec![Item {
                task: Task::LeftBehind,
                is_open: true,
                rollup: rollup(1, false),
                attesters: vec![address(3).into()],
                amount: Some((U256::from(200_000) * U256::exp10(18)).into()),
                earliest: Some(NOW + 90_000),
                what_to_do: Task::LeftBehind.what_to_do(),
            }],
            nodes: vec![
                node("server-1", Some(Standing::Needed), None),
                node("server-2", Some(Standing::Canonical), None),
                node("server-3", None, Some("timeout")),
            ],
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
