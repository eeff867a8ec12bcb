//! Whether Flickr's upload servers answer at all: an upload without a photo, which they refuse.

use std::sync::atomic::Ordering;

use reqwest::header::AUTHORIZATION;
use reqwest::multipart::Form;

use super::oauth::Params;
use super::response::{RawResponse, Reply};
use super::{Client, Error};

/// What it is called in errors.
const DOING: &str = "an upload without a photo";

impl Client {
    /// Whether the upload servers answer. Makes no photo: Flickr refuses an upload without one with code 2, "No photo
    /// specified" (<https://www.flickr.com/services/api/upload.api.html>). Costs one call.
    ///
    /// # Errors
    /// Where the call cannot be made at all: see [`Budget::take_upload`](super::Budget::take_upload).
    pub async fn probe_uploads(&self) -> Result<bool, Error> {
        self.budget().take_upload().await?.spend();
        let address = self.shared.endpoints.upload.as_str();
        let params: Params = vec![("async", "0".into())];
        let request = self
            .shared
            .upload_http
            .post(address)
            .header(
                AUTHORIZATION,
                self.shared.signer.header("POST", address, &params)?,
            )
            .multipart(Form::new().text("async", "0"))
            .timeout(self.shared.timeouts.call);
        self.shared.uploads.fetch_add(1, Ordering::Relaxed);
        let exchange = async { RawResponse::read(request.send().await?).await };
        let Ok(answer) = exchange.await else {
            return Ok(false);
        };
        Ok(
            match self.apply_to_budget(DOING, &answer, answer.reply(DOING, true)) {
                Reply::Failed(Error::Refused { .. }) => true,
                Reply::Failed(error) => error.stops_everything(),
                Reply::Done(_) | Reply::Unclear(_) => false,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::testing::{Canned, client, credentials, scripted, timeouts};
    use super::super::{Budget, Cause, Client, Endpoints};

    #[tokio::test]
    async fn only_an_answer_of_flickrs_own_shows_that_uploads_are_taken() {
        let refusal = r#"<rsp stat="fail"><err code="2" msg="No photo specified"/></rsp>"#;
        let server = scripted(vec![
            Canned::ok(refusal),
            Canned::ok("<html>Welcome to the hotel</html>"),
            Canned::new(503, "<html>503</html>"),
            Canned::new(403, "<html>403</html>"),
        ])
        .await;
        let client = client(&server.base);
        let mut found = Vec::new();
        for _ in 0..4 {
            found.push(client.probe_uploads().await.unwrap());
        }
        assert_eq!(found, [true, false, false, false]);
        let nobody = super::super::testing::client("http://127.0.0.1:1");
        assert!(!nobody.probe_uploads().await.unwrap());
    }

    #[tokio::test]
    async fn each_question_is_one_call_of_the_budget() {
        let server = scripted(vec![Canned::new(503, "")]).await;
        let grants = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&grants);
        let budget = Budget::shared(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok::<_, Cause>(1) })
        });
        let endpoints = Endpoints::under(&server.base).unwrap();
        let client = Client::new(endpoints, credentials(), budget, timeouts()).unwrap();
        for _ in 0..3 {
            client.probe_uploads().await.unwrap();
        }
        assert_eq!(grants.load(Ordering::SeqCst), 3);
    }
}
