//! The breaker against services that go away and come back, and against photos that are to blame.

use super::*;

const QUEUE: &str = "sqs://q";

fn seconds(n: u64) -> Moment {
    Duration::from_secs(n)
}

fn outage(service: Service) -> Outage {
    Outage {
        service,
        class: FailureClass::Transient,
        is_denial: false,
        way: "HTTP 503".into(),
        reason: "the upload failed".into(),
    }
}

fn uploads() -> Outage {
    outage(Service::Uploads)
}

fn failure<'a>(job: &'a str, outage: &'a Outage, to_blame: bool) -> Failure<'a> {
    Failure {
        job,
        outage,
        to_blame,
    }
}

fn breaker() -> Breaker {
    Breaker::new(&Backoff::default())
}

/// Lets a lane in, and has it begin.
#[track_caller]
fn begin(breaker: &mut Breaker, now: u64) -> u64 {
    match breaker.enter(seconds(now)) {
        Entry::Pass(number) => {
            assert!(breaker.may_begin(number));
            breaker.begin(number, seconds(now));
            number
        }
        Entry::Wait(until) => panic!("it waits until {until:?}"),
    }
}

/// One more photo fails, after a second.
fn fail(breaker: &mut Breaker, job: &str, now: u64) -> (u64, Ruling) {
    let number = begin(breaker, now);
    let ruling = breaker.failed(number, failure(job, &uploads(), false), seconds(now + 1));
    (number, ruling)
}

fn opened() -> Breaker {
    let mut breaker = breaker();
    for job in ["a", "b", "c"] {
        fail(&mut breaker, job, 0);
    }
    assert!(breaker.waiting().is_some());
    breaker
}

#[test]
fn a_failure_is_charged_once_another_photo_that_began_later_got_through() {
    let mut breaker = breaker();
    let early = begin(&mut breaker, 0);
    let (failed, ruling) = fail(&mut breaker, "a", 0);
    assert_eq!(ruling, Ruling::Undecided);
    // This one was under way before: the service may have gone away since.
    breaker.passed(early, &[Service::Uploads], seconds(2));
    assert_eq!(breaker.take_ruling(failed), Ruling::Undecided);
    let elsewhere = begin(&mut breaker, 3);
    breaker.passed(elsewhere, &[Service::Calls], seconds(4));
    assert_eq!(breaker.take_ruling(failed), Ruling::Undecided);
    let later = begin(&mut breaker, 5);
    breaker.passed(later, &[Service::Uploads], seconds(6));
    assert_eq!(breaker.take_ruling(failed), Ruling::Charge);
    assert_eq!(breaker.waiting(), None);
}

#[test]
fn three_photos_that_fail_without_a_success_open_it_and_nobody_pays() {
    let mut breaker = breaker();
    let burst: Vec<u64> = (0..64).map(|_| begin(&mut breaker, 0)).collect();
    let mut undecided = Vec::new();
    for number in burst {
        let job = number.to_string();
        match breaker.failed(number, failure(&job, &uploads(), false), seconds(1)) {
            Ruling::Undecided => undecided.push(number),
            ruling => assert_eq!(ruling, Ruling::Spare(seconds(5))),
        }
    }
    assert_eq!(undecided.len(), 2);
    for number in undecided {
        assert_eq!(breaker.take_ruling(number), Ruling::Spare(seconds(5)));
    }
    let waiting = breaker.waiting().unwrap();
    assert_eq!((waiting.since, waiting.try_at), (seconds(1), seconds(6)));
}

#[test]
fn one_photo_that_fails_three_times_is_one_photo() {
    let mut breaker = breaker();
    for _ in 0..5 {
        assert_eq!(fail(&mut breaker, "a", 0).1, Ruling::Undecided);
    }
    assert_eq!(breaker.waiting(), None);
}

#[test]
fn failures_of_different_services_are_no_outage_of_one() {
    let mut breaker = breaker();
    let services = [
        Service::Uploads,
        Service::Calls,
        Service::Source("s3://a/".into()),
        Service::Source("s3://b/".into()),
    ];
    for (service, job) in services.into_iter().zip(["a", "b", "c", "d"]) {
        let number = begin(&mut breaker, 0);
        let ruling = breaker.failed(number, failure(job, &outage(service), false), seconds(1));
        assert_eq!(ruling, Ruling::Undecided);
    }
}

#[test]
fn while_it_is_open_one_lane_tries_one_job_after_pauses_that_double_up_to_three_minutes() {
    let mut breaker = opened();
    let mut tries = Vec::new();
    let mut now = 1;
    while tries.len() < 9 {
        match breaker.enter(seconds(now)) {
            Entry::Pass(number) => {
                let others = breaker.enter(seconds(now));
                assert_eq!(others, Entry::Wait(seconds(now + 180)));
                breaker.begin(number, seconds(now));
                let ruling = breaker.failed(number, failure("d", &uploads(), false), seconds(now));
                assert!(matches!(ruling, Ruling::Spare(_)));
                tries.push(now);
            }
            Entry::Wait(until) => now = until.as_secs(),
        }
    }
    assert_eq!(tries, [6, 16, 36, 76, 156, 316, 496, 676, 856]);
}

#[test]
fn there_is_a_pause_also_where_photos_are_tried_again_at_once() {
    let backoff = Backoff {
        first: Duration::ZERO,
        ..Backoff::default()
    };
    assert!(Breaker::new(&backoff).patience() > Duration::ZERO);
}

#[test]
fn a_lane_that_was_let_in_before_it_opened_does_not_begin() {
    let mut breaker = breaker();
    let Entry::Pass(number) = breaker.enter(seconds(0)) else {
        panic!("it is closed");
    };
    for job in ["a", "b", "c"] {
        fail(&mut breaker, job, 0);
    }
    assert!(!breaker.may_begin(number));
}

#[test]
fn a_success_closes_it_for_all_also_one_that_was_under_way() {
    let mut breaker = breaker();
    let early = begin(&mut breaker, 0);
    for job in ["a", "b", "c"] {
        fail(&mut breaker, job, 0);
    }
    assert!(matches!(breaker.enter(seconds(2)), Entry::Wait(_)));
    breaker.passed(early, &[Service::Uploads], seconds(3));
    assert_eq!(breaker.waiting(), None);
    begin(&mut breaker, 3);
}

#[test]
fn a_trial_that_teaches_nothing_leaves_the_next_lane_its_turn() {
    let mut breaker = opened();
    let trial = begin(&mut breaker, 6);
    assert_eq!(breaker.enter(seconds(6)), Entry::Wait(seconds(186)));
    breaker.leave(trial);
    begin(&mut breaker, 6);
}

#[test]
fn a_trial_of_many_minutes_keeps_no_small_photo_from_being_tried() {
    let mut breaker = opened();
    let video = begin(&mut breaker, 6);
    let photo = begin(&mut breaker, 186);
    assert!(breaker.is_trial(video) && breaker.is_trial(photo));
    breaker.failed(video, failure("v", &uploads(), false), seconds(190));
    assert!(breaker.is_trial(photo));
    breaker.passed(photo, &[Service::Uploads], seconds(200));
    assert_eq!(breaker.waiting(), None);
}

#[test]
fn a_failure_that_nothing_can_decide_opens_it_after_a_while() {
    let mut breaker = breaker();
    let (failed, _) = fail(&mut breaker, "a", 0);
    let later = begin(&mut breaker, 3);
    breaker.ran_out_of_patience(failed, seconds(6));
    assert_eq!(breaker.take_ruling(failed), Ruling::Undecided);
    breaker.leave(later);
    breaker.ran_out_of_patience(failed, seconds(11));
    assert_eq!(breaker.take_ruling(failed), Ruling::Spare(seconds(5)));
    assert_eq!(breaker.waiting().unwrap().since, seconds(1));
}

#[test]
fn a_lone_photo_pays_for_a_trial_once_the_same_door_answers_and_is_tried_soon_again() {
    let mut breaker = breaker();
    let (failed, _) = fail(&mut breaker, "a", 0);
    breaker.ran_out_of_patience(failed, seconds(6));
    let mut now = 11;
    for _ in 0..4 {
        let trial = begin(&mut breaker, now);
        assert_eq!(
            breaker.proof(trial, "a", seconds(now)),
            Some(Proof::SameDoor)
        );
        // However long it takes, and though another lane looked for a job meanwhile.
        now += 200;
        let other = begin(&mut breaker, now);
        breaker.leave(other);
        let ruling = breaker.failed(trial, failure("a", &uploads(), true), seconds(now));
        assert_eq!(ruling, Ruling::Charge);
        now += 5;
    }
}

#[test]
fn many_photos_pay_for_a_trial_only_when_it_lasted_for_a_quarter_of_an_hour() {
    let mut breaker = opened();
    let mut now = 6;
    while now < 900 {
        let trial = begin(&mut breaker, now);
        assert_eq!(breaker.proof(trial, "x", seconds(now)), None);
        breaker.failed(trial, failure("x", &uploads(), false), seconds(now));
        now = breaker.waiting().unwrap().try_at.as_secs();
    }
    let trial = begin(&mut breaker, now + 1);
    let proof = breaker.proof(trial, "x", seconds(now + 1));
    assert_eq!(proof, Some(Proof::AnyCall));
    let ruling = breaker.failed(trial, failure("x", &uploads(), true), seconds(now + 1));
    assert_eq!(ruling, Ruling::Charge);
    let next = breaker.waiting().unwrap().try_at;
    assert_eq!(next, seconds(now + 1 + 180), "the pause stays long");
}

#[test]
fn a_trial_whose_photo_flickr_may_have_is_made_again_with_the_same_job() {
    let mut breaker = opened();
    let lost = Outage {
        class: FailureClass::Ambiguous,
        ..uploads()
    };
    assert_eq!(breaker.retry_pause(1, &lost, seconds(2)), None, "no trial");
    let trial = begin(&mut breaker, 6);
    assert_eq!(breaker.retry_pause(trial, &uploads(), seconds(7)), None);
    let pause = breaker.retry_pause(trial, &lost, seconds(7));
    assert_eq!(pause, Some(seconds(10)));
    assert_eq!(breaker.waiting().unwrap().try_at, seconds(17));
    assert_eq!(
        breaker.enter(seconds(18)),
        Entry::Wait(seconds(197)),
        "it is still the trial"
    );
    breaker.passed(trial, &[Service::Calls], seconds(18));
    assert_eq!(breaker.waiting(), None);
}

#[test]
fn only_the_trial_can_be_made_to_pay() {
    let breaker = opened();
    assert_eq!(breaker.proof(1, "a", seconds(5000)), None);
}

#[test]
fn a_queue_that_does_not_answer_is_asked_after_growing_pauses_of_a_minute_at_most() {
    let mut breaker = breaker();
    let queue = Service::Queue(QUEUE.into());
    let early = begin(&mut breaker, 0);
    breaker.queue_failed(None, &queue, "timed out", seconds(0));
    // The other lanes meet the same, and a photo that ends meanwhile tells nothing of the queue.
    breaker.queue_failed(Some(77), &queue, "timed out", seconds(1));
    breaker.passed(early, &[Service::Uploads], seconds(2));
    let mut tries = Vec::new();
    for _ in 0..6 {
        let now = breaker.waiting().unwrap().try_at;
        let Entry::Pass(number) = breaker.enter(now) else {
            panic!("nobody tries");
        };
        breaker.queue_failed(Some(number), &queue, "refused", now);
        tries.push(now.as_secs());
    }
    assert_eq!(tries, [2, 6, 14, 30, 62, 122]);
    let waiting = breaker.waiting().unwrap();
    assert_eq!((waiting.since, &*waiting.way), (seconds(0), "refused"));
    breaker.queue_answered();
    assert_eq!(breaker.waiting(), None);
}

#[test]
fn a_queue_that_answers_says_nothing_of_flickr() {
    let mut breaker = opened();
    breaker.queue_answered();
    assert!(breaker.waiting().is_some());
}

mod any_order;
