//! The integration tests: one binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    reason = "what panics here is a failing test, also in a helper of tests"
)]

mod albums;
mod aws_options;
mod bad_input;
mod calls;
mod chaos;
mod commands;
mod config_file;
mod doctor;
mod endpoints;
mod failed;
mod faults;
mod filters;
mod forecast;
mod gallery;
mod guide;
mod hostile_names;
mod inventory;
mod limits;
mod login;
mod logs;
mod migration;
mod other_clients;
mod packaging;
mod permissions;
mod populating;
mod precedence;
mod proxy_works;
mod queue_bent;
mod queue_places;
mod queue_sqs;

mod queue_urls;
mod screen;
mod sets;
mod speed;
mod spot;
#[path = "../support/mod.rs"]
mod support;
mod support_works;
mod tls;
