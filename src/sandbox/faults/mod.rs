//! Faults on request: a script of what goes wrong, for which call, how often.

pub mod fault;
pub mod injected;
pub mod script;
