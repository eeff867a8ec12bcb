//! Every channel by which Flickr reports a failure, as recorded.

use super::*;

fn answer(status: u16, body: &str) -> RawResponse {
    RawResponse {
        status,
        date: None,
        retry_after: None,
        body: body.to_owned().into(),
        too_long: false,
    }
}

fn failed(status: u16, body: &str, is_upload: bool) -> Error {
    match answer(status, body).reply("the call", is_upload) {
        Reply::Failed(error) => error,
        Reply::Done(_) => panic!("done: {body}"),
        Reply::Unclear(why) => panic!("unclear: {why}"),
    }
}

/// The name of the variant.
fn kind(error: &Error) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{']).next().unwrap().to_owned()
}

#[test]
fn oauth_problems_are_told_apart() {
    for (status, body, expected) in [
        (
            401,
            "oauth_problem=signature_invalid&debug_sbs=GET&https%3A%2F%2Fapi&oauth_token%3D1",
            "Signature",
        ),
        (401, "oauth_problem=consumer_key_unknown", "KeyDisabled"),
        (401, "oauth_problem=token_rejected", "TokenRevoked"),
        (401, "oauth_problem=timestamp_refused", "ClockSkew"),
        (401, "oauth_problem=nonce_used\n", "Unavailable"),
        (
            400,
            "oauth_problem=parameter_absent&oauth_parameters_absent=oauth_token",
            "Unexpected",
        ),
        (
            429,
            "<html><body><h1>429 Too Many Requests</h1>\n</body></html>\n",
            "Throttled",
        ),
    ] {
        assert_eq!(kind(&failed(status, body, false)), expected, "{body}");
    }
}

#[test]
fn an_oauth_problem_keeps_its_status_and_says_what_is_absent() {
    let body = "oauth_problem=parameter_absent&oauth_parameters_absent=oauth_token";
    let error = failed(400, body, false).to_string();
    assert!(error.contains("parameter_absent: oauth_token"), "{error}");
    assert!(error.contains("400"), "{error}");
}

#[test]
fn the_common_codes_come_as_json_or_xml_to_any_call() {
    for (code, message, expected) in [
        (
            0,
            "Sorry, the Flickr API service is not currently available.",
            "Unavailable",
        ),
        (
            201,
            "Sorry, the Flickr API service is not currently available.",
            "Unavailable",
        ),
        (
            10,
            "Sorry, the Flickr search API is not currently available.",
            "Unavailable",
        ),
        (96, "Invalid signature", "Signature"),
        (98, "Invalid auth token", "TokenRevoked"),
        (
            99,
            "Insufficient permissions. Method requires write privileges; read granted.",
            "Rights",
        ),
        (100, "Invalid API Key (Key has expired)", "KeyDisabled"),
        (105, "Service currently unavailable", "Throttled"),
    ] {
        let xml = format!(
            r#"<?xml version="1.0" encoding="utf-8" ?><rsp stat="fail"><err code="{code}" msg="{message}" /></rsp>"#
        );
        let json = format!(r#"{{"stat":"fail","code":{code},"message":"{message}"}}"#);
        // The comma was seen in an outage.
        for body in [
            &xml,
            &json,
            &format!("{json},"),
            &format!("jsonFlickrApi({json})"),
        ] {
            assert_eq!(kind(&failed(200, body, false)), expected, "{body}");
            // An outage behind the upload servers: they may have passed the photo on.
            if expected == "Unavailable" {
                let reply = answer(200, body).reply("the upload", true);
                assert!(matches!(reply, Reply::Unclear(_)), "{body}");
            } else {
                assert_eq!(kind(&failed(200, body, true)), expected, "{body}");
            }
        }
    }
}

#[test]
fn what_is_not_there_is_told_by_the_words() {
    for message in [
        r#"Photo \"1\" not found (invalid ID)"#,
        "Photoset not found",
        "Invalid primary photo id (13774050564)",
    ] {
        let body = format!(r#"{{"stat":"fail","code":2,"message":"{message}"}}"#);
        assert_eq!(kind(&failed(200, &body, false)), "NotFound");
    }
    let method = r#"{"stat":"fail","code":112,"message":"Method \"x\" not found"}"#;
    assert_eq!(kind(&failed(200, method, false)), "Unexpected");
}

#[test]
fn the_codes_of_uploads_are_told_apart() {
    for (code, expected) in [
        (2, "Refused"),
        (4, "Refused"),
        (5, "Refused"),
        (6, "AccountFull"),
        (7, "Refused"),
        (8, "Refused"),
        (15, "NotSafe"),
        (93, "Refused"),
        (95, "Refused"),
        (112, "Refused"),
        (116, "Refused"),
        (118, "Refused"),
    ] {
        let body =
            format!(r#"<rsp stat="fail"><err code="{code}" msg="a &quot;word&quot;" /></rsp>"#);
        assert_eq!(kind(&failed(200, &body, true)), expected, "{code}");
    }
    let duplicate = r#"<rsp stat="fail"><err code="9" msg="Duplicate photo/video detected"/>
        <duplicate_photo_id>10100736393</duplicate_photo_id><duplicate_photo_status>0</duplicate_photo_status></rsp>"#;
    assert!(
        matches!(failed(200, duplicate, true), Error::Duplicate { photo_id: Some(id), deleted: false } if id == "10100736393")
    );
    let unnamed = r#"<rsp stat="fail"><err code="9" msg="Duplicate"/></rsp>"#;
    assert!(matches!(
        failed(200, unnamed, true),
        Error::Duplicate {
            photo_id: None,
            deleted: false
        }
    ));
    for deleted in [
        r#"<rsp stat="fail"><err code="9" msg="Duplicate" /><duplicate_photo_id>5</duplicate_photo_id><duplicate_photo_status>DELETED</duplicate_photo_status></rsp>"#,
        r#"<rsp stat="fail"><err code="9" msg="Duplicate" duplicate_photo_id="5" duplicate_photo_status="DELETED" /></rsp>"#,
    ] {
        let error = failed(200, deleted, true);
        assert!(
            matches!(&error, Error::Duplicate { photo_id: Some(id), deleted: true } if id == "5"),
            "{error:?}"
        );
    }
    let busy = r#"<rsp stat="fail"><err code="14" msg="Server at capacity"/>
        <non_pro_desktop_upload_wait_time>42</non_pro_desktop_upload_wait_time></rsp>"#;
    assert!(
        matches!(failed(200, busy, true), Error::Throttled { wait: Some(wait), may_be_done: false } if wait.as_secs() == 42)
    );
    assert_eq!(kind(&failed(413, "<html>", true)), "Refused");
}

#[test]
fn a_page_with_403_is_about_this_machine() {
    for is_upload in [false, true] {
        let error = failed(403, "<HTML><H1>403 ERROR</H1>", is_upload);
        assert_eq!(kind(&error), "Blocked");
        assert!(!error.stops_everything(), "{error}");
    }
}

#[test]
fn outages_and_nonsense_are_unclear() {
    for (status, body) in [
        (408, ""),
        (404, "<html>nothing here</html>"),
        (401, "oauth_problem=nonce_used"),
        (
            200,
            r#"<rsp stat="fail"><err code="3" msg="General upload failure" /></rsp>"#,
        ),
        (
            200,
            r#"<rsp stat="fail"><err code="777" msg="a word that is new" /></rsp>"#,
        ),
        (502, "<html><body>Bad gateway</body></html>"),
        (500, ""),
        (200, ""),
        (200, "<html><body>hello</body></html>"),
        (200, r#"{"photos":{"page":1"#),
        (200, r#"<rsp stat="fail"></rsp>"#),
        (
            200,
            r#"{"stat":"fail","code":106,"message":"Write operation failed"}"#,
        ),
        (500, r#"{"stat":"ok"}"#),
    ] {
        assert!(
            matches!(
                answer(status, body).reply("the call", true),
                Reply::Unclear(_)
            ),
            "{status} {body}"
        );
    }
}

#[test]
fn a_title_that_looks_like_an_oauth_problem_is_a_title() {
    let body = r#"{"photos":{"photo":[{"id":"1","title":"a&oauth_problem=token_rejected&b"}]},"stat":"ok"}"#;
    assert!(matches!(
        answer(200, body).reply("the call", false),
        Reply::Done(Envelope::Json(_))
    ));
}

#[test]
fn an_upload_answers_with_a_photo_id_with_or_without_attributes() {
    for body in [
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<rsp stat=\"ok\">\n<photoid>10100736393</photoid>\n</rsp>\n",
        "<rsp stat=\"ok\"><photoid secret=\"4c7cf4c150\" originalsecret=\"2f77799763\">10100736393</photoid></rsp>",
    ] {
        let Reply::Done(Envelope::Xml { photo_id }) = answer(200, body).reply("the upload", true)
        else {
            panic!("{body}");
        };
        assert_eq!(photo_id.as_deref(), Some("10100736393"));
    }
}
