//! The types that a key can have, each read strictly from text.
//!
//! The file must use TOML's own type (a number is not written as text); the environment and flags have only text, which
//! is read by the same functions. Nothing is rounded, trimmed or converted, and no error repeats what was given.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ethers_core::types::{Address, U256};
use ethers_core::utils::parse_units;

use super::address::parse_address;
use super::endpoint::EndpointUrl;
use super::unshown::Noted;
use crate::domain::ids::ProviderId;
use crate::text::address::checksummed;
use crate::text::time::whole_duration;

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) what: String,
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// How a type is written in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Text,
    Integer,
    Boolean,
}

/// A type of the table of keys.
pub(crate) trait Setting: Sized {
    /// The name in the table of keys.
    const KIND: &'static str;
    /// What was expected, for messages.
    const EXPECTED: &'static str;
    /// How it is written in TOML.
    const WRITTEN: Written = Written::Text;

    fn from_text(text: &str) -> Result<Self, Problem>;
    /// The value as text that may be shown to anybody.
    fn show(&self) -> String;
    /// The value as it is kept until it is shown.
    fn noted(&self) -> Noted {
        Noted::Plain(self.show())
    }
    /// The number that bounds are compared with: milliseconds for a duration.
    fn magnitude(&self) -> Option<u64> {
        None
    }
    fn expected() -> Problem {
        Problem::new(format!("expected {}", Self::EXPECTED))
    }
}

impl Setting for bool {
    const KIND: &'static str = "boolean";
    const EXPECTED: &'static str = "true or false";
    const WRITTEN: Written = Written::Boolean;

    fn from_text(text: &str) -> Result<Self, Problem> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Self::expected()),
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for u64 {
    const KIND: &'static str = "integer";
    const EXPECTED: &'static str = "an integer of at least 0";
    const WRITTEN: Written = Written::Integer;

    fn from_text(text: &str) -> Result<Self, Problem> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        // `007` is a mistake or a habit of octal numbers; both deserve a question.
        if !digits || (text.len() > 1 && text.starts_with('0')) {
            return Err(Self::expected());
        }
        text.parse().map_err(|_| Self::expected())
    }
    fn show(&self) -> String {
        self.to_string()
    }
    fn magnitude(&self) -> Option<Self> {
        Some(*self)
    }
}

impl Setting for ProviderId {
    const KIND: &'static str = "provider id";
    const EXPECTED: &'static str = "a provider id, an integer of at least 1";
    const WRITTEN: Written = Written::Integer;

    fn from_text(text: &str) -> Result<Self, Problem> {
        let id = u64::from_text(text).map_err(|_| Self::expected())?;
        Self::try_from(id).map_err(|_| Self::expected())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for Duration {
    const KIND: &'static str = "duration";
    const EXPECTED: &'static str = "a duration such as \"90s\", \"12h\" or \"1h 30m\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let unit = text.chars().any(|character| character.is_ascii_alphabetic());
        let whole_milliseconds = |duration: &Self| duration.subsec_nanos().is_multiple_of(1_000_000);
        if !unit {
            return Err(Self::expected().hint("add the unit"));
        }
        humantime::parse_duration(text).ok().filter(whole_milliseconds).ok_or_else(Self::expected)
    }
    fn show(&self) -> String {
        whole_duration(*self)
    }
    fn magnitude(&self) -> Option<u64> {
        Some(u64::try_from(self.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Setting for Address {
    const KIND: &'static str = "address";
    const EXPECTED: &'static str = "an address of 0x and 40 hex digits";

    fn from_text(text: &str) -> Result<Self, Problem> {
        parse_address(text).map_err(|fault| {
            let problem = Problem::new(fault.to_string());
            match fault.hint() {
                Some(hint) => problem.hint(hint),
                None => problem,
            }
        })
    }
    fn show(&self) -> String {
        checksummed(self).into()
    }
}

/// An amount of ether, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ether(pub(crate) U256);

/// Reads an amount of ether such as `0.1`; wei. `None` for what is no such amount.
#[must_use]
pub fn parse_ether(text: &str) -> Option<U256> {
    Ether::from_text(text).ok().map(|ether| ether.0)
}

impl Setting for Ether {
    const KIND: &'static str = "ether";
    const EXPECTED: &'static str = "an amount of ether as decimal text such as \"0.1\", at most 18 decimals";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        // Twelve digits are more ether than there will ever be, and far from overflow.
        if !digits(whole) || !digits(fraction) || whole.len() > 12 || fraction.len() > 18 {
            return Err(Self::expected());
        }
        let wei = parse_units(format!("{whole}.{fraction}"), 18_u32).map_err(|_| Self::expected())?;
        Ok(Self(wei.into()))
    }
    fn show(&self) -> String {
        let digits = format!("{:0>19}", self.0.to_string());
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(18));
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
    }
}

/// An amount of gwei, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gwei(pub(crate) U256);

/// Reads an amount of gwei such as `1.5`; wei. `None` for what is no such amount.
#[must_use]
pub fn parse_gwei(text: &str) -> Option<U256> {
    Gwei::from_text(text).ok().map(|gwei| gwei.0)
}

impl Setting for Gwei {
    const KIND: &'static str = "gwei";
    const EXPECTED: &'static str = "an amount of gwei as decimal text such as \"1.5\", at most 9 decimals";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || whole.len() > 12 || fraction.len() > 9 {
            return Err(Self::expected());
        }
        let wei = parse_units(format!("{whole}.{fraction}"), 9_u32).map_err(|_| Self::expected())?;
        Ok(Self(wei.into()))
    }
    fn show(&self) -> String {
        Ether(self.0.saturating_mul(U256::exp10(9))).show()
    }
}

impl Setting for SocketAddr {
    const KIND: &'static str = "socket address";
    const EXPECTED: &'static str = "an IP address and a port such as \"127.0.0.1:9464\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Self::expected())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for IpAddr {
    const KIND: &'static str = "ip address";
    const EXPECTED: &'static str = "an IP address, version 4 or 6";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| Self::expected())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for EndpointUrl {
    const KIND: &'static str = "url";
    const EXPECTED: &'static str = "an http or https URL";

    fn from_text(text: &str) -> Result<Self, Problem> {
        Self::parse(text).map_err(|error| {
            let problem = Problem::new(error.to_string());
            match error.hint() {
                Some(hint) => problem.hint(hint),
                None => problem,
            }
        })
    }
    fn show(&self) -> String {
        if self.has_more() { format!("{self}/<hidden>") } else { self.to_string() }
    }
}
