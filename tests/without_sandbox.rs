//! A program that was built without the sandbox: `cargo test --no-default-features`.
#![cfg(not(feature = "sandbox"))]
#![allow(clippy::unwrap_used, reason = "what panics here is a failing test")]

use std::process::{Command, Output};

fn typed(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_s3flickr"));
    command
        .args(arguments)
        .env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command.output().unwrap()
}

#[test]
fn the_commands_of_the_sandbox_say_that_they_are_not_there() {
    for arguments in [
        &["sandbox"][..],
        &["demo"],
        &["demo", "--exit"],
        &["sandbox", "--listen", "127.0.0.1:0"],
        &["demo", "--help"],
    ] {
        let output = typed(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("feature `sandbox`"), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    }
}

#[test]
fn help_does_not_offer_them() {
    let help = String::from_utf8(typed(&["--help"]).stdout).unwrap();
    assert!(help.contains("populate"), "{help}");
    assert!(
        !help.contains("demo") && !help.contains("sandbox"),
        "{help}"
    );
}
