//! The login as a user goes through it, over a pipe as over ssh.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use s3flickr::sandbox::Credentials;

use crate::support::cli::User;
use crate::support::env::Env;

/// Says yes on the page at `address`, and gives the code that it shows.
async fn allow(address: &str) -> String {
    let page = crate::support::http()
        .post(address)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let code = page.split("id=\"code\">").nth(1).expect("a code");
    code.split('<').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_saves_what_later_commands_need_and_shows_no_secret() {
    let env = Env::start().await;
    let with_key = env.user_with_key_only();
    let mut login = with_key.start_talking(["login", "--json"]);
    let stderr = login.until_stderr("perms=write\n").await;
    let address = stderr
        .split_whitespace()
        .find(|word| word.starts_with("http"))
        .unwrap();
    let code = allow(address).await;
    login.type_line(&code).await;
    let output = login.output().await.expect_success();
    assert_eq!(output.json()["name"], "sandbox");

    let file = with_key.home().join("config/s3flickr/config.toml");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let saved = std::fs::read_to_string(&file).unwrap();
    let token = saved
        .lines()
        .find_map(|line| line.strip_prefix("oauth_token_secret = "));
    let secret = token.expect("a saved secret").trim_matches('"');
    assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret));

    // From here on the file alone is enough.
    let checked = with_key
        .run(["login", "--check", "--json"])
        .await
        .expect_success()
        .json();
    assert_eq!(checked["rights"], "write");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_is_refused_and_saves_nothing() {
    let env = Env::start().await;
    let user = env.user_with_key_only();
    let mut login = user.start_talking(["login"]);
    login.until_stderr("perms=write\n").await;
    login.type_line("123-456-789").await;
    let output = login.output().await.expect_code(1);
    assert!(
        output.stderr.contains("refuses the code"),
        "{}",
        output.stderr
    );
    assert!(!user.home().join("config/s3flickr/config.toml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_not_shown_while_it_is_typed() {
    let env = Env::start().await;
    let keys = Credentials::default();
    let user = User::new().with("FLICKR_ENDPOINT_URL", env.url(""));
    let (mut login, mut terminal) = user.start_at_terminal(["login"]);
    for (prompt, typed) in [
        ("API key: ", keys.api_key.as_str()),
        ("API secret: ", &keys.api_secret),
        ("Code: ", "123-456-789"),
    ] {
        login.until_stderr(prompt).await;
        writeln!(terminal, "{typed}").expect("someone reads");
    }
    let output = login.output().await.expect_code(1);
    assert!(
        output.stderr.contains("refuses the code"),
        "{}",
        output.stderr
    );
    let mut shown = Vec::new();
    // It ends with an error once nobody is at the other side.
    let _ = terminal.read_to_end(&mut shown);
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains(&keys.api_key), "{shown}");
    assert!(!shown.contains(&keys.api_secret), "{shown}");
    assert!(
        shown.contains("123-456-789"),
        "shown again after it: {shown}"
    );
}
