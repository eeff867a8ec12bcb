//! Lanes and a breaker in paused time, before a Flickr that goes away for ten minutes at the
//! default settings.

use std::collections::VecDeque;

use tokio::time::sleep;

use super::*;
use crate::model::outcome::FailureClass;
use crate::monitor::Recorder;

/// A queue of jobs in memory, and a Flickr that is away for a while.
struct World {
    breaker: Breaker,
    start: Instant,
    away: std::ops::Range<u64>,
    state: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<String>,
    done: usize,
    charged: usize,
    calls_while_away: usize,
}

impl World {
    fn new(jobs: usize, away: std::ops::Range<u64>, monitor: Arc<Recorder>) -> Arc<World> {
        let jobs = Jobs {
            waiting: (0..jobs).map(|n| n.to_string()).collect(),
            ..Jobs::default()
        };
        Arc::new(World {
            breaker: Breaker::new(&Backoff::default(), monitor),
            start: Instant::now(),
            away,
            state: Mutex::new(jobs),
        })
    }

    fn jobs(&self) -> parking_lot::MutexGuard<'_, Jobs> {
        self.state.lock()
    }

    fn is_away(&self) -> bool {
        self.away.contains(&self.start.elapsed().as_secs())
    }

    /// Works until all `jobs` are done.
    async fn lane(self: Arc<World>, jobs: usize) {
        while self.jobs().done < jobs {
            let pass = tokio::select! {
                pass = self.breaker.enter() => pass,
                () = sleep(Duration::from_secs(1)) => None,
            };
            let Some(pass) = pass else { continue };
            let job = self.jobs().waiting.pop_front();
            let Some(job) = job else {
                sleep(Duration::from_millis(200)).await;
                continue;
            };
            if !pass.begin() {
                self.jobs().waiting.push_front(job);
                continue;
            }
            let began_away = self.is_away();
            sleep(Duration::from_secs(3)).await;
            if !began_away && !self.is_away() {
                pass.passed(&[Service::Uploads]);
                self.jobs().done += 1;
                continue;
            }
            self.jobs().calls_while_away += 1;
            let verdict = pass.failed(failure(&job, &outage()));
            tokio::spawn(Arc::clone(&self).settle(job, verdict));
        }
    }

    async fn settle(self: Arc<World>, job: String, verdict: Blame) {
        let ruling = match verdict {
            Blame::Known(ruling) => ruling,
            Blame::Pending(undecided) => undecided.ruling().await,
        };
        match ruling {
            Ruling::Spare(delay) => sleep(delay).await,
            _ => self.jobs().charged += 1,
        }
        self.jobs().waiting.push_back(job);
    }
}

fn failure<'a>(job: &'a str, outage: &'a Outage) -> Failure<'a> {
    Failure {
        job,
        outage,
        to_blame: false,
    }
}

fn outage() -> Outage {
    Outage {
        service: Service::Uploads,
        class: FailureClass::Transient,
        is_denial: false,
        way: "HTTP 503".into(),
        reason: "the upload failed".into(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_ten_minutes_costs_nobody_a_retry_and_few_calls_and_ends_by_itself() {
    for (lanes, jobs) in [(1, 300), (2, 3), (16, 5_000), (64, 64), (64, 20_000)] {
        let monitor = Arc::new(Recorder::default());
        let world = World::new(jobs, 20..620, Arc::clone(&monitor));
        let running: Vec<_> = (0..lanes)
            .map(|_| tokio::spawn(Arc::clone(&world).lane(jobs)))
            .collect();
        for lane in running {
            lane.await.unwrap();
        }
        let end = world.start.elapsed().as_secs();
        let jobs_now = world.jobs();
        assert_eq!(
            (jobs_now.done, jobs_now.charged),
            (jobs, 0),
            "{lanes} lanes"
        );
        // The lanes that were at work, and a trial after each pause.
        let most = lanes + 2 + 8;
        assert!(
            jobs_now.calls_while_away <= most,
            "{} calls",
            jobs_now.calls_while_away
        );
        let quiet = (jobs * 3 / lanes) as u64;
        assert!(
            end <= 620 + 180 + quiet + 10,
            "{lanes} lanes ended after {end} s"
        );
        says_so(&monitor, end > 620);
    }
}

/// One line a pause, and one when Flickr is back.
fn says_so(monitor: &Recorder, was_met: bool) {
    let events = monitor.events();
    let pauses = events.iter().filter_map(|event| match event {
        Event::Outage { since, .. } => Some(*since),
        _ => None,
    });
    let pauses: Vec<SystemTime> = pauses.collect();
    let over = events.iter().filter_map(|event| match event {
        Event::Recovered { lasted, .. } => Some(lasted.as_secs()),
        _ => None,
    });
    let over: Vec<u64> = over.collect();
    if was_met {
        assert!(
            pauses.len() <= 9 && pauses.windows(2).all(|two| two[0] == two[1]),
            "{events:?}"
        );
        assert_eq!(over.len(), 1, "{events:?}");
        assert!((595..800).contains(&over[0]), "{over:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_is_dropped_leaves_the_next_lane_its_turn() {
    let breaker = Breaker::new(&Backoff::default(), Arc::new(Recorder::default()));
    let mut verdicts = Vec::new();
    for job in ["a", "b", "c"] {
        let pass = breaker.enter().await.unwrap();
        assert!(pass.begin());
        verdicts.push(pass.failed(failure(job, &outage())));
    }
    assert!(breaker.is_open());
    let trial = loop {
        if let Some(pass) = breaker.enter().await {
            break pass;
        }
    };
    let waits = breaker.clone();
    let next = tokio::spawn(async move {
        loop {
            if let Some(pass) = waits.enter().await {
                return pass.begin();
            }
        }
    });
    tokio::task::yield_now().await;
    drop(trial);
    assert!(next.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_nothing_decides_is_spared_after_the_first_pause() {
    let breaker = Breaker::new(&Backoff::default(), Arc::new(Recorder::default()));
    let pass = breaker.enter().await.unwrap();
    assert!(pass.begin());
    let start = Instant::now();
    let Blame::Pending(undecided) = pass.failed(failure("a", &outage())) else {
        panic!("nothing is known yet");
    };
    let ruling = undecided.ruling().await;
    assert_eq!(ruling, Ruling::Spare(Duration::from_secs(5)));
    assert_eq!(start.elapsed().as_secs(), 5);
}
