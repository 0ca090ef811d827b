//! Who owes what: five dossiers with ten obligations, as a portal would register them. The persons are invented; fees,
//! procedures and reliefs are those of the sample catalogue. Each run has its own dossiers, so that it can be told again.

use jiff::{Timestamp, tz};
use rand::RngExt;
use serde_json::{Value, json};

use super::stop::Stop;

/// Of the sandbox: the commune's agency and its treasury account.
const AGENCY: &str = "H38.17";
const BENEFICIARY: &str = "H38.17-KB";

pub const DOSSIERS: usize = 5;

/// Circular 226/2016, Art. 4(1): the first two pages of an original, each.
const COPY_PAGE: i64 = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fee {
    DegreeCopies,
    Signature,
    Household,
    LeaseCopies,
    /// Half of it is relieved.
    IdentityCard,
    /// All of it is relieved: exempt.
    CivilExtract,
    /// Paid by a scanned code.
    SchoolCopies,
    /// Paid at VNPAY and by transfer.
    Signatures,
    /// Paid a đồng short first.
    SecondHousehold,
    /// Paid by a transfer of which nobody tells.
    PaidExtract,
}

/// What tells one run from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// `yymmdd` in Hanoi.
    day: String,
    /// In references, keys and the endpoint's name.
    pub name: String,
}

impl Run {
    pub fn at(now: Timestamp) -> Self {
        // Viet Nam has one time zone and no summer time
        let local = tz::offset(7).to_datetime(now);
        let day = local.strftime("%y%m%d").to_string();
        let chance: u32 = rand::rng().random_range(0x1_0000..=0xf_ffff);
        Self { name: format!("{day}-{}-{chance:x}", local.strftime("%H%M%S")), day }
    }

    /// Dossier codes that follow each other, beginning anywhere.
    pub fn dossiers(&self) -> [String; DOSSIERS] {
        let first: usize = rand::rng().random_range(1..=9_999 - DOSSIERS);
        std::array::from_fn(|at| first + at).map(|number| format!("{AGENCY}-{}-{number:04}", self.day))
    }
}

/// What a portal registers, and the id that it is given for it.
pub struct Obligation {
    pub fee: Fee,
    pub external_ref: String,
    pub dossier_code: String,
    pub name: &'static str,
    pub gross: i64,
    pub relief: i64,
    pub body: Value,
    pub id: Option<String>,
}

impl Obligation {
    pub fn amount(&self) -> i64 {
        self.gross - self.relief
    }

    pub fn expected_status(&self) -> &'static str {
        if self.amount() == 0 { "exempt" } else { "due" }
    }

    pub fn id(&self) -> Result<&str, Stop> {
        let premise = || Stop::Premise(format!("{} chưa được đăng ký (is not registered)", self.external_ref));
        self.id.as_deref().ok_or_else(premise)
    }
}

/// An entry of the fee catalogue as far as an obligation names it.
struct Listed {
    procedure_code: Option<&'static str>,
    procedure_name: &'static str,
    kind: &'static str,
    fee_code: &'static str,
    sub_item: &'static str,
}

const CERTIFIED_COPY: Listed = Listed {
    procedure_code: Some("2.000815"),
    procedure_name: "Chứng thực bản sao từ bản chính",
    kind: "fee",
    fee_code: "CT-BANSAO",
    sub_item: "2716",
};
const SIGNATURE: Listed = Listed {
    procedure_code: Some("2.000884"),
    procedure_name: "Chứng thực chữ ký",
    kind: "fee",
    fee_code: "CT-CHUKY",
    sub_item: "2716",
};
const HOUSEHOLD: Listed = Listed {
    procedure_code: Some("1.001612"),
    procedure_name: "Đăng ký thành lập hộ kinh doanh",
    kind: "charge",
    fee_code: "HKD-DANGKY",
    sub_item: "2851",
};
const IDENTITY_CARD: Listed = Listed {
    procedure_code: None,
    procedure_name: "Cấp đổi thẻ căn cước",
    kind: "charge",
    fee_code: "CC-DOI",
    sub_item: "2768",
};
const CIVIL_EXTRACT: Listed = Listed {
    procedure_code: Some("2.000635"),
    procedure_name: "Cấp bản sao trích lục hộ tịch",
    kind: "fee",
    fee_code: "HT-TRICHLUC",
    sub_item: "2721",
};

struct Owed {
    fee: Fee,
    dossier: usize,
    listed: &'static Listed,
    name: &'static str,
    gross: i64,
    relief: i64,
    relief_basis: Option<&'static str>,
}

const OWED: [Owed; 10] = [
    Owed {
        fee: Fee::DegreeCopies,
        dossier: 0,
        listed: &CERTIFIED_COPY,
        name: "Bản sao bằng tốt nghiệp, 2 trang × 2 bản",
        gross: COPY_PAGE * 2 * 2,
        relief: 0,
        relief_basis: None,
    },
    Owed {
        fee: Fee::Signature,
        dossier: 0,
        listed: &SIGNATURE,
        name: "Chứng thực chữ ký, 1 giấy tờ",
        gross: 10_000,
        relief: 0,
        relief_basis: None,
    },
    Owed {
        fee: Fee::Household,
        dossier: 1,
        listed: &HOUSEHOLD,
        name: "Đăng ký hộ kinh doanh",
        gross: 100_000,
        relief: 0,
        relief_basis: None,
    },
    Owed {
        fee: Fee::LeaseCopies,
        dossier: 1,
        listed: &CERTIFIED_COPY,
        name: "Bản sao hợp đồng thuê, 1 trang × 3 bản",
        gross: COPY_PAGE * 3,
        relief: 0,
        relief_basis: None,
    },
    Owed {
        fee: Fee::IdentityCard,
        dossier: 2,
        listed: &IDENTITY_CARD,
        name: "Cấp đổi thẻ căn cước, giảm 50%",
        gross: 50_000,
        relief: 25_000,
        relief_basis: Some("TT 64/2025/TT-BTC"),
    },
    Owed {
        fee: Fee::CivilExtract,
        dossier: 2,
        listed: &CIVIL_EXTRACT,
        name: "Trích lục hộ tịch, miễn 100%",
        gross: 8_000,
        relief: 8_000,
        relief_basis: Some("TT 117/2026/TT-BTC + NQ 66.22/2026/NQ-CP"),
    },
    Owed {
        fee: Fee::SchoolCopies,
        dossier: 3,
        listed: &CERTIFIED_COPY,
        name: "Bản sao học bạ, 2 trang × 4 bản",
        gross: COPY_PAGE * 2 * 4,
        relief: 0,
        relief_basis: None,
    },
    Owed {
        fee: Fee::Signatures,
        dossier: 3,
        listed: &SIGNATURE,
        name: "Chứng thực chữ ký, 2 giấy tờ",
        gross: 10_000 * 2,
        relief: 0,
        relief_basis: None,
    },
    Owed {
        fee: Fee::SecondHousehold,
        dossier: 4,
        listed: &HOUSEHOLD,
        name: "Đăng ký hộ kinh doanh thứ hai",
        gross: 100_000,
        relief: 0,
        relief_basis: None,
    },
    Owed {
        fee: Fee::PaidExtract,
        dossier: 4,
        listed: &CIVIL_EXTRACT,
        name: "Trích lục hộ tịch",
        gross: 8_000,
        relief: 0,
        relief_basis: None,
    },
];

/// Invented persons; the numbers belong to nobody.
fn payer(dossier: usize) -> Value {
    let (name, number, place) = match dossier {
        0 => ("Nguyễn Thị Minh Hà", "010190000001", "Tổ 12, phường Cam Đường, tỉnh Lào Cai"),
        1 => ("Giàng A Tủa", "010088000002", "Thôn Sín Chải, xã Y Tý, tỉnh Lào Cai"),
        2 => ("Hoàng Văn Bình", "010075000003", "Tổ 3, phường Sa Pa, tỉnh Lào Cai"),
        3 => ("Lò Thị Mai", "010195000004", "Thôn Tả Van Giáy, xã Tả Van, tỉnh Lào Cai"),
        _ => ("Vàng Seo Páo", "010082000005", "Thôn Na Áng, xã Mường Khương, tỉnh Lào Cai"),
    };
    json!({
        "name": name, "identity_kind": "citizen_id", "identity_number": number, "address": place,
        "phone": format!("090000000{}", dossier + 1), "email": format!("nguoinop{}@example.vn", dossier + 1),
    })
}

pub struct Cast {
    pub dossiers: [String; DOSSIERS],
    pub obligations: Vec<Obligation>,
}

impl Cast {
    pub fn of(run: &Run, dossiers: [String; DOSSIERS]) -> Self {
        let obligations = OWED
            .iter()
            .zip(1..)
            .map(|(owed, number)| {
                let external_ref = format!("STORY-{}-{number}", run.name);
                let dossier_code = dossiers.get(owed.dossier).cloned().unwrap_or_default();
                let body = registration(owed, &dossier_code);
                let Owed { fee, name, gross, relief, .. } = *owed;
                Obligation { fee, external_ref, dossier_code, name, gross, relief, body, id: None }
            })
            .collect();
        Self { dossiers, obligations }
    }

    pub fn get(&self, fee: Fee) -> Result<&Obligation, Stop> {
        let premise = || Stop::Premise(format!("{fee:?} không có trong truyện (is not in the cast)"));
        self.obligations.iter().find(|obligation| obligation.fee == fee).ok_or_else(premise)
    }

    /// Of those that are registered.
    pub fn ids(&self) -> Vec<String> {
        self.obligations.iter().filter_map(|obligation| obligation.id.clone()).collect()
    }

    pub fn by_id(&self, id: &str) -> Option<&Obligation> {
        self.obligations.iter().find(|obligation| obligation.id.as_deref() == Some(id))
    }
}

fn registration(owed: &Owed, dossier_code: &str) -> Value {
    json!({
        "dossier_code": dossier_code, "customer_code": null, "sector": "public_service",
        "agency_code": AGENCY, "beneficiary_code": BENEFICIARY,
        "procedure_code": owed.listed.procedure_code, "procedure_name": owed.listed.procedure_name,
        "service_code": null, "kind": owed.listed.kind, "fee_code": owed.listed.fee_code, "instalment": 1,
        "group_ref": null, "description": owed.name,
        "gross_amount": owed.gross, "relief_amount": owed.relief, "relief_basis": owed.relief_basis, "currency": "VND",
        "payer": payer(owed.dossier),
        "owner": null,
        "budget": {
            "chapter": "805", "sub_item": owed.listed.sub_item, "area": null, "unit": null, "treasury": null,
            "revenue_account": null,
        },
        "notice": {"number": null, "date": null, "payable_id": null, "period": null},
        "due_at": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run::at("2026-11-24T20:30:00Z".parse().expect("an instant"))
    }

    #[test]
    fn a_run_has_hanois_day_and_a_name_of_its_own() {
        let run = run();
        assert_eq!(run.day, "261125");
        assert!(run.name.starts_with("261125-033000-"), "{}", run.name);
        let codes = run.dossiers();
        let first = &codes[0];
        assert!(first.starts_with("H38.17-261125-") && first.len() == "H38.17-261125-0001".len(), "{first}");
        assert!(codes.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn five_dossiers_owe_ten_obligations_one_relieved_and_one_exempt() {
        let cast = Cast::of(&run(), run().dossiers());
        assert_eq!(cast.obligations.len(), 10);
        let amounts: Vec<i64> = cast.obligations.iter().map(Obligation::amount).collect();
        assert_eq!(amounts, [8_000, 10_000, 100_000, 6_000, 25_000, 0, 16_000, 20_000, 100_000, 8_000]);
        let exempt: Vec<Fee> =
            cast.obligations.iter().filter(|o| o.expected_status() == "exempt").map(|o| o.fee).collect();
        assert_eq!(exempt, [Fee::CivilExtract]);
        for dossier in &cast.dossiers {
            assert_eq!(cast.obligations.iter().filter(|o| o.dossier_code == *dossier).count(), 2);
        }
        assert!(cast.obligations.iter().all(|o| o.id().is_err()), "nothing is registered yet");
    }
}
