//! `ThongTinBienLai`: what the platform makes its receipt of, from our obligations (DVCQG 1.0.6, section 3.1). No hash covers
//! it, so it is held against the order before it is sent: it refuses a sum that is not the order's, items of several dossiers,
//! agencies or procedures (the block has one of each), what is neither fee nor charge, a payer without a name or a number, a
//! bank that the contract has no code for.

use crate::Platform;
use crate::api::{Message, not_sent};
use crate::wire;
use domain::Vnd;
use domain::obligation::{ObligationKind, Terms};
use provider::{Order, OrderBill, ProviderError};
use serde_json::{Value, json};

/// `MaDichVu` of fees and charges for public services; 1 is that of fines.
const SERVICE: &str = "2";
/// What serves fines only, and what neither code base fills.
const EMPTY: &[&str] = &[
    "MaLoaiHinhThuPhat",
    "TenLoaiHinhThuPhat",
    "MaCoQuanQD",
    "TenCoQuanQD",
    "KhoBac",
    "NgayQD",
    "SoQD",
    "ThoiGianViPham",
    "DiaDiemViPham",
    "TenNguoiViPham",
    "TaiKhoanThuNSNN",
    "HuyenNguoiNop",
    "TinhNguoiNop",
];

impl Platform {
    /// An error here is before any call.
    pub fn receipt_info(&self, order: &Order) -> Result<Value, ProviderError> {
        let bill = order.bill.as_ref().ok_or_else(|| not_sent("an order needs its bill"))?;
        let items: Vec<&Terms> = bill.items.iter().collect();
        if sum(&items) != order.amount {
            return Err(not_sent(
                "the bill is not the order's sum: money that came another way waits for this payment",
            ));
        }
        let bank = self.bank_codes.get(&order.receiver.bank_bin);
        let bank = bank.ok_or_else(|| not_sent("bank_codes has no code for the beneficiary's bank"))?;
        let mut block = self.procedure(&items)?;
        block.insert("TenDonVi".to_owned(), wire::name(&bill.agency_name).into());
        block.extend(payer(bill)?);
        let own = [
            ("MaDichVu", SERVICE.to_owned()),
            ("TKThuHuong", wire::line(&order.receiver.account_number)),
            ("MaNHThuHuong", bank.clone()),
            ("TenTKThuHuong", wire::line(&order.receiver.account_name)),
            ("NoiDungThanhToan", wire::line(&order.description)),
        ];
        block.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        block.extend(EMPTY.iter().map(|name| ((*name).to_owned(), "".into())));
        block.insert("PhiLePhi".to_owned(), self.fees(&items)?.into());
        let parts: Vec<Value> = items.iter().map(|item| part(item)).collect();
        block.insert("DSKhoanNop".to_owned(), parts.into());
        Ok(Value::Object(block))
    }

    /// What the block has one of.
    pub fn procedure(&self, items: &[&Terms]) -> Result<Message, ProviderError> {
        let dossier = only(items, "dossier", |terms| terms.dossier_code.as_ref().map(ToString::to_string))?;
        let agency = only(items, "agency", |terms| Some(terms.agency_code.clone()))?;
        let code = only(items, "procedure", |terms| terms.procedure_code.clone())?;
        let service = only(items, "service", |terms| {
            let of_procedure = || Some(format!("{}{}", terms.procedure_code.as_ref()?, self.settings.service_suffix));
            terms.service_code.clone().or_else(of_procedure)
        })?;
        let name = items.iter().find_map(|terms| terms.procedure_name.as_deref());
        let name = name.map(wire::name).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| not_sent("the bill names no procedure"))?;
        let own = [
            ("MaHoSo", dossier),
            ("MaDonVi", agency),
            ("MaTTHC", code),
            ("TenTTHC", name.clone()),
            ("MaDVC", service),
            ("TenDVC", name),
        ];
        Ok(own.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
    }

    pub fn fees(&self, items: &[&Terms]) -> Result<Vec<Value>, ProviderError> {
        items.iter().map(|item| self.fee(item)).collect()
    }

    fn fee(&self, item: &Terms) -> Result<Value, ProviderError> {
        let kind = match item.kind {
            ObligationKind::Fee => &self.settings.fee_word,
            ObligationKind::Charge => &self.settings.charge_word,
            ObligationKind::TaxLand | ObligationKind::Fine | ObligationKind::ServicePrice => {
                return Err(not_sent("the platform takes fees and charges by this message, and nothing else"));
            }
        };
        Ok(json!({
            "LoaiPhiLePhi": kind, "MaPhiLePhi": wire::line(&item.fee_code), "TenPhiLePhi": wire::line(&item.description),
            "SoTien": wire::amount_to_wire(item.amount()),
        }))
    }
}

fn sum(items: &[&Terms]) -> Vnd {
    items.iter().map(|item| item.amount()).sum()
}

fn part(item: &Terms) -> Value {
    json!({"NoiDung": wire::line(&item.description), "SoTien": wire::amount_to_wire(item.amount())})
}

/// What all items have in common.
fn only(items: &[&Terms], what: &str, of: impl Fn(&Terms) -> Option<String>) -> Result<String, ProviderError> {
    let mut all = items.iter().map(|terms| of(terms));
    let first = all.next().flatten().map(|text| wire::line(&text)).filter(|text| !text.is_empty());
    let first = first.ok_or_else(|| not_sent(&format!("the bill names no {what}")))?;
    if all.all(|other| other.is_some_and(|other| wire::line(&other) == first)) {
        Ok(first)
    } else {
        Err(not_sent(&format!("the bill is of more than one {what}")))
    }
}

/// Who pays. A number that we do not have is not made up.
fn payer(bill: &OrderBill) -> Result<Message, ProviderError> {
    let payer = bill.payer.as_ref().ok_or_else(|| not_sent("the bill names no payer"))?;
    let name = wire::name(&payer.name);
    let number = payer.identity_number.as_deref().map(wire::line).unwrap_or_default();
    if name.is_empty() || number.is_empty() {
        return Err(not_sent("the payer has no name or no number"));
    }
    let address = payer.address.as_deref().map(wire::line).unwrap_or_default();
    let own = [("HoTenNguoiNop", name), ("SoCMNDNguoiNop", number), ("DiaChiNguoiNop", address)];
    Ok(own.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::checkout::tests::order;
    use crate::tests::platform;
    use domain::codes::BeneficiaryCode;
    use domain::dossier_code::DossierCode;
    use domain::obligation::{Budget, Notice, Sector};
    use domain::party::{IdentityKind, Party};
    use provider::Checkout;

    /// An item of the vectors' dossier.
    pub fn item(kind: ObligationKind, amount: i64) -> Terms {
        Terms {
            dossier_code: Some(DossierCode::new("H38.17-261124-0001").expect("a code")),
            customer_code: None,
            sector: Sector::PublicService,
            agency_code: "H38.17".to_owned(),
            beneficiary_code: BeneficiaryCode::new("H38.17-KB").expect("a code"),
            procedure_code: Some("1.004873".to_owned()),
            procedure_name: Some("Cấp giấy xác nhận tình trạng hôn nhân".to_owned()),
            service_code: None,
            kind,
            fee_code: "1.004873.01".to_owned(),
            instalment: 1,
            group_ref: None,
            description: "THANH TOAN HO SO H38.17-261124-0001".to_owned(),
            gross_amount: Vnd::new(amount),
            relief_amount: Vnd::ZERO,
            relief_basis: None,
            budget: Budget::default(),
            notice: Notice::default(),
            due_at: None,
        }
    }

    pub fn bill(items: Vec<Terms>) -> OrderBill {
        OrderBill {
            items,
            agency_name: "UBND xã mẫu".to_owned(),
            payer: Some(Party {
                name: "Nguyễn Văn Mẫu".to_owned(),
                identity_kind: IdentityKind::CitizenId,
                identity_number: Some("010000000001".to_owned()),
                address: Some("Thôn 1, xã mẫu".to_owned()),
                phone: None,
                email: None,
            }),
        }
    }

    fn info(amount: i64, bill: OrderBill) -> Result<Value, ProviderError> {
        platform().receipt_info(&Order { bill: Some(bill), ..order("LC1", amount) })
    }

    #[test]
    fn a_fee_and_a_charge_are_two_lines_whose_sum_is_the_orders() {
        let mut charge = item(ObligationKind::Charge, 20_000);
        charge.fee_code = "LP-1".to_owned();
        charge.description = "Lệ phí | hộ tịch".to_owned();
        let info = info(220_000, bill(vec![item(ObligationKind::Fee, 200_000), charge])).expect("a block");
        let second =
            json!({"LoaiPhiLePhi": "LePhi", "MaPhiLePhi": "LP-1", "TenPhiLePhi": "Lệ phí hộ tịch", "SoTien": "20000"});
        assert_eq!((&info["PhiLePhi"][0]["LoaiPhiLePhi"], &info["PhiLePhi"][1]), (&json!("Phi"), &second));
        assert_eq!(info["DSKhoanNop"][1], json!({"NoiDung": "Lệ phí hộ tịch", "SoTien": "20000"}));
        assert_eq!((&info["MaDVC"], &info["MaNHThuHuong"]), (&json!("1.004873.01"), &json!("TESTBANK")));
        assert_eq!(info.as_object().map(serde_json::Map::len), Some(30));
    }

    #[test]
    fn a_service_code_stands_before_a_made_one_and_an_address_may_be_missing() {
        let mut fee = item(ObligationKind::Fee, 1);
        fee.service_code = Some("1.004873.07".to_owned());
        let mut bill = bill(vec![fee]);
        bill.payer.as_mut().expect("a payer").address = None;
        let info = info(1, bill).expect("a block");
        assert_eq!((&info["MaDVC"], &info["DiaChiNguoiNop"]), (&json!("1.004873.07"), &json!("")));
    }

    #[test]
    fn what_the_block_cannot_say_is_never_sent() {
        let refuses = |amount: i64, bill: OrderBill, why: &str| match info(amount, bill) {
            Err(ProviderError::NotSent(said)) => assert!(said.contains(why), "{said}"),
            other => panic!("{why}: {other:?}"),
        };
        let fee = || item(ObligationKind::Fee, 200_000);
        let two = |change: fn(&mut Terms)| {
            let mut other = fee();
            change(&mut other);
            bill(vec![fee(), other])
        };
        let offers = |items: &[Terms]| platform().can_bill(&items.iter().collect::<Vec<_>>());
        assert!(offers(&[fee()]) && !offers(&[]) && !platform().takes_a_rest());
        assert!(!offers(&two(|t| t.agency_code = "H38.18".into()).items));
        assert!(!offers(&[item(ObligationKind::Fine, 5)]));
        refuses(199_999, bill(vec![fee()]), "sum");
        refuses(0, bill(vec![]), "no dossier");
        refuses(400_000, two(|t| t.dossier_code = None), "more than one dossier");
        refuses(400_000, two(|t| t.agency_code = "H38.18".into()), "more than one agency");
        refuses(400_000, two(|t| t.procedure_code = Some("2.1".into())), "more than one procedure");
        refuses(400_000, two(|t| t.service_code = Some("x".into())), "more than one service");
        let mut nameless = fee();
        nameless.procedure_name = None;
        refuses(200_000, bill(vec![nameless]), "no procedure");
        for kind in [ObligationKind::Fine, ObligationKind::TaxLand, ObligationKind::ServicePrice] {
            refuses(5, bill(vec![item(kind, 5)]), "fees and charges");
        }
        for change in [
            |b: &mut OrderBill| b.payer = None,
            |b: &mut OrderBill| {
                b.payer.as_mut().expect("a payer").identity_number = None;
            },
        ] {
            let mut bill = bill(vec![fee()]);
            change(&mut bill);
            refuses(200_000, bill, "payer");
        }
        let elsewhere = provider::Receiver { bank_bin: "970400".to_owned(), ..order("LC1", 1).receiver };
        let order = Order { receiver: elsewhere, bill: Some(bill(vec![fee()])), ..order("LC1", 200_000) };
        assert!(
            matches!(platform().receipt_info(&order), Err(ProviderError::NotSent(why)) if why.contains("bank_codes"))
        );
        assert!(matches!(platform().receipt_info(&Order { bill: None, ..order }), Err(ProviderError::NotSent(_))));
    }
}
