//! Reads an endpoint's section: one URL, at most one way to be let in, and the limits.

use secrecy::{ExposeSecret, SecretString};

use super::endpoint::{AdminConfig, Auth, EndpointConfig, EndpointUrl};
use super::fault::Origin;
use super::reader::Section;
use super::secret::{Secret, SecretKeys, choose, read_chosen, read_secret};
use super::setting::Problem;
use super::text_setting::Text;

/// The keys of a URL, one for the URL itself and those that say where it is.
struct UrlKeys {
    plain: &'static str,
    secret: SecretKeys,
}

const URL: UrlKeys = UrlKeys {
    plain: "url",
    secret: SecretKeys { file: "url_file", credential: "url_credential", variable: "url_env" },
};
const ADMIN_URL: UrlKeys = UrlKeys {
    plain: "admin_url",
    secret: SecretKeys { file: "admin_url_file", credential: "admin_url_credential", variable: "admin_url_env" },
};
const L1_URL: UrlKeys = UrlKeys {
    plain: "l1_url",
    secret: SecretKeys { file: "l1_url_file", credential: "l1_url_credential", variable: "l1_url_env" },
};
const ADMIN_KEY: SecretKeys =
    SecretKeys { file: "admin_api_key_file", credential: "admin_api_key_credential", variable: "admin_api_key_env" };
const BEARER: SecretKeys =
    SecretKeys { file: "bearer_token_file", credential: "bearer_token_credential", variable: "bearer_token_env" };
const PASSWORD: SecretKeys =
    SecretKeys { file: "basic_password_file", credential: "basic_password_credential", variable: "basic_password_env" };

/// Reads one endpoint. `None` after a fault, which is reported.
pub(crate) fn read_endpoint(section: &Section<'_>) -> Option<EndpointConfig> {
    let (url, url_auth) = read_url(section).unzip();
    let named = section.origin("name").is_some();
    let given = section.get_or::<Text>("name", || {
        let host = url.as_ref()?.host().to_owned();
        Some((Text(host), Origin::Default))
    });
    let auth = read_auth(section).and_then(|auth| join_auth(section, auth, url_auth.flatten()));
    let timeout = section.get("timeout");
    let max_concurrency = read_size(section, "max_concurrency");
    let max_response_bytes = read_size(section, "max_response_bytes");
    let max_batch = read_size(section, "max_batch");
    let ca_file = section.file("ca_file");
    if (named && given.is_none()) || (section.origin("ca_file").is_some() && ca_file.is_none()) {
        return None;
    }
    Some(EndpointConfig {
        name: given?.0,
        url: url?,
        auth: auth.ok()?,
        timeout: timeout?,
        max_concurrency: max_concurrency?,
        max_response_bytes: max_response_bytes?,
        max_batch: max_batch?,
        ca_file,
    })
}

fn read_size(section: &Section<'_>, key: &str) -> Option<usize> {
    usize::try_from(section.get::<u64>(key)?).ok()
}

/// The admin port of a node: where it is, with the limits of the node's endpoint, and its key. `Err` after a fault.
pub(crate) fn read_admin(section: &Section<'_>, endpoint: &EndpointConfig) -> Result<Option<AdminConfig>, ()> {
    let url = find_url(section, &ADMIN_URL)?;
    let api_key = match read_secret(section, &ADMIN_KEY) {
        Secret::Absent => None,
        Secret::Faulty => return Err(()),
        Secret::Found(key, secret) => {
            if !is_for_a_header(&secret) {
                section.fault(key, Problem::new("the key holds a space or a character that a header can not carry"));
                return Err(());
            }
            if url.is_none() {
                section.fault(key, Problem::new("a key without the admin port's URL").hint("give `admin_url`"));
                return Err(());
            }
            Some(secret)
        }
    };
    Ok(url.map(|(url, auth)| AdminConfig { endpoint: EndpointConfig { url, auth, ..endpoint.clone() }, api_key }))
}

/// The L1 RPC of a host. `Err` after a fault, which is reported.
pub(crate) fn read_l1_url(section: &Section<'_>) -> Result<Option<FoundUrl>, ()> {
    find_url(section, &L1_URL)
}

/// A URL, and the user and password that a secret one may hold.
pub(crate) type FoundUrl = (EndpointUrl, Option<Auth>);

fn read_url(section: &Section<'_>) -> Option<FoundUrl> {
    let found = find_url(section, &URL).ok()?;
    if found.is_none() {
        section
            .fault("", Problem::new("this endpoint has no URL").hint("give `url`, or `url_file` when it holds a key"));
    }
    found
}

fn find_url(section: &Section<'_>, keys: &UrlKeys) -> Result<Option<FoundUrl>, ()> {
    let secret = &keys.secret;
    let key = match choose(section, &[keys.plain, secret.file, secret.credential, secret.variable])? {
        None => return Ok(None),
        Some(key) if key == keys.plain => return section.get(key).map(|url| Some((url, None))).ok_or(()),
        Some(key) => key,
    };
    let Secret::Found(key, text) = read_chosen(section, secret, key) else {
        return Err(());
    };
    EndpointUrl::parse_secret(text.expose_secret()).map(Some).map_err(|error| {
        let problem = Problem::new(format!("in the place that it names: {error}"));
        section.fault(
            key,
            match error.hint() {
                Some(hint) => problem.hint(hint),
                None => problem,
            },
        );
    })
}

fn is_for_a_header(secret: &SecretString) -> bool {
    secret.expose_secret().bytes().all(|byte| byte.is_ascii_graphic())
}

/// There is one way to be let in: by the keys, or by the URL.
fn join_auth(section: &Section<'_>, by_keys: Option<Auth>, by_url: Option<Auth>) -> Result<Option<Auth>, ()> {
    if by_keys.is_some() && by_url.is_some() {
        let problem = Problem::new("the URL holds a user, and there is another way to be let in");
        section.fault("", problem.hint("keep one way to be let in"));
        return Err(());
    }
    Ok(by_keys.or(by_url))
}

fn read_auth(section: &Section<'_>) -> Result<Option<Auth>, ()> {
    let bearer = read_secret(section, &BEARER);
    let password = read_secret(section, &PASSWORD);
    let user = section.get::<Text>("basic_user").map(|user| user.0);
    let user_given = section.origin("basic_user").is_some();
    if user_given && user.is_none() {
        return Err(());
    }
    match (bearer, password) {
        (Secret::Faulty, _) | (_, Secret::Faulty) => Err(()),
        (Secret::Absent, Secret::Absent) if !user_given => Ok(None),
        (Secret::Found(key, _), Secret::Absent | Secret::Found(..)) if user_given => {
            section.fault(key, Problem::new("given together with `basic_user`").hint("keep one way to be let in"));
            Err(())
        }
        (Secret::Found(key, _), Secret::Found(other, _)) => {
            section
                .fault(key, Problem::new(format!("given together with `{other}`")).hint("keep one way to be let in"));
            Err(())
        }
        (Secret::Found(key, token), Secret::Absent) => {
            if !is_for_a_header(&token) {
                section.fault(key, Problem::new("the token holds a space or a character that a header can not carry"));
                return Err(());
            }
            Ok(Some(Auth::Bearer(token)))
        }
        (Secret::Absent, Secret::Found(key, password)) => match user {
            Some(user) if user.contains(':') => {
                section.fault("basic_user", Problem::new("a user's name can not hold a `:`"));
                Err(())
            }
            Some(user) => Ok(Some(Auth::Basic { user, password })),
            None => {
                section.fault(key, Problem::new("a password without `basic_user`"));
                Err(())
            }
        },
        (Secret::Absent, Secret::Absent) => {
            let hint = "give `basic_password_file`, `basic_password_credential` or `basic_password_env`";
            section.fault("basic_user", Problem::new("a user without a password").hint(hint));
            Err(())
        }
    }
}
