//! `AWS_CA_BUNDLE`: the certificates that a user trusts for AWS, in place of the system's.
//!
//! The Rust SDK does not read the variable, nor `ca_bundle` in the shared config file, and the AWS
//! CLI does: behind a proxy that opens TLS, or with a store of one's own, nothing works without it.

use std::path::Path;

use aws_config::profile;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_types::os_shim_internal::{Env, Fs};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::BadConfig;

/// The path that the user named, in the environment or in the profile; the environment wins.
pub(super) async fn path() -> Option<String> {
    if let Some(set) = std::env::var("AWS_CA_BUNDLE")
        .ok()
        .filter(|set| !set.is_empty())
    {
        return Some(set);
    }
    // What is wrong with these files, the SDK says where it needs them.
    let (disk, variables, files) = (Fs::real(), Env::real(), Default::default());
    let profiles = profile::load(&disk, &variables, &files, None);
    let profiles = profiles.await.ok()?;
    profiles
        .get("ca_bundle")
        .map(str::to_owned)
        .filter(|set| !set.is_empty())
}

/// Trust in what is in the bundle and in nothing else. Fails where the file has no certificates.
pub(super) fn trust(path: &str) -> Result<TlsContext, BadConfig> {
    let pem = read(Path::new(path)).map_err(|why| BadConfig::CaBundle {
        path: path.to_owned(),
        why,
    })?;
    let trusted = TrustStore::empty().with_pem_certificate(pem);
    let context = TlsContext::builder().with_trust_store(trusted).build();
    let context = context.map_err(|error| BadConfig::CaBundle {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    Ok(context)
}

/// The bundle's text, once each certificate in it is known to be one: the SDK would panic.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| format!("it is no PEM: {error}"))?;
        let added = roots.add(certificate);
        added.map_err(|error| format!("a certificate in it cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(pem)
}
