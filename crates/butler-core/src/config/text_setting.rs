//! Settings that are text of a certain form: names, variables, paths, patterns.

use super::setting::{Problem, Setting};
use super::unshown::Noted;
use crate::text::pattern::pattern_fault;
use crate::text::secrets::without_secrets;

/// Text of a certain form, named by a marker type.
macro_rules! text_setting {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) String);

        impl Setting for $name {
            const KIND: &'static str = $kind;
            const EXPECTED: &'static str = $expected;

            fn from_text(text: &str) -> Result<Self, Problem> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(Self::expected()) }
            }
            fn show(&self) -> String {
                without_secrets(&self.0)
            }
            fn noted(&self) -> Noted {
                Noted::Text(self.0.clone())
            }
        }
    };
}

text_setting!(
    /// A short text on one line.
    Text, "text", "text of 1 to 128 characters on one line",
    |text| !text.trim().is_empty() && text.chars().count() <= 128 && !text.chars().any(char::is_control)
);
text_setting!(
    /// A network's name.
    NetworkName, "name", "a name of lower-case letters, digits, `-` and `_` that begins with a letter, without `__`",
    is_network_name
);
text_setting!(
    /// A preset's name; which ones there are is checked where it is used.
    PresetName, "preset", "the name of a preset", is_network_name
);
text_setting!(
    /// The name of a machine in the DNS.
    DomainName, "domain name", "a domain name such as \"node-1.example.com\"",
    |text| !text.is_empty() && text.len() <= 253 && text.split('.').all(|label| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    })
);
text_setting!(
    /// The name of a file in systemd's folder of credentials.
    CredentialName, "credential", "the name of a credential, without a folder",
    |text| !text.is_empty() && text.len() <= 255 && !text.starts_with('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | ':'))
);
text_setting!(
    /// The name of an environment variable.
    VariableName, "variable", "the name of an environment variable",
    |text| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
);

pub(crate) fn is_network_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 32
        && !text.contains("__")
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
}

/// A path as it is written, before its folder is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenPath(pub(crate) String);

impl Setting for WrittenPath {
    const KIND: &'static str = "path";
    const EXPECTED: &'static str = "a path";

    fn from_text(text: &str) -> Result<Self, Problem> {
        check_path(text, "a path").map(|()| Self(text.to_owned()))
    }
    fn show(&self) -> String {
        without_secrets(&self.0)
    }
    fn noted(&self) -> Noted {
        Noted::Text(self.0.clone())
    }
}

/// A pattern of paths as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenPattern(pub(crate) String);

impl Setting for WrittenPattern {
    const KIND: &'static str = "pattern";
    const EXPECTED: &'static str = "a path or pattern such as \"keys/*.json\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        check_path(text, "a path or pattern")?;
        match pattern_fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(what) => Err(Problem::new(what)),
        }
    }
    fn show(&self) -> String {
        without_secrets(&self.0)
    }
    fn noted(&self) -> Noted {
        Noted::Text(self.0.clone())
    }
}

fn check_path(text: &str, kind: &str) -> Result<(), Problem> {
    if text.is_empty() || text.contains('\0') {
        return Err(Problem::new(format!("expected {kind}")));
    }
    if text.starts_with('~') {
        return Err(Problem::new("`~` is not expanded here").hint("write the whole path"));
    }
    if text.starts_with('$') {
        return Err(Problem::new("variables are not expanded here").hint("write the whole path"));
    }
    Ok(())
}
