//! A sum in Vietnamese words, as a receipt must carry it beside the digits (Decree 254/2026 Art. 23(2)). A reader must not be
//! able to hear another number in it, so a group of three digits below the first is always said whole: `không trăm linh năm`.

use crate::money::Vnd;

const DIGITS: [&str; 10] = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"];
/// Of groups of three digits, from the right; amounts end below a thousand tỷ ([`crate::money::MAX_AMOUNT`]).
const SCALES: [&str; 4] = ["", " nghìn", " triệu", " tỷ"];

/// `Hai mươi mốt nghìn đồng`. None for what no amount is: below zero, or a thousand tỷ and more.
pub fn of(amount: Vnd) -> Option<String> {
    let mut left = u64::try_from(amount.dong()).ok()?;
    let mut groups = [0_u64; SCALES.len()];
    for group in &mut groups {
        *group = left % 1_000;
        left /= 1_000;
    }
    if left > 0 {
        return None;
    }
    let mut said: Vec<String> = Vec::new();
    for (group, scale) in groups.into_iter().zip(SCALES).rev().filter(|(group, _)| *group > 0) {
        said.push(format!("{}{scale}", group_of(group, !said.is_empty())));
    }
    let number = if said.is_empty() { DIGITS[0].to_owned() } else { said.join(" ") };
    Some(format!("{} đồng", capitalised(&number)))
}

fn digit(value: u64) -> &'static str {
    usize::try_from(value % 10).ok().and_then(|at| DIGITS.get(at)).copied().unwrap_or_default()
}

/// `whole`: something stands before it, so that its hundreds are said even where there are none.
fn group_of(group: u64, whole: bool) -> String {
    let (hundreds, tens, units) = (group / 100, group / 10 % 10, group % 10);
    let mut words = Vec::new();
    if hundreds > 0 || whole {
        words.extend([digit(hundreds), "trăm"]);
    }
    match tens {
        0 if units > 0 && !words.is_empty() => words.push("linh"),
        0 => {}
        1 => words.push("mười"),
        _ => words.extend([digit(tens), "mươi"]),
    }
    match (tens, units) {
        (_, 0) => {}
        (2.., 1) => words.push("mốt"),
        (2.., 4) => words.push("tư"),
        (1.., 5) => words.push("lăm"),
        _ => words.push(digit(units)),
    }
    words.join(" ")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(dong: i64) -> String {
        of(Vnd::new(dong)).expect("an amount")
    }

    #[test]
    fn sums_read_as_people_write_them() {
        for (dong, words) in [
            (0, "Không đồng"),
            (5, "Năm đồng"),
            (10, "Mười đồng"),
            (15, "Mười lăm đồng"),
            (21, "Hai mươi mốt đồng"),
            (101, "Một trăm linh một đồng"),
            (7_000, "Bảy nghìn đồng"),
            (21_000, "Hai mươi mốt nghìn đồng"),
            (24_004, "Hai mươi tư nghìn không trăm linh bốn đồng"),
            (105_000, "Một trăm linh năm nghìn đồng"),
            (215_500, "Hai trăm mười lăm nghìn năm trăm đồng"),
            (1_000_005, "Một triệu không trăm linh năm đồng"),
            (1_000_050_000, "Một tỷ không trăm năm mươi nghìn đồng"),
            (3_200_000_000, "Ba tỷ hai trăm triệu đồng"),
            (
                999_999_999_999,
                "Chín trăm chín mươi chín tỷ chín trăm chín mươi chín triệu chín trăm chín mươi chín nghìn chín trăm \
                 chín mươi chín đồng",
            ),
        ] {
            assert_eq!(said(dong), words);
        }
        assert_eq!(of(Vnd::new(-1)), None);
        assert_eq!(of(Vnd::new(1_000_000_000_000)), None);
    }

    /// Reads the words as a listener does, word by word from the left, and knows nothing of how they were made.
    fn heard(words: &str) -> Option<i64> {
        let (mut total, mut group, mut last) = (0_i64, 0_i64, None::<i64>);
        for word in words.to_lowercase().strip_suffix(" đồng")?.split(' ') {
            let value = match word {
                "không" => 0,
                "một" | "mốt" => 1,
                "hai" => 2,
                "ba" => 3,
                "bốn" | "tư" => 4,
                "năm" | "lăm" => 5,
                "sáu" => 6,
                "bảy" => 7,
                "tám" => 8,
                "chín" => 9,
                "mười" => {
                    group += 10;
                    continue;
                }
                "linh" | "lẻ" => continue,
                "trăm" => {
                    group += last.take()? * 100;
                    continue;
                }
                "mươi" => {
                    group += last.take()? * 10;
                    continue;
                }
                "nghìn" | "triệu" | "tỷ" => {
                    let scale = match word {
                        "nghìn" => 1_000,
                        "triệu" => 1_000_000,
                        _ => 1_000_000_000,
                    };
                    total += (group + last.take().unwrap_or(0)) * scale;
                    group = 0;
                    continue;
                }
                _ => return None,
            };
            // two digits beside each other are no number
            if last.replace(value).is_some() {
                return None;
            }
        }
        Some(total + group + last.unwrap_or(0))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn whoever_hears_the_words_hears_the_sum(digits in 0_usize..=12, seed in 0_i64..1_000_000_000_000) {
            let dong = seed % 10_i64.pow(u32::try_from(digits).expect("few"));
            let words = said(dong);
            prop_assert_eq!(heard(&words), Some(dong), "{}", words);
        }
    }

    #[test]
    fn every_number_of_three_digits_is_heard_alone_and_behind_another() {
        for n in 0..1_000 {
            for dong in [n, 1_000 + n, 1_000_000 + n * 1_000, 5_000_000_000 + n] {
                assert_eq!(heard(&said(dong)), Some(dong), "{}", said(dong));
            }
        }
    }
}
