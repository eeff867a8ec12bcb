//! What a key, a title, a job, a set and a plan mean. Pure.
