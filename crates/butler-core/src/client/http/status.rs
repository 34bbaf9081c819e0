//! What a status means where an answer should be, in words for whoever has to mend it.

/// What that status says of an exchange that brought no answer; `None` for those that say nothing by themselves.
pub(in crate::client) fn meaning(status: u16) -> Option<&'static str> {
    Some(match status {
        101 => "a change to another protocol, which was not asked for",
        100..=199 => "an interim answer, and none after it",
        204 | 205 => "no content: what listens there answers no JSON-RPC",
        206 => "a part of an answer, where all of it was asked for",
        201..=299 => "taken, and not answered",
        300 => "several addresses to choose from, and none is named",
        301 | 308 => "moved for good, and no address is named",
        304 => "not modified: a cache answers in the endpoint's place",
        305 | 306 => "another proxy is wanted",
        302..=399 => "a redirect that names no address",
        400 => "the request is not understood",
        402 => "payment is required: the plan may be used up",
        404 => "nothing is at that path",
        405 => "that path takes no POST",
        406 | 415 => "that path takes or gives no JSON",
        407 => "a proxy on the way wants credentials",
        408 => "the request took the endpoint too long",
        410 => "gone for good",
        413 => "the request is too large",
        421 => "sent to a host that does not serve that name",
        426 | 505 => "another version of HTTP is wanted",
        431 => "the request's head is too large",
        451 => "refused for legal reasons",
        500 => "it failed inside",
        501 => "not implemented",
        502 | 520..=527 => "a gateway that gets no proper answer from what is behind it",
        503 => "not available at present",
        504 | 598 => "a gateway that waited in vain for what is behind it",
        530 => "a gateway that does not find what is behind it",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_that_is_no_success_of_its_own_kind_below_400_has_a_meaning() {
        assert_eq!(meaning(200), None);
        assert!((100..200).chain(201..400).all(|status| meaning(status).is_some()));
        assert!([404, 405, 502, 503, 521].into_iter().all(|status| meaning(status).is_some()));
    }
}
