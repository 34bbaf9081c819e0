//! What a protected endpoint wants to see in the `Authorization` header.

use hyper::header::{AUTHORIZATION, HeaderMap};

/// A required credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// `Basic`, with user and password.
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: String,
    },
    /// `Bearer`, with the token.
    Bearer(String),
}

impl Authorization {
    /// The value of the header.
    pub fn header(&self) -> String {
        match self {
            Self::Basic { user, password } => {
                format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }

    pub(super) fn is_met_by(&self, headers: &HeaderMap) -> bool {
        headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes() == self.header().as_bytes())
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: [char; 64] = alphabet();
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_usize, |word, (i, byte)| word | usize::from(*byte) << (16 - 8 * i));
        for position in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * position)) & 63];
            text.push(if position > chunk.len() { '=' } else { digit });
        }
    }
    text
}

const fn alphabet() -> [char; 64] {
    let text = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digits = ['A'; 64];
    let mut index = 0;
    while index < 64 {
        #[expect(clippy::as_conversions, reason = "a const function has no other way from a byte to a char")]
        {
            digits[index] = text[index] as char;
        }
        index += 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_look_as_the_standard_says() {
        let basic = Authorization::Basic { user: "Aladdin".to_owned(), password: "open sesame".to_owned() };
        assert_eq!(basic.header(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(Authorization::Bearer("abc".to_owned()).header(), "Bearer abc");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foo"), "Zm9v");
    }
}
