//! SWIFT MT940. Refuses characters that SWIFT's set x does not have: accents fall, the rest becomes a full stop.

use super::super::book::{Direction, Transaction};
use super::super::config::Mt940Reference;
use super::super::letters::without_accents;
use super::{Day, Statement};

/// SWIFT field 86: 6 lines of 65.
const NARRATIVE: (usize, usize) = (6, 65);
const REFERENCE: usize = 16;

pub(super) fn write(statement: &Statement) -> String {
    statement.days.iter().map(|day| of_day(statement, day)).collect()
}

fn of_day(statement: &Statement, day: &Day) -> String {
    let bic = statement.bic().and_then(|bic| bic.get(..8));
    let (number, currency) = (statement.account_number(), statement.currency());
    let (ymd, opening, closing) = (day.date.strftime("%y%m%d"), day.opening, statement.closing(day));
    let mut lines = vec![
        format!("{{1:F01{}XXXX0000000000}}{{2:I940CUSTVNVXXXXXN}}{{4:", bic.unwrap_or("XXXXVNVX")),
        format!(":20:ST{ymd}{}", last(&statement.account.number, 8)),
        bic.map_or_else(|| format!(":25:{number}"), |bic| format!(":25:{bic}/{number}")),
        format!(":28C:{}/1", day.sequence),
        format!(":60F:{}", balance(day, currency, opening)),
    ];
    for entry in &day.entries {
        lines.push(line_61(entry, statement.account.mt940_reference));
        lines.extend(fold(&entry.content));
    }
    lines.push(format!(":62F:{}", balance(day, currency, closing)));
    lines.push(format!(":64:{}", balance(day, currency, closing)));
    lines.push("-}".to_owned());
    lines.join("\r\n") + "\r\n"
}

fn balance(day: &Day, currency: &str, amount: i64) -> String {
    let mark = if amount < 0 { 'D' } else { 'C' };
    format!("{mark}{}{currency}{},00", day.date.strftime("%y%m%d"), amount.abs())
}

fn last(text: &str, count: usize) -> &str {
    text.get(text.len().saturating_sub(count)..).unwrap_or(text)
}

/// Value date and entry date are both the day of booking. RC takes a credit back: it is a debit.
fn line_61(entry: &Transaction, reference: Mt940Reference) -> String {
    let mark = match (entry.direction, &entry.reversal_of) {
        (Direction::In, _) => "C",
        (Direction::Out, None) => "D",
        (Direction::Out, Some(_)) => "RC",
    };
    let bank_reference = match reference {
        Mt940Reference::Same => format!("//{}", entry.reference.chars().take(REFERENCE).collect::<String>()),
        Mt940Reference::None => String::new(),
    };
    format!(":61:{}{mark}{},00NTRFNONREF{bank_reference}", entry.booked().strftime("%y%m%d%m%d"), entry.amount)
}

/// Folded at 65 without a blank more or less. A line may not begin like a tag or an end (`:`, `-`): it then begins one
/// character sooner.
fn fold(content: &str) -> Vec<String> {
    let characters: Vec<char> = without_accents(content).chars().map(in_set_x).collect();
    let (most, width) = NARRATIVE;
    let (mut lines, mut start) = (Vec::new(), 0);
    while start < characters.len() && lines.len() < most {
        let mut end = (start + width).min(characters.len());
        while end > start + 1 && matches!(characters.get(end), Some(':' | '-')) {
            end -= 1;
        }
        let tag = if start == 0 { ":86:" } else { "" };
        lines.push(format!("{tag}{}", characters.get(start..end).unwrap_or_default().iter().collect::<String>()));
        start = end;
    }
    lines
}

fn in_set_x(character: char) -> char {
    let allowed = character.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(character);
    if allowed { character } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn a_fold_adds_and_takes_nothing() {
        let content = "x".repeat(64) + "LC7K2M9QX4T " + &"y".repeat(53) + "-:z" + &"w".repeat(60);
        let lines = fold(&content);
        assert_eq!(lines.concat(), format!(":86:{content}"));
        assert!(lines.iter().skip(1).all(|line| !line.starts_with([':', '-']) && line.len() <= 65), "{lines:?}");
        assert_eq!(lines[0].len(), 4 + 65);
        assert_eq!(fold("Nguyễn_Đức").concat(), ":86:Nguyen.Duc");
        assert!(fold("").is_empty());
    }
}
