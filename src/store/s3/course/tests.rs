//! How a list goes on after each kind of answer, and which lists are refused.

use super::*;

fn keys(range: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    range.map(|n| format!("{n:04}.jpg").into_bytes()).collect()
}

fn answer<'a>(truncated: Option<bool>, token: Option<&'a str>, keys: &'a [Vec<u8>]) -> Answer<'a> {
    Answer {
        truncated,
        token,
        keys,
        full: false,
    }
}

fn token(text: &str) -> Ask {
    Ask::Token(text.to_owned())
}

#[test]
fn a_token_leads_on_and_no_token_means_to_ask_after_the_last_key() {
    let (one, two) = (keys(0..3), keys(3..6));
    let mut course = Course::new(true);
    let turn = course.turn(&Ask::First, &answer(Some(true), Some("t"), &one));
    assert_eq!(turn, Ok(Turn::Ask(token("t"))));
    let turn = course.turn(&token("t"), &answer(Some(true), None, &two));
    assert_eq!(turn, Ok(Turn::Ask(Ask::After("0005.jpg".to_owned()))));
    let turn = course.turn(
        &Ask::After("0005.jpg".to_owned()),
        &answer(Some(false), None, &[]),
    );
    assert_eq!(turn, Ok(Turn::End));
    // A token without a word on what follows.
    let turn = Course::new(true).turn(&Ask::First, &answer(None, Some("t"), &one));
    assert_eq!(turn, Ok(Turn::Ask(token("t"))));
    // An empty answer in the middle.
    let turn = Course::new(true).turn(&Ask::First, &answer(Some(true), Some("t"), &[]));
    assert_eq!(turn, Ok(Turn::Ask(token("t"))));
}

#[test]
fn an_end_that_may_be_none_is_asked_about() {
    let (one, two) = (keys(0..3), keys(3..6));
    let asked = Ask::Nothing("0002.jpg".to_owned());
    let full = Answer {
        full: true,
        ..answer(Some(false), None, &one)
    };
    let silent = answer(None, None, &one);
    let odd = answer(Some(false), Some("t"), &one);
    for first in [full, silent, odd] {
        let mut course = Course::new(true);
        assert_eq!(
            course.turn(&Ask::First, &first),
            Ok(Turn::Ask(asked.clone()))
        );
        // Nothing more, or a server that begins anew: it was the end.
        assert_eq!(
            course.turn(&asked, &answer(Some(false), None, &[])),
            Ok(Turn::Known)
        );
        assert_eq!(
            course.turn(&asked, &answer(Some(false), None, &one)),
            Ok(Turn::Known)
        );
        // There was more.
        assert_eq!(
            course.turn(&asked, &answer(Some(false), None, &two)),
            Ok(Turn::End)
        );
    }
    let mut course = Course::new(true);
    let plain = course.turn(&Ask::First, &answer(Some(false), None, &one));
    assert_eq!(plain, Ok(Turn::End));
    assert_eq!(
        Course::new(true).turn(&Ask::First, &answer(None, None, &[])),
        Ok(Turn::End)
    );
}

#[test]
fn a_list_that_goes_round_is_refused() {
    let (one, two) = (keys(0..3), keys(3..6));
    let mut course = Course::new(true);
    course
        .turn(&Ask::First, &answer(Some(true), Some("a"), &one))
        .unwrap();
    course
        .turn(&token("a"), &answer(Some(true), Some("b"), &two))
        .unwrap();
    let again = course.turn(&token("b"), &answer(Some(true), Some("a"), &keys(6..9)));
    assert!(again.unwrap_err().contains("second time"));
    // Other tokens, but the keys come again; also only one of them.
    for range in [0..3, 2..5] {
        let mut course = Course::new(true);
        course
            .turn(&Ask::First, &answer(Some(true), Some("a"), &one))
            .unwrap();
        let again = course.turn(&token("a"), &answer(Some(true), Some("b"), &keys(range)));
        assert!(again.unwrap_err().contains("out of order"));
    }
    // A server that neither gives tokens nor knows `start-after`.
    let mut course = Course::new(true);
    course
        .turn(&Ask::First, &answer(Some(true), None, &one))
        .unwrap();
    let asked = Ask::After("0002.jpg".to_owned());
    assert!(
        course
            .turn(&asked, &answer(Some(true), None, &one))
            .is_err()
    );
}

#[test]
fn a_list_that_does_not_say_how_it_goes_on_is_refused() {
    let first =
        |keys: &[Vec<u8>]| Course::new(true).turn(&Ask::First, &answer(Some(true), None, keys));
    assert!(first(&[]).unwrap_err().contains("neither a key nor"));
    assert!(
        first(&[b"b".to_vec(), b"a".to_vec()])
            .unwrap_err()
            .contains("in no order")
    );
    assert!(
        first(&[b"a".to_vec(), b"a".to_vec()])
            .unwrap_err()
            .contains("twice")
    );
    assert!(first(&[b"\xFF".to_vec()]).unwrap_err().contains("no UTF-8"));
    let mut course = Course::new(true);
    let tokens: Vec<String> = (0..=MOST_EMPTY).map(|n| n.to_string()).collect();
    let mut turns = tokens
        .iter()
        .map(|text| course.turn(&Ask::First, &answer(Some(true), Some(text), &[])));
    let last = turns.find_map(Result::err);
    assert!(last.is_some_and(|why| why.contains("no key in them")));
}

#[test]
fn keys_are_compared_by_their_bytes_as_s3_orders_them() {
    // In UTF-16 the emoji comes first, and among people an umlaut stands beside its vowel.
    let page = ["Z", "a", "ä", "\u{FF21}", "\u{1F600}"].map(|key| key.as_bytes().to_vec());
    let mut course = Course::new(true);
    for key in &page {
        let turn = course.turn(
            &Ask::First,
            &answer(Some(false), None, std::slice::from_ref(key)),
        );
        assert_eq!(turn, Ok(Turn::End));
    }
}

#[test]
fn a_bucket_without_an_order_may_only_not_go_round() {
    let (one, two) = (keys(0..3), keys(3..6));
    let mut course = Course::new(false);
    course
        .turn(&Ask::First, &answer(Some(true), Some("a"), &two))
        .unwrap();
    course
        .turn(&token("a"), &answer(Some(true), Some("b"), &one))
        .unwrap();
    let again = course.turn(&token("b"), &answer(Some(true), Some("c"), &two));
    assert!(again.unwrap_err().contains("second time"));
    let end = Answer {
        full: true,
        ..answer(Some(false), None, &one)
    };
    assert_eq!(Course::new(false).turn(&Ask::First, &end), Ok(Turn::End));
}
