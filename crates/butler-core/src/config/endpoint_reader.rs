//! Reads an endpoint's section: one URL, at most one way to be let in, and the limits.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::endpoint::{AdminConfig, Auth, EndpointConfig, EndpointUrl};
use super::fault::{Origin, show_key};
use super::reader::{Read, Reported, Section};
use super::secret::{Readers, SecretKeys, choose, read_chosen, read_kept, read_secret};
use super::setting::Problem;
use super::text_setting::Text;
use crate::domain::credits::{ANY_METHOD, CreditPlan};

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
const HEARTBEAT_URL: UrlKeys = UrlKeys {
    plain: "heartbeat_url",
    secret: SecretKeys {
        file: "heartbeat_url_file",
        credential: "heartbeat_url_credential",
        variable: "heartbeat_url_env",
    },
};
const WEB3SIGNER_URL: UrlKeys = UrlKeys {
    plain: "web3signer_url",
    secret: SecretKeys {
        file: "web3signer_url_file",
        credential: "web3signer_url_credential",
        variable: "web3signer_url_env",
    },
};
const L1_URL: UrlKeys = UrlKeys {
    plain: "l1_url",
    secret: SecretKeys { file: "l1_url_file", credential: "l1_url_credential", variable: "l1_url_env" },
};
const ADMIN_KEY: SecretKeys =
    SecretKeys { file: "admin_api_key_file", credential: "admin_api_key_credential", variable: "admin_api_key_env" };
const BEARER: SecretKeys =
    SecretKeys { file: "bearer_token_file", credential: "bearer_token_credential", variable: "bearer_token_env" };
const SAFE_KEY: SecretKeys =
    SecretKeys { file: "api_key_file", credential: "api_key_credential", variable: "api_key_env" };
const PASSWORD: SecretKeys =
    SecretKeys { file: "basic_password_file", credential: "basic_password_credential", variable: "basic_password_env" };

/// The most bytes that a webhook may answer; nobody reads them.
const WEBHOOK_ANSWER: usize = 64 * 1024;

/// Reads one endpoint.
pub(crate) fn read_endpoint(section: &Section<'_>) -> Read<EndpointConfig> {
    let url = read_url(section, Readers::Any);
    let host = || Some((Text(url.as_ref().ok()?.0.host().to_owned()), Origin::Default));
    let name = section.optional_or::<Text>("name", host);
    let auth = read_auth(section);
    let auth = auth.and_then(|auth| join_auth(section, auth, url.as_ref().ok().and_then(|(_, auth)| auth.clone())));
    let timeout = section.get("timeout");
    let max_concurrency = read_size(section, "max_concurrency");
    let max_response_bytes = read_size(section, "max_response_bytes");
    let max_batch = read_size(section, "max_batch");
    let ca_file = section.file("ca_file");
    Ok(EndpointConfig {
        name: name?.ok_or(Reported)?.0,
        url: url?.0,
        auth: auth?,
        timeout: timeout?,
        max_concurrency: max_concurrency?,
        max_response_bytes: max_response_bytes?,
        max_batch: max_batch?,
        ca_file: ca_file?,
        credits: CreditPlan::default(),
    })
}

/// Reads one L1 endpoint, whose provider may count credits.
pub(crate) fn read_l1(section: &Section<'_>) -> Read<EndpointConfig> {
    let (endpoint, per_day) = (read_endpoint(section), section.optional::<u64>("credits_per_day"));
    let prices = section.table::<u64>("credits");
    let is_method = |name: &String| name == ANY_METHOD || name.starts_with("eth_");
    if let Some(name) = prices.keys().find(|name| !is_method(name)) {
        let problem = Problem::new("expected the name of a method, such as `eth_call`, or `any`");
        return Err(section.fault_below(&format!("credits.{}", show_key(name)), problem));
    }
    Ok(EndpointConfig { credits: CreditPlan { prices, per_day: per_day? }, ..endpoint? })
}

/// Reads where something is posted to; what is asked for there is always the same.
pub(crate) fn read_webhook(section: &Section<'_>) -> Read<EndpointConfig> {
    let url = read_url(section, Readers::Any);
    let name = read_name(section, url.as_ref().ok());
    let auth = read_auth(section);
    let auth = auth.and_then(|auth| join_auth(section, auth, url.as_ref().ok().and_then(|(_, auth)| auth.clone())));
    let posted = name.and_then(|name| post_section(section, name, url?.0));
    Ok(EndpointConfig { auth: auth?, ..posted? })
}

/// Reads where something is posted to by whoever knows the URL, which is kept as a secret.
pub(crate) fn read_hook(section: &Section<'_>) -> Read<EndpointConfig> {
    let url = read_url(section, Readers::Owner);
    let name = read_name(section, url.as_ref().ok());
    let (url, auth) = url?;
    Ok(EndpointConfig { auth, ..post_section(section, name?, url)? })
}

/// What is posted to that URL, with the limits of the section.
pub(crate) fn post_section(section: &Section<'_>, name: String, url: EndpointUrl) -> Read<EndpointConfig> {
    let (timeout, ca_file) = (section.get("timeout"), section.file("ca_file"));
    Ok(EndpointConfig {
        name,
        url,
        auth: None,
        timeout: timeout?,
        max_concurrency: 1,
        max_response_bytes: WEBHOOK_ANSWER,
        max_batch: 1,
        ca_file: ca_file?,
        credits: CreditPlan::default(),
    })
}

/// How long one heartbeat may take.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads what is asked while all is well.
pub(crate) fn read_heartbeat(section: &Section<'_>) -> Read<Option<EndpointConfig>> {
    Ok(find_url(section, &HEARTBEAT_URL, Readers::Any)?.map(|(url, auth)| EndpointConfig {
        name: "heartbeat".to_owned(),
        url,
        auth,
        timeout: HEARTBEAT_TIMEOUT,
        max_concurrency: 1,
        max_response_bytes: WEBHOOK_ANSWER,
        max_batch: 1,
        ca_file: None,
        credits: CreditPlan::default(),
    }))
}

/// The longest answer of a service of Safes.
const SAFE_ANSWER: usize = 16 << 20;

/// Reads where transactions of Safes are proposed: the URL that is given, or the one that Safe itself has for the chain.
pub(crate) fn read_safe_service(section: &Section<'_>, hosted: Option<&str>) -> Read<Option<EndpointConfig>> {
    let (url, key) = (find_url(section, &URL, Readers::Any), read_kept(section, &SAFE_KEY, Readers::Owner));
    let (timeout, ca_file) = (section.get("timeout"), section.file("ca_file"));
    let (url, key, timeout, ca_file) = (url?, key?, timeout?, ca_file?);
    let found = url.or_else(|| Some((EndpointUrl::parse(hosted?).ok()?, None)));
    let Some((url, by_url)) = found else {
        return match key {
            None => Ok(None),
            Some((key, _)) => {
                let problem = Problem::new("a key without the URL of a service: this chain has none of Safe's own");
                Err(section.fault(key, problem.hint("give `url`")))
            }
        };
    };
    let by_key = match key {
        None => None,
        Some((key, secret)) if is_for_a_header(&secret) => {
            if !url.is_private() {
                let problem = Problem::new("the key would travel readable");
                return Err(section.fault(key, problem.hint("use `https`, but for a service on this machine")));
            }
            Some(Auth::Bearer(secret))
        }
        Some((key, _)) => {
            let what = "the key holds a space or a character that a header can not carry";
            return Err(section.fault(key, Problem::new(what)));
        }
    };
    Ok(Some(EndpointConfig {
        name: "safe".to_owned(),
        url,
        auth: join_auth(section, by_key, by_url)?,
        timeout,
        max_concurrency: 1,
        max_response_bytes: SAFE_ANSWER,
        max_batch: 1,
        ca_file,
        credits: CreditPlan::default(),
    }))
}

/// How long a web3signer may take to say that it reloads.
const WEB3SIGNER_TIMEOUT: Duration = Duration::from_secs(20);

/// Reads where a web3signer is.
pub(crate) fn read_web3signer(section: &Section<'_>) -> Read<Option<EndpointConfig>> {
    Ok(find_url(section, &WEB3SIGNER_URL, Readers::Any)?.map(|(url, auth)| EndpointConfig {
        name: "web3signer".to_owned(),
        url,
        auth,
        timeout: WEB3SIGNER_TIMEOUT,
        max_concurrency: 1,
        max_response_bytes: WEBHOOK_ANSWER,
        max_batch: 1,
        ca_file: None,
        credits: CreditPlan::default(),
    }))
}

/// Reads where a service is that does a job; its name is the job's. `None` where no URL is given.
pub(crate) fn read_service(section: &Section<'_>, name: String) -> Read<Option<EndpointConfig>> {
    let url = find_url(section, &URL, Readers::Any);
    let auth = read_auth(section);
    let (timeout, ca_file) = (section.get("request_timeout"), section.file("ca_file"));
    let max_response_bytes = read_size(section, "artifact_limit");
    let (auth, timeout, ca_file, max_response_bytes) = (auth?, timeout?, ca_file?, max_response_bytes?);
    let Some((url, by_url)) = url? else {
        return match auth {
            None => Ok(None),
            Some(_) => Err(section.fault("", Problem::new("a way to be let in, and no `url`"))),
        };
    };
    let auth = join_auth(section, auth, by_url)?;
    let credits = CreditPlan::default();
    let (max_concurrency, max_batch) = (1, 1);
    Ok(Some(EndpointConfig {
        name,
        url,
        auth,
        timeout,
        max_concurrency,
        max_response_bytes,
        max_batch,
        ca_file,
        credits,
    }))
}

fn read_name(section: &Section<'_>, url: Option<&FoundUrl>) -> Read<String> {
    let host = || Some((Text(url?.0.host().to_owned()), Origin::Default));
    Ok(section.optional_or::<Text>("name", host)?.ok_or(Reported)?.0)
}

fn read_size(section: &Section<'_>, key: &str) -> Read<usize> {
    let size = section.get::<u64>(key)?;
    usize::try_from(size).map_err(|_| section.fault(key, Problem::new("more than this machine can count")))
}

/// The admin port of a node: where it is, with the limits of the node's endpoint, and its key.
pub(crate) fn read_admin(section: &Section<'_>, endpoint: &EndpointConfig) -> Read<Option<AdminConfig>> {
    let url = find_url(section, &ADMIN_URL, Readers::Any)?;
    let api_key = match read_secret(section, &ADMIN_KEY)? {
        None => None,
        Some((key, secret)) => {
            if !is_for_a_header(&secret) {
                let what = "the key holds a space or a character that a header can not carry";
                return Err(section.fault(key, Problem::new(what)));
            }
            if url.is_none() {
                let problem = Problem::new("a key without the admin port's URL");
                return Err(section.fault(key, problem.hint("give `admin_url`")));
            }
            Some(secret)
        }
    };
    Ok(url.map(|(url, auth)| AdminConfig { endpoint: EndpointConfig { url, auth, ..endpoint.clone() }, api_key }))
}

/// The L1 RPC of a host.
pub(crate) fn read_l1_url(section: &Section<'_>) -> Read<Option<FoundUrl>> {
    find_url(section, &L1_URL, Readers::Any)
}

/// A URL, and the user and password that a secret one may hold.
pub(crate) type FoundUrl = (EndpointUrl, Option<Auth>);

fn read_url(section: &Section<'_>, readers: Readers) -> Read<FoundUrl> {
    find_url(section, &URL, readers)?.ok_or_else(|| {
        let problem = Problem::new("this endpoint has no URL");
        section.fault("", problem.hint("give `url`, or `url_file` when it holds a key"))
    })
}

fn find_url(section: &Section<'_>, keys: &UrlKeys, readers: Readers) -> Read<Option<FoundUrl>> {
    let secret = &keys.secret;
    let key = match choose(section, &[keys.plain, secret.file, secret.credential, secret.variable])? {
        None => return Ok(None),
        Some(key) if key == keys.plain => return Ok(section.optional(key)?.map(|url| (url, None))),
        Some(key) => key,
    };
    let (key, text) = read_chosen(section, secret, key, readers)?;
    EndpointUrl::parse_secret(text.expose_secret()).map(Some).map_err(|error| {
        let problem = Problem::new(format!("in the place that it names: {error}"));
        let problem = match error.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        };
        section.fault(key, problem)
    })
}

fn is_for_a_header(secret: &SecretString) -> bool {
    secret.expose_secret().bytes().all(|byte| byte.is_ascii_graphic())
}

/// There is one way to be let in: by the keys, or by the URL.
fn join_auth(section: &Section<'_>, by_keys: Option<Auth>, by_url: Option<Auth>) -> Read<Option<Auth>> {
    if by_keys.is_some() && by_url.is_some() {
        let problem = Problem::new("the URL holds a user, and there is another way to be let in");
        return Err(section.fault("", problem.hint("keep one way to be let in")));
    }
    Ok(by_keys.or(by_url))
}

fn read_auth(section: &Section<'_>) -> Read<Option<Auth>> {
    let bearer = read_secret(section, &BEARER);
    let password = read_secret(section, &PASSWORD);
    let user = section.optional::<Text>("basic_user");
    let twice = |key, other: &str| {
        let problem = Problem::new(format!("given together with `{other}`"));
        section.fault(key, problem.hint("keep one way to be let in"))
    };
    match (bearer?, password?, user?) {
        (None, None, None) => Ok(None),
        (Some((key, _)), _, Some(_)) => Err(twice(key, "basic_user")),
        (Some((key, _)), Some((other, _)), None) => Err(twice(key, other)),
        (Some((key, token)), None, None) => {
            if !is_for_a_header(&token) {
                let what = "the token holds a space or a character that a header can not carry";
                return Err(section.fault(key, Problem::new(what)));
            }
            Ok(Some(Auth::Bearer(token)))
        }
        (None, Some(_), Some(user)) if user.0.contains(':') => {
            Err(section.fault("basic_user", Problem::new("a user's name can not hold a `:`")))
        }
        (None, Some((_, password)), Some(user)) => Ok(Some(Auth::Basic { user: user.0, password })),
        (None, Some((key, _)), None) => Err(section.fault(key, Problem::new("a password without `basic_user`"))),
        (None, None, Some(_)) => {
            let hint = "give `basic_password_file`, `basic_password_credential` or `basic_password_env`";
            Err(section.fault("basic_user", Problem::new("a user without a password").hint(hint)))
        }
    }
}
