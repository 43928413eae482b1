//! docs/benchmarks.svg: a bar a figure, from 1 to the ratio, on a logarithmic scale; a mark where the target is.
//!
//! Colours are in classes, with a second set for those who like it dark; the ground is transparent.

use super::plan::topic_of;
use super::plan::topic_title;
use super::table::{Entry, digits};
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 300.0;
const RIGHT: f64 = 830.0;
const TOP: f64 = 78.0;
const BAR: f64 = 11.0;
const STEP: f64 = 16.0;
const HEADING: f64 = 26.0;

/// The ends of the scale; what is beyond is cut off there and says so by its number.
const LEAST: f64 = 0.25;
const MOST: f64 = 16.0;

const STYLE: &str = "
  text { font-family: ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; font-size: 11px; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .topic { font-weight: 600 }
  .faint { fill: #59636e }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .one { stroke: #1f2328; stroke-width: 1.5 }
  .target { stroke: #8250df; stroke-width: 2 }
  .reached { fill: #1a7f37 }
  .short { fill: #54a3ff }
  .behind { fill: #cf222e }
  .spread { stroke: #1f2328; stroke-width: 1; stroke-opacity: 0.55 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .faint { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .one { stroke: #f0f6fc }
    .target { stroke: #d2a8ff }
    .reached { fill: #3fb950 }
    .short { fill: #388bfd }
    .behind { fill: #f85149 }
    .spread { stroke: #f0f6fc }
  }
";

/// Where a ratio is on the scale.
fn place(ratio: f64) -> f64 {
    let share = (ratio.clamp(LEAST, MOST) / LEAST).ln() / (MOST / LEAST).ln();
    LEFT + share * (RIGHT - LEFT)
}

/// Text inside of an element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn class(entry: &Entry<'_>) -> &'static str {
    use super::summary::Verdict;
    match entry.verdict {
        Verdict::Behind => "behind",
        Verdict::Short => "short",
        Verdict::Reached => "reached",
    }
}

fn draw_bar(out: &mut String, entry: &Entry<'_>, y: f64) {
    let [low, ratio, high] = entry.ahead;
    let (from, to) = (place(ratio.min(1.0)), place(ratio.max(1.0)));
    let (middle, class, name) = (y + BAR / 2.0, class(entry), escape(&entry.line.title));
    let label = y + BAR - 1.5;
    let end = place(ratio.max(1.0)).max(place(high)) + 6.0;
    let width = (to - from).max(1.0);
    let (low, high) = (place(low), place(high));
    let parts = [
        format!(
            "<text x=\"{:.1}\" y=\"{label:.1}\" text-anchor=\"end\">{name}</text>",
            LEFT - 8.0
        ),
        format!(
            "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\"/>"
        ),
        format!("<path class=\"spread\" d=\"M{low:.1} {middle:.1}H{high:.1}\"/>"),
    ];
    for part in parts {
        writeln!(out, "{part}").expect("a string takes it");
    }
    let target = entry
        .summary
        .target_ratio(&entry.line)
        .filter(|target| *target != 1.0 && target.is_finite());
    if let Some(x) = target.map(place) {
        writeln!(
            out,
            "<path class=\"target\" d=\"M{x:.1} {:.1}v{:.1}\"/>",
            y - 1.5,
            BAR + 3.0
        )
        .expect("a string takes it");
    }
    let ratio = digits(ratio);
    writeln!(
        out,
        "<text x=\"{end:.1}\" y=\"{label:.1}\" class=\"faint\">{ratio}</text>"
    )
    .expect("a string takes it");
}

fn draw_scale(out: &mut String, bottom: f64) {
    let mut ratio = LEAST;
    while ratio <= MOST {
        let x = place(ratio);
        let class = if ratio == 1.0 { "one" } else { "grid" };
        writeln!(
            out,
            "<path class=\"{class}\" d=\"M{x:.1} {TOP:.1}V{bottom:.1}\"/>"
        )
        .expect("a string takes it");
        let label = TOP - 6.0;
        writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{label:.1}\" text-anchor=\"middle\" class=\"faint\">{ratio}×</text>"
        )
        .expect("a string takes it");
        ratio *= 2.0;
    }
}

fn draw_legend(out: &mut String, title: &str) {
    writeln!(
        out,
        "<text x=\"12\" y=\"24\" class=\"title\">{}</text>",
        escape(title)
    )
    .expect("a string takes it");
    let legend = [
        ("reached", "target reached"),
        ("short", "ahead, short of the target"),
        ("behind", "behind"),
    ];
    let mut x = 12.0;
    for (class, text) in legend {
        writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"36\" width=\"11\" height=\"11\"/>"
        )
        .expect("a string takes it");
        writeln!(out, "<text x=\"{}\" y=\"46\">{text}</text>", x + 16.0).expect("a string takes it");
        x += 40.0 + 6.2 * text.len() as f64;
    }
    writeln!(out, "<path class=\"target\" d=\"M{x} 34.5v14\"/>").expect("a string takes it");
    writeln!(out, "<text x=\"{}\" y=\"46\">target</text>", x + 8.0).expect("a string takes it");
    x += 62.0;
    writeln!(out, "<path class=\"spread\" d=\"M{x} 41.5h16\"/>").expect("a string takes it");
    writeln!(out, "<text x=\"{}\" y=\"46\">quartiles</text>", x + 22.0).expect("a string takes it");
}

/// The picture; the entries are in the order of their topics.
pub fn picture(entries: &[Entry<'_>], title: &str) -> String {
    let (mut bars, mut y, mut topic) = (String::new(), TOP + 4.0, None);
    for entry in entries {
        let its = topic_of(&entry.line.row);
        if topic.replace(its) != Some(its) {
            let heading = escape(topic_title(its));
            y += HEADING;
            writeln!(
                bars,
                "<text x=\"12\" y=\"{:.1}\" class=\"topic\">{heading}</text>",
                y - 8.0
            )
            .expect("a string takes it");
        }
        draw_bar(&mut bars, entry, y);
        y += STEP;
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {0}\" width=\"{WIDTH}\" height=\"{0}\" role=\"img\" \
         aria-label=\"{1}\">\n<style>{STYLE}</style>\n",
        y + 12.0,
        escape(title).replace('"', "&quot;"),
    );
    draw_legend(&mut out, title);
    draw_scale(&mut out, y + 2.0);
    out.push_str(&bars);
    out.push_str("</svg>\n");
    out
}
