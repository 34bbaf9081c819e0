//! Completions, manual pages and `docs/cli.md`, all made from the definition of the arguments.

use std::path::Path;

use butler_core::runtime::exit::Exit;
use butler_core::store::file::{StoreError, save_atomic};
use clap::CommandFactory as _;

use crate::args::Arguments;
use crate::error::CliError;
use crate::output::Output;

/// What `docs/cli.md` says about JSON: the shapes are a promise, so they are written by hand and tested.
const JSON_SHAPES: &str = include_str!("json_shapes.md");

/// Prints a completion script.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn completions(shell: clap_complete::Shell, output: Output) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "butler-cli", &mut script);
    output.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

/// Prints the manual page, or writes all of them into a folder.
///
/// # Errors
/// When stdout or a file cannot be written.
pub(crate) fn man(folder: Option<&Path>, output: Output) -> Result<Exit, CliError> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = folder else {
        output.text(&page(command)?)?;
        return Ok(Exit::Success);
    };
    std::fs::create_dir_all(folder).map_err(|source| StoreError::Write { path: folder.to_owned(), source })?;
    let mut pages = vec![("butler-cli".to_owned(), command)];
    while let Some((name, command)) = pages.pop() {
        for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
            pages.push((format!("{name}-{}", child.get_name()), child.clone()));
        }
        save_atomic(&folder.join(format!("{name}.1")), page(command)?.as_bytes(), 0o644)?;
    }
    Ok(Exit::Success)
}

fn page(command: clap::Command) -> Result<String, CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Prints `docs/cli.md`.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn reference(output: Output) -> Result<Exit, CliError> {
    let mut command = Arguments::command().disable_help_subcommand(true).term_width(100);
    command.build();
    let mut text = String::from(
        "# butler-cli\n\nThis page is made by `cargo xtask docs` from the program's own help; do not edit it.\n\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n",
    );
    for exit in Exit::ALL {
        text.push_str(&format!("| {} | {} |\n", exit.code(), exit.meaning()));
    }
    text.push_str("\n## Commands\n");
    describe(&mut command, "butler-cli", &mut text);
    text.push('\n');
    text.push_str(JSON_SHAPES);
    output.text(&text)?;
    Ok(Exit::Success)
}

fn describe(command: &mut clap::Command, name: &str, text: &mut String) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!("\n### {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end()));
    for child in command.get_subcommands_mut().filter(|child| !child.is_hide_set()) {
        let name = format!("{name} {}", child.get_name());
        describe(child, &name, text);
    }
}
