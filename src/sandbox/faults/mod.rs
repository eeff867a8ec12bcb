//! Faults on request: a script of what goes wrong, for which call, how often.

pub mod injected;

use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::faults::injected::Hit;

/// One line of the script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// `upload`, the name of a method, `oauth`, `original`, or `*` for all but `original`.
    pub call: String,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Kind,
    /// How many calls it strikes; without it, all.
    #[serde(default)]
    pub times: Option<u32>,
    /// So many calls pass first.
    #[serde(default)]
    pub skip: u32,
    /// It strikes this share of the calls; without it, every one.
    #[serde(default)]
    pub percent: Option<f64>,
    /// Chooses which calls `percent` strikes: the n-th call's fate is always the same.
    #[serde(default)]
    pub seed: u64,
}

impl Fault {
    /// A fault that strikes every call of that name.
    pub fn new(call: &str, fault: Kind) -> Self {
        Fault {
            call: call.to_owned(),
            fault,
            times: None,
            skip: 0,
            percent: None,
            seed: 0,
        }
    }

    /// Strikes so many calls only.
    pub fn times(self, times: u32) -> Self {
        Fault {
            times: Some(times),
            ..self
        }
    }

    fn covers(&self, call: &str) -> bool {
        self.call == call || (self.call == "*" && call != "original")
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "fault",
    rename_all = "kebab-case",
    rename_all_fields = "snake_case"
)]
pub enum Kind {
    /// The call is done; the connection closes without an answer.
    LoseAnswer,
    /// The call is done; the answer is a 504 page.
    GatewayTimeoutAfter,
    /// Nothing is done; the answer is a page with this status, 500 unless told.
    ErrorBefore {
        /// 500, 502 or 503.
        #[serde(default = "status_500")]
        status: u16,
    },
    /// About half of the body is read, then the connection is reset.
    ResetHalfway,
    /// The call is done; the answer is a 200 without a body.
    EmptyAnswer,
    /// Nothing is done; 429.
    Throttle,
    /// Nothing is done; code 105.
    Unavailable,
    /// The call is done; XML answers a JSON call, JSON an XML call.
    Garbled,
    /// The call is done; the answer is that of another method.
    WrongAnswer,
    /// A list's page has fewer items than it should, though more pages follow.
    ShortPage,
    /// A list does not know its newest items.
    StaleList {
        /// So many.
        newest: usize,
    },
    /// A list's total is the empty string.
    NoTotal,
    /// A list says that it has so many pages.
    Pages {
        /// So many.
        count: u64,
    },
    /// Every page of a list is its first one.
    RepeatPage,
    /// Nothing is done; the answer is that it was.
    Pretend,
    /// The answer waits.
    Slow {
        /// So long.
        delay_ms: u64,
    },
    /// The body is read slowly.
    SlowBody {
        /// The pause before each piece.
        delay_ms: u64,
    },
    /// Nothing is done; upload error 6.
    AccountFull,
    /// Nothing is done; upload error 14.
    NotProWait {
        /// `non_pro_desktop_upload_wait_time`.
        #[serde(default = "a_minute")]
        wait_seconds: u64,
    },
    /// Nothing is done; upload error 15.
    NonSafe,
    /// Nothing is done; code 100.
    KeyDisabled,
    /// Nothing is done; 401 with `token_rejected`.
    TokenRevoked,
    /// For `upload`: the new photo is unknown to the next calls that name it.
    UnknownPhoto {
        /// To so many calls.
        calls: u32,
    },
    /// Nothing is done; this refusal.
    Refuse {
        /// Its code.
        code: u32,
        /// Its message.
        message: String,
    },
    /// The call is done; the answer is this refusal.
    RefuseAfter {
        /// Its code.
        code: u32,
        /// Its message.
        message: String,
    },
    /// The call is done; the answer is a page with this status.
    ErrorAfter {
        /// 408, say.
        status: u16,
    },
    /// Nothing is done; 401 with this `oauth_problem`.
    OauthProblem {
        /// `signature_invalid`, say.
        problem: String,
    },
}

fn status_500() -> u16 {
    500
}

fn a_minute() -> u64 {
    60
}

/// A fault and how far it has come.
#[derive(Debug, Clone, Serialize)]
pub struct Armed {
    #[serde(flatten)]
    fault: Fault,
    seen: u32,
    struck: u32,
}

impl Armed {
    fn strikes(&mut self) -> bool {
        let number = self.seen;
        self.seen += 1;
        let tired = self.fault.times.is_some_and(|times| self.struck >= times);
        if number < self.fault.skip || tired || !self.is_chosen(number) {
            return false;
        }
        self.struck += 1;
        true
    }

    fn is_chosen(&self, number: u32) -> bool {
        let Some(percent) = self.fault.percent else {
            return true;
        };
        let roll = mix(self.fault.seed ^ mix(u64::from(number) + 1)) % 1_000_000;
        // A roll of at most a million is exact in a double.
        (roll as f64) < percent * 10_000.0
    }
}

/// SplitMix64's finaliser: neighbouring numbers come out far apart.
fn mix(number: u64) -> u64 {
    let a = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}

/// The script that is in force.
#[derive(Debug, Default)]
pub struct Script(Mutex<Vec<Armed>>);

impl Script {
    /// Replaces all faults.
    pub fn replace(&self, faults: Vec<Fault>) {
        let armed = faults.into_iter().map(|fault| Armed {
            fault,
            seen: 0,
            struck: 0,
        });
        *self.0.lock() = armed.collect();
    }

    /// The faults and how often they were looked at and struck.
    pub fn list(&self) -> Vec<Armed> {
        self.0.lock().clone()
    }

    /// What strikes this call: delays add to the first other fault that strikes.
    pub fn strike(&self, call: &str) -> Hit {
        let mut hit = Hit::default();
        let mut script = self.0.lock();
        for armed in script.iter_mut().filter(|armed| armed.fault.covers(call)) {
            if hit.kind.is_some() || !armed.strikes() {
                continue;
            }
            match &armed.fault.fault {
                Kind::Slow { delay_ms } => hit.delay += Duration::from_millis(*delay_ms),
                Kind::SlowBody { delay_ms } => hit.body_delay += Duration::from_millis(*delay_ms),
                kind => hit.kind = Some(kind.clone()),
            }
        }
        hit
    }
}

/// Reads a script; a field that no fault has is refused, so that a slip of the pen does not pass.
pub fn parse(text: &[u8]) -> Result<Vec<Fault>, String> {
    let values: Vec<Value> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let mut faults = Vec::with_capacity(values.len());
    for value in values {
        let fault: Fault =
            serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        let known = serde_json::to_value(&fault).map_err(|error| error.to_string())?;
        let given = value.as_object().into_iter().flatten();
        if let Some((name, _)) = given
            .into_iter()
            .find(|(name, _)| known.get(name.as_str()).is_none())
        {
            return Err(format!("unknown field \"{name}\" of a fault"));
        }
        faults.push(fault);
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(script: &Script, call: &str, calls: usize) -> Vec<usize> {
        (0..calls)
            .filter(|_| script.strike(call).kind.is_some())
            .collect()
    }

    #[test]
    fn a_fault_skips_strikes_and_tires() {
        let script = Script::default();
        let fault = Fault {
            skip: 2,
            ..Fault::new("upload", Kind::Throttle).times(2)
        };
        script.replace(vec![fault]);
        assert_eq!(struck(&script, "flickr.test.echo", 3), [] as [usize; 0]);
        assert_eq!(struck(&script, "upload", 6), [2, 3]);
    }

    #[test]
    fn a_share_of_the_calls_is_struck_and_always_the_same_ones() {
        let script = Script::default();
        let fault = Fault {
            percent: Some(25.0),
            seed: 7,
            ..Fault::new("*", Kind::LoseAnswer)
        };
        script.replace(vec![fault.clone()]);
        let first = struck(&script, "upload", 400);
        script.replace(vec![fault]);
        assert_eq!(first, struck(&script, "upload", 400));
        assert!((60..140).contains(&first.len()), "{}", first.len());
    }

    #[test]
    fn a_script_is_read_strictly() {
        let good = br#"[{"call":"upload","fault":"error-before","status":503,"times":1},
            {"call":"*","fault":"slow","delay_ms":5,"percent":50.0}]"#;
        let faults = parse(good).unwrap();
        assert_eq!(faults[0].fault, Kind::ErrorBefore { status: 503 });
        assert_eq!(faults[1].percent, Some(50.0));
        assert!(
            parse(br#"[{"call":"upload","fault":"throttle","tmies":1}]"#)
                .unwrap_err()
                .contains("tmies")
        );
        assert!(parse(br#"[{"call":"upload","fault":"no-such"}]"#).is_err());
    }
}
