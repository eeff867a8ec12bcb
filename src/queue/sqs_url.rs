//! The URL of an SQS queue: which region and which account it is of.

use crate::endpoint;

/// How the part of a region's name before its number ends.
const DIRECTIONS: [&str; 5] = ["east", "west", "north", "south", "central"];

/// The URL of a queue, `https://HOST/ACCOUNT/NAME`, without its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqsUrl {
    url: String,
    /// The address of the service, `https://HOST`.
    pub(super) origin: String,
    host: String,
    pub(super) account: String,
}

impl SqsUrl {
    /// Reads a URL; the queue's name comes beside it. Fails with what is wrong.
    pub(super) fn parse(text: &str) -> Result<(SqsUrl, String), String> {
        let url = match endpoint::checked(text) {
            Ok(endpoint) => endpoint.url,
            // Whether it may be used is known once it is known whether it is used at all.
            Err(endpoint::Problem::PlainHttp) => {
                reqwest::Url::parse(text).map_err(|error| error.to_string())?
            }
            Err(endpoint::Problem::Malformed) => return Err("it is no address".to_owned()),
            Err(problem) => return Err(format!("it {}", problem.text())),
        };
        let path: Vec<&str> = url.path().split('/').collect();
        let ["", account, name] = path[..] else {
            return Err("the URL of an SQS queue ends in /ACCOUNT/NAME".to_owned());
        };
        if account.is_empty() || !account.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err("the URL of an SQS queue ends in /ACCOUNT/NAME".to_owned());
        }
        let read = SqsUrl {
            url: text.to_owned(),
            origin: url.origin().ascii_serialization(),
            host: url.host_str().unwrap_or_default().to_owned(),
            account: account.to_owned(),
        };
        Ok((read, name.to_owned()))
    }

    /// The URL as it was typed.
    pub(super) fn as_str(&self) -> &str {
        &self.url
    }

    /// The region, where the host says one: `sqs.eu-west-1.amazonaws.com`, and the older
    /// `eu-west-1.queue.amazonaws.com`.
    pub(super) fn region(&self) -> Option<&str> {
        if self.host == "queue.amazonaws.com" {
            return Some("us-east-1");
        }
        self.host.split('.').find(|label| is_region(label))
    }

    /// Whether the SDK comes to this host by the region alone. Others, as those of a VPC's
    /// endpoint or of another service than Amazon's, are used as they are.
    pub(super) fn is_of_region(&self) -> bool {
        self.region().is_some_and(|region| {
            ["amazonaws.com", "amazonaws.com.cn"].iter().any(|domain| {
                self.host == format!("sqs.{region}.{domain}")
                    || self.host == format!("{region}.queue.{domain}")
                    || self.host == format!("queue.{domain}")
            })
        })
    }
}

/// Whether a part of a host's name is that of a region: `eu-west-1`, `us-gov-east-1`.
fn is_region(label: &str) -> bool {
    let letters = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    match label.split('-').collect::<Vec<_>>()[..] {
        [ref area @ .., direction, number] => {
            !area.is_empty()
                && area.iter().all(letters)
                && DIRECTIONS.iter().any(|known| direction.ends_with(known))
                && number.len() == 1
                && number.chars().all(|c| c.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_read_off_the_host_and_odd_hosts_are_kept() {
        for (host, region, of_region) in [
            ("sqs.eu-west-1.amazonaws.com", Some("eu-west-1"), true),
            ("eu-west-1.queue.amazonaws.com", Some("eu-west-1"), true),
            ("queue.amazonaws.com", Some("us-east-1"), true),
            ("sqs.cn-north-1.amazonaws.com.cn", Some("cn-north-1"), true),
            (
                "sqs.us-gov-west-1.amazonaws.com",
                Some("us-gov-west-1"),
                true,
            ),
            ("sqs-fips.us-east-2.amazonaws.com", Some("us-east-2"), false),
            (
                "vpce-0a1b-2c3d.sqs.us-east-1.vpce.amazonaws.com",
                Some("us-east-1"),
                false,
            ),
            ("sqs.eu-west-1.localhost", Some("eu-west-1"), false),
            ("127.0.0.1", None, false),
            ("my-queue-host-1.example", None, false),
        ] {
            let text = format!("https://{host}/000000000000/photos");
            let (url, name) = SqsUrl::parse(&text).unwrap();
            assert_eq!((url.region(), name.as_str()), (region, "photos"), "{host}");
            assert_eq!(url.is_of_region(), of_region, "{host}");
            assert_eq!(url.origin, format!("https://{host}"));
        }
    }
}
