//! What a breaker is told of a failure, and who pays for it.

use std::time::Duration;

use super::super::outage::Outage;

/// An attempt that failed.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// Which job, by the URL of its file.
    pub job: &'a str,
    /// How it failed.
    pub outage: &'a Outage,
    /// Whether what [`Breaker::proof`] asked for was proved.
    ///
    /// [`Breaker::proof`]: super::Breaker::proof
    pub to_blame: bool,
}

/// Who pays for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// The job: it loses a retry.
    Charge,
    /// Nobody: the job goes back as it was, to be tried again after this time.
    Spare(Duration),
    /// Nobody, and the run had better end: no photo is allowed to pass, and waiting does not mend it.
    GiveUp,
    /// Not known yet.
    Undecided,
}

/// Which request a service must answer before the photo of a failed trial is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// One through the very door that the photo did not pass.
    SameDoor,
    /// Any.
    AnyCall,
}
