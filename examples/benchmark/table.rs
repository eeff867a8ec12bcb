//! The figures: medians of alternating runs, as a table and as JSON.

use serde::Serialize;

/// One row: what was measured, with whom, and what it should be.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// A short name, unique.
    pub name: String,
    /// What is measured, with its unit.
    pub what: String,
    /// Whether more is better.
    pub more_is_better: bool,
    /// What ours shall reach.
    pub target: Option<f64>,
    /// What nothing can beat here.
    pub limit: Option<f64>,
    /// Ours first.
    pub figures: Vec<Figure>,
}

/// What one program reached.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Which program.
    pub who: String,
    /// The middle one of its runs.
    pub median: f64,
    /// All of them, in the order in which they ran.
    pub runs: Vec<f64>,
}

impl Row {
    /// A row of which less is better.
    pub fn less(name: &str, what: &str) -> Row {
        Row {
            name: name.to_owned(),
            what: what.to_owned(),
            more_is_better: false,
            target: None,
            limit: None,
            figures: Vec::new(),
        }
    }

    /// A row of which more is better.
    pub fn more(name: &str, what: &str) -> Row {
        Row {
            more_is_better: true,
            ..Row::less(name, what)
        }
    }

    /// Sets what ours shall reach.
    pub fn target(mut self, target: f64) -> Row {
        self.target = Some(target);
        self
    }

    /// Sets what nothing can beat.
    pub fn limit(mut self, limit: f64) -> Row {
        self.limit = Some(limit);
        self
    }

    /// Adds one run's figure.
    pub fn add(&mut self, who: &str, value: f64) {
        let at = self.figures.iter().position(|figure| figure.who == who);
        let at = at.unwrap_or_else(|| {
            self.figures.push(Figure {
                who: who.to_owned(),
                median: 0.0,
                runs: Vec::new(),
            });
            self.figures.len() - 1
        });
        let figure = &mut self.figures[at];
        figure.runs.push(value);
        figure.median = median(&figure.runs);
    }

    /// Whether ours reached the target; nothing where there is none.
    pub fn reached(&self) -> Option<bool> {
        let (ours, target) = (self.figures.first()?.median, self.target?);
        Some(if self.more_is_better {
            ours >= target
        } else {
            ours <= target
        })
    }

    /// How many times better ours is than another.
    pub fn ratio(&self, other: &Figure) -> f64 {
        let ours = self.figures[0].median;
        if self.more_is_better {
            ours / other.median
        } else {
            other.median / ours
        }
    }
}

/// The middle value; the mean of the two middle ones of an even number.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (half, odd) = (sorted.len() / 2, sorted.len() % 2 == 1);
    if odd {
        sorted[half]
    } else {
        (sorted[half - 1] + sorted[half]) / 2.0
    }
}

/// A number with three digits that count.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// The rows as a table for a terminal; it is Markdown too.
pub fn print(rows: &[Row]) -> String {
    let mut text =
        String::from("| what | target | limit | ours | others (how many times ours is better) |\n");
    text.push_str("| --- | --- | --- | --- | --- |\n");
    for row in rows {
        let optional = |value: Option<f64>| value.map_or(String::new(), number);
        let mark = match row.reached() {
            Some(false) => " (missed)",
            _ => "",
        };
        let ours = row.figures.first().map_or(0.0, |figure| figure.median);
        let other = |other: &Figure| {
            format!(
                "{} {} ({:.1}x)",
                other.who,
                number(other.median),
                row.ratio(other)
            )
        };
        let others: Vec<String> = row.figures.iter().skip(1).map(other).collect();
        let (target, limit) = (optional(row.target), optional(row.limit));
        text.push_str(&format!(
            "| {} | {target} | {limit} | {}{mark} | {} |\n",
            row.what,
            number(ours),
            others.join(", ")
        ));
    }
    text
}
