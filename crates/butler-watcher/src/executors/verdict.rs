//! How a try ended, from how it ended at each server: done at all of them, or not done, and which.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::journal::Outcome;

/// How it ended at one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AtServer {
    /// The file has the coinbase, and the node took it.
    Done,
    /// The file had the coinbase before anything was done here.
    WasSo,
    /// Its node may have taken it, or not: look again.
    Unknown(String),
    /// It is known not to be so, and can be tried again.
    Later(String),
    /// Now is not the time.
    NotNow(Duration, String),
    /// It cannot be done like that: a person decides.
    Refused(String),
}

/// How a try ended that was made at these servers. A look says that it is done, and nothing more is needed where every server had it.
pub(super) fn outcome(servers: &BTreeMap<String, AtServer>, is_look: bool) -> Outcome {
    let words = |wanted: fn(&AtServer) -> Option<&String>| -> Option<String> {
        let of = servers.iter().filter_map(|(server, end)| Some(format!("{server}: {}", wanted(end)?)));
        let text = of.collect::<Vec<_>>().join("; ");
        let done: Vec<_> =
            servers.iter().filter(|(_, end)| **end == AtServer::Done).map(|(server, _)| server.as_str()).collect();
        let beside = if done.is_empty() { String::new() } else { format!("; it is done at {}", done.join(", ")) };
        (!text.is_empty()).then(|| text + &beside)
    };
    let refused = words(|end| if let AtServer::Refused(why) = end { Some(why) } else { None });
    let unknown = words(|end| if let AtServer::Unknown(why) = end { Some(why) } else { None });
    let later = words(|end| if let AtServer::Later(why) = end { Some(why) } else { None });
    let not_now = servers.values().filter_map(|end| match end {
        AtServer::NotNow(after, why) => Some((*after, why)),
        AtServer::Done | AtServer::WasSo | AtServer::Unknown(_) | AtServer::Later(_) | AtServer::Refused(_) => None,
    });
    let not_now = not_now.max_by_key(|(after, _)| *after);
    let was_so = servers.values().all(|end| *end == AtServer::WasSo);
    match (refused, unknown, later, not_now) {
        (Some(reason), _, _, _) => Outcome::Refused { reason },
        (None, Some(reason), _, _) => Outcome::Unknown { reason },
        (None, None, Some(reason), _) => Outcome::Retry { after: None, reason },
        (None, None, None, Some((after, why))) => Outcome::Postponed { after, reason: why.clone() },
        (None, None, None, None) if servers.is_empty() => {
            Outcome::Refused { reason: "no keystore has this attester any more".to_owned() }
        }
        (None, None, None, None) if was_so => {
            Outcome::Proven { proof: Some("the keystores had this coinbase before anything was done".to_owned()) }
        }
        (None, None, None, None) if is_look => {
            let names = servers.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            Outcome::Proven { proof: Some(format!("written as approved and taken by the nodes of {names}")) }
        }
        (None, None, None, None) => Outcome::Acted { look_after: Duration::ZERO },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(ends: &[AtServer]) -> Outcome {
        let servers = ends.iter().enumerate().map(|(index, end)| (format!("s{index}"), end.clone())).collect();
        outcome(&servers, false)
    }

    #[test]
    fn it_is_done_at_all_servers_or_not_done_and_said_where() {
        use AtServer::{Done, Later, NotNow, Refused, Unknown, WasSo};
        let later = || Later("down".to_owned());
        assert_eq!(ended(&[Done, WasSo]), Outcome::Acted { look_after: Duration::ZERO });
        assert!(matches!(ended(&[WasSo, WasSo]), Outcome::Proven { .. }));
        assert!(matches!(ended(&[]), Outcome::Refused { .. }));
        let reason = "s1: down; it is done at s0".to_owned();
        assert_eq!(ended(&[Done, later(), WasSo]), Outcome::Retry { after: None, reason });
        assert!(matches!(ended(&[Done, later(), Unknown("lost".to_owned())]), Outcome::Unknown { .. }));
        let all = [Done, later(), Unknown("lost".to_owned()), Refused("no".to_owned())];
        assert_eq!(ended(&all), Outcome::Refused { reason: "s3: no; it is done at s0".to_owned() });
        let soon = |seconds| NotNow(Duration::from_secs(seconds), format!("in {seconds} s"));
        let reason = "in 9 s".to_owned();
        assert_eq!(ended(&[soon(3), soon(9), WasSo]), Outcome::Postponed { after: Duration::from_secs(9), reason });
    }
}
