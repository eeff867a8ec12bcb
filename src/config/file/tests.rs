//! What the config file may hold, and what it is refused for.

use super::*;

/// The options that a command line of these tests has.
const OPTIONS: [&str; 4] = ["queue", "transfers", "include", "calls-per-hour"];

fn file(text: &str) -> ConfigFile {
    ConfigFile::parse("config.toml".into(), "config.toml".into(), text.to_owned()).unwrap()
}

fn problems(text: &str) -> Vec<String> {
    match file(text).check(&OPTIONS.map(str::to_owned)) {
        Err(Error::Keys { problems, .. }) => problems,
        Ok(()) => Vec::new(),
        Err(other) => panic!("{other}"),
    }
}

fn holder(nsid: &str, endpoint: Option<&str>) -> Holder {
    Holder {
        nsid: Some(nsid.to_owned()),
        name: Some("jamal".to_owned()),
        endpoint: endpoint.map(str::to_owned),
    }
}

#[test]
fn saving_keeps_the_rest_of_the_file_and_is_readable_by_the_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/config.toml");
    let mut config = ConfigFile::read(&path).unwrap();
    config.document =
        Document::parse("# mine\ntransfers = 8\ninclude = [\"*.jpg\", \"*.png\"]\n".to_owned())
            .unwrap();
    let account = Account {
        token: Some("t".to_owned().into()),
        ..Account::default()
    };
    config.save(&account, &holder("1@N00", None)).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = ConfigFile::read(&path).unwrap();
    assert!(again.document.raw().starts_with("# mine\n"));
    let settings: Vec<_> = again
        .settings()
        .into_iter()
        .map(|setting| (setting.name, setting.values, setting.line))
        .collect();
    let include = ["*.jpg", "*.png"].map(str::to_owned).to_vec();
    let expected = [
        ("transfers".to_owned(), vec!["8".to_owned()], 2),
        ("include".to_owned(), include, 3),
    ];
    assert_eq!(settings, expected);
    assert_eq!(again.holder(), Some(holder("1@N00", None)));
}

#[test]
fn a_profile_is_saved_beside_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let account = |token: &str| Account {
        api_key: Some("k".into()),
        token: Some(token.to_owned().into()),
        ..Account::default()
    };
    let read = || ConfigFile::read(&path).unwrap();
    read().save(&account("a"), &holder("1@N00", None)).unwrap();
    let mut profile = read().with_profile("mum", true).unwrap();
    profile.save(&account("b"), &holder("2@N00", None)).unwrap();
    let token = |config: ConfigFile| {
        let account = config.account(None).unwrap();
        account.token.unwrap().expose_secret().to_owned()
    };
    assert_eq!(token(read()), "a");
    assert_eq!(token(read().with_profile("mum", false).unwrap()), "b");
    let unknown = read().with_profile("dad", false).unwrap_err().to_string();
    assert!(unknown.contains("there are: mum"), "{unknown}");
    assert!(unknown.contains("AWS_PROFILE=dad"), "{unknown}");
}

#[test]
fn a_file_that_others_can_read_is_refused_with_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "queue = \"x\"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = ConfigFile::read(&path).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[test]
fn a_broken_file_is_told_with_its_line_and_without_its_text() {
    let text = "queue = \"a\"\n\n[flickr\noauth_token = \"hush\"\n".to_owned();
    let error = ConfigFile::parse("c.toml".into(), "c.toml".into(), text)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("c.toml line 3 "), "{error}");
    assert!(!error.contains("hush") && !error.contains('\n'), "{error}");
}

#[test]
fn every_unknown_key_is_told_with_its_line_and_what_was_meant() {
    let text = "queue = \"a\"\ntranfers = 8\ncalls_per_hour = 1\n[profile.x]\nqeue = \"b\"\n\
                [flickr]\noauth_tokn = \"t\"\ntransfers = 3\n[work]\nqueue = \"c\"\n";
    let expected = [
        r#"line 2: "tranfers" is no option of s3flickr, did you mean "transfers"?"#,
        r#"line 5: "qeue" is no option of s3flickr, did you mean "queue"?"#,
        r#"line 7: "oauth_tokn" is no key of [flickr], did you mean "oauth_token"?"#,
        r#"line 8: "transfers" is an option: write it above the line [flickr]"#,
        r#"line 9: the table "work" is unknown: options of all commands stand above the first table, or in [profile.NAME]"#,
    ];
    assert_eq!(problems(text), expected);
    assert_eq!(
        problems("colour = 1\n"),
        [r#"line 1: "colour" is no option of s3flickr"#]
    );
    assert_eq!(
        problems("calls-per-hour = 1\ncalls_per_hour = 2\n").len(),
        1
    );
    assert_eq!(problems("queue = { a = 1 }\n").len(), 1);
    assert_eq!(problems("[flickr]\noauth_token = 5\n").len(), 1);
    assert!(problems("include = [\"a\"]\n[profile.x.flickr]\napi-key = \"k\"\n").is_empty());
}

#[test]
fn a_profile_goes_before_what_stands_outside() {
    let config = file("transfers = 8\n[profile.x]\ntransfers = 2\n");
    let config = config.with_profile("x", false).unwrap();
    let settings = config.settings();
    assert_eq!(settings.len(), 2);
    assert!(!settings[0].in_profile && settings[1].in_profile);
    assert_eq!(
        (settings[1].line, &settings[1].values[0]),
        (3, &"2".to_owned())
    );
}

#[test]
fn a_token_is_used_only_where_it_was_got() {
    const SANDBOX: &str = "http://127.0.0.1:8765";
    let text = |endpoint: &str| {
        format!(
            "[flickr]\napi_key = \"k\"\noauth_token = \"t\"\noauth_token_secret = \"s\"\n{endpoint}"
        )
    };
    let bound = format!("endpoint = \"{SANDBOX}\"\n");
    for (endpoint, at, used) in [
        ("", None, true),
        ("", Some(SANDBOX), false),
        (&bound, Some(SANDBOX), true),
        (&bound, None, false),
        (&bound, Some("http://127.0.0.1:1"), false),
    ] {
        let account = file(&text(endpoint)).account(at).unwrap();
        assert_eq!(account.token.is_some(), used, "{endpoint} {at:?}");
        assert_eq!(account.api_key.is_some(), used, "{endpoint} {at:?}");
        assert_eq!(account.unused.is_none(), used, "{endpoint} {at:?}");
    }
    // A key that was written by hand is no token.
    let key = file("[flickr]\napi_key = \"k\"\n")
        .account(Some(SANDBOX))
        .unwrap();
    assert!(key.api_key.is_some() && key.unused.is_none());
}

#[test]
fn a_token_of_one_application_is_not_taken_for_another() {
    let text = "[flickr]\napi_key = \"k\"\napi_secret = \"s\"\noauth_token = \"t\"\n\
                oauth_token_secret = \"u\"\n[profile.other.flickr]\napi_key = \"k2\"\n\
                [profile.same.flickr]\noauth_token = \"t2\"\noauth_token_secret = \"u2\"\n";
    let account = |name: &str| {
        let config = file(text).with_profile(name, false).unwrap();
        config.account(None).unwrap()
    };
    let other = account("other");
    assert_eq!(other.api_key.as_deref(), Some("k2"));
    assert!(other.token.is_none() && other.api_secret.is_none());
    let same = account("same");
    assert_eq!(same.api_key.as_deref(), Some("k"));
    assert_eq!(same.token.unwrap().expose_secret(), "t2");
}

#[test]
fn an_account_prints_no_secret_and_says_what_is_missing() {
    let account = Account {
        api_key: Some("key".into()),
        api_secret: Some("hush".to_owned().into()),
        ..Account::default()
    };
    assert!(!format!("{account:?}").contains("hush"));
    assert_eq!(
        account.missing().unwrap(),
        "FLICKR_OAUTH_TOKEN, FLICKR_OAUTH_TOKEN_SECRET"
    );
}

#[test]
fn a_key_with_a_stray_character_is_named_with_its_file() {
    let error = file("[flickr]\napi_key = \"k \"\n")
        .account(None)
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("api_key in config.toml has a stray character at its end"),
        "{text}"
    );
}
