//! Rows, and how they are printed.

use std::fmt::Write as _;

use serde::Serialize;

/// Whether a smaller or a larger figure is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    Less,
    More,
}

impl Better {
    fn best(self, figures: &[f64]) -> f64 {
        let pick = if self == Self::Less { f64::min } else { f64::max };
        figures.iter().copied().reduce(pick).unwrap_or(f64::NAN)
    }
}

/// What a row has to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// Of the ratio.
    RatioAtMost(f64),
    /// Of the ratio.
    RatioAtLeast(f64),
    /// Of the figure itself.
    AtMost(f64),
    /// Of the figure itself.
    AtLeast(f64),
}

/// One figure beside its limit.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub group: &'static str,
    pub name: String,
    pub unit: &'static str,
    pub best: f64,
    pub median: f64,
    /// What it is compared with.
    pub limit_name: String,
    pub limit_best: Option<f64>,
    pub limit_median: Option<f64>,
    /// Best over best.
    pub ratio: Option<f64>,
    /// The median of the ratios of each round.
    pub ratio_median: Option<f64>,
    pub bar: Option<Bar>,
    /// Whether the bar is reached by the best; `None` where there is no bar.
    pub ok: Option<bool>,
    pub rounds: Vec<[f64; 2]>,
}

/// The middle one.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A figure that stands alone.
pub fn alone(
    group: &'static str,
    name: &str,
    unit: &'static str,
    better: Better,
    figures: &[f64],
    bar: Option<Bar>,
) -> Row {
    let best = better.best(figures);
    Row {
        group,
        name: name.to_owned(),
        unit,
        best,
        median: median(figures),
        limit_name: String::new(),
        limit_best: None,
        limit_median: None,
        ratio: None,
        ratio_median: None,
        bar,
        ok: bar.map(|bar| match bar {
            Bar::AtMost(most) => best <= most,
            Bar::AtLeast(least) => best >= least,
            Bar::RatioAtMost(_) | Bar::RatioAtLeast(_) => false,
        }),
        rounds: figures.iter().map(|figure| [*figure, f64::NAN]).collect(),
    }
}

/// A figure beside its limit. Each round measured both, one right after the other.
pub fn compared(
    group: &'static str,
    name: &str,
    unit: &'static str,
    better: Better,
    figures: &[f64],
    (limit_name, limits): (&str, &[f64]),
    bar: Option<Bar>,
) -> Row {
    let mut row = alone(group, name, unit, better, figures, bar);
    let limit = better.best(limits);
    let ratio = row.best / limit;
    let ratios: Vec<f64> = figures.iter().zip(limits).map(|(figure, limit)| figure / limit).collect();
    limit_name.clone_into(&mut row.limit_name);
    row.limit_best = Some(limit);
    row.limit_median = Some(median(limits));
    row.ratio = Some(ratio);
    row.ratio_median = Some(median(&ratios));
    row.ok = bar.map(|bar| match bar {
        Bar::RatioAtMost(most) => ratio <= most,
        Bar::RatioAtLeast(least) => ratio >= least,
        Bar::AtMost(most) => row.best <= most,
        Bar::AtLeast(least) => row.best >= least,
    });
    row.rounds = figures.iter().zip(limits).map(|(figure, limit)| [*figure, *limit]).collect();
    row
}

/// Three significant digits.
fn short(figure: f64) -> String {
    match figure.abs() {
        _ if !figure.is_finite() => "-".to_owned(),
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        size if size >= 1.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

/// The head of the table.
pub fn head() -> String {
    format!(
        "{:<8} {:<56} {:>9} {:>9} {:<5} {:<32} {:>9} {:>6} {:>6} {:>9}\n",
        "group", "row", "best", "median", "", "limit", "best", "ratio", "median", "bar"
    )
}

/// One line of the table.
pub fn line(row: &Row) -> String {
    let maybe = |figure: Option<f64>| figure.map_or_else(String::new, short);
    let bar = match row.bar {
        None => String::new(),
        Some(Bar::RatioAtMost(most)) => format!("≤ {most}"),
        Some(Bar::RatioAtLeast(least)) => format!("≥ {least}"),
        Some(Bar::AtMost(most)) => format!("≤ {most} {}", row.unit),
        Some(Bar::AtLeast(least)) => format!("≥ {least} {}", row.unit),
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<8} {:<56} {:>9} {:>9} {:<5} {:<32} {:>9} {:>6} {:>6} {:>9} {}",
        row.group,
        row.name,
        short(row.best),
        short(row.median),
        row.unit,
        row.limit_name,
        maybe(row.limit_best),
        maybe(row.ratio),
        maybe(row.ratio_median),
        bar,
        match row.ok {
            None => "",
            Some(true) => "ok",
            Some(false) => "MISSED",
        },
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_judged_by_best_over_best() {
        let rate =
            |bar| compared("g", "r", "/s", Better::More, &[90.0, 60.0], ("limit", &[100.0, 50.0]), Some(bar));
        let row = rate(Bar::RatioAtLeast(0.9));
        assert_eq!(row.ok, Some(true));
        assert!((row.ratio.unwrap() - 0.9).abs() < 1e-9);
        assert!((row.ratio_median.unwrap() - 1.2).abs() < 1e-9);
        assert_eq!(rate(Bar::RatioAtLeast(0.91)).ok, Some(false));
        let time = compared(
            "g",
            "r",
            "ms",
            Better::Less,
            &[4.0, 2.0],
            ("limit", &[1.0, 1.0]),
            Some(Bar::RatioAtMost(1.9)),
        );
        assert_eq!(time.ok, Some(false));
        assert_eq!(alone("g", "r", "ms", Better::Less, &[3.0, 2.0], Some(Bar::AtMost(2.0))).ok, Some(true));
        assert_eq!(alone("g", "r", "/s", Better::More, &[3.0, 2.0], Some(Bar::AtLeast(4.0))).ok, Some(false));
    }
}
