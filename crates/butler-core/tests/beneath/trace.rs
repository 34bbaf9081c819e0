//! Children under strace: which calls one makes, and one that is killed or refused at a call.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::Room;
use super::child::{BEGINS, ENDS, command};

/// One system call of a child's work: its name, and the how manieth of that name it is in its thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) number: usize,
}

pub(crate) fn has_strace() -> bool {
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn strace(log: &Path, more: &[&str], child: &str, room: &Room) -> Output {
    let log = log.display().to_string();
    let words = [&["strace", "-f", "-qq", "-o", &log], more].concat();
    command(&words, child, room).output().unwrap()
}

/// Every call of a child between its begin and its end, with these calls refused. Calls that another thread of it makes as
/// often are left out, since they would be struck there.
pub(crate) fn calls(room: &Room, log: &Path, refused: &[&str], child: &str) -> Vec<Call> {
    let injects: Vec<String> = refused.iter().map(|refused| format!("inject={refused}")).collect();
    let more: Vec<&str> = injects.iter().flat_map(|inject| ["-e", inject]).collect();
    strace(log, &more, child, room);
    let text = std::fs::read_to_string(log).unwrap();
    let lines = || text.lines().filter_map(|line| line.split_once(' '));
    let (worker, _) = lines().find(|(_, line)| line.contains(BEGINS)).unwrap();
    let of_others = |name: &str| {
        let call = format!("{name}(");
        lines().filter(|(thread, line)| *thread != worker && line.trim_start().starts_with(&call)).count()
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut made, mut has_begun) = (Vec::new(), false);
    for (_, line) in lines().filter(|(thread, _)| *thread == worker) {
        if line.contains(ENDS) {
            return made;
        }
        let named = line.trim_start().split_once('(').filter(|(name, _)| !name.contains(' '));
        let Some((name, _)) = named else { continue };
        let number = counts.entry(name).or_default();
        *number += 1;
        if has_begun && *number > of_others(name) {
            made.push(Call { name: name.to_owned(), number: *number });
        }
        has_begun |= line.contains(BEGINS);
    }
    panic!("the child never came to its end: {text}")
}

/// Runs a child to which this happens at one call; none when it did not come to pass.
pub(crate) fn injected(
    room: &Room,
    log: &Path,
    call: &Call,
    what: &str,
    refused: &[&str],
    child: &str,
) -> Option<Output> {
    // Two rules for one call: the first call that is meant is struck, the others are refused.
    let struck = format!("inject={}:{what}:when={}", call.name, call.number);
    let refused: Vec<String> = refused
        .iter()
        .filter(|refused| !refused.starts_with(&format!("{}:", call.name)))
        .map(|refused| format!("inject={refused}"))
        .collect();
    let mut more: Vec<&str> = refused.iter().flat_map(|inject| ["-e", inject.as_str()]).collect();
    more.extend(["-e", &struck]);
    let names = [struck.as_str()].into_iter().chain(refused.iter().map(String::as_str));
    let names: Vec<&str> = names.filter_map(|inject| inject.split(['=', ':']).nth(1)).collect();
    let trace = format!("trace={}", names.join(","));
    more.extend(["-e", &trace]);
    let output = strace(log, &more, child, room);
    let text = std::fs::read_to_string(log).unwrap();
    let came_to_pass =
        if what.starts_with("signal") { text.contains("killed by SIGKILL") } else { text.contains("(INJECTED)") };
    came_to_pass.then_some(output)
}
