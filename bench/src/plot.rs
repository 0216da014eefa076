//! Line charts as SVG, with logarithmic axes.

use std::fmt::Write as _;

/// One line of a chart.
pub struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    pub colour: &'static str,
    pub dashed: bool,
}

/// A chart.
pub struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
}

/// An axis: what it shows and the steps it is marked at, the ends included.
pub struct Axis {
    pub label: &'static str,
    pub logarithmic: bool,
    pub marks: Vec<f64>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 48.0;

impl Axis {
    /// Marks at 1, 2 and 5 of each decade that the values reach.
    pub fn decades(label: &'static str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .filter(|value| *value > 0.0)
            .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        let all: Vec<f64> =
            (-4..6).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power))).collect();
        let first = all.iter().rposition(|mark| *mark <= low).unwrap_or(0);
        let last = all.iter().position(|mark| *mark >= high).unwrap_or(all.len() - 1);
        Self { label, logarithmic: true, marks: all[first..=last.max(first + 1)].to_vec() }
    }

    /// Where a value stands, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.logarithmic { value.max(1e-9).ln() } else { value };
        let (low, high) =
            (self.marks.first().copied().unwrap_or(0.0), self.marks.last().copied().unwrap_or(1.0));
        ((scale(value) - scale(low)) / (scale(high) - scale(low))).clamp(0.0, 1.0)
    }
}

impl Chart {
    /// The chart as SVG text.
    pub fn svg(&self) -> String {
        let across = |value: f64| LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT);
        let down = |value: f64| HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - TOP - BOTTOM);
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{}</text>\n",
            escaped(&self.title)
        );
        for mark in &self.x.marks {
            let at = across(*mark);
            let _ = writeln!(
                svg,
                "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"#ddd\"/>"
            );
            let _ = writeln!(
                svg,
                "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{mark}</text>",
                bottom + 16.0
            );
        }
        for mark in &self.y.marks {
            let at = down(*mark);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>"
            );
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{mark}</text>",
                LEFT - 6.0,
                at + 4.0
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, right),
            HEIGHT - 10.0,
            escaped(self.x.label)
        );
        let _ = writeln!(
            svg,
            "<text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(TOP, bottom),
            escaped(self.y.label)
        );
        for (number, series) in self.series.iter().enumerate() {
            let mut points = String::new();
            for (x, y) in &series.points {
                let _ = write!(points, "{:.1},{:.1} ", across(*x), down(*y));
            }
            let dash = if series.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
            let stroke = format!("fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{dash}", series.colour);
            let _ = writeln!(svg, "<polyline points=\"{}\" {stroke}/>", points.trim_end());
            let (x, y) = (right + 12.0, TOP + 10.0 + 18.0 * f64::from(u32::try_from(number).unwrap_or(0)));
            let _ = writeln!(svg, "<line x1=\"{x}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" {stroke}/>", x + 22.0);
            let _ =
                writeln!(svg, "<text x=\"{}\" y=\"{}\">{}</text>", x + 28.0, y + 4.0, escaped(&series.name));
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
