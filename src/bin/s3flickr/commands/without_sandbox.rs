//! `sandbox` and `demo`, typed into a program that was built without them.

use std::ffi::OsString;

use anyhow::anyhow;

use crate::console::Console;
use crate::exit::Exit;

/// `sandbox` and `demo`
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct WithoutSandbox {
    /// Whatever was typed after it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _rest: Vec<OsString>,
}

impl WithoutSandbox {
    /// Says that this build has no sandbox.
    pub fn run(self, console: &Console) -> Exit {
        console.complain(&anyhow!(
            "this build has no sandbox and no demo: build s3flickr with the cargo feature `sandbox`"
        ));
        Exit::Usage
    }
}
