//! Kinds of honest data, with values that dice make and that are the same in every run.

use ethers_core::utils::{hex, keccak256};
use serde_json::{Value, json};

/// Random numbers that are the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn roll(&mut self) -> [u8; 32] {
        self.0 += 1;
        keccak256(self.0.to_be_bytes())
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        u64::from_be_bytes(self.roll()[..8].try_into().unwrap()) % limit
    }

    fn hex(&mut self, length: usize) -> String {
        hex::encode(self.roll())[..length].to_owned()
    }

    pub(crate) fn address(&mut self) -> String {
        format!("0x{}", self.hex(40))
    }

    fn uuid(&mut self) -> String {
        let digits = self.hex(32);
        format!("{}-{}-4{}-a{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..32])
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(u64::try_from(from.len()).unwrap())).unwrap()]
    }

    fn several(&mut self, from: u64, to: u64, mut one: impl FnMut(&mut Self) -> Value) -> Value {
        let count = from + self.below(to - from + 1);
        (0..count).map(|_| one(self)).collect()
    }
}

const WORDS: [&str; 24] = [
    "apple", "hotel", "rocket", "north", "cabin", "river", "motor", "eagle", "planet", "silver", "garden", "winter",
    "orange", "market", "bridge", "candle", "forest", "hammer", "island", "jungle", "kitchen", "lemon", "mirror",
    "napkin",
];
const CITIES: [&str; 8] = ["Paris", "Frankfurt", "Helsinki", "Oslo", "Singapore", "Ashburn", "Montréal", "Zürich"];
const NAMES: [&str; 6] = ["anna", "Bob.Smith", "c.müller", "ops+aztec", "noc", "D_Ivanov"];

/// A kind of honest data: its name, and one value of it.
pub(crate) type Kind = (&'static str, fn(&mut Dice) -> Value);

/// Honest values by name: each from dice, so that none is good or bad by accident.
pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        ("amounts in wei", |dice| {
            dice.several(5, 30, |dice| {
                json!(format!("{}{:014}", dice.below(30_000_000), dice.below(100_000_000_000_000)))
            })
        }),
        ("amounts in gwei", |dice| dice.several(9, 30, |dice| json!(dice.below(32_000_000_000)))),
        ("amounts in tokens", |dice| {
            dice.several(1, 30, |dice| {
                json!(200_000.0 + f64::from(u32::try_from(dice.below(1_000_000)).unwrap()) / 1_000.0)
            })
        }),
        ("round amounts", |dice| {
            dice.several(1, 30, |dice| json!(format!("{}000000000000000000", 1 + dice.below(200_000))))
        }),
        (
            "an amount each",
            |dice| json!({"stake": "200000000000000000000000", "reward": format!("{}", dice.below(u64::MAX)), "slashed": 0}),
        ),
        ("block numbers", |dice| dice.several(1, 60, |dice| json!(21_000_000 + dice.below(2_000_000)))),
        ("blocks as text", |dice| dice.several(1, 60, |dice| json!((21_000_000 + dice.below(2_000_000)).to_string()))),
        (
            "a first and a last block",
            |dice| json!({"fromBlock": 21_000_000 + dice.below(2_000_000), "toBlock": format!("0x{:x}", 23_000_000 + dice.below(2_000_000))}),
        ),
        ("slots and epochs", |dice| {
            dice.several(1, 60, |dice| json!({"slot": dice.below(900_000), "epoch": dice.below(30_000)}))
        }),
        ("seconds", |dice| dice.several(1, 60, |dice| json!(1_700_000_000 + dice.below(100_000_000)))),
        ("milliseconds", |dice| dice.several(1, 60, |dice| json!(1_700_000_000_000_u64 + dice.below(100_000_000_000)))),
        ("nanoseconds", |dice| {
            dice.several(1, 8, |dice| {
                json!((1_700_000_000_000_000_000_u64 + dice.below(100_000_000_000_000_000)).to_string())
            })
        }),
        ("dates", |dice| {
            dice.several(1, 30, |dice| json!(format!("2026-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28))))
        }),
        ("moments", |dice| {
            dice.several(1, 30, |dice| {
                json!(format!(
                    "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                    1 + dice.below(12),
                    1 + dice.below(28),
                    dice.below(24),
                    dice.below(60),
                    dice.below(60),
                    dice.below(1000)
                ))
            })
        }),
        ("ids", |dice| dice.several(1, 60, |dice| json!(dice.below(100_000)))),
        ("counters", |dice| {
            let first = dice.below(5_000);
            (first..first + 1 + dice.below(90)).collect()
        }),
        ("snowflakes", |dice| {
            dice.several(5, 20, |dice| {
                json!((1_000_000_000_000_000_000_u64 + dice.below(300_000_000_000_000_000)).to_string())
            })
        }),
        ("UUIDs", |dice| dice.several(1, 30, |dice| json!(dice.uuid()))),
        ("a UUID each", |dice| json!({"id": dice.uuid(), "parent": dice.uuid(), "host": dice.uuid()})),
        ("UUIDs without hyphens", |dice| dice.several(4, 20, |dice| json!(dice.uuid().replace('-', "")))),
        ("commits", |dice| dice.several(1, 20, |dice| json!(dice.hex(40)))),
        ("short commits", |dice| dice.several(10, 40, |dice| json!(dice.hex(8)))),
        ("shorter commits", |dice| dice.several(1, 40, |dice| json!(dice.hex(7)))),
        ("selectors", |dice| dice.several(10, 20, |dice| json!(format!("0x{}", dice.hex(8))))),
        ("an object id each", |dice| json!({"_id": dice.hex(24), "owner": dice.hex(24)})),
        ("instances", |dice| dice.several(5, 20, |dice| json!(format!("i-0{}", dice.hex(16))))),
        ("containers", |dice| dice.several(6, 20, |dice| json!(dice.hex(12)))),
        ("trace ids", |dice| dice.several(5, 20, |dice| json!(dice.hex(16)))),
        ("addresses", |dice| dice.several(1, 40, |dice| json!(dice.address()))),
        ("addresses in a text", |dice| {
            json!((0..2 + dice.below(20)).map(|_| dice.address()).collect::<Vec<_>>().join(", "))
        }),
        (
            "old and new",
            |dice| json!({"oldCoinbase": dice.address(), "newCoinbase": dice.address(), "by": dice.address(), "atBlock": 22_000_000 + dice.below(99_999)}),
        ),
        ("IP addresses", |dice| {
            dice.several(1, 40, |dice| {
                json!(format!("{}.{}.{}.{}", 1 + dice.below(223), dice.below(256), dice.below(256), dice.below(256)))
            })
        }),
        ("networks", |dice| {
            dice.several(1, 40, |dice| json!(format!("10.{}.{}.0/24", dice.below(256), dice.below(256))))
        }),
        ("IPv6", |dice| {
            dice.several(1, 40, |dice| json!(format!("2a01:4f8:{}:{}::{}", dice.hex(4), dice.hex(4), dice.hex(1))))
        }),
        ("MAC addresses", |dice| {
            dice.several(1, 20, |dice| {
                let digits = dice.hex(12);
                json!((0..6).map(|at| &digits[at * 2..at * 2 + 2]).collect::<Vec<_>>().join(":"))
            })
        }),
        ("ports", |dice| dice.several(1, 30, |dice| json!(30_000 + dice.below(2_768)))),
        (
            "ports by name",
            |dice| json!({"p2p": 40_400 + dice.below(90), "rpc": 8_080 + dice.below(90), "admin": 8_880 + dice.below(90), "metrics": 9_090}),
        ),
        ("latencies", |dice| dice.several(41, 100, |dice| json!(5 + dice.below(250)))),
        ("a few latencies", |dice| dice.several(1, 14, |dice| json!(5 + dice.below(250)))),
        ("fractions of latencies", |dice| {
            dice.several(1, 60, |dice| json!(f64::from(u32::try_from(dice.below(250_000)).unwrap()) / 1_000.0))
        }),
        ("percents", |dice| dice.several(1, 36, |dice| json!(dice.below(101)))),
        ("percents of a quarter", |dice| dice.several(80, 100, |dice| json!(dice.below(101)))),
        ("shards", |dice| dice.several(1, 50, |dice| json!(dice.below(4)))),
        ("switches", |dice| dice.several(1, 100, |dice| json!(dice.below(2) == 1))),
        (
            "a switch each",
            |dice| json!({"enabled": dice.below(2) == 1, "synced": dice.below(2) == 1, "slashed": dice.below(2) == 1, "jailed": false}),
        ),
        ("counts of hours", |dice| (0..24).map(|_| dice.below(400)).collect()),
        ("counts of days", |dice| (0..31).map(|_| dice.below(90)).collect()),
        ("counts of months", |dice| (0..12).map(|_| 400 + dice.below(900)).collect()),
        ("sizes", |dice| dice.several(9, 30, |dice| json!(dice.below(4_000_000_000)))),
        ("versions", |dice| {
            dice.several(1, 30, |dice| {
                json!(format!("v{}.{}.{}-rc.{}", dice.below(6), dice.below(20), dice.below(40), dice.below(9)))
            })
        }),
        (
            "images",
            |dice| json!({"image": format!("aztecprotocol/aztec:{}.{}.{}", dice.below(6), dice.below(9), dice.below(9)), "digest": format!("aztecprotocol/aztec@sha256:{}", dice.hex(64))}),
        ),
        ("host names", |dice| {
            dice.several(1, 30, |dice| {
                json!(format!(
                    "{}-{:02}.{}.example.com",
                    dice.pick(&WORDS),
                    dice.below(40),
                    dice.pick(&["eu-central-1", "us-east-2", "fsn1", "hel1-dc2"])
                ))
            })
        }),
        ("URLs", |dice| {
            dice.several(1, 20, |dice| {
                json!(format!(
                    "https://{}.example.com:{}/{}/{}?page={}&sort=desc#L{}",
                    dice.pick(&WORDS),
                    1_024 + dice.below(60_000),
                    dice.pick(&WORDS),
                    dice.below(10_000),
                    dice.below(90),
                    dice.below(900)
                ))
            })
        }),
        ("URLs with escapes", |dice| {
            dice.several(1, 20, |dice| {
                json!(format!(
                    "https://grafana.example/d/{}?var-host={}%20{}&from=now-6h&to=now&q=%7Bjob%3D%22{}%22%7D",
                    dice.hex(9),
                    dice.pick(&WORDS),
                    dice.below(50),
                    dice.pick(&WORDS)
                ))
            })
        }),
        ("explorers", |dice| json!(format!("https://etherscan.io/address/{}#code", dice.address()))),
        ("e-mail addresses", |dice| {
            dice.several(1, 20, |dice| {
                json!(format!("{}{}@{}.example.org", dice.pick(&NAMES), dice.below(100), dice.pick(&WORDS)))
            })
        }),
        ("telephones", |dice| {
            dice.several(1, 20, |dice| {
                json!(format!("+{} {} {:07}", 1 + dice.below(98), 100 + dice.below(800), dice.below(10_000_000)))
            })
        }),
        ("bank accounts", |dice| {
            json!(format!(
                "DE{:02} {:04} {:04} {:04} {:04} {:02}",
                dice.below(100),
                dice.below(10_000),
                dice.below(10_000),
                dice.below(10_000),
                dice.below(10_000),
                dice.below(100)
            ))
        }),
        ("servers in a list", |dice| {
            dice.several(1, 40, |dice| json!(format!("{}-{}", dice.pick(&WORDS), dice.below(100))))
        }),
        ("servers by name", |dice| json!({dice.pick(&WORDS): dice.below(9), dice.pick(&CITIES): dice.below(9)})),
        ("racks", |dice| {
            dice.several(1, 30, |dice| {
                json!(format!("R{}-U{:02}{}", dice.below(20), dice.below(48), dice.pick(&["a", "b", "L", "R"])))
            })
        }),
        (
            "serial numbers",
            |dice| json!({"serial": format!("S{}NX0{}{}", dice.below(9), dice.pick(&["M", "R", "T"]), dice.below(1_000_000)), "wwn": format!("5002538{}", dice.hex(9))}),
        ),
        (
            "disks",
            |dice| json!({"nvme": format!("eui.{}", dice.hex(16)), "size": 1_920_383_410_176_u64, "model": "SAMSUNG MZVL21T0HCLR-00B00"}),
        ),
        ("names in camel case", |dice| {
            dice.several(1, 12, |dice| json!(format!("{}Validator{}", dice.pick(&CITIES), dice.below(50))))
        }),
        ("tickets", |dice| dice.several(1, 30, |dice| json!(format!("OPS-{}", dice.below(10_000))))),
        ("chat handles", |dice| {
            dice.several(1, 20, |dice| json!(format!("@{}#{:04}", dice.pick(&NAMES), dice.below(10_000))))
        }),
        ("coordinates", |dice| {
            dice.several(1, 10, |dice| {
                json!([
                    f64::from(u32::try_from(dice.below(180_000_000)).unwrap()) / 1e6,
                    f64::from(u32::try_from(dice.below(90_000_000)).unwrap()) / 1e6
                ])
            })
        }),
        (
            "windows of maintenance",
            |dice| json!({"cron": format!("{} {} * * {}", dice.below(60), dice.below(24), dice.below(7)), "timezone": "Europe/Berlin", "minutes": dice.below(240)}),
        ),
        (
            "metrics",
            |dice| json!({"attestations": dice.below(100_000), "missed": dice.below(900), "proposals": dice.below(400), "balance": f64::from(u32::try_from(dice.below(1_000_000)).unwrap()) / 1e6}),
        ),
        ("prose", |dice| {
            json!(format!(
                "The keys of {} were moved to the {} rack on {} November by {}; {} of them wait for the next {}, see OPS-{}.",
                dice.pick(&CITIES),
                dice.pick(&WORDS),
                1 + dice.below(29),
                dice.pick(&NAMES),
                dice.below(90),
                dice.pick(&WORDS),
                dice.below(9_999)
            ))
        }),
        ("sentences of twelve words", |dice| {
            json!(format!(
                "please keep the {} server near the {} until we call you again",
                dice.pick(&WORDS),
                dice.pick(&WORDS)
            ))
        }),
        ("words with numbers", |dice| {
            json!(
                (0..11)
                    .map(|at| format!("{} {}", dice.pick(&WORDS), at * dice.below(9)))
                    .collect::<Vec<_>>()
                    .join("; ")
            )
        }),
    ]
}
