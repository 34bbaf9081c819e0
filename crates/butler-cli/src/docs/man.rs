//! Manual pages.

use std::path::Path;

use butler_core::runtime::exit::Exit;
use butler_core::store::file::{StoreError, save_atomic};
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::examples::{self, NAME};
use super::help;
use crate::error::CliError;
use crate::output::Output;

/// The files that the program reads and writes by itself.
const FILES: [(&str, &str); 3] = [
    (
        "butler.toml, ~/.config/butler/butler.toml, /etc/butler/butler.toml",
        "The configuration: the first of them that is there, unless --config or BUTLER_CONFIG names another.",
    ),
    (
        "~/.cache/butler/",
        "What was scanned and can be scanned again, and what key files said last; `cache_directory` moves it.",
    ),
    (
        "/run/butler-watcher/watcher/control.sock",
        "The watcher's socket as a service; `watcher.runtime_directory` moves it.",
    ),
];

/// The variables that it reads.
const VARIABLES: [(&str, &str); 6] = [
    ("BUTLER_CONFIG, BUTLER_NETWORK", "As --config and --network."),
    ("BUTLER__SECTION__KEY", "A key of the configuration, its parts separated by two underscores: BUTLER__LOG__LEVEL."),
    ("COLUMNS", "How many columns a line on stdout may have. Without it a terminal is asked; a pipe gets whole lines."),
    ("NO_COLOR", "No colour, when it is set to anything. --color decides before it."),
    ("TERM", "`dumb` means no colour and no progress line."),
    ("TZ", "The time zone of --local; else the machine's is taken."),
];

/// Prints the manual page, or writes all of them into a folder.
///
/// # Errors
/// When stdout or a file cannot be written.
pub(crate) fn man(folder: Option<&Path>, output: Output) -> Result<Exit, CliError> {
    let mut command = help::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = folder else {
        output.text(&page(command, "")?)?;
        return Ok(Exit::Success);
    };
    std::fs::create_dir_all(folder).map_err(|source| StoreError::Write { path: folder.to_owned(), source })?;
    let mut pages = vec![(String::new(), command)];
    while let Some((name, command)) = pages.pop() {
        for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
            pages.push((format!("{name} {}", child.get_name()).trim_start().to_owned(), child.clone()));
        }
        let file = format!("{NAME} {name}").trim_end().replace(' ', "-");
        save_atomic(&folder.join(format!("{file}.1")), page(command, &name)?.as_bytes(), 0o644)?;
    }
    Ok(Exit::Success)
}

fn page(command: Command, name: &str) -> Result<String, CliError> {
    let has_commands = command.get_subcommands().any(|child| !child.is_hide_set());
    let man = Man::new(command);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_commands {
        man.render_subcommands_section(&mut page)?;
    }
    more(name).to_writer(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// What the definition of the arguments does not say.
fn more(name: &str) -> Roff {
    let mut roff = Roff::new();
    let examples = examples::of(name);
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
        for (what, arguments) in examples {
            roff.control("TP", []).text([roman(format!("{what}:"))]).text([bold(format!("{NAME} {arguments}"))]);
        }
    }
    let mut section = |title: &str, entries: &[(&str, &str)]| {
        roff.control("SH", [title]);
        for (name, what) in entries {
            roff.control("TP", []).text([bold(*name)]).text([roman(*what)]);
        }
    };
    let exits = Exit::ALL.map(|exit| (exit.code().to_string(), exit.meaning()));
    let exits: Vec<(&str, &str)> = exits.iter().map(|(code, meaning)| (code.as_str(), *meaning)).collect();
    section("EXIT STATUS", &exits);
    section("ENVIRONMENT", &VARIABLES);
    section("FILES", &FILES);
    roff
}
