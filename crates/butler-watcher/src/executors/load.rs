//! A reload of a keystore as it is: nothing is written, and so nothing is ever put back.
//!
//! Look, hold what is there against what was approved, make the intent durable, have the nodes take it, look again. It is done once every
//! node took what was shown; a reload that happened twice does no harm, so whatever is cut off or not answered is begun anew.

use std::time::Duration;

use butler_core::domain::action::{Goal, KeystoreContent, Phase};
use serde_json::json;

use super::gate::Gate;
use super::item::LEASE;
use super::keystore::{Keystore, Reloaded};
use super::loaded;
use super::round::{AWAY, VOID, attesters};
use crate::journal::{Journal, JournalError, Leased, Outcome, Renewal, Settlement};
use crate::plan::views::{content, hiding, refusal};

/// How long it is waited for whoever shows it anew.
const ANEW: Duration = Duration::from_secs(15);

/// How one try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// Every node took what was shown.
    Taken(String),
    /// Nothing was asked for, or it was not heard.
    NotNow(Duration, String),
    /// It may have been taken.
    Unknown(String),
    /// A person decides.
    Refused(String),
    /// Somebody else may act by now.
    Lost,
}

/// Has the nodes of that keystore take it, where it is what was approved. `None` where the lease was lost.
pub(super) async fn at_server(
    keystore: Option<&Keystore>,
    leased: Leased,
    (gate, distance): (&mut Gate, u64),
    journal: &dyn Journal,
) -> Result<Option<Settlement>, JournalError> {
    let is_look = leased.entry.standing.phase == Phase::Verifying;
    let mut lease = leased.lease;
    let refused = |why: &str| End::Refused(why.to_owned());
    let end = match (&leased.entry.action.goal, keystore) {
        (_, None) => refused("its keystore is not configured any more"),
        (Goal::KeystoreLoaded { nodes, content, .. }, Some(keystore)) if nodes_of(keystore) == *nodes => {
            let mut intend = || {
                // Whoever comes after a kill sees in the history that it may have been asked for.
                let intent = Some(json!({ "load": { "server": keystore.server(), "digest": content.digest } }));
                match journal.renew(&lease, &Renewal { lease: LEASE, intent, number: None }) {
                    Ok(renewed) => {
                        lease = renewed;
                        Ok(true)
                    }
                    Err(JournalError::LostLease { .. }) => Ok(false),
                    Err(error) => Err(error),
                }
            };
            load(keystore, content, (gate, distance), journal, &mut intend).await?
        }
        (Goal::KeystoreLoaded { .. }, Some(_)) => {
            End::NotNow(ANEW, "its nodes are not those that were shown".to_owned())
        }
        (Goal::Told | Goal::CoinbaseConfigured { .. } | Goal::Executed(_) | Goal::JobDone { .. }, Some(_)) => {
            refused("what it asks for is of another version")
        }
    };
    Ok(outcome(end, is_look).map(|outcome| Settlement { lease, outcome }))
}

fn nodes_of(keystore: &Keystore) -> Vec<String> {
    keystore.nodes.iter().map(|node| node.name().to_owned()).collect()
}

async fn load(
    keystore: &Keystore,
    approved: &KeystoreContent,
    (gate, distance): (&mut Gate, u64),
    journal: &dyn Journal,
    intend: &mut impl FnMut() -> Result<bool, JournalError>,
) -> Result<End, JournalError> {
    let server = keystore.server();
    let view = match keystore.look().await {
        Ok(view) => view,
        Err(trouble) => return Ok(End::NotNow(AWAY, trouble.to_string())),
    };
    if let Some(why) = refusal(&view) {
        return Ok(End::NotNow(AWAY, format!("the node would refuse its keystore: {why}")));
    }
    if let Some(obstacle) = hiding(&view) {
        return Ok(End::NotNow(AWAY, format!("not all of what its node would load is legible: {}", obstacle.what)));
    }
    if content(&view) != *approved {
        return Ok(End::NotNow(ANEW, VOID.to_owned()));
    }
    // It is late already, and no moment is too late.
    if let Some((after, why)) = gate.wait(server, &attesters(&view), None, distance).await {
        return Ok(End::NotNow(after, why));
    }
    if !intend()? {
        return Ok(End::Lost);
    }
    let reloaded = keystore.reload().await;
    gate.reloaded(server, &view, &reloaded);
    Ok(match reloaded {
        Reloaded::Accepted => {
            loaded::note(journal, keystore)?;
            match keystore.look().await {
                Ok(view) if content(&view) == *approved => {
                    End::Taken(format!("taken as approved by the nodes of {server}"))
                }
                Ok(_) => End::NotNow(ANEW, format!("{VOID}: it was changed while its node took it")),
                Err(trouble) => End::NotNow(AWAY, format!("its node took it, and it cannot be looked at: {trouble}")),
            }
        }
        Reloaded::Refused { why, took: 0 } => End::Refused(format!("{why}; nothing was changed")),
        Reloaded::Refused { why, took } => {
            End::Refused(format!("{why}; nothing was changed, and {took} of its nodes before it took it"))
        }
        Reloaded::Unknown(why) | Reloaded::Late(why) => {
            End::Unknown(format!("{why}; it is asked again, which does no harm"))
        }
        Reloaded::NotAsked(why) => End::NotNow(AWAY, why),
    })
}

fn outcome(end: End, is_look: bool) -> Option<Outcome> {
    Some(match end {
        End::Taken(proof) => Outcome::Proven { proof: Some(proof) },
        // What was cut off is due again, so that it can be shown anew, or taken back.
        End::NotNow(after, reason) if is_look => Outcome::Retry { after: Some(after), reason },
        End::NotNow(after, reason) => Outcome::Postponed { after, reason },
        End::Unknown(reason) => Outcome::Unknown { reason },
        End::Refused(reason) => Outcome::Refused { reason },
        End::Lost => return None,
    })
}
