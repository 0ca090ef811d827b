//! What becomes of a transfer's content on its way into the books: shapes seen in published statements and in fixtures
//! of public integrations (protocol notes, section 1.4). Refuses nothing: a bank mangles whatever it is given.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::letters::without_accents;
use super::seeded::Seeded;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shape {
    VcbApp,
    VcbShort,
    Ibvcb,
    #[serde(rename = "ct_nhanh_247")]
    CtNhanh247,
    CtDen,
    NapasPrefix,
    VcbNapasTrace,
    BlankInside,
    Momo,
    MomoDirectDebit,
    Zalopay,
    Acb,
    AcbGd,
    Mb,
    MbTrace,
    Mbbiz,
    SepayPrefix,
    Sevqr,
    UpperNoAccents,
    AccentsKept,
    PayerNameBefore,
    PunctuationRemoved,
    BlanksRemoved,
    #[serde(rename = "truncated_right_35")]
    TruncatedRight35,
    TwoCodes,
    None,
}

impl Shape {
    /// Those that keep every letter and digit of the content: what `random` chooses from.
    pub(super) const FAITHFUL: [Self; 23] = [
        Self::VcbApp,
        Self::VcbShort,
        Self::Ibvcb,
        Self::CtNhanh247,
        Self::CtDen,
        Self::NapasPrefix,
        Self::VcbNapasTrace,
        Self::BlankInside,
        Self::Momo,
        Self::MomoDirectDebit,
        Self::Zalopay,
        Self::Acb,
        Self::AcbGd,
        Self::Mb,
        Self::MbTrace,
        Self::Mbbiz,
        Self::SepayPrefix,
        Self::Sevqr,
        Self::UpperNoAccents,
        Self::AccentsKept,
        Self::PayerNameBefore,
        Self::PunctuationRemoved,
        Self::BlanksRemoved,
    ];
}

/// A transfer as the payer sent it.
pub(super) struct Typed<'a> {
    pub(super) content: &'a str,
    pub(super) second_content: &'a str,
    pub(super) payer_account: &'a str,
    pub(super) payer_name: &'a str,
    pub(super) account: &'a str,
    pub(super) name: &'a str,
    pub(super) bank: &'a str,
    /// Hanoi.
    pub(super) at: DateTime,
}

const PAYERS: [&str; 8] = [
    "NGUYEN VAN A",
    "TRAN VAN C",
    "LE THI HOA",
    "NGUYEN THI HONG NHUNG",
    "PHAM QUOC TUAN",
    "VANG A PAO",
    "HOANG THI THUY DUONG",
    "DO XUAN VIET",
];

pub(super) fn some_payer(seeded: &mut Seeded) -> String {
    seeded.pick(&PAYERS).copied().unwrap_or_default().to_owned()
}

/// After how many characters of the longest word `blank_inside` puts its blank (`LC7K2M 9QX4T`).
const BLANK_AFTER: usize = 6;

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MIXED: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(super) fn mangle(shape: Shape, typed: &Typed<'_>, seeded: &mut Seeded) -> String {
    let content = typed.content;
    let vcb = |seeded: &mut Seeded| {
        format!(
            "MBVCB.{}.{}.{content}.CT tu {} {} toi {} {} tai {}",
            seeded.digits(10),
            seeded.digits(6),
            typed.payer_account,
            typed.payer_name,
            typed.account,
            typed.name,
            typed.bank
        )
    };
    match shape {
        Shape::VcbApp => vcb(seeded),
        Shape::VcbShort => format!("MBVCB.{}.{content}", seeded.digits(10)),
        Shape::Ibvcb => format!("IBVCB.{}.{content}", seeded.digits(10)),
        Shape::CtNhanh247 => format!("CT nhanh 247 den: {}", vcb(seeded)),
        Shape::CtDen => format!("CT DEN:{} {content}", seeded.digits(12)),
        Shape::NapasPrefix => format!("Chuyen tien den tu NAPAS Noi dung: {content}"),
        Shape::VcbNapasTrace => napas_trace(content, seeded),
        Shape::BlankInside => napas_trace(&blank_inside(content), seeded),
        Shape::Momo => {
            let trace = seeded.digits(12);
            format!("{trace}-{content}-CHUYEN TIEN-OQCH{}-MOMO{trace}MOMO", seeded.text(MIXED, 8))
        }
        Shape::MomoDirectDebit => {
            let day = typed.at.strftime("%Y%m%d");
            let (n, order, phone) = (seeded.digits(9), seeded.digits(9), seeded.digits(9));
            format!("PARTNER.DIRECT_DEBITS_VCB.MSE.{n}.{day}.{order}-0{phone}_{content}")
        }
        Shape::Zalopay => {
            let day = typed.at.strftime("%Y%m%d");
            let id = seeded.text("0123456789ABCDEF", 10);
            format!("PARTNER.DIRECT_DEBITS_VCB.ZLP.ZP{id}.{day}.{content}")
        }
        Shape::Acb => format!("{content}-{} {}", typed.at.strftime("%d%m%y-%H:%M:%S"), seeded.digits(6)),
        Shape::AcbGd => format!("{content} GD {}-{}", seeded.digits(6), typed.at.strftime("%d%m%y %H:%M:%S")),
        Shape::Mb => format!("{content}-Ma GD ACSP/ {}{}", seeded.text(UPPER, 1), seeded.digits(7)),
        Shape::MbTrace => format!("{content} - Ma giao dich/ Trace {}", seeded.digits(6)),
        Shape::Mbbiz => format!("MBBIZ{}.{content}", seeded.digits(7)),
        Shape::SepayPrefix => format!("BankAPINotify {content}"),
        Shape::Sevqr => format!("SEVQR {content}"),
        Shape::UpperNoAccents => without_accents(&format!("{content} nộp lệ phí")).to_uppercase(),
        Shape::AccentsKept => format!("Nguyễn Thị Hồng Nhung nộp lệ phí {content} cho Sở Tài chính tỉnh Lào Cai"),
        Shape::PayerNameBefore => format!("{} {content}", typed.payer_name),
        Shape::PunctuationRemoved => vcb(seeded).chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect(),
        Shape::BlanksRemoved => format!("{} nop phi {content} DVC", typed.payer_name).split_whitespace().collect(),
        Shape::TruncatedRight35 => {
            format!("{} chuyen tien {content}", typed.payer_name).chars().take(35).collect::<String>().trim().to_owned()
        }
        Shape::TwoCodes => format!("{content} va {}", typed.second_content),
        Shape::None => format!("{} chuyen tien", typed.payer_name),
    }
}

/// How Vietcombank books what other banks send: NAPAS trace, then dots.
fn napas_trace(content: &str, seeded: &mut Seeded) -> String {
    let (trace, letters) = (seeded.digits(14), seeded.text(UPPER, 4));
    let (a, b, c) = (seeded.digits(6), seeded.digits(5), seeded.digits(6));
    format!("0200970422{trace}{letters}{a}.{b}.{c}.{content}")
}

fn blank_inside(content: &str) -> String {
    let words = content.split_inclusive(|c: char| !c.is_alphanumeric());
    let longest = words.clone().map(|word| word.chars().count()).max().unwrap_or(0);
    let mut done = false;
    words
        .map(|word| {
            if done || word.chars().count() < longest {
                return word.to_owned();
            }
            done = true;
            let (head, tail): (String, String) =
                (word.chars().take(BLANK_AFTER).collect(), word.chars().skip(BLANK_AFTER).collect());
            if tail.is_empty() { head } else { format!("{head} {tail}") }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "LC7K2M9QX4T";

    fn shaped(shape: Shape, content: &str, seed: u64) -> String {
        let typed = Typed {
            content,
            second_content: "LCR6V8D3NCA",
            payer_account: "0071001104999",
            payer_name: "NGUYEN THI HONG NHUNG",
            account: "8630123456789",
            name: "SO TAI CHINH LAO CAI",
            bank: "BIDV",
            at: jiff::civil::date(2026, 11, 24).at(15, 45, 46, 0),
        };
        mangle(shape, &typed, &mut Seeded::new(seed, 1))
    }

    /// `9` for each digit and `A` for each letter of the noise, so that a shape can be written down.
    fn pattern(shape: Shape) -> String {
        let text = shaped(shape, CODE, 1);
        let noise = |part: &str| part.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect::<String>();
        text.split(CODE).map(noise).collect::<Vec<_>>().join("{}")
    }

    #[test]
    fn each_shape_is_that_of_the_notes() {
        let vcb = "MBVCB.9999999999.999999.{}.CT tu 9999999999999 NGUYEN THI HONG NHUNG toi 9999999999999 SO TAI CHINH \
                   LAO CAI tai BIDV";
        for (shape, expected) in [
            (Shape::VcbApp, vcb),
            (Shape::VcbShort, "MBVCB.9999999999.{}"),
            (Shape::Ibvcb, "IBVCB.9999999999.{}"),
            (Shape::CtNhanh247, &format!("CT nhanh 999 den: {vcb}")),
            (Shape::CtDen, "CT DEN:999999999999 {}"),
            (Shape::NapasPrefix, "Chuyen tien den tu NAPAS Noi dung: {}"),
            (Shape::MomoDirectDebit, "PARTNER.DIRECT_DEBITS_VCB.MSE.999999999.99999999.999999999-9999999999_{}"),
            (Shape::Acb, "{}-999999-99:99:99 999999"),
            (Shape::AcbGd, "{} GD 999999-999999 99:99:99"),
            (Shape::MbTrace, "{} - Ma giao dich/ Trace 999999"),
            (Shape::Mbbiz, "MBBIZ9999999.{}"),
            (Shape::SepayPrefix, "BankAPINotify {}"),
            (Shape::Sevqr, "SEVQR {}"),
            (Shape::UpperNoAccents, "{} NOP LE PHI"),
            (Shape::AccentsKept, "Nguyễn Thị Hồng Nhung nộp lệ phí {} cho Sở Tài chính tỉnh Lào Cai"),
            (Shape::PayerNameBefore, "NGUYEN THI HONG NHUNG {}"),
            (Shape::BlanksRemoved, "NGUYENTHIHONGNHUNGnopphi{}DVC"),
            (Shape::TwoCodes, "{} va LCR9V9D9NCA"),
        ] {
            assert_eq!(pattern(shape), expected, "{shape:?}");
        }
        let trace = shaped(Shape::VcbNapasTrace, CODE, 1);
        assert!(trace.starts_with("0200970422") && trace.ends_with(".LC7K2M9QX4T") && trace.matches('.').count() == 3);
        assert!(shaped(Shape::BlankInside, "nop LC7K2M9QX4T phi", 1).ends_with(".nop LC7K2M 9QX4T phi"));
        let momo = shaped(Shape::Momo, CODE, 1);
        let (number, _) = momo.split_once('-').unwrap();
        assert!(number.len() == 12 && momo.ends_with(&format!("-MOMO{number}MOMO")), "{momo}");
        assert!(shaped(Shape::Zalopay, CODE, 1).ends_with(".20261124.LC7K2M9QX4T"));
        assert!(shaped(Shape::Mb, CODE, 1).starts_with("LC7K2M9QX4T-Ma GD ACSP/ "));
        assert!(shaped(Shape::PunctuationRemoved, CODE, 1).contains("LC7K2M9QX4TCT tu"));
        assert!(!shaped(Shape::None, CODE, 1).contains("LC"));
    }

    #[test]
    fn what_random_chooses_keeps_every_letter_and_digit() {
        for shape in Shape::FAITHFUL {
            for seed in 0..50 {
                let text: String = shaped(shape, CODE, seed).chars().filter(|c| c.is_alphanumeric()).collect();
                assert!(text.contains(CODE), "{shape:?} {text}");
            }
        }
    }

    #[test]
    fn a_cut_can_go_through_the_code() {
        assert_eq!(shaped(Shape::TruncatedRight35, CODE, 1), "NGUYEN THI HONG NHUNG chuyen tien L");
        assert_eq!(shaped(Shape::TruncatedRight35, "", 1), "NGUYEN THI HONG NHUNG chuyen tien");
    }
}
