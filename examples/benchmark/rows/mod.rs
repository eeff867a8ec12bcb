//! The rows of the benchmark, the most important first.

mod calls;
mod copying;
mod memory;
mod planning;
mod queues;
mod scaling;
mod starting;

use crate::bench::Bench;
use crate::table::Row;

/// One group of rows: its name on the command line, and what measures it.
pub type Group = (&'static str, fn(&Bench) -> Vec<Row>);

/// All groups.
pub const GROUPS: &[Group] = &[
    ("cpu", copying::cpu),
    ("late", copying::late),
    ("small", copying::small),
    ("memory", memory::memory),
    ("populate", queues::populate),
    ("queue", queues::queue),
    ("sqs", queues::sqs),
    ("planning", planning::planning),
    ("start", starting::start),
    ("scaling", scaling::scaling),
    ("calls", calls::calls),
];

pub use planning::plan;
pub use queues::drain;
