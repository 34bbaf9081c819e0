//! What is wrong with an attester: its coinbase, its deposit, who runs it.

mod about;
mod coinbase;

use self::about::about;
use self::coinbase::of_coinbase;
use super::{Finding, FindingKind, Level, Severity, Thresholds};
use crate::domain::attester::coinbase::{CoinbaseCheck, Severity as Weight, Unverified};
use crate::domain::attester::fate::Fate;
use crate::domain::attester::overview::AttesterRow;
use crate::domain::attester::position::Position;
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::operator::key_book::{Completeness, KeyBook};

/// Whether anybody said what the servers have. Without that no coinbase is judged: not to know is not the same as nothing.
#[must_use]
pub fn knows_coinbases(keys: &KeyBook) -> bool {
    !keys.entries.is_empty()
}

/// Takes back what `overview` says of coinbases where nobody said what the servers have. Where somebody did and it cannot
/// be read, `overview` says so itself.
pub fn judge_what_is_known(rows: &mut [AttesterRow], keys: &KeyBook) {
    if knows_coinbases(keys) || keys.completeness() != Completeness::Complete {
        return;
    }
    for row in rows {
        row.coinbase = CoinbaseCheck::NotApplicable;
        row.coinbase_severity = Weight::Ok;
    }
}

/// Everything that is wrong with these attesters. `now` is the snapshot's time; `has_key_files` says whether any key file
/// was read, so that not to be in one means something.
#[must_use]
pub fn of_rows(rows: &[AttesterRow], has_key_files: bool, now: u64, thresholds: &Thresholds) -> Vec<Finding> {
    let mut found = Vec::new();
    for row in rows {
        found.extend(of_coinbase(row, now, thresholds));
        if row.deposit_failed {
            let what = deposit_failed(row);
            found.push(about(row, FindingKind::DepositFailed, Severity::Warning, what));
        }
        found.extend(unserved(row).filter(|_| has_key_files));
        found.extend(zombie(row, now));
    }
    found
}

fn zombie(row: &AttesterRow, now: u64) -> Option<Finding> {
    if row.position != Position::Zombie {
        return None;
    }
    let there = match row.rollup.filter(|_| row.at_former) {
        Some(rollup) => format!(" at the former rollup (version {})", rollup.version),
        None => String::new(),
    };
    let finding = match row.zombie_cause {
        Some(ZombieCause::OwnExit) => {
            let what =
                format!("it began its exit itself, and its stake waits for its withdrawer to name a recipient{there}");
            about(row, FindingKind::OwnExit, Severity::Info, what)
        }
        Some(ZombieCause::Unclear) => {
            let what = format!(
                "it was slashed, and was ejected or began its exit itself then; its stake waits to be withdrawn{there}"
            );
            about(row, FindingKind::SlashedOut, Severity::Warning, what)
        }
        Some(ZombieCause::SlashedOut) | None => {
            let what = format!("it was slashed out or ejected, and its stake waits to be withdrawn{there}");
            about(row, FindingKind::SlashedOut, Severity::Warning, what)
        }
    };
    Some(match row.view.exit.and_then(|exit| exit.finalizable_at()) {
        Some(at) if at <= now => finding.until(at).and_then("; both delays are over"),
        Some(at) => finding.until(at).telling_when("and can leave"),
        None => finding,
    })
}

fn deposit_failed(row: &AttesterRow) -> String {
    let refunded = || row.stakes.iter().filter(|stake| stake.fate == Fate::Refunded);
    let what = match refunded().count() {
        0 | 1 => "its deposit failed and was refunded".to_owned(),
        refunds => format!("its {refunds} deposits failed and were refunded"),
    };
    let nobody = if refunded().count() > 1 { "no delegator has a validator" } else { "the delegator has no validator" };
    match row.refunded_at() {
        // Whatever moves along is refused there for no fault of the key.
        Some(rollup) => {
            format!(
                "{what} at the former rollup (version {}): {nobody}, and the key may be queued again",
                rollup.version
            )
        }
        None => format!("{what}: the key is burnt, {nobody}"),
    }
}

fn unserved(row: &AttesterRow) -> Option<Finding> {
    // With a file that cannot be read, nobody knows that none has it.
    if !row.servers.is_empty() || row.provider_id.is_none() || row.coinbase_unknown.is_some() {
        return None;
    }
    let (severity, what) = match row.position {
        Position::Validating => (Severity::Critical, "validating, and no key file has it: who runs it?"),
        Position::EntryQueue => (Severity::Warning, "waiting in the entry queue, and no key file has it"),
        Position::Unregistered
        | Position::ProviderQueue
        | Position::Zombie
        | Position::Exiting
        | Position::Withdrawn
        | Position::Unknown => return None,
    };
    Some(about(row, FindingKind::Unserved, severity, what))
}

/// Attesters on the rollup of whose coinbase the logs say what contradicts the chain, whatever key files say of it: somebody
/// should look, also where no coinbase is configured or none is judged. Not those whose coinbase is told to be missing or zero:
/// that finding speaks of the doubt, too.
pub fn unconfirmed(rows: &[AttesterRow]) -> impl Iterator<Item = (&AttesterRow, Unverified)> {
    let on_rollup = rows.iter().filter(|row| matches!(row.position, Position::EntryQueue | Position::Validating));
    let unsaid = on_rollup.filter(|row| {
        let is_said = match row.coinbase {
            CoinbaseCheck::Missing { .. } | CoinbaseCheck::Zero => row.coinbase_severity != Weight::Ok,
            CoinbaseCheck::NotApplicable
            | CoinbaseCheck::Matches
            | CoinbaseCheck::Wrong { .. }
            | CoinbaseCheck::Differs { .. }
            | CoinbaseCheck::Unverifiable { .. }
            | CoinbaseCheck::Unknown => false,
        };
        !is_said
    });
    unsaid.filter_map(|row| Some((row, row.coinbase_doubt?)))
}

/// Doubts that no other finding speaks of.
#[must_use]
pub fn doubts(rows: &[AttesterRow]) -> Vec<Finding> {
    let is_judged = |row: &AttesterRow| {
        matches!(row.coinbase, CoinbaseCheck::Unverifiable { .. }) && row.coinbase_severity != Weight::Ok
    };
    let doubt = |(row, why): (&AttesterRow, Unverified)| {
        let what = match row.coinbase_claimed {
            Some(claimed) => format!("nothing confirms the coinbase {claimed} that a log names: {}", why.words()),
            None => format!("nothing confirms a coinbase: {}", why.words()),
        };
        let finding = about(row, FindingKind::CoinbaseUnverifiable, Severity::Warning, what).at_level(Level::Note);
        finding.with_remedy(coinbase::remedy_of_doubt(why))
    };
    unconfirmed(rows).filter(|(row, _)| !is_judged(row)).map(doubt).collect()
}
