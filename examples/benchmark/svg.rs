//! The picture: bars side by side, and how processes add up. Readable on light and on dark.

use std::fmt::Write;

use crate::table::{Row, number};

const WIDTH: f64 = 760.0;
const BAR: f64 = 18.0;
const LABELS: f64 = 190.0;
/// Room for the figure behind the longest bar.
const LONGEST: f64 = WIDTH - LABELS - 150.0;
const STYLE: &str = "\
    text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.soft{fill:#59636e}\
    .ours{fill:#0969da}.other{fill:#afb8c1}.line{stroke:#0969da;fill:none;stroke-width:2.5}\
    .ideal{stroke:#afb8c1;fill:none;stroke-dasharray:5 4}.axis{stroke:#d1d9e0}\
    @media (prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.ours{fill:#4493f8}\
    .other{fill:#565f69}.line{stroke:#4493f8}.ideal{stroke:#656c76}.axis{stroke:#3d444d}}";

/// Draws every row that has someone to compare with, then the scaling curve.
pub fn draw(rows: &[Row]) -> String {
    let mut body = String::new();
    let mut y = 10.0;
    for row in rows.iter().filter(|row| row.figures.len() > 1) {
        y = bars(&mut body, row, y);
    }
    let points: Vec<(f64, &Row)> = rows.iter().filter_map(processes).collect();
    if points.len() > 1 {
        y = curve(&mut body, &points, y);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\" \
         aria-label=\"s3flickr beside its peers\">\n<style>{STYLE}</style>\n{body}</svg>\n"
    )
}

/// One group of bars; answers with where the next begins.
fn bars(body: &mut String, row: &Row, mut y: f64) -> f64 {
    let better = if row.more_is_better {
        "more is better"
    } else {
        "less is better"
    };
    text(body, 0.0, y + 14.0, "title", &row.what);
    text(body, WIDTH - 100.0, y + 14.0, "soft", better);
    y += 24.0;
    let most = row
        .figures
        .iter()
        .map(|figure| figure.median)
        .fold(0.0, f64::max);
    for (at, figure) in row.figures.iter().enumerate() {
        let length = (figure.median / most * LONGEST).max(1.0);
        let class = if at == 0 { "ours" } else { "other" };
        text(body, 0.0, y + 14.0, "", &figure.who);
        let _ = writeln!(
            body,
            "<rect class=\"{class}\" x=\"{LABELS}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"3\"/>"
        );
        let label = if at == 0 {
            grouped(figure.median)
        } else {
            format!("{} ({:.1}x)", grouped(figure.median), row.ratio(figure))
        };
        text(body, LABELS + length + 8.0, y + 14.0, "soft", &label);
        y += BAR + 5.0;
    }
    y + 16.0
}

/// How many processes a row of the scaling is about.
fn processes(row: &Row) -> Option<(f64, &Row)> {
    let count = row.name.strip_prefix("scaling-")?.parse().ok()?;
    (!row.figures.is_empty()).then_some((count, row))
}

fn curve(body: &mut String, points: &[(f64, &Row)], y: f64) -> f64 {
    const HEIGHT: f64 = 220.0;
    text(
        body,
        0.0,
        y + 14.0,
        "title",
        "photos/s of 1, 2, 4 and 8 processes (dashed: 16 transfers each, divided by the latency)",
    );
    let most = points.iter().map(|point| point.0).fold(0.0, f64::max);
    let top = points
        .iter()
        .filter_map(|point| point.1.limit)
        .fold(0.0, f64::max);
    let bottom = y + 40.0 + HEIGHT;
    let place = |count: f64, rate: f64| {
        (
            50.0 + count / most * (WIDTH - 160.0),
            bottom - rate / top * HEIGHT,
        )
    };
    let path = |rate: &dyn Fn(&Row) -> f64| {
        let spots = points.iter().map(|(count, row)| place(*count, rate(row)));
        spots
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let _ = writeln!(
        body,
        "<line class=\"axis\" x1=\"50\" y1=\"{bottom}\" x2=\"{}\" y2=\"{bottom}\"/>\n\
         <polyline class=\"ideal\" points=\"{}\"/>\n<polyline class=\"line\" points=\"{}\"/>",
        WIDTH - 100.0,
        path(&|row| row.limit.unwrap_or_default()),
        path(&|row| row.figures[0].median)
    );
    for (count, row) in points {
        let rate = row.figures[0].median;
        dot(body, place(*count, rate), rate);
        let label = number(*count).replace(".00", "");
        let (x, _) = place(*count, 0.0);
        text(body, x - 4.0, bottom + 18.0, "", &label);
    }
    bottom + 30.0
}

/// A measured point of the curve, with its figure.
fn dot(body: &mut String, (x, y): (f64, f64), rate: f64) {
    let _ = writeln!(
        body,
        "<circle class=\"ours\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"
    );
    text(body, x + 8.0, y + 16.0, "soft", &grouped(rate));
}

/// A figure, with a comma at each thousand.
fn grouped(value: f64) -> String {
    let digits = number(value);
    let whole = digits.split('.').next().unwrap_or_default();
    let mut out = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + &digits[whole.len()..]
}

fn text(body: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        body,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>"
    );
}
