//! How S3 is asked: options of the verbs that read a bucket, named as in the AWS CLI.

use clap::builder::PossibleValuesParser;

/// How S3 is asked.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Amazon S3")]
pub struct S3Options {
    /// Read the bucket without credentials: one that is open to everybody
    #[arg(long, hide_short_help = true)]
    pub no_sign_request: bool,
    /// Say that you pay for the requests, for a bucket whose owner does not
    #[arg(long, value_name = "requester", hide_short_help = true, value_parser = PossibleValuesParser::new(["requester"]))]
    pub request_payer: Option<String>,
}

impl S3Options {
    /// Has the whole process ask so.
    pub fn apply(&self) {
        if self.no_sign_request {
            s3flickr::aws::do_not_sign();
        }
        if self.request_payer.is_some() {
            s3flickr::aws::let_requester_pay();
        }
    }
}
