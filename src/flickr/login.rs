//! The first contact: three steps to a user's token (<https://www.flickr.com/services/api/auth.oauth.html>).

use reqwest::header::AUTHORIZATION;
use secrecy::SecretString;

use super::oauth::{Params, Signer};
use super::response::{RawResponse, Reply, form_value};
use super::{Credentials, Endpoints, Error, Rights, Timeouts, User, build, http, redact};

/// A login in progress: [`request_token`](Login::request_token), the user's browser at
/// [`authorize_url`](Login::authorize_url), then [`access_token`](Login::access_token).
pub struct Login {
    endpoints: Endpoints,
    api_key: String,
    api_secret: SecretString,
    http: reqwest::Client,
}

/// What the user is asked to say yes to.
pub struct RequestToken {
    token: String,
    secret: SecretString,
}

impl Login {
    /// A login for one application's key; nothing is sent yet.
    pub fn new(
        endpoints: Endpoints,
        api_key: String,
        api_secret: SecretString,
        timeouts: &Timeouts,
    ) -> Result<Self, Error> {
        let http = build(http(&endpoints, timeouts).timeout(timeouts.call))?;
        Ok(Self {
            endpoints,
            api_key,
            api_secret,
            http,
        })
    }

    /// The first step. `callback` is where the browser goes after the user said yes, or `oob` to have a code shown.
    pub async fn request_token(&self, callback: &str) -> Result<RequestToken, Error> {
        let signer = Signer::new(&self.api_key, &self.api_secret).callback(callback);
        let answer = self.get(&self.endpoints.request_token, &signer).await?;
        Ok(RequestToken {
            token: field(&answer, "oauth_token")?,
            secret: field(&answer, "oauth_token_secret")?.into(),
        })
    }

    /// The second step: the address that the user opens, to allow as much as `rights`.
    pub fn authorize_url(&self, token: &RequestToken, rights: Rights) -> String {
        let params: Params = vec![
            ("oauth_token", token.token.clone()),
            ("perms", rights.as_str().into()),
        ];
        format!(
            "{}?{}",
            self.endpoints.authorize,
            super::oauth::encode(&params)
        )
    }

    /// The third step. `verifier` is the code that the user was shown, with or without its dashes,
    /// or `oauth_verifier` of the callback (or all of the address that the browser went to).
    ///
    /// # Errors
    /// [`Error::WrongCode`] where Flickr does not know the code, or the user did not say yes.
    pub async fn access_token(
        &self,
        token: RequestToken,
        verifier: &str,
    ) -> Result<(Credentials, User), Error> {
        let signer = Signer::new(&self.api_key, &self.api_secret)
            .token(&token.token, &token.secret)
            .verifier(normalize_code(verifier));
        let answer = self
            .get(&self.endpoints.access_token, &signer)
            .await
            .map_err(|error| match error {
                Error::TokenRevoked { .. } => Error::WrongCode,
                // `verifier_invalid`, or `parameter_absent` with its name where no code was typed.
                Error::Unexpected { message, .. } if message.contains("verifier") => {
                    Error::WrongCode
                }
                other => other,
            })?;
        let credentials = Credentials {
            api_key: self.api_key.clone(),
            api_secret: self.api_secret.clone(),
            token: field(&answer, "oauth_token")?,
            token_secret: field(&answer, "oauth_token_secret")?.into(),
        };
        let user = User {
            nsid: field(&answer, "user_nsid")?,
            name: field(&answer, "username")?,
        };
        Ok((credentials, user))
    }

    /// A signed GET; the answer is a form: `name=value&...`.
    async fn get(&self, address: &str, signer: &Signer) -> Result<String, Error> {
        let request = |header| self.http.get(address).header(AUTHORIZATION, header);
        let unreachable = |error| Error::unavailable("login", "no answer").because(error);
        let mut corrected = false;
        loop {
            let header = signer.header("GET", address, &Params::new())?;
            let response = request(header).send().await.map_err(unreachable)?;
            let answer = RawResponse::read(response).await.map_err(unreachable)?;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            if form_value(&text, "oauth_token").is_some() {
                return Ok(text);
            }
            let error = match answer.reply("login", false) {
                Reply::Failed(error) => error,
                Reply::Unclear(why) => Error::unavailable("login", why),
                Reply::Done(_) => Error::unavailable("login", "an answer without a token"),
            };
            let date = answer.date.as_deref().unwrap_or_default();
            if corrected || !matches!(error, Error::ClockSkew) || !signer.correct_clock(date) {
                return Err(redact::error(error, &signer.secrets()));
            }
            corrected = true;
        }
    }
}

fn field(answer: &str, name: &str) -> Result<String, Error> {
    form_value(answer, name)
        .ok_or_else(|| Error::unavailable("login", format!("an answer without {name}")))
}

/// The verifier as Flickr made it: of a callback's address the one part, nine digits in threes.
fn normalize_code(typed: &str) -> String {
    let query = typed.rsplit(['?', '#']).next().unwrap_or(typed);
    let code = form_value(query, "oauth_verifier").unwrap_or_else(|| typed.to_owned());
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let digits: String = code.chars().filter(|c| *c != '-').collect();
    if digits.len() == 9 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return format!("{}-{}-{}", &digits[..3], &digits[3..6], &digits[6..]);
    }
    code
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::testing::{self, Canned, Server, scripted};
    use super::*;

    fn login(server: &Server) -> Login {
        let key = testing::credentials();
        Login::new(
            Endpoints::under(&server.base).unwrap(),
            key.api_key,
            key.api_secret,
            &testing::timeouts(),
        )
        .unwrap()
    }

    fn verify(seen: &testing::Seen, base: &str, key: &str) {
        let oauth = seen.oauth();
        let address = format!("{base}{}", seen.uri.path());
        let signature = testing::signature("GET", &address, &oauth, key);
        assert!(oauth.contains(&("oauth_signature".into(), signature)));
    }

    #[tokio::test]
    async fn a_login_takes_three_steps() {
        let server = scripted(vec![
            Canned::ok("oauth_callback_confirmed=true&oauth_token=72157636219286366-5d598e9d1faaa85c&oauth_token_secret=a51ed248cffc5af9"),
            Canned::ok("fullname=Jamal%20Fanaian&oauth_token=72157626318069415-087bfc7b5816092c&oauth_token_secret=a202d1f853ec69de&user_nsid=21207597%40N07&username=jamalfanaian"),
        ])
        .await;
        let login = login(&server);
        let token = login.request_token("oob").await.unwrap();
        assert_eq!(
            login.authorize_url(&token, Rights::Delete),
            format!(
                "{}/services/oauth/authorize?oauth_token=72157636219286366-5d598e9d1faaa85c&perms=delete",
                server.base
            )
        );
        let (credentials, user) = login.access_token(token, "123456789").await.unwrap();
        assert_eq!(
            user,
            User {
                nsid: "21207597@N07".into(),
                name: "jamalfanaian".into()
            }
        );
        assert_eq!(credentials.token, "72157626318069415-087bfc7b5816092c");
        assert_eq!(credentials.token_secret.expose_secret(), "a202d1f853ec69de");
        let seen = server.seen();
        assert!(
            seen[0]
                .oauth()
                .contains(&("oauth_callback".into(), "oob".into()))
        );
        assert!(
            seen[1]
                .oauth()
                .contains(&("oauth_verifier".into(), "123-456-789".into()))
        );
        verify(&seen[0], &server.base, "a9567d986a7539fe&");
        verify(&seen[1], &server.base, "a9567d986a7539fe&a51ed248cffc5af9");
    }

    #[tokio::test]
    async fn a_wrong_code_and_a_wrong_key_are_told_apart() {
        let server = scripted(vec![
            Canned::ok("oauth_token=1-2&oauth_token_secret=3"),
            Canned::new(401, "oauth_problem=token_rejected"),
            Canned::new(401, "oauth_problem=consumer_key_unknown"),
        ])
        .await;
        let login = login(&server);
        let token = login.request_token("oob").await.unwrap();
        assert!(matches!(
            login.access_token(token, "1").await,
            Err(Error::WrongCode)
        ));
        assert!(matches!(
            login.request_token("oob").await,
            Err(Error::KeyDisabled { .. })
        ));
    }

    #[tokio::test]
    async fn a_code_that_was_used_or_left_out_is_a_wrong_code() {
        for (status, problem) in [
            (401, "verifier_invalid"),
            (
                400,
                "parameter_absent&oauth_parameters_absent=oauth_verifier",
            ),
        ] {
            let server = scripted(vec![
                Canned::ok("oauth_token=1-2&oauth_token_secret=3"),
                Canned::new(status, &format!("oauth_problem={problem}")),
            ])
            .await;
            let login = login(&server);
            let token = login.request_token("oob").await.unwrap();
            let error = login.access_token(token, "1").await.unwrap_err();
            assert!(matches!(error, Error::WrongCode), "{error:?}");
            assert!(error.to_string().contains("was used already"), "{error}");
        }
    }

    #[test]
    fn a_code_is_taken_as_people_paste_it() {
        for typed in ["123-456-789", " 123456789\n", "123 456 789"] {
            assert_eq!(normalize_code(typed), "123-456-789");
        }
        for typed in [
            "5d1b96a26b494074",
            "http://localhost:1/?oauth_token=1-2&oauth_verifier=5d1b96a26b494074",
        ] {
            assert_eq!(normalize_code(typed), "5d1b96a26b494074");
        }
    }
}
