//! When a certificate begins and ends.

/// The seconds since 1970 from when and until when a certificate is valid, of its DER; `None` where they are not legible.
#[must_use]
pub fn validity(certificate: &[u8]) -> Option<(i64, i64)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let validity = certificate.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// When a certificate ends, in unix seconds; `None` where that is not legible.
#[must_use]
pub fn end_of(certificate: &[u8]) -> Option<u64> {
    u64::try_from(validity(certificate)?.1).ok()
}
