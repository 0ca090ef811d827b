//! What a payer is told of a receipt by e-mail: Vietnamese first, English below. Its address says everything else; no word of
//! the letter is about the payer, as none on the receipt is.

use crate::Content;
use domain::obligation::ObligationKind;
use domain::receipt::MailSays;

/// A letter without its recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    /// Lines end in `\n`.
    pub text: String,
}

/// `url`: where the receipt is seen. `is_trial`: no money moved, and the letter says so.
pub fn letter(c: &Content, says: MailSays, url: &str, is_trial: bool) -> Letter {
    let number = format!("{} {}", c.serial, c.padded_number());
    let (vi, en) = match says {
        MailSays::Issued => ("đã được lập", "has been issued"),
        MailSays::Replaced => ("đã được thay thế bằng biên lai khác", "has been replaced by another"),
        MailSays::Cancelled => ("đã bị hủy", "has been cancelled"),
    };
    let trial = if is_trial { "[Thử nghiệm] " } else { "" };
    let kind = if c.kind == ObligationKind::Charge { "charge" } else { "fee" };
    let dossier = c.dossier_code.as_deref().map(|code| (format!(" của hồ sơ {code}"), format!(" for dossier {code}")));
    let (of, for_) = dossier.unwrap_or_default();
    let amount = c.amount.dong();
    let text = format!(
        "{collector}\n\n{title} số {number}{of}, số tiền {dong} đồng, {vi}:\n{url}\n\nThư này được gửi tự động, xin không \
         trả lời.\n\n----\n\nThe receipt {number} of a {kind}{for_}, {vnd} VND, {en}:\n{url}?lang=en\n\nThis letter was \
         sent automatically. Please do not answer it.\n",
        collector = c.collector.name,
        title = c.title(),
        dong = grouped(amount, '.'),
        vnd = grouped(amount, ','),
    );
    Letter { subject: format!("{trial}Biên lai điện tử {number} {vi}"), text }
}

/// 1234567 → `1.234.567`.
fn grouped(amount: i64, separator: char) -> String {
    let digits = amount.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Collector;
    use domain::Vnd;
    use domain::receipt::Template;
    use jiff::civil::date;

    fn content(dossier_code: Option<&str>) -> Content {
        Content {
            template: Template::Ebl01,
            serial: "26TAB".to_owned(),
            number: 12,
            issued_on: date(2026, 11, 27),
            collector: Collector {
                name: "UBND phường Lào Cai".to_owned(),
                tax_code: "5300100017".to_owned(),
                address: "Phường Lào Cai".to_owned(),
            },
            kind: ObligationKind::Charge,
            description: "Lệ phí hộ tịch".to_owned(),
            dossier_code: dossier_code.map(str::to_owned),
            amount: Vnd::new(1_021_000),
            replaces: None,
        }
    }

    #[test]
    fn a_letter_says_whose_receipt_of_what_sum_is_where_in_two_languages() {
        let url = "https://pay.example.vn/receipts/0a";
        let letter = letter(&content(Some("H38.17-1")), MailSays::Issued, url, false);
        assert_eq!(letter.subject, "Biên lai điện tử 26TAB 00000012 đã được lập");
        assert_eq!(
            letter.text,
            "UBND phường Lào Cai\n\nBiên lai thu lệ phí số 26TAB 00000012 của hồ sơ H38.17-1, số tiền 1.021.000 đồng, \
             đã được lập:\nhttps://pay.example.vn/receipts/0a\n\nThư này được gửi tự động, xin không trả lời.\n\n----\n\n\
             The receipt 26TAB 00000012 of a charge for dossier H38.17-1, 1,021,000 VND, has been issued:\n\
             https://pay.example.vn/receipts/0a?lang=en\n\nThis letter was sent automatically. Please do not answer it.\n"
        );
    }

    #[test]
    fn each_thing_that_is_said_reads_otherwise_and_a_trial_says_that_it_is_one() {
        let subjects: Vec<String> =
            MailSays::ALL.iter().map(|says| letter(&content(None), *says, "u", true).subject).collect();
        assert!(subjects.iter().all(|subject| subject.starts_with("[Thử nghiệm] ")), "{subjects:?}");
        assert!(subjects.windows(2).all(|pair| pair[0] != pair[1]), "{subjects:?}");
        assert!(!letter(&content(None), MailSays::Issued, "u", true).text.contains("hồ sơ"));
    }
}
