//! The definition of the arguments as `--help`, `docs/cli.md` and the manual pages show it: commands in groups, with examples.

use clap::{Command, CommandFactory as _};

use super::examples::{self, NAME};
use crate::args::Arguments;

/// The commands by what they are for.
const GROUPS: [(&str, &[&str]); 4] = [
    ("See", &["status", "queue", "provider", "publishers", "safe", "chain", "slashing", "upgrade", "events"]),
    ("Check", &["audit", "doctor", "proposals", "duties", "backtest"]),
    ("Act", &["actions", "attester", "transactions", "jobs", "watcher", "keystore"]),
    ("Set up", &["config", "rules", "completions", "man"]),
];

/// The whole definition, to be shown.
pub(super) fn command() -> Command {
    with_examples(Arguments::command(), "")
}

/// The same as the program's own help shows it: its commands stand in groups, which the library knows for options only.
pub(super) fn grouped() -> Command {
    let command = command();
    let list = groups(&command);
    let template = format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}\n{{all-args}}{{after-help}}");
    let usage = format!("{NAME} [OPTIONS] <COMMAND>");
    command.mut_subcommands(|command| command.hide(true)).override_usage(usage).help_template(template)
}

fn groups(command: &Command) -> String {
    let widest = command.get_subcommands().map(|command| command.get_name().len()).max().unwrap_or_default();
    let group = |(title, names): &(&str, &[&str])| {
        let line = |name: &&str| {
            let about = command.find_subcommand(name)?.get_about()?;
            Some(format!(
                "  {name:widest$}  {}\n",
                crate::output::fold(&about.to_string(), WORDS).join(&format!("\n  {:widest$}  ", ""))
            ))
        };
        format!("{title}:\n{}", names.iter().filter_map(line).collect::<String>())
    };
    GROUPS.iter().map(group).collect::<Vec<_>>().join("\n")
}

/// Columns for what a command is about.
const WORDS: usize = 64;

fn with_examples(command: Command, name: &str) -> Command {
    let examples = examples::of(name);
    let command = command.mut_subcommands(|child| {
        let path = format!("{name} {}", child.get_name());
        with_examples(child, path.trim_start())
    });
    if examples.is_empty() {
        return command;
    }
    let line = |(what, arguments): &examples::Example| format!("  {what}:\n    {NAME} {arguments}\n");
    command.after_long_help(format!("Examples:\n{}", examples.iter().map(line).collect::<String>().trim_end()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser as _;

    use super::*;

    #[test]
    fn every_command_stands_in_one_group() {
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let command = Arguments::command();
        let visible: BTreeSet<&str> =
            command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name).collect();
        assert_eq!(grouped.len(), visible.len());
        assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), visible);
    }

    #[test]
    fn every_command_has_an_example() {
        fn look(command: &Command, name: &str, without: &mut Vec<String>) {
            if examples::of(name).is_empty() {
                without.push(name.to_owned());
            }
            for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
                look(child, format!("{name} {}", child.get_name()).trim_start(), without);
            }
        }
        let mut without = Vec::new();
        look(&Arguments::command(), "", &mut without);
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn every_example_can_be_typed_and_stands_at_its_command() {
        for (name, examples) in examples::EXAMPLES {
            for (_, arguments) in *examples {
                let words = [NAME].into_iter().chain(arguments.split(' '));
                Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{arguments}: {error}"));
                assert!(name.is_empty() || arguments.starts_with(name), "{name}: {arguments}");
            }
            let path = name.split(' ').filter(|part| !part.is_empty());
            let root = Arguments::command();
            path.fold(&root, |command, part| command.find_subcommand(part).unwrap_or_else(|| panic!("{name}")));
        }
    }
}
