//! Amounts of 18 decimals as people read them.

use ethers_core::types::U256;

/// An amount of 18 decimals, cut (not rounded) after `digits` of them, thousands apart.
#[must_use]
pub fn amount(units: U256, digits: usize) -> String {
    let scale = U256::exp10(18);
    let whole = (units / scale).to_string();
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = format!("{:0>18}", (units % scale).to_string());
    let fraction = fraction.get(..digits.min(18)).unwrap_or_default().trim_end_matches('0');
    if fraction.is_empty() {
        let is_dust = !units.is_zero() && whole == "0";
        return if is_dust { format!("<0.{}1", "0".repeat(digits.saturating_sub(1))) } else { grouped };
    }
    format!("{grouped}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_cut_and_grouped_and_dust_is_not_zero() {
        let units = |text: &str| U256::from_dec_str(text).unwrap();
        assert_eq!(amount(units("200000000000000000000000"), 4), "200,000");
        assert_eq!(amount(units("123500000000000000000"), 4), "123.5");
        assert_eq!(amount(units("999999999999999999"), 4), "0.9999");
        assert_eq!(amount(U256::one(), 4), "<0.0001");
        assert_eq!(amount(U256::zero(), 4), "0");
        assert!(amount(U256::MAX, 18).ends_with(".584007913129639935"));
    }
}
