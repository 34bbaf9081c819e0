//! Memory that is given back. A snapshot needs much memory for a moment, on whichever thread reads it, and the C library
//! keeps what was freed for each thread apart: after some hours every thread holds a snapshot's worth that nobody uses.
//! With one arena for all threads there is one such reserve, and a third of the memory is in use.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The C library's own setting, which it reads when a process starts, and only then.
const SETTING: &str = "MALLOC_ARENA_MAX";

/// Becomes the same program with one arena, unless somebody has chosen a number. The process keeps its id. Where that is
/// not possible it goes on as it is, which costs memory and nothing else.
pub fn start_with_one_arena() {
    if !cfg!(target_env = "gnu") || env::var_os(SETTING).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // This returns only when it failed.
    let _ = command.args(arguments).env(SETTING, "1").exec();
}
