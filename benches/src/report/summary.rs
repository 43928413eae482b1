//! Medians, quartiles, ratios.

use super::plan::{Line, Target};
use std::collections::BTreeMap;

/// Figures of one arm in one round, or their medians.
pub type Figures = BTreeMap<String, f64>;

/// What was measured of a row: for each round the figures of each arm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// When, as `2026-11-22`.
    pub date: String,
    /// Of which commit.
    pub commit: String,
    /// Arm to figures, in the order of the rounds.
    pub rounds: Vec<BTreeMap<String, Figures>>,
}

/// A row in short: medians, and how heist compares with tokio.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// When, as `2026-11-22`.
    pub date: String,
    /// Of which commit.
    pub commit: String,
    /// How often.
    pub rounds: usize,
    /// Arm to medians.
    pub arms: BTreeMap<String, Figures>,
    /// Figure to the quartiles of tokio's share of heist's, which is above 1 where heist needs less.
    pub ratios: BTreeMap<String, [f64; 3]>,
}

/// The value that a share of the values is below, between two of them in proportion.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    if below == above {
        below
    } else {
        below + (above - below) * place.fract()
    }
}

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The mean of ratios.
pub fn geometric_mean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

/// One by the other; nothing by nothing is 1.
fn share(above: f64, below: f64) -> f64 {
    if above == below { 1.0 } else { above / below }
}

impl Samples {
    /// The samples in short.
    pub fn summary(&self) -> Summary {
        let mut all: BTreeMap<&str, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
        let mut shares: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for round in &self.rounds {
            for (arm, figures) in round {
                for (name, value) in figures {
                    all.entry(arm).or_default().entry(name).or_default().push(*value);
                }
            }
            let (Some(heist), Some(tokio)) = (round.get("heist"), round.get("tokio")) else {
                continue;
            };
            for (name, value) in heist {
                if let Some(other) = tokio.get(name) {
                    shares.entry(name).or_default().push(share(*other, *value));
                }
            }
        }
        let medians = |figures: &BTreeMap<&str, Vec<f64>>| {
            figures
                .iter()
                .map(|(name, values)| ((*name).to_owned(), median(values)))
                .collect()
        };
        let quartiles = |values: &Vec<f64>| [0.25, 0.5, 0.75].map(|share| quantile(values, share));
        Summary {
            date: self.date.clone(),
            commit: self.commit.clone(),
            rounds: self.rounds.len(),
            arms: all
                .iter()
                .map(|(arm, figures)| ((*arm).to_owned(), medians(figures)))
                .collect(),
            ratios: shares
                .iter()
                .map(|(name, values)| ((*name).to_owned(), quartiles(values)))
                .collect(),
        }
    }
}

impl Summary {
    /// A figure of an arm.
    pub fn figure(&self, arm: &str, name: &str) -> Option<f64> {
        self.arms.get(arm)?.get(name).copied()
    }

    /// Lower quartile, median, upper quartile of how far heist is ahead.
    pub fn ahead(&self, line: &Line) -> Option<[f64; 3]> {
        let [low, middle, high] = *self.ratios.get(line.figure)?;
        Some(if line.more_is_better {
            [1.0 / high, 1.0 / middle, 1.0 / low]
        } else {
            [low, middle, high]
        })
    }

    /// What the line has come to.
    pub fn verdict(&self, line: &Line) -> Option<Verdict> {
        let [_, ratio, _] = self.ahead(line)?;
        let reached = match line.target {
            Target::Ratio(target) => ratio >= target,
            Target::AtMost(most) => self.figure("heist", line.figure)? <= most,
        };
        Some(match (reached, ratio < 1.0) {
            (_, true) => Verdict::Behind,
            (false, false) => Verdict::Short,
            (true, false) => Verdict::Reached,
        })
    }

    /// How far ahead heist would be of this tokio if it just reached the target.
    pub fn target_ratio(&self, line: &Line) -> Option<f64> {
        match line.target {
            Target::Ratio(target) => Some(target),
            Target::AtMost(most) => Some(share(self.figure("tokio", line.figure)?, most)),
        }
    }
}

/// What a line has come to, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Tokio is better.
    Behind,
    /// Better than tokio, but the target is not reached.
    Short,
    /// The target is reached.
    Reached,
}
