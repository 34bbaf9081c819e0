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

impl AtServer {
    /// Why it is not done there.
    pub(super) fn why(&self) -> Option<&str> {
        match self {
            Self::Done | Self::WasSo => None,
            Self::Unknown(why) | Self::Later(why) | Self::NotNow(_, why) | Self::Refused(why) => Some(why),
        }
    }
}

/// How a try ended that was made at these servers. A look says that it is done, and nothing more is needed where every server had it.
pub(super) fn outcome(servers: &BTreeMap<String, AtServer>, is_look: bool) -> Outcome {
    let any = |which: fn(&AtServer) -> bool| servers.values().any(which);
    let not_now = servers.values().filter_map(|end| match end {
        AtServer::NotNow(after, _) => Some(*after),
        AtServer::Done | AtServer::WasSo | AtServer::Unknown(_) | AtServer::Later(_) | AtServer::Refused(_) => None,
    });
    let not_now = not_now.max();
    let reason = told(servers);
    // What may be done at one server is known before anything else ends: nobody looks at it any more once this is parked.
    if any(|end| matches!(end, AtServer::Unknown(_))) {
        Outcome::Unknown { reason }
    } else if any(|end| matches!(end, AtServer::Refused(_))) {
        Outcome::Refused { reason }
    } else if any(|end| matches!(end, AtServer::Later(_))) {
        Outcome::Retry { after: None, reason }
    } else if let Some(after) = not_now {
        Outcome::Postponed { after, reason }
    } else if servers.is_empty() {
        Outcome::Refused { reason: "no keystore has this attester any more".to_owned() }
    } else if servers.values().all(|end| *end == AtServer::WasSo) {
        Outcome::Proven { proof: Some("the keystores had this coinbase before anything was done".to_owned()) }
    } else if is_look {
        let names = servers.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        Outcome::Proven { proof: Some(format!("written as approved and taken by the nodes of {names}")) }
    } else {
        Outcome::Acted { look_after: Duration::ZERO }
    }
}

/// Why it is not done where it is not, and where it is.
fn told(servers: &BTreeMap<String, AtServer>) -> String {
    let of = servers.iter().filter_map(|(server, end)| Some(format!("{server}: {}", end.why()?)));
    let text = of.collect::<Vec<_>>().join("; ");
    let done: Vec<_> =
        servers.iter().filter(|(_, end)| end.why().is_none()).map(|(server, _)| server.as_str()).collect();
    if done.is_empty() { text } else { format!("{text}; it is done at {}", done.join(", ")) }
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
        let reason = "s1: down; it is done at s0, s2".to_owned();
        assert_eq!(ended(&[Done, later(), WasSo]), Outcome::Retry { after: None, reason });
        assert!(matches!(ended(&[Done, later(), Unknown("lost".to_owned())]), Outcome::Unknown { .. }));
        let all = [Done, later(), Unknown("lost".to_owned()), Refused("no".to_owned())];
        assert_eq!(ended(&all), Outcome::Unknown { reason: "s1: down; s2: lost; s3: no; it is done at s0".to_owned() });
        assert!(matches!(ended(&[Done, later(), Refused("no".to_owned())]), Outcome::Refused { .. }));
        let soon = |seconds| NotNow(Duration::from_secs(seconds), format!("in {seconds} s"));
        let reason = "s0: in 3 s; s1: in 9 s; it is done at s2".to_owned();
        assert_eq!(ended(&[soon(3), soon(9), WasSo]), Outcome::Postponed { after: Duration::from_secs(9), reason });
    }
}
