//! `queue`: the rollup's entry queue and our providers' queues.

use std::collections::BTreeMap;

use butler_core::domain::attester::arrival::{Arrival, arrival};
use butler_core::domain::attester::entry_queue::{Refusal, refusals_at_former};
use butler_core::domain::attester::queue_key::bad_queue_keys;
use butler_core::domain::rollup::FlushFacts;
use butler_core::domain::rollups::FormerRollup;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::runtime::exit::Exit;
use serde::Serialize;

use crate::args::{AtArgs, Global};
use crate::error::CliError;
use crate::gather::{Gathered, Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, JsonAmount, Scope};
use crate::view::table::{Column, Tone, column, heading, key, named, number, pairs, plain, table, words};

/// The report of `queue`.
#[derive(Debug, Serialize)]
pub(super) struct QueueReport {
    scope: Scope,
    entry_queue: EntryQueue,
    /// Those of former rollups in which one of our attesters waits.
    former_entry_queues: Vec<FormerQueue>,
    provider_queues: BTreeMap<u64, Vec<ProviderEntry>>,
}

/// The entry queue of a former rollup.
#[derive(Debug, Serialize)]
struct FormerQueue {
    rollup: JsonAddress,
    version: JsonAmount,
    length: usize,
    own: usize,
    /// How fast it moves; absent where the rollup does not say.
    flush: Option<FlushFacts>,
    entries: Vec<FormerEntry>,
}

#[derive(Debug, Serialize)]
struct FormerEntry {
    place: u64,
    attester: JsonAddress,
    withdrawer: JsonAddress,
    move_with_latest_rollup: bool,
    is_own: bool,
    /// Why it will be refunded.
    refusal: Option<&'static str>,
    arrival: Option<Arrival>,
}

#[derive(Debug, Serialize)]
struct EntryQueue {
    length: usize,
    own: usize,
    current_epoch: u64,
    epoch_seconds: Option<u64>,
    flush: FlushFacts,
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    place: u64,
    attester: JsonAddress,
    withdrawer: JsonAddress,
    move_with_latest_rollup: bool,
    is_own: bool,
    arrival: Option<Arrival>,
}

#[derive(Debug, Serialize)]
struct ProviderEntry {
    place: u64,
    index: u64,
    attester: JsonAddress,
    /// Why it is of no use there, in words.
    obstacles: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &AtArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at, Look::Everything).await?;
    output.result(&report(&gathered), render)?;
    Ok(gathered.finish(Exit::Success))
}

fn report(gathered: &Gathered) -> QueueReport {
    let snapshot = &gathered.snapshot;
    let rollup = &snapshot.rollup;
    let now = snapshot.block.timestamp;
    let entries: Vec<Entry> = (0..)
        .zip(&snapshot.entry_queue)
        .map(|(place, deposit)| Entry {
            place,
            attester: deposit.attester.into(),
            withdrawer: deposit.withdrawer.into(),
            move_with_latest_rollup: deposit.move_with_latest_rollup,
            is_own: snapshot.attesters.contains_key(&deposit.attester),
            arrival: arrival(place, &rollup.clock, &rollup.flush, now),
        })
        .collect();
    let bad: BTreeMap<_, Vec<String>> = bad_queue_keys(snapshot)
        .into_iter()
        .map(|bad| ((bad.provider_id, bad.index), bad.obstacles.iter().map(ToString::to_string).collect()))
        .collect();
    let provider_queues = snapshot.providers.iter().map(|(id, provider)| {
        let entries = (0..).zip(&provider.queue).map(|(place, entry)| ProviderEntry {
            place,
            index: entry.index,
            attester: entry.attester.into(),
            obstacles: bad.get(&(*id, entry.index)).cloned().unwrap_or_default(),
        });
        (id.get(), entries.collect())
    });
    QueueReport {
        scope: gathered.scope(),
        entry_queue: EntryQueue {
            length: entries.len(),
            own: entries.iter().filter(|entry| entry.is_own).count(),
            current_epoch: rollup.current_epoch,
            epoch_seconds: rollup.clock.epoch_slots.checked_mul(rollup.clock.slot_seconds),
            flush: rollup.flush,
            entries,
        },
        former_entry_queues: snapshot
            .former_rollups
            .iter()
            .filter_map(|former| former_queue(former, snapshot))
            .collect(),
        provider_queues: provider_queues.collect(),
    }
}

/// Nothing where none of ours waits.
fn former_queue(former: &FormerRollup, snapshot: &NetworkSnapshot) -> Option<FormerQueue> {
    if former.entry_queue.is_empty() {
        return None;
    }
    let refusals = refusals_at_former(&former.entry_queue, &snapshot.attesters, &snapshot.active_set);
    let figures = former.figures.as_deref();
    let now = snapshot.block.timestamp;
    let entries: Vec<FormerEntry> = (0..)
        .zip(&former.entry_queue)
        .zip(refusals)
        .map(|((place, deposit), refusal)| FormerEntry {
            place,
            attester: deposit.attester.into(),
            withdrawer: deposit.withdrawer.into(),
            move_with_latest_rollup: deposit.move_with_latest_rollup,
            is_own: snapshot.attesters.contains_key(&deposit.attester),
            refusal: refusal.map(Refusal::name),
            arrival: figures
                .filter(|_| refusal.is_none())
                .and_then(|figures| arrival(place, &figures.clock, &figures.flush, now)),
        })
        .collect();
    Some(FormerQueue {
        rollup: former.id.address.into(),
        version: former.id.version.into(),
        length: entries.len(),
        own: entries.iter().filter(|entry| entry.is_own).count(),
        flush: figures.map(|figures| figures.flush),
        entries,
    })
}

const ENTRIES: [Column; 4] = [key("PLACE"), key("ATTESTER"), column("WHOSE", 1), key("EARLIEST ARRIVAL")];
const FORMER: [Column; 4] = [key("PLACE"), key("ATTESTER"), column("WHOSE", 1), key("WHAT BECOMES OF IT")];
const KEYS: [Column; 4] = [key("PLACE"), key("ATTESTER"), column("INDEX", 1), key("OBSTACLES")];

/// The part of a former rollup's queue.
fn render_former(queue: &FormerQueue, output: &Output) -> String {
    let title = format!("Entry queue of the former rollup, version {}", queue.version.0);
    let mut text = heading(output, &title);
    let waiting = format!("{} ({} of ours); whatever moves along is refunded", queue.length, queue.own);
    text.push_str(&pairs(output, [("waiting", plain(waiting))]));
    text.push('\n');
    let rows = queue.entries.iter().map(|entry| {
        let fate = match (entry.refusal, &entry.arrival) {
            (Some(_), _) => words("will be refunded at the next flush").in_tone(Tone::Warning),
            (None, Some(arrival)) => words(format!("validates there from {}", format::moment(arrival.earliest))),
            (None, None) => plain(""),
        };
        vec![
            number(entry.place.saturating_add(1).to_string()),
            named(&entry.attester.0).in_tone(if entry.is_own { Tone::Good } else { Tone::Faint }),
            plain(if entry.is_own { "ours" } else { "" }),
            fate,
        ]
    });
    text.push_str(&table(output, &FORMER, rows));
    text
}

fn render(report: &QueueReport, output: &Output) -> String {
    let queue = &report.entry_queue;
    let now = report.scope.block.timestamp;
    let span = |arrival: Option<&Arrival>| {
        arrival.map_or_else(
            || "not before the flush size is raised".to_owned(),
            |arrival| format!("{} ({})", format::distance(now, arrival.earliest), format::moment(arrival.earliest)),
        )
    };
    let mut text = crate::view::scope_line(&report.scope);
    text.push_str(&heading(output, "Entry queue of the rollup"));
    let mut figures = vec![
        ("waiting", plain(format!("{} ({} of ours)", queue.length, queue.own))),
        (
            "flush size",
            plain(format!("{} per epoch, {} left now", queue.flush.flush_size, queue.flush.available_flushes)),
        ),
        (
            "epoch",
            plain(format!(
                "{}, each {}",
                queue.current_epoch,
                queue.epoch_seconds.map(format::duration).unwrap_or_default()
            )),
        ),
    ];
    if let Some(last) = queue.entries.last() {
        figures.push(("last arrival", plain(span(last.arrival.as_ref()))));
    }
    text.push_str(&pairs(output, figures));
    if !queue.entries.is_empty() {
        text.push('\n');
        let rows = queue.entries.iter().map(|entry| {
            vec![
                number(entry.place.saturating_add(1).to_string()),
                named(&entry.attester.0).in_tone(if entry.is_own { Tone::Good } else { Tone::Faint }),
                plain(if entry.is_own { "ours" } else { "" }),
                words(span(entry.arrival.as_ref())),
            ]
        });
        text.push_str(&table(output, &ENTRIES, rows));
    }
    for former in &report.former_entry_queues {
        text.push_str(&render_former(former, output));
    }
    for (id, entries) in &report.provider_queues {
        text.push_str(&heading(output, &format!("Queue of provider {id}: {}", format::count(entries.len(), "key"))));
        if entries.is_empty() {
            text.push_str("empty: nobody can delegate to this provider\n");
            continue;
        }
        let rows = entries.iter().map(|entry| {
            vec![
                number(entry.place.saturating_add(1).to_string()),
                named(&entry.attester.0),
                number(entry.index.to_string()),
                words(entry.obstacles.join("; ")).in_tone(Tone::Bad),
            ]
        });
        text.push_str(&table(output, &KEYS, rows));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::widths::{NOW, address, at_usual_widths, scope};

    #[test]
    fn queues_are_told_whole_at_every_width() {
        let flush = FlushFacts { flush_size: 4, available_flushes: 1, next_flushable_epoch: 9, is_bootstrapped: true };
        let arrival = Arrival { epoch: 9, earliest: NOW + 9_000, expected: NOW + 12_000 };
        let entry = |place: u64, is_own| Entry {
            place,
            attester: address(1).into(),
            withdrawer: address(2).into(),
            move_with_latest_rollup: true,
            is_own,
            arrival: is_own.then_some(arrival),
        };
        let former = |place: u64, refusal| FormerEntry {
            place,
            attester: address(3).into(),
            withdrawer: address(2).into(),
            move_with_latest_rollup: false,
            is_own: true,
            refusal,
            arrival: Some(arrival),
        };
        let provider = |place, obstacles: &[&str]| ProviderEntry {
            place,
            index: 17 + place,
            attester: address(4).into(),
            obstacles: obstacles.iter().map(|obstacle| (*obstacle).to_owned()).collect(),
        };
        let report = QueueReport {
            scope: scope(),
            entry_queue: EntryQueue {
                length: 2,
                own: 1,
                current_epoch: 8,
                epoch_seconds: Some(2_304),
                flush,
                entries: vec![entry(0, true), entry(1, false)],
            },
            former_entry_queues: vec![FormerQueue {
                rollup: address(9).into(),
                version: ethers_core::types::U256::from(2).into(),
                length: 2,
                own: 2,
                flush: None,
                entries: vec![former(0, Some("moves_along")), former(1, None)],
            }],
            provider_queues: [
                (
                    4,
                    vec![
                        provider(0, &[]),
                        provider(1, &["stands in the queue of provider 2, too", "is staked already"]),
                    ],
                ),
                (5, Vec::new()),
            ]
            .into(),
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
