//! What is wanted of a provider and its publishers: the watcher proposes to a Safe's owners what is missing.

use std::path::PathBuf;
use std::time::Duration;

use ethers_core::types::{Address, U256};

use super::reader::{Read, Section};
use super::setting::{Ether, Problem};

/// `[networks.NAME.wanted]`. What is absent is wanted of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedConfig {
    /// Who is to be the admin of the own providers.
    pub admin: Option<Address>,
    /// Whether a provider is to be created where that admin has none.
    pub create_provider: bool,
    /// The share, in basis points.
    pub take_rate_bps: Option<u16>,
    /// Who receives the share.
    pub rewards_recipient: Option<Address>,
    /// Where prepared keys come from, and when.
    pub keys: Option<WantedKeys>,
    /// Whether keys at the front of a queue are taken out that would burn a stake.
    pub drip_bad_keys: bool,
    /// Who funds publishers, and how.
    pub funding: Option<WantedFunding>,
    /// Time between two looks whether a proposal was executed.
    pub look_interval: Duration,
    /// Time between two questions to the service about proposals that wait.
    pub service_interval: Duration,
}

/// Keys that are to be added in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedKeys {
    /// The registration file.
    pub file: PathBuf,
    /// A queue that lasts for less gets some.
    pub runway: Duration,
    /// How many one proposal adds at most.
    pub at_once: usize,
}

/// Publishers that are to be funded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedFunding {
    /// Who pays.
    pub payer: Address,
    /// The most for all together, in wei.
    pub cap: U256,
    /// Only who holds less than this gets any, in wei; `None` for less than it should hold.
    pub floor: Option<U256>,
    /// Who gets any has this part of what it should hold afterwards, in hundredths.
    pub fill_percent: u64,
}

impl WantedConfig {
    /// Whether anything is wanted.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.admin.is_some()
            || self.take_rate_bps.is_some()
            || self.rewards_recipient.is_some()
            || self.keys.is_some()
            || self.drip_bad_keys
            || self.funding.is_some()
    }
}

/// Reads the section.
pub(super) fn read_wanted(section: &Section<'_>) -> Read<WantedConfig> {
    let (admin, rewards_recipient) = (section.optional("admin"), section.optional("rewards_recipient"));
    let take_rate = section.optional::<u64>("take_rate");
    let create_provider = section.get("create_provider");
    let file = section.path("keys_file");
    let (runway, at_once) = (section.get("keys_runway"), section.get::<u64>("keys_at_once"));
    let drip_bad_keys = section.get("drip_bad_keys");
    let payer = section.optional::<Address>("payer");
    let (cap, floor) = (section.get::<Ether>("fund_cap"), section.optional::<Ether>("fund_floor"));
    let fill_percent = section.get("fund_fill");
    let (look_interval, service_interval) = (section.get("look_interval"), section.get("service_interval"));
    let (admin, rewards_recipient) = (admin?, rewards_recipient?);
    let take_rate_bps = take_rate?.and_then(|rate| u16::try_from(rate).ok());
    let create_provider = create_provider?;
    if create_provider && (admin.is_none() || take_rate_bps.is_none() || rewards_recipient.is_none()) {
        let problem = Problem::new("a provider has an admin, a share and a recipient");
        let hint = "give `admin`, `take_rate` and `rewards_recipient`";
        return Err(section.fault("create_provider", problem.hint(hint)));
    }
    let (runway, at_once) = (runway?, usize::try_from(at_once?).unwrap_or(usize::MAX));
    let (cap, floor, fill_percent) = (cap?.0, floor?.map(|floor| floor.0), fill_percent?);
    Ok(WantedConfig {
        admin,
        create_provider,
        take_rate_bps,
        rewards_recipient,
        keys: file?.map(|file| WantedKeys { file, runway, at_once }),
        drip_bad_keys: drip_bad_keys?,
        funding: payer?.map(|payer| WantedFunding { payer, cap, floor, fill_percent }),
        look_interval: look_interval?,
        service_interval: service_interval?,
    })
}
