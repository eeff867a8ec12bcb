//! What all of AWS has in common: the SDK's configuration, read once from its own chain and
//! shared by S3 and SQS, and the notice that a machine will be taken away.
//!
//! Credentials, region and endpoints come from the SDK alone (`AWS_PROFILE`, `AWS_REGION`,
//! `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_SQS`, instance roles, ...).
//! An endpoint that is plain http to another machine is refused: requests carry the session token
//! and the photos.

mod ca_bundle;
pub(crate) mod credentials;
mod http;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_config::imds;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::service_config::ServiceConfigKey;
use tokio::sync::OnceCell;

pub use self::credentials::{Identity, NoIdentity, identity};
use crate::endpoint::{self, Problem};

/// How often a machine looks whether it is to be taken away; AWS advises five seconds, and gives
/// two minutes' notice.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What EC2 says before it takes a spot machine away, by path of its metadata service.
const NOTICES: [(&str, &str); 2] = [
    (
        "/latest/meta-data/spot/instance-action",
        "a spot interruption",
    ),
    (
        "/latest/meta-data/events/recommendations/rebalance",
        "a rebalance recommendation",
    ),
];

/// The services that see credentials, as the SDK names them: the two that hold the photos and
/// the jobs, and those that hand out credentials.
const SERVICES: [&str; 5] = [S3, SQS, "STS", "SSO", "SSO OIDC"];
/// Amazon S3, as the SDK names it.
pub const S3: &str = "S3";
/// Amazon SQS, as the SDK names it.
pub const SQS: &str = "SQS";

static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
static PLAIN_HTTP: AtomicBool = AtomicBool::new(false);
static UNSIGNED: AtomicBool = AtomicBool::new(false);
static REQUESTER_PAYS: AtomicBool = AtomicBool::new(false);

/// A setting of AWS that must not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadConfig {
    /// An endpoint.
    #[error("the endpoint of {service}, {value:?}, {}{}", problem.text(), way_out(*problem))]
    Endpoint {
        /// The service, as the SDK names it.
        service: &'static str,
        /// The address, without a password.
        value: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The file of trusted certificates.
    #[error("the certificates of AWS_CA_BUNDLE cannot be used: {path:?}: {why}")]
    CaBundle {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

fn way_out(problem: Problem) -> &'static str {
    match problem {
        Problem::PlainHttp => {
            "; on a network of your own, --allow-plain-http sends credentials and photos in the clear"
        }
        _ => "",
    }
}

/// Has this process read from S3 without credentials: from a bucket that everybody may read.
pub fn do_not_sign() {
    UNSIGNED.store(true, Ordering::Relaxed);
}

/// Whether requests to S3 are made without credentials.
pub(crate) fn is_unsigned() -> bool {
    UNSIGNED.load(Ordering::Relaxed)
}

/// Has this process say to S3 that it pays for its requests: for a bucket whose owner does not.
pub fn let_requester_pay() {
    REQUESTER_PAYS.store(true, Ordering::Relaxed);
}

/// Whether S3 is told that we pay for our requests.
pub(crate) fn requester_pays() -> bool {
    REQUESTER_PAYS.load(Ordering::Relaxed)
}

/// Lets this process use endpoints of AWS that are plain http to another machine.
pub fn allow_plain_http() {
    PLAIN_HTTP.store(true, Ordering::Relaxed);
}

/// How to reach AWS: by the configuration of this process, unless another is given.
#[derive(Clone, Debug, Default)]
pub struct Aws {
    given: Option<SdkConfig>,
}

impl Aws {
    /// The configuration. Fails where an endpoint that it names must not be used.
    pub(crate) async fn config(&self) -> Result<&SdkConfig, BadConfig> {
        match &self.given {
            Some(given) => Ok(given),
            None => config().await,
        }
    }
}

impl From<&SdkConfig> for Aws {
    fn from(config: &SdkConfig) -> Aws {
        Aws {
            given: Some(config.clone()),
        }
    }
}

/// An HTTP client that trusts what the system trusts, for a part of the SDK that has no
/// configuration: without one it panics.
pub fn http_client() -> SharedHttpClient {
    http::client(TlsContext::default())
}

/// What every configuration begins with: the SDK's own defaults, and our HTTP client.
#[expect(clippy::disallowed_methods, reason = "the HTTP client is added here")]
pub fn defaults() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client())
}

/// The configuration of this process; the first caller reads it, the others share it.
/// Fails where an endpoint or a file of certificates that it names must not be used.
pub async fn config() -> Result<&'static SdkConfig, BadConfig> {
    let config = CONFIG
        .get_or_try_init(async || {
            let loader = match ca_bundle::path().await {
                Some(path) => defaults().http_client(http::client(ca_bundle::trust(&path)?)),
                None => defaults(),
            };
            Ok(loader.load().await)
        })
        .await?;
    for service in SERVICES {
        if let Some(address) = custom_endpoint(config, service) {
            check_endpoint(service, &address)?;
        }
    }
    Ok(config)
}

/// Whether this process may use an address of a service.
pub(crate) fn check_endpoint(service: &'static str, address: &str) -> Result<(), BadConfig> {
    judge(service, address, PLAIN_HTTP.load(Ordering::Relaxed))
}

/// The address that the user set for a service, in the environment or in the shared config file;
/// `None` for the service's own.
pub fn custom_endpoint(config: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    // What a program set by itself goes before what its user did, as in the SDK's own clients.
    let by_program = config.get_origin("endpoint_url").is_client_config();
    let settings = config.service_config().filter(|_| !by_program);
    let of_service = settings.zip(key.ok());
    let of_service = of_service.and_then(|(settings, key)| settings.load_config(key));
    of_service
        .or_else(|| config.endpoint_url().map(str::to_owned))
        .filter(|address| !address.is_empty())
}

fn judge(service: &'static str, address: &str, plain_http: bool) -> Result<(), BadConfig> {
    match endpoint::checked(address) {
        Ok(_) => Ok(()),
        Err(Problem::PlainHttp) if plain_http => Ok(()),
        Err(problem) => Err(BadConfig::Endpoint {
            service,
            value: endpoint::printable(address),
            problem,
        }),
    }
}

/// Completes when EC2 announces that this machine will be taken away, with what was announced.
/// Where there is no metadata service (version 2), and where `AWS_EC2_METADATA_DISABLED` is set,
/// it never does.
pub async fn interruption() -> &'static str {
    let disabled = std::env::var("AWS_EC2_METADATA_DISABLED");
    let client = imds::Client::builder()
        .configure(&ProviderConfig::without_region().with_http_client(http_client()))
        .max_attempts(1)
        .build();
    let there = !disabled.is_ok_and(|set| set.eq_ignore_ascii_case("true"))
        && client.get("/latest/meta-data/instance-id").await.is_ok();
    if !there {
        return std::future::pending().await;
    }
    loop {
        for (path, notice) in NOTICES {
            // Until there is a notice the answer is 404.
            if client.get(path).await.is_ok() {
                return notice;
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_to_another_machine_needs_to_be_allowed() {
        let nas = "http://nas.local:9000";
        let refused = judge(S3, nas, false).unwrap_err().to_string();
        assert!(refused.contains("--allow-plain-http") && refused.contains(nas));
        assert_eq!(judge(S3, nas, true), Ok(()));
        for address in ["http://127.0.0.1:9000", "https://nas.local:9000"] {
            assert_eq!(judge(S3, address, false), Ok(()), "{address}");
        }
        // What is no address stays refused.
        for address in ["nas.local:9000", "127.0.0.1", "ftp://127.0.0.1/"] {
            assert!(judge(S3, address, true).is_err(), "{address}");
        }
    }
}
