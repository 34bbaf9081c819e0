//! `backtest`: findings over past blocks, as what would have been said when, and what was lost by then.
//!
//! Logs and transactions are read as `proposals` and `duties` read them; where an endpoint has the state of past blocks, too, what it
//! says is judged beside them. Key files and what attesters must have are those of now.

mod report;
mod state;

use std::collections::BTreeSet;

use butler_core::chain::PastRequest;
use butler_core::domain::attester::position::Position;
use butler_core::domain::backtest::{Backtest, Moment, Outcome, Setting};
use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::Severity;
use butler_core::runtime::exit::Exit;
use ethers_core::types::Address;

use self::report::{BacktestReport, render};
use self::state::{StateRead, read_state};
use super::duties::{Found, read};
use super::rows::rows;
use crate::args::{BacktestArgs, Global};
use crate::error::CliError;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &BacktestArgs, output: Output) -> Result<Exit, CliError> {
    let mut found = read(global, &args.duties).await?;
    let state = Box::pin(read_state(&mut found, args.state)).await?;
    let outcome = replayed(&found, &state);
    let report = BacktestReport::new(&found, &state, &outcome);
    output.result(&report, render)?;
    let is_bad = outcome.said.iter().any(|said| said.severity == Severity::Critical);
    Ok(found.gathered.finish(if is_bad { Exit::CheckFailed } else { Exit::Success }))
}

fn replayed(found: &Found, state: &StateRead) -> Outcome {
    let rollup = &found.gathered.snapshot.rollup;
    let (first, last) = found.blocks;
    let moment = |block: &BlockRef| Moment { block: block.number, time: block.timestamp };
    let own = found.own.as_ref();
    let request = PastRequest { clock: rollup.clock, own, expected: &found.expected, blocks: found.blocks };
    let mut past = found.read.past(&request);
    past.extend(state.past.iter().cloned());
    past.sort_by_key(|one| one.at.block);
    let is_shown = |attester: &Address| own.is_none_or(|own| own.contains(attester));
    let validating = rows(&found.gathered).into_iter().filter(|row| row.position == Position::Validating);
    let validating: BTreeSet<Address> = validating.map(|row| row.attester).filter(is_shown).collect();
    let (rollup, clock, from) = (rollup.address, rollup.clock, moment(&first));
    let setting = Setting { rollup, clock, from, slots: SLOTS, thresholds: found.gathered.network.config.thresholds() };
    Backtest::new(setting, &validating).run(past, moment(&last))
}

/// Duties are counted over so many slots: a day of those of 72 seconds.
const SLOTS: u64 = 1_200;
