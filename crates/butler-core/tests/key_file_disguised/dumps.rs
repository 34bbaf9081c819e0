//! Dumps as `xxd`, `hexdump`, `od` and debuggers write them.

use ethers_core::utils::hex;

/// The lines of a dump of bytes, as tools write them.
pub(crate) fn dumps(bytes: &[u8]) -> Vec<(&'static str, Vec<String>)> {
    let letters = |bytes: &[u8]| {
        let letter = |byte: &u8| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
        bytes.iter().map(letter).collect::<String>()
    };
    let lines = |line: &dyn Fn(usize, &[u8]) -> String, width: usize| {
        bytes.chunks(width).enumerate().map(|(at, bytes)| line(at * width, bytes)).collect::<Vec<_>>()
    };
    let groups = |bytes: &[u8], size: usize, form: &dyn Fn(&[u8]) -> String, between: &str| {
        bytes.chunks(size).map(form).collect::<Vec<_>>().join(between)
    };
    let backwards = |bytes: &[u8]| hex::encode(bytes.iter().rev().copied().collect::<Vec<_>>());
    vec![
        (
            "xxd",
            lines(
                &|at, bytes| {
                    format!("{at:08x}: {}  {}", groups(bytes, 2, &|two| hex::encode(two), " "), letters(bytes))
                },
                16,
            ),
        ),
        (
            "hexdump -C",
            lines(
                &|at, bytes| {
                    format!("{at:08x}  {}  |{}|", groups(bytes, 1, &|one| hex::encode(one), " "), letters(bytes))
                },
                16,
            ),
        ),
        ("hexdump", lines(&|at, bytes| format!("{at:07x} {}", groups(bytes, 2, &backwards, " ")), 16)),
        (
            "gdb x/8xb",
            lines(
                &|at, bytes| {
                    format!(
                        "0x7fffffffe0{at:02x}:\t{}",
                        groups(bytes, 1, &|one| format!("0x{}", hex::encode(one)), "\t")
                    )
                },
                8,
            ),
        ),
        (
            "gdb x/4xw",
            lines(
                &|at, bytes| {
                    format!(
                        "0x7fffffffe0{at:02x} <buffer+{at}>:\t{}",
                        groups(bytes, 4, &|four| format!("0x{}", backwards(four)), "\t")
                    )
                },
                16,
            ),
        ),
        (
            "gdb x/2xg",
            lines(
                &|at, bytes| {
                    format!(
                        "0x55555556{at:04x}:\t{}",
                        groups(bytes, 8, &|eight| format!("0x{}", backwards(eight)), "\t")
                    )
                },
                16,
            ),
        ),
        ("od -tx1", lines(&|at, bytes| format!("{at:07o} {}", groups(bytes, 1, &|one| hex::encode(one), " ")), 16)),
        (
            "od -c",
            lines(
                &|at, bytes| {
                    format!(
                        "{at:07o}   {}",
                        bytes.iter().map(|byte| char::from(*byte).to_string()).collect::<Vec<_>>().join("   ")
                    )
                },
                16,
            ),
        ),
        ("plain pairs", lines(&|_, bytes| groups(bytes, 1, &|one| hex::encode(one), " "), 16)),
        ("decimal", lines(&|_, bytes| groups(bytes, 1, &|one| one[0].to_string(), " "), 16)),
        ("octal", lines(&|_, bytes| groups(bytes, 1, &|one| format!("{:03o}", one[0]), " "), 16)),
        ("binary", lines(&|_, bytes| groups(bytes, 1, &|one| format!("{:08b}", one[0]), " "), 8)),
    ]
}
