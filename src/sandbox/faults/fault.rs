//! A fault: what goes wrong, for which call, how often.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line of the script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// `upload`, the name of a method, `oauth`, `original`, or `*` for all but `original`.
    pub call: String,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: FaultKind,
    /// How many calls it hits; without a number, all.
    #[serde(default)]
    pub times: Option<u32>,
    /// The number of calls that pass before the first one is hit.
    #[serde(default)]
    pub skip: u32,
    /// The share of the calls that it hits; without it, every one.
    #[serde(default)]
    pub percent: Option<f64>,
    /// Chooses which calls `percent` hits: the same ones in every run.
    #[serde(default)]
    pub seed: u64,
}

impl Fault {
    /// A fault that hits every call of that name.
    pub fn new(call: &str, fault: FaultKind) -> Self {
        Fault {
            call: call.to_owned(),
            fault,
            times: None,
            skip: 0,
            percent: None,
            seed: 0,
        }
    }

    /// Hits this number of calls only.
    pub fn times(self, times: u32) -> Self {
        Fault {
            times: Some(times),
            ..self
        }
    }

    /// Whether it is for calls of this name.
    pub fn covers(&self, call: &str) -> bool {
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
pub enum FaultKind {
    /// The call is done; the connection closes without an answer.
    LoseAnswer,
    /// The call is done; the answer is a 504 page.
    GatewayTimeoutAfter,
    /// Nothing is done; the answer is a page with this status, by default 500.
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
    /// A list leaves out its newest items.
    StaleList {
        /// How many.
        newest: usize,
    },
    /// A list's total is the empty string.
    NoTotal,
    /// A list claims this number of pages.
    Pages {
        /// The number.
        count: u64,
    },
    /// Every page of a list is its first one.
    RepeatPage,
    /// Nothing is done; the answer says that it was.
    Pretend,
    /// The answer waits.
    Slow {
        /// How long.
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
        /// How many calls.
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

/// Reads a script; a field that no fault has is refused, so that a typing error does not pass.
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

    #[test]
    fn a_script_is_read_strictly() {
        let good = br#"[{"call":"upload","fault":"error-before","status":503,"times":1},
            {"call":"*","fault":"slow","delay_ms":5,"percent":50.0}]"#;
        let faults = parse(good).unwrap();
        assert_eq!(faults[0].fault, FaultKind::ErrorBefore { status: 503 });
        assert_eq!(faults[1].percent, Some(50.0));
        assert!(
            parse(br#"[{"call":"upload","fault":"throttle","tmies":1}]"#)
                .unwrap_err()
                .contains("tmies")
        );
        assert!(parse(br#"[{"call":"upload","fault":"no-such"}]"#).is_err());
    }
}
