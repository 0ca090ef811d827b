//! Bars as SVG from the server: readable in print and by a screen reader, which hears the same numbers. What is left of zero has
//! no bar, only its number.

use crate::shown;
use report_files::sheets::grouped;

pub(crate) type Label = String;

/// Bars of one chart; the rest is in the table beside it, and in one bar here.
const BARS_AT_MOST: usize = 12;
const WIDE: i128 = 470;
const LEFT: i64 = 250;
const TALL: i64 = 18;
const GAP: i64 = 10;
const LETTERS: usize = 29;

/// The numbers of a chart, as a table has them.
pub(crate) struct Breakdown {
    pub by: &'static str,
    pub heads: Vec<&'static str>,
    pub rows: Vec<(Label, Vec<i128>)>,
    pub totals: Vec<i128>,
    /// Of days or months: none is left out of the drawing.
    pub in_order: bool,
}

impl Breakdown {
    pub fn new((by, in_order): (&'static str, bool), heads: Vec<&'static str>, rows: Vec<(Label, Vec<i128>)>) -> Self {
        let total = |at: usize| rows.iter().filter_map(|(_, sums)| sums.get(at)).sum();
        let totals = (0..heads.len()).map(total).collect();
        Self { by, heads, rows, totals, in_order }
    }

    pub fn number(sum: &i128) -> String {
        grouped(*sum)
    }

    /// Of the whole, where there is one sum only.
    pub fn share(&self, sums: &[i128]) -> Option<String> {
        let ([sum], [total]) = (sums, self.totals.as_slice()) else { return None };
        let of = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
        Some(shown::share(of(*sum), of(*total)))
    }
}

pub(crate) struct Bar {
    pub y: i64,
    pub width: i64,
    pub second: bool,
    pub number: String,
    pub text_x: i64,
    pub text_y: i64,
}

pub(crate) struct Group {
    pub label: String,
    pub text_y: i64,
    pub bars: Vec<Bar>,
}

pub(crate) struct Chart {
    pub title: String,
    /// All that it shows, for whoever does not see it.
    pub said: String,
    pub height: i64,
    pub axis: i64,
    pub groups: Vec<Group>,
    /// Where there is more than one kind of bar.
    pub legend: Vec<&'static str>,
}

/// None where there is nothing to draw.
pub(crate) fn draw(title: &str, b: &Breakdown) -> Option<Chart> {
    let drawn = if b.in_order { b.rows.clone() } else { fewer(&b.rows) };
    let most = drawn.iter().flat_map(|(_, sums)| sums).copied().max().filter(|most| *most > 0)?;
    let bars_of_one = i64::try_from(b.heads.len()).unwrap_or(1);
    let step = bars_of_one * TALL + GAP;
    let groups = (0..).zip(&drawn).map(|(n, (label, sums))| group(label, sums, n * step, most)).collect();
    let said = drawn.iter().map(|(label, sums)| format!("{label}: {}", numbers(&b.heads, sums)));
    Some(Chart {
        title: format!("{title}, theo {}", b.by.to_lowercase()),
        said: said.collect::<Vec<_>>().join(". "),
        height: i64::try_from(drawn.len()).unwrap_or(0) * step,
        axis: LEFT,
        groups,
        legend: if b.heads.len() > 1 { b.heads.clone() } else { Vec::new() },
    })
}

fn numbers(heads: &[&str], sums: &[i128]) -> String {
    match sums {
        [one] => grouped(*one),
        all => {
            heads.iter().zip(all).map(|(head, sum)| format!("{head} {}", grouped(*sum))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The first, and what is left as one.
fn fewer(rows: &[(Label, Vec<i128>)]) -> Vec<(Label, Vec<i128>)> {
    let (first, rest) = rows.split_at(rows.len().min(BARS_AT_MOST));
    let mut drawn = first.to_vec();
    if let Some((_, sums)) = rest.first() {
        let sum = |at: usize| rest.iter().filter_map(|(_, sums)| sums.get(at)).sum();
        drawn.push((format!("{} mục khác", rest.len()), (0..sums.len()).map(sum).collect()));
    }
    drawn
}

fn group(label: &str, sums: &[i128], y: i64, most: i128) -> Group {
    let bars = (0..).zip(sums).map(|(n, sum)| {
        let width = i64::try_from((*sum).max(0) * WIDE / most).unwrap_or(0);
        let y = y + n * TALL;
        let (text_x, text_y) = (LEFT + width + 8, y + 14);
        Bar { y, width, second: n == 1, number: grouped(*sum), text_x, text_y }
    });
    Group { label: short(label), text_y: y + 14, bars: bars.collect() }
}

fn short(label: &str) -> String {
    if label.chars().count() <= LETTERS {
        return label.to_owned();
    }
    label.chars().take(LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breakdown(sums: &[i128]) -> Breakdown {
        Breakdown::new(
            ("Kênh", false),
            vec!["Số đã nộp"],
            (0..).zip(sums).map(|(n, sum)| (format!("k{n}"), vec![*sum])).collect(),
        )
    }

    #[test]
    fn what_is_not_drawn_by_itself_is_in_the_last_bar_and_all_is_said() {
        let sums: Vec<i128> = (1..=20).rev().collect();
        let chart = draw("Thu", &breakdown(&sums)).expect("a chart");
        assert_eq!((chart.groups.len(), chart.groups[12].label.as_str()), (13, "8 mục khác"));
        assert_eq!(chart.groups[12].bars[0].number, "36");
        assert!(chart.said.ends_with("8 mục khác: 36") && chart.said.starts_with("k0: 20. "), "{}", chart.said);
    }

    #[test]
    fn less_than_nothing_has_a_number_and_no_bar() {
        let chart = draw("Thu", &breakdown(&[i128::from(i64::MAX), -5])).expect("a chart");
        let widths: Vec<i64> = chart.groups.iter().map(|g| g.bars[0].width).collect();
        assert_eq!((widths, chart.groups[1].bars[0].number.as_str()), (vec![470, 0], "-5"));
        assert!(draw("Thu", &breakdown(&[0, -5])).is_none() && draw("Thu", &breakdown(&[])).is_none());
    }
}
