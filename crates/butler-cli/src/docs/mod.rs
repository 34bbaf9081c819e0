//! Completions, manual pages and `docs/cli.md`, all made from the definition of the arguments.

mod examples;
mod help;
mod man;

use std::io::{self, Write as _};

use butler_core::runtime::exit::Exit;
use clap::CommandFactory as _;
use clap_complete::env::{CompleteEnv, Shells};

use crate::args::Arguments;
use crate::error::CliError;
use crate::output::Output;

use self::examples::NAME;
pub(crate) use self::man::man;

/// What `docs/cli.md` says about JSON: the shapes are a promise, so they are written by hand and tested.
const JSON_SHAPES: &str = include_str!("../json_shapes.md");

/// The variable by which a completion script asks for candidates.
const COMPLETE: &str = "BUTLER_CLI_COMPLETE";

/// What bash needs beside the library's script, which offers names as if no shell had to read them: it quotes them.
const BASH: &[u8] = include_bytes!("completion.bash");

/// Whether the program was called to complete a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completed {
    /// It was, and it did.
    Yes,
    /// It was called to do something else.
    No,
}

/// Prints candidates for the word that is being written, when a completion script asks for them.
///
/// # Errors
/// The shell is not known.
pub(crate) fn complete() -> Result<Completed, clap::Error> {
    let folder = std::env::current_dir().ok();
    let is_done = CompleteEnv::with_factory(Arguments::command)
        .var(COMPLETE)
        .try_complete(std::env::args_os(), folder.as_deref())?;
    Ok(if is_done { Completed::Yes } else { Completed::No })
}

/// Shows help as people read it, where the program was called for that; a reader that went away is no error.
///
/// # Errors
/// It cannot be written.
pub(crate) fn show(error: &clap::Error) -> io::Result<()> {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand};
    let is_help = matches!(error.kind(), DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand);
    let shown = is_help.then(|| help::grouped().try_get_matches_from(std::env::args_os()).err()).flatten();
    // clap knows where each belongs.
    let written = shown.as_ref().unwrap_or(error).print();
    crate::output::unless_gone(written.and_then(|()| io::stdout().flush()))
}

/// Prints a completion script: it asks this program, as the shell finds it, for candidates.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn completions(shell: clap_complete::Shell, output: Output) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    let name = shell.to_string();
    if let Some(shell) = Shells::builtins().completer(&name) {
        shell.write_registration(COMPLETE, NAME, NAME, NAME, &mut script)?;
    }
    if shell == clap_complete::Shell::Bash {
        script.extend_from_slice(BASH);
    }
    output.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

/// Prints `docs/cli.md`.
///
/// # Errors
/// When stdout cannot be written.
pub(crate) fn reference(output: Output) -> Result<Exit, CliError> {
    let mut command = help::grouped().disable_help_subcommand(true).term_width(100);
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
    let is_shown = |child: &&mut clap::Command| child.get_name() != "reference" && child.get_name() != "help";
    for child in command.get_subcommands_mut().filter(is_shown) {
        let name = format!("{name} {}", child.get_name());
        describe(child, &name, text);
    }
}
