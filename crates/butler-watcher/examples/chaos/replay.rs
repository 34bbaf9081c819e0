//! A traced run, and every disk that a power cut could have left of it.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use butler_watcher::journal::anchor_folder;

use crate::child::run_child;
use crate::disk::{Fate, image, unsafe_writes};
use crate::judge::{Tally, Told, judge};
use crate::kills::Dice;
use crate::script::Scenario;
use crate::trace::{Event, TRACED, parse};
use crate::worker::JOURNAL;

/// How many writes that were not synced are lost, or kept, alone.
const ALONE: usize = 6;

/// How the disks of a run are chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) scenario: Scenario,
    /// One of so many events is a point of a cut.
    pub(crate) one_of: u64,
    pub(crate) seed: u64,
    /// The child makes nothing durable.
    pub(crate) careless: bool,
}

pub(crate) fn replay(room: &Path, plan: Plan) -> anyhow::Result<Tally> {
    let Plan { scenario, one_of, seed, careless } = plan;
    let begun = Instant::now();
    let (child, log) = (room.join("child"), room.join("trace"));
    let output = log.display().to_string();
    let strace = ["strace", "-f", "-qq", "-y", "-xx", "-s", "4000000", "-o", &output, "-e", TRACED];
    let more: &[&str] = if careless { &["--careless"] } else { &[] };
    let whole = run_child(&child, &strace, scenario, more, None)?;
    ensure!(whole.is_over, "the traced child does not end: {whole:?}");
    let events = parse(&std::fs::read_to_string(&log)?)?;
    std::fs::remove_file(&log)?;
    let mut dice = Dice::new(seed);
    let (mut told, mut tally) = (Told::default(), Tally::default());
    let to = room.join("image");
    for (at, event) in events.iter().enumerate() {
        if let Event::Tell { line } = event {
            told.hear(line);
        }
        let end = at + 1;
        if dice.below(one_of) > 0 {
            continue;
        }
        let mut fates = vec![Fate::Kept];
        if matches!(event, Event::Write { .. } | Event::Truncate { .. }) {
            fates.push(Fate::Torn);
        } else {
            fates.push(Fate::Gone);
            let open = unsafe_writes(&events, end).len();
            if open > 0 {
                fates.extend([Fate::Torn, Fate::Chance(dice.below(1 << 40))]);
                fates.extend((0..open.min(ALONE)).map(Fate::Without));
                fates.extend((0..open.min(ALONE)).map(Fate::Only));
            }
        }
        for fate in fates {
            let _ = std::fs::remove_dir_all(&to);
            image(&events, end, fate, &child, &to)?;
            if careless {
                // It refuses much of what is lost, and the control shall show what would be.
                let _ = std::fs::remove_dir_all(anchor_folder(&to.join(JOURNAL)));
            }
            tally.images += 1;
            let what = format!("image after event {at} ({}), unsynced {fate:?}", short(event));
            tally.add(&judge(&to, &told, &whole.states, &what));
        }
    }
    eprintln!("replay {scenario:?}: {} images of {} events in {:.1?}", tally.images, events.len(), begun.elapsed());
    Ok(tally)
}

fn short(event: &Event) -> String {
    format!("{event:?}").chars().take(120).collect()
}
