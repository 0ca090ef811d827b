//! Which styles show a number as a day (ECMA-376 part 1, 18.8.30).

use super::part::{Xml, attributes};
use crate::error::Reason;
use quick_xml::events::Event;
use std::collections::BTreeMap;

/// What a number in a cell of this style is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shows {
    #[default]
    Number,
    Day,
    /// A time of the day too.
    Time,
}

#[derive(Default)]
pub(crate) struct Styles(Vec<Shows>);

impl Styles {
    pub fn read(mut xml: Xml<'_>) -> Result<Self, Reason> {
        let mut formats: BTreeMap<u32, Shows> = BTreeMap::new();
        let mut styles = Vec::new();
        let mut of_cells = false;
        loop {
            match xml.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "numFmt" => {
                        let (mut id, mut shows) = (None, Shows::Number);
                        attributes(&tag, |name, value| match name {
                            "numFmtId" => id = value.parse().ok(),
                            "formatCode" => shows = by_code(&value),
                            _ => {}
                        })?;
                        formats.extend(id.map(|id| (id, shows)));
                    }
                    "cellXfs" => of_cells = true,
                    "xf" if of_cells => {
                        let mut id = 0;
                        attributes(&tag, |name, value| {
                            if name == "numFmtId" {
                                id = value.parse().unwrap_or(0);
                            }
                        })?;
                        styles.push(id);
                    }
                    _ => {}
                },
                Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => of_cells = false,
                Event::Eof => break,
                _ => {}
            }
        }
        Ok(Self(styles.iter().map(|id| formats.get(id).copied().unwrap_or_else(|| built_in(*id))).collect()))
    }

    pub fn shows(&self, style: usize) -> Shows {
        self.0.get(style).copied().unwrap_or_default()
    }
}

const fn built_in(id: u32) -> Shows {
    match id {
        14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => Shows::Day,
        18..=22 | 32..=35 | 45..=47 | 55 | 56 => Shows::Time,
        _ => Shows::Number,
    }
}

/// By the letters of the first section that stand for a part of a day or an hour. What is quoted or escaped is shown as it
/// is; in brackets stand colours, languages and conditions, and hours that go on counting (`[h]`).
fn by_code(code: &str) -> Shows {
    let (mut shows, mut letters) = (Shows::Number, code.chars());
    while let Some(letter) = letters.next() {
        match letter.to_ascii_lowercase() {
            '"' => _ = letters.by_ref().find(|c| *c == '"'),
            '\\' | '_' | '*' => _ = letters.next(),
            ';' => break,
            '[' => {
                let within: String = letters.by_ref().take_while(|c| *c != ']').collect();
                if !within.is_empty() && within.chars().all(|c| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's')) {
                    return Shows::Time;
                }
            }
            'h' | 's' => return Shows::Time,
            'd' | 'm' | 'y' => shows = Shows::Day,
            _ => {}
        }
    }
    shows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_shows_a_number_or_a_day_or_a_time() {
        for code in
            ["General", "0", "#,##0", "#,##0 \"đồng\"", "#,##0\\ \\d", "[Red]-#,##0", "0.00E+00", "@", "_-* #,##0_-"]
        {
            assert_eq!(by_code(code), Shows::Number, "{code}");
        }
        for code in ["dd/mm/yyyy", "[$-42A]d/m/yy;@", "\"ngày \"d", "yyyy\\-mm\\-dd"] {
            assert_eq!(by_code(code), Shows::Day, "{code}");
        }
        for code in ["dd/mm/yyyy hh:mm:ss", "[h]:mm", "h:mm AM/PM"] {
            assert_eq!(by_code(code), Shows::Time, "{code}");
        }
    }
}
