//! The credentials of AWS: whose, from where, for which region.

use super::Check;
use crate::aws::{self, NoIdentity};

const CREDENTIALS: &str = "AWS credentials";
const REGION: &str = "AWS region";

/// Looks for credentials and a region in the SDK's own places. Asks the metadata service of a machine
/// where nothing else has some, but neither S3 nor SQS.
pub async fn credentials() -> Vec<Check> {
    match aws::identity().await {
        Ok(identity) => {
            let whose = format!("key {} from {}", identity.key, identity.from);
            let region = match identity.region {
                Some(region) => Check::good(REGION, region),
                None => Check::bad(
                    REGION,
                    "no region is set",
                    "set AWS_REGION, or choose a profile that has one with AWS_PROFILE",
                ),
            };
            vec![Check::good(CREDENTIALS, whose), region]
        }
        Err(NoIdentity { detail, fix }) => vec![Check::bad(CREDENTIALS, detail, fix)],
    }
}
