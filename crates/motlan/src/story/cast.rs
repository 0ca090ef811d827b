//! Who owes what: ten dossiers with twenty obligations, as a portal would register them. The persons are invented; fees,
//! procedures and reliefs are those of the sample catalogue. Each run has its own dossiers, so that it can be told again.

mod owed;

use jiff::{Timestamp, tz};
use rand::RngExt;
use serde_json::{Value, json};

pub use self::owed::Fee;
use self::owed::{OWED, Owed, desk, payer};
use super::stop::Stop;

pub const DOSSIERS: usize = 10;

/// What tells one run from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Of the calendar in Hanoi, as `day`.
    pub year: i16,
    /// `yymmdd`.
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
        Self { name: format!("{day}-{}-{chance:x}", local.strftime("%H%M%S")), year: local.year(), day }
    }

    /// Dossier codes that follow each other, beginning anywhere.
    pub fn dossiers(&self) -> [String; DOSSIERS] {
        let first: usize = rand::rng().random_range(1..=9_999 - DOSSIERS);
        std::array::from_fn(|at| format!("{}-{}-{:04}", desk(at).agency, self.day, first + at))
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
                let Owed { fee, name, gross, .. } = *owed;
                let relief = owed.relief.map_or(0, |relief| relief.0);
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
        "agency_code": desk(owed.dossier).agency, "beneficiary_code": desk(owed.dossier).beneficiary,
        "procedure_code": owed.listed.procedure_code, "procedure_name": owed.listed.procedure_name,
        "service_code": null, "kind": owed.listed.kind, "fee_code": owed.listed.fee_code, "instalment": 1,
        "group_ref": null, "description": owed.name,
        "gross_amount": owed.gross, "relief_amount": owed.relief.map_or(0, |relief| relief.0),
        "relief_basis": owed.relief.map(|relief| relief.1), "currency": "VND",
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
    fn ten_dossiers_owe_twenty_obligations_one_relieved_and_one_exempt() {
        let cast = Cast::of(&run(), run().dossiers());
        assert_eq!(cast.obligations.len(), 20);
        let amounts: Vec<i64> = cast.obligations.iter().map(Obligation::amount).collect();
        let of_bank_and_vnpay = [8_000, 10_000, 100_000, 6_000, 25_000, 0, 16_000, 20_000, 100_000, 8_000];
        let of_others = [12_000, 30_000, 10_000, 10_000, 24_000, 20_000, 100_000, 8_000, 14_000, 10_000];
        assert_eq!(amounts, [of_bank_and_vnpay.as_slice(), &of_others].concat());
        let exempt: Vec<Fee> =
            cast.obligations.iter().filter(|o| o.expected_status() == "exempt").map(|o| o.fee).collect();
        assert_eq!(exempt, [Fee::CivilExtract]);
        for dossier in &cast.dossiers {
            assert_eq!(cast.obligations.iter().filter(|o| o.dossier_code == *dossier).count(), 2);
        }
        assert!(cast.obligations.iter().all(|o| o.id().is_err()), "nothing is registered yet");
    }
}
