//! `rules`: the alert rules for Prometheus as they are shipped, with absolute addresses of their runbooks where a base is given.

use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;

use crate::args::Global;
use crate::error::CliError;
use crate::gather::load;
use crate::output::{Output, remark};

/// The file that `deploy/` has.
const RULES: &str = include_str!("../../../../deploy/prometheus/butler.rules.yml");
/// How an alert names its runbook: a path at the exporter.
const RELATIVE: &str = "runbook_url: /runbooks/";

/// Prints the rules. `base` is the address of the exporter, without a slash at its end; without it the configuration's counts.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn run(global: &Global, base: Option<String>, output: Output) -> Result<Exit, CliError> {
    match base.or_else(|| configured(global)) {
        Some(base) => output.text(&with_base(&base))?,
        None => {
            remark(
                "the runbooks are paths at the exporter: give its address with --runbook-base, or as `exporter.public_url`, \
                 to make them links",
            );
            output.text(RULES)?;
        }
    }
    Ok(Exit::Success)
}

/// The address that the configuration has. The rules are of use without it, also where Prometheus runs and no configuration is.
fn configured(global: &Global) -> Option<String> {
    match load(global) {
        Ok(config) => {
            let url = config.exporter.public_url?;
            Some(url.expose().as_str().trim_end_matches('/').to_owned())
        }
        Err(error) => {
            remark(&format!("warning: the configuration is not used: {}", Chain(&error)));
            None
        }
    }
}

fn with_base(base: &str) -> String {
    RULES.replace(RELATIVE, &format!("runbook_url: {base}/runbooks/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_has_a_runbook_and_the_base_is_before_each() {
        let alerts = RULES.matches("- alert: ").count();
        assert!(alerts > 90);
        assert_eq!(RULES.matches(RELATIVE).count(), alerts);
        let absolute = with_base("https://butler.example:9464");
        assert_eq!(absolute.matches("runbook_url: https://butler.example:9464/runbooks/Butler").count(), alerts);
        assert!(!absolute.contains(RELATIVE));
    }
}
