//! What no code does: print from the library, unwrap, include another program's modules.

use crate::source::{Source, rust_files, sources};
use crate::{keeps, root};

#[test]
fn nothing_in_the_library_prints() {
    let broken = lines_with(&sources(root(), "src"), &["println!", "print!", "dbg!"]);
    let library = broken
        .into_iter()
        .filter(|place| !place.starts_with("src/bin/"));
    keeps("only src/bin/ prints", library.collect());
}

#[test]
fn nothing_unwraps_outside_tests() {
    let broken = lines_with(&sources(root(), "src"), &[".unwrap()"]);
    keeps("an error is handled or handed on", broken);
}

/// The places whose code contains one of these texts.
fn lines_with(sources: &[Source], texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for text in texts {
            let lines = source.lines_with(text).into_iter();
            found.extend(lines.map(|line| format!("{}:{line}: {text}", source.path)));
        }
    }
    found
}

#[test]
fn prints_and_unwraps_are_noticed_in_code_only() {
    let text = "// x.unwrap()\nfn f() { \"println!\"; x.unwrap(); }\n#[cfg(test)]\nmod t { fn g() { y.unwrap() } }";
    let source = [Source::new("src/a.rs", text)];
    assert_eq!(
        lines_with(&source, &[".unwrap()", "println!"]),
        ["src/a.rs:2: .unwrap()"]
    );
}

/// What programs may include by its path: the one thing that they share, and a part of the library.
const SHARED: [&str; 2] = ["support/mod.rs", "src/queue/contract/mod.rs"];

#[test]
fn tests_and_examples_share_their_support_alone() {
    let mut broken = Vec::new();
    for path in ["tests", "examples"]
        .into_iter()
        .flat_map(|folder| rust_files(root(), folder))
    {
        let text = std::fs::read_to_string(root().join(&path)).expect("source in UTF-8");
        broken.extend(included(&path, &text));
    }
    keeps("only tests/support is included by its path", broken);
}

/// The modules that a file includes by their paths and should not.
fn included(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().zip(1..);
    lines
        .filter_map(|(line, number)| Some((line.trim().strip_prefix("#[path = \"")?, number)))
        .filter(|(rest, _)| {
            let target = rest.split('"').next().unwrap_or_default();
            !SHARED.iter().any(|shared| target.ends_with(shared))
        })
        .map(|(rest, number)| format!("{path}:{number}: {rest}"))
        .collect()
}

#[test]
fn a_module_of_another_program_is_noticed() {
    let text = "//! A.\n#[path = \"../../tests/support/mod.rs\"]\nmod support;\n\
                #[path = \"../../examples/chaos/run.rs\"]\nmod run;";
    assert_eq!(included("tests/it/a.rs", text).len(), 1);
}
