//! Presets: networks whose public facts are known, so that nobody has to copy them.

use ethers_core::types::{Address, H160};

use super::fault::Origin;
use super::reader::{Read, Reported, Section};
use super::setting::{Problem, Setting};
use super::text_setting::PresetName;
use crate::text::nearest::nearest;

/// The public facts of a network that everybody shares.
#[derive(Debug)]
pub(super) struct Preset {
    pub(super) name: &'static str,
    pub(super) chain_id: u64,
    pub(super) aztec_registry: Address,
    pub(super) staking_registry: Address,
    pub(super) staking_registry_from_block: u64,
}

/// The networks as Aztec's own page of networks has them. With each reading the chain is asked whether they fit together: its
/// id, the code at both registries, and the registry that the StakingRegistry takes its rollups from.
static PRESETS: &[Preset] = &[
    Preset {
        name: "mainnet",
        chain_id: 1,
        // 0x35b22e09Ee0390539439E24f06Da43D83f90e298
        aztec_registry: H160([
            0x35, 0xb2, 0x2e, 0x09, 0xee, 0x03, 0x90, 0x53, 0x94, 0x39, 0xe2, 0x4f, 0x06, 0xda, 0x43, 0xd8, 0x3f, 0x90,
            0xe2, 0x98,
        ]),
        // 0x042dF8f42790d6943F41C25C2132400fd727f452
        staking_registry: H160([
            0x04, 0x2d, 0xf8, 0xf4, 0x27, 0x90, 0xd6, 0x94, 0x3f, 0x41, 0xc2, 0x5c, 0x21, 0x32, 0x40, 0x0f, 0xd7, 0x27,
            0xf4, 0x52,
        ]),
        // The contract is no older.
        staking_registry_from_block: 23_083_526,
    },
    Preset {
        name: "testnet",
        chain_id: 11_155_111,
        // 0xA0BFb1B494FB49041e5c6e8c2C1BE09cD171c6Ba
        aztec_registry: H160([
            0xa0, 0xbf, 0xb1, 0xb4, 0x94, 0xfb, 0x49, 0x04, 0x1e, 0x5c, 0x6e, 0x8c, 0x2c, 0x1b, 0xe0, 0x9c, 0xd1, 0x71,
            0xc6, 0xba,
        ]),
        // 0xC6EcC1832c8BF6a41c927BEb4E9ec610FBeDd1C2
        staking_registry: H160([
            0xc6, 0xec, 0xc1, 0x83, 0x2c, 0x8b, 0xf6, 0xa4, 0x1c, 0x92, 0x7b, 0xeb, 0x4e, 0x9e, 0xc6, 0x10, 0xfb, 0xed,
            0xd1, 0xc2,
        ]),
        // Sepolia. The contract is no older.
        staking_registry_from_block: 9_595_580,
    },
];

/// The names of all presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|preset| preset.name)
}

/// Whether a preset has this name.
pub(crate) fn is_preset(name: &str) -> bool {
    PRESETS.iter().any(|preset| preset.name == name)
}

/// What is known of a network's preset.
pub(super) enum PresetChoice {
    None,
    Known(&'static Preset),
    /// A name that no preset has; this is reported, and what the preset would fill is not asked for.
    Unknown,
}

impl PresetChoice {
    /// The preset's name, where all of these keys are filled by it.
    pub(super) fn name_of_all(&self, section: &Section<'_>, keys: &[&str]) -> Option<&'static str> {
        match self {
            Self::Known(preset) => keys.iter().all(|key| section.origin(key).is_none()).then_some(preset.name),
            Self::Unknown | Self::None => None,
        }
    }

    /// The value of a key that a preset may fill.
    pub(super) fn get<T: Setting>(&self, section: &Section<'_>, key: &str, of: fn(&Preset) -> T) -> Read<T> {
        match self {
            Self::Unknown if section.origin(key).is_none() => Err(Reported),
            Self::Unknown | Self::None => section.get(key),
            Self::Known(preset) => section.get_or(key, || Some((of(preset), Origin::Preset(preset.name.to_owned())))),
        }
    }
}

/// The preset that a network names, or that has its name.
pub(super) fn read_preset(network: &str, section: &Section<'_>) -> PresetChoice {
    let own = || is_preset(network).then(|| (PresetName(network.to_owned()), Origin::Default));
    let name = match section.optional_or("preset", own) {
        Ok(Some(PresetName(name))) => name,
        Ok(None) => return PresetChoice::None,
        Err(Reported) => return PresetChoice::Unknown,
    };
    if let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) {
        return PresetChoice::Known(preset);
    }
    let known = PRESETS.iter().map(|preset| preset.name);
    let hint = match nearest(&name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known.collect::<Vec<_>>().join(", ")),
    };
    section.fault("preset", Problem::new("there is no such preset").hint(hint));
    PresetChoice::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_hold_the_published_addresses() {
        let told = PRESETS
            .iter()
            .map(|preset| (preset.name, preset.chain_id, preset.aztec_registry.show(), preset.staking_registry.show()));
        let published = [
            ("mainnet", 1, "0x35b22e09Ee0390539439E24f06Da43D83f90e298", "0x042dF8f42790d6943F41C25C2132400fd727f452"),
            (
                "testnet",
                11_155_111,
                "0xA0BFb1B494FB49041e5c6e8c2C1BE09cD171c6Ba",
                "0xC6EcC1832c8BF6a41c927BEb4E9ec610FBeDd1C2",
            ),
        ];
        for (told, (name, chain_id, registry, staking_registry)) in told.zip(published) {
            assert_eq!(told, (name, chain_id, registry.to_owned(), staking_registry.to_owned()));
        }
        assert_eq!(PRESETS.len(), published.len());
    }
}
