//! The certificate that would be served: whether it can be, and its dates.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::list::{Check, Outcome};
use crate::config::HttpConfig;
use crate::daemon::http::desk::load_certificate;
use crate::runtime::certificate::validity;
use crate::runtime::report::one_line;
use crate::store::file::load_bounded;
use crate::text::time::moment;

/// The largest file.
const LIMIT: u64 = 1024 * 1024;
/// A certificate that ends this soon is told, in seconds: two weeks, when a renewal that works was there already.
const SOON: i64 = 14 * 86_400;

pub(super) fn look(http: &HttpConfig, now: u64) -> Vec<Check> {
    let Some(files) = &http.tls else { return Vec::new() };
    let what = format!("certificate of `{}.listen`", http.section);
    if let Err(error) = load_certificate(http) {
        return vec![Check::new(what, Outcome::Unusable, one_line(&error))];
    }
    let Ok(bytes) = load_bounded(&files.certificate, LIMIT) else { return Vec::new() };
    let chain = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok);
    chain.enumerate().map(|(place, certificate)| dates(&what, place, &certificate, now)).collect()
}

/// The dates of one certificate of the chain, of which the first is the server's own.
fn dates(what: &str, place: usize, certificate: &CertificateDer<'_>, now: u64) -> Check {
    let what = if place == 0 { what.to_owned() } else { format!("{what}, number {} of its chain", place + 1) };
    let Some((begins, ends)) = validity(certificate) else {
        return Check::warning(what, "its dates cannot be read");
    };
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let at = |time: i64| moment(u64::try_from(time).unwrap_or_default());
    if now < begins {
        let hint = "is the clock of this machine right?";
        return Check::bad(what, format!("it is not valid before {}", at(begins))).hint(hint);
    }
    if now > ends {
        return Check::bad(what, format!("it ended at {}", at(ends))).hint("renew it");
    }
    if ends.saturating_sub(now) < SOON {
        return Check::warning(what, format!("it ends at {}", at(ends))).hint("does its renewal work?");
    }
    Check::good(what, format!("it is valid until {}", at(ends)))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn dates_decide_and_the_end_is_told_two_weeks_before() {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 4, 1));
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let (begin, end) = (1_767_225_600, 1_775_001_600);
        for (now, expected) in [
            (begin - 1, Outcome::Bad),
            (begin, Outcome::Good),
            (end - 14 * 86_400, Outcome::Good),
            (end - 14 * 86_400 + 1, Outcome::Warning),
            (end, Outcome::Warning),
            (end + 1, Outcome::Bad),
            (0, Outcome::Bad),
        ] {
            assert_eq!(dates("it", 0, certificate.der(), now).outcome, expected, "{now}");
        }
        assert_eq!(dates("it", 1, &CertificateDer::from(vec![0; 9]), 0).outcome, Outcome::Warning);
    }
}
