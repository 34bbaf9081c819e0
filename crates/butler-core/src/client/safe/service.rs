//! The service's client for one Safe.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ethers_core::types::{Address, H256};
use ethers_core::utils::hex;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::answers::{DelegateText, PageText, TransactionText};
use super::budget::RequestBudget;
use super::delegates::Delegate;
use super::error::{ServiceError, ServiceLie};
use super::listed::ListedTransaction;
use super::prepared::{NotPrepared, PreparedProposal};
use crate::client::error::RpcFailure;
use crate::client::http::{HttpAnswer, HttpPeer, HttpSettings, HttpSetupError};
use crate::contracts::safe::SafeAccount;
use crate::runtime::clock::Clock;
use crate::text::address::checksummed;

/// The most transactions, or delegates, that are read of one list.
pub const MOST_LISTED: usize = 2_000;
/// What one page has: the service's own habit.
const PAGE: usize = 100;
/// How often a list is begun that changes while it is read.
const ATTEMPTS: u32 = 3;

/// A client of the service for one Safe.
#[derive(Debug)]
pub struct SafeService {
    peer: HttpPeer,
    safe: SafeAccount,
    budget: Mutex<RequestBudget>,
    clock: Clock,
}

impl SafeService {
    /// Prepares a client; connects to nothing. The URL ends where `v2` begins; the key, where there is one, goes into a header.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(
        settings: &HttpSettings,
        key: Option<&SecretString>,
        safe: SafeAccount,
        budget: RequestBudget,
    ) -> Result<Self, HttpSetupError> {
        let authorization = key.map(|key| SecretString::from(format!("Bearer {}", key.expose_secret())));
        let authorization = authorization.or_else(|| settings.authorization.clone());
        let settings = HttpSettings { authorization, ..settings.clone() };
        Ok(Self { peer: HttpPeer::new(&settings)?, safe, budget: Mutex::new(budget), clock: settings.clock })
    }

    /// The Safe.
    #[must_use]
    pub fn safe(&self) -> &SafeAccount {
        &self.safe
    }

    /// Scheme and host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.peer.host()
    }

    /// The month's requests, to be shown, and kept for the next start.
    #[must_use]
    pub fn budget(&self) -> RequestBudget {
        *self.counting()
    }

    /// Every transaction with that nonce or a later one, untrusted ones too, by nonce. What was executed is among them.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn transactions_from(&self, nonce: u64) -> Result<Vec<ListedTransaction>, ServiceError> {
        let from = nonce.to_string();
        let mut found: BTreeMap<H256, ListedTransaction> = BTreeMap::new();
        // Only trusted ones are told by default, and of the others some versions of the service tell alone.
        for trusted in ["true", "false"] {
            let query = [("nonce__gte", from.as_str()), ("ordering", "nonce"), ("trusted", trusted)];
            let safe = checksummed(&self.safe.address);
            let path = ["v2", "safes", &safe, "multisig-transactions", ""];
            let listed: Vec<TransactionText> = self.list(&path, &query, "that Safe").await?;
            for text in listed {
                let one = ListedTransaction::read(text, &self.safe)?;
                if one.transaction.nonce < nonce {
                    return Err(ServiceLie::OtherNonce { from: nonce, told: one.transaction.nonce }.into());
                }
                found.insert(one.hash, one);
            }
        }
        let mut found: Vec<ListedTransaction> = found.into_values().collect();
        found.sort_by_key(|one| (one.transaction.nonce, one.submitted, one.hash));
        Ok(found)
    }

    /// The transaction with that hash; `None` where the service has none.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn transaction(&self, hash: H256) -> Result<Option<ListedTransaction>, ServiceError> {
        let name = format!("{hash:?}");
        let answer = self.get(&["v2", "multisig-transactions", &name, ""], &[]).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let text = self.read(&answer, "that transaction")?;
        let found = ListedTransaction::read(text, &self.safe)?;
        if found.hash == hash {
            Ok(Some(found))
        } else {
            Err(ServiceLie::OtherTransaction { asked: hash, told: found.hash }.into())
        }
    }

    /// Sends a proposal. When it is not known whether it arrived, it is sent again as it is: that makes no second one.
    ///
    /// # Errors
    /// See [`ServiceError`]; one that was changed since it was signed, or is another Safe's, is not sent.
    pub async fn propose(&self, proposal: &PreparedProposal) -> Result<(), ServiceError> {
        proposal.verify().map_err(ServiceError::NotSent)?;
        if proposal.account() != self.safe {
            return Err(ServiceError::NotSent(NotPrepared::Changed));
        }
        self.spend()?;
        let safe = checksummed(&self.safe.address);
        let path = ["v2", "safes", &safe, "multisig-transactions", ""];
        let answer = self.peer.post_at(&path, proposal.body.clone().into_bytes(), &[]).await;
        self.settle(&self.noted(answer)?, "that Safe")
    }

    /// Deletes a proposal that was not executed, signed by whoever proposed it; whether it was there.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn delete(&self, hash: H256, signature: &[u8; 65]) -> Result<bool, ServiceError> {
        self.spend()?;
        let name = format!("{hash:?}");
        let body = json!({ "safeTxHash": name, "signature": format!("0x{}", hex::encode(signature)) }).to_string();
        let answer = self.peer.delete(&["v2", "multisig-transactions", &name, ""], body.into_bytes()).await;
        let answer = self.noted(answer)?;
        if answer.status == 404 {
            return Ok(false);
        }
        self.settle(&answer, "that transaction").map(|()| true)
    }

    /// By whose word an account may propose for this Safe.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn delegations(&self, delegate: Address) -> Result<Vec<Delegate>, ServiceError> {
        let name = checksummed(&delegate);
        let query = [("delegate", &*name)];
        let listed: Vec<DelegateText> = self.list(&["v2", "delegates", ""], &query, "delegates").await?;
        let now = (self.clock)();
        let mut found = Vec::new();
        for text in &listed {
            found.extend(Delegate::read(text, &self.safe, delegate, now)?);
        }
        Ok(found)
    }

    /// All pages of a list, as it was at one time: whatever comes or goes meanwhile has it read anew.
    async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        what: &'static str,
    ) -> Result<Vec<T>, ServiceError> {
        for _ in 0..ATTEMPTS {
            if let Some(all) = self.pages(path, query, what).await? {
                return Ok(all);
            }
        }
        Err(ServiceError::Changing)
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        what: &'static str,
    ) -> Result<Option<Vec<T>>, ServiceError> {
        let (limit, mut all, mut count) = (PAGE.to_string(), Vec::new(), None);
        loop {
            let offset = all.len().to_string();
            let query = [query, &[("limit", limit.as_str()), ("offset", offset.as_str())]].concat();
            let page: PageText<T> = self.read(&self.get(path, &query).await?, what)?;
            let told = usize::try_from(page.count).unwrap_or(usize::MAX);
            if told > MOST_LISTED {
                return Err(ServiceError::TooMany(MOST_LISTED));
            }
            if *count.get_or_insert(told) != told {
                return Ok(None);
            }
            let is_empty = page.results.is_empty();
            all.extend(page.results);
            if all.len() == told {
                return Ok(Some(all));
            }
            if all.len() > told || is_empty {
                return Err(ServiceError::Malformed("pages that do not add up"));
            }
        }
    }

    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<HttpAnswer, ServiceError> {
        self.spend()?;
        let answer = self.peer.get(path, query).await;
        self.noted(answer)
    }

    fn read<T: DeserializeOwned>(&self, answer: &HttpAnswer, what: &'static str) -> Result<T, ServiceError> {
        self.settle(answer, what)?;
        serde_json::from_slice(&answer.body).map_err(|_| ServiceError::Malformed("something else than was asked for"))
    }

    /// Whether the status is one of success.
    fn settle(&self, answer: &HttpAnswer, what: &'static str) -> Result<(), ServiceError> {
        match answer.status {
            200..300 => Ok(()),
            status @ (401 | 403) => Err(ServiceError::Unauthorized(status)),
            404 => Err(ServiceError::NotFound(what)),
            429 => Err(ServiceError::RateLimited { retry_after: answer.retry_after }),
            status @ 400..500 => {
                let text = self.peer.secrets().foreign_bytes(&answer.body);
                Err(ServiceError::Refused { status, text })
            }
            status => Err(ServiceError::Failing(status)),
        }
    }

    fn noted(&self, answer: Result<HttpAnswer, RpcFailure>) -> Result<HttpAnswer, ServiceError> {
        let answer = answer.map_err(ServiceError::NotAnswered)?;
        self.counting().note(&answer.quota, (self.clock)());
        Ok(answer)
    }

    fn spend(&self) -> Result<(), ServiceError> {
        Ok(self.counting().spend((self.clock)())?)
    }

    fn counting(&self) -> MutexGuard<'_, RequestBudget> {
        // A panic while the lock was held leaves plain numbers behind, which are still good.
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
