//! The shape of files and functions: introduced, short, with few parameters.

use crate::lexer::{tokens, without_comments};
use crate::source::rust_files;
use crate::{keeps, root};

/// No file has more lines.
const LONGEST_FILE: usize = 400;
/// No function has more lines, its signature among them.
const LONGEST_FUNCTION: usize = 50;
/// No function has more parameters, `self` among them.
const MOST_PARAMETERS: usize = 5;

/// Every file of ours with its text.
fn files() -> Vec<(String, String)> {
    let folders = ["src", "tests", "examples"].into_iter();
    let paths = folders.flat_map(|folder| rust_files(root(), folder));
    paths
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).expect("source in UTF-8");
            (path, text)
        })
        .collect()
}

#[test]
fn every_file_begins_by_saying_what_it_is_and_is_short() {
    let files = files();
    let broken = files
        .iter()
        .filter_map(|(path, text)| ill_shaped(path, text));
    keeps(
        "every file begins with //! and has 400 lines at most",
        broken.collect(),
    );
}

fn ill_shaped(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    if !text.starts_with("//! ") {
        return Some(format!("{path}:1: does not begin with //!"));
    }
    (lines > LONGEST_FILE).then(|| format!("{path}:{lines}: too long"))
}

#[test]
fn a_nameless_or_long_file_is_noticed() {
    let long = format!("//! A.\n{}", "\n".repeat(LONGEST_FILE));
    assert!(ill_shaped("src/a.rs", "use std::fs;").is_some());
    assert!(ill_shaped("src/a.rs", &long).is_some());
    assert!(ill_shaped("tests/a.rs", &long).is_some());
    assert!(ill_shaped("src/a.rs", "//! A.").is_none());
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    line: usize,
    lines: usize,
    parameters: usize,
}

/// The functions in some source, those of tests among them.
fn functions(text: &str) -> Vec<Function> {
    let code = without_comments(text);
    let tokens = tokens(&code);
    let named = |at: &usize| {
        let name = tokens.get(at + 1).map_or("", |token| token.1);
        tokens[*at].1 == "fn" && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
    };
    let starts: Vec<usize> = (0..tokens.len()).filter(named).collect();
    let read = |at: usize| {
        let opening = skip_generics(&tokens, at + 2)?;
        let (parameters, closing) = parameters(&tokens, opening)?;
        let body = (closing..tokens.len()).find(|at| ["{", ";"].contains(&tokens[*at].1))?;
        let end = closing_of(&tokens, body)?;
        Some(Function {
            name: tokens[at + 1].1.to_owned(),
            line: tokens[at].0,
            lines: tokens[end].0 - tokens[at].0 + 1,
            parameters,
        })
    };
    starts.into_iter().filter_map(read).collect()
}

/// The place of the first parenthesis behind a list of generics, if there is one.
fn skip_generics(tokens: &[(usize, &str)], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match tokens.get(at)?.1 {
            "<" => depth += 1,
            ">" if tokens[at - 1].1 != "-" => depth = depth.saturating_sub(1),
            "(" if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
}

/// How many parameters there are between these parentheses, and where they close.
fn parameters(tokens: &[(usize, &str)], opening: usize) -> Option<(usize, usize)> {
    let closing = closing_of(tokens, opening)?;
    let (mut depth, mut parameters, mut is_empty) = (0_i32, 0, true);
    for at in opening + 1..closing {
        match tokens[at].1 {
            "(" | "[" | "{" | "<" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            ">" if !["-", "="].contains(&tokens[at - 1].1) => depth -= 1,
            "," if depth == 0 => {
                is_empty = true;
                continue;
            }
            _ => {}
        }
        parameters += usize::from(is_empty);
        is_empty = false;
    }
    Some((parameters, closing))
}

/// The place of the bracket that closes the one at `at`; `None` where there is none.
fn closing_of(tokens: &[(usize, &str)], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (place, (_, text)) in tokens.iter().enumerate().skip(at) {
        match *text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 1 => return Some(place),
            ")" | "]" | "}" => depth -= 1,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn ill_shaped_functions(path: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for function in functions(text) {
        let place = format!("{path}:{}: {}", function.line, function.name);
        if function.lines > LONGEST_FUNCTION {
            broken.push(format!("{place}: {} lines", function.lines));
        }
        if function.parameters > MOST_PARAMETERS {
            broken.push(format!("{place}: {} parameters", function.parameters));
        }
    }
    broken
}

#[test]
fn functions_are_short_and_have_few_parameters() {
    let files = files();
    let broken = files
        .iter()
        .flat_map(|(path, text)| ill_shaped_functions(path, text));
    keeps(
        "a function has 50 lines and 5 parameters at most",
        broken.collect(),
    );
}

#[test]
fn functions_are_read_with_their_parameters_and_lines() {
    let text = "fn a() { \"}\" }\nfn b<F: Fn(u8) -> (u8, u8)>(&self, f: F, m: Map<u8, u8>,\n) -> u8\n{\n}\n\
                trait T { fn c(x: u8); }\n#[cfg(test)]\nmod t {\n async fn d((x, y): (u8, u8)) {}\n}";
    let function = |name: &str, line, lines, parameters| Function {
        name: name.to_owned(),
        line,
        lines,
        parameters,
    };
    let expected = [
        function("a", 1, 1, 0),
        function("b", 2, 4, 3),
        function("d", 9, 1, 1),
    ];
    assert_eq!(functions(text), expected);
}

#[test]
fn a_long_function_or_one_with_many_parameters_is_noticed() {
    let long = format!("fn a() {{{}}}", "\n".repeat(LONGEST_FUNCTION));
    assert_eq!(ill_shaped_functions("a.rs", &long), ["a.rs:1: a: 51 lines"]);
    let many = "fn a(a: A, b: B, c: C, d: D, e: E, f: F) {}";
    assert_eq!(
        ill_shaped_functions("a.rs", many),
        ["a.rs:1: a: 6 parameters"]
    );
    assert_eq!(ill_shaped_functions("a.rs", "fn a(a: A, e: E) {}"), [""; 0]);
}
