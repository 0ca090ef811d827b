//! INIT and QUERY. Refuses a message whose token or hash is wrong before it says anything of an order.

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, web};
use serde_json::{Map, Value, json};

use super::{BANK, National, code, sign};
use crate::clock;
use crate::server::{Answer, Refused, refused};
use crate::wallet::api::{Fields, Said, answered, heard};
use crate::wallet::book::{Order, Status};
use crate::wallet::{Shop, Wire, later};

const VERSION: &str = "1.0.6";
/// `TrangThaiGD`.
const PAID: &str = "1";
const UNDECIDED: &str = "3";
const FAILED: &str = "4";

/// Texts of the bill that may not be empty, of fees and charges.
const NEEDED: [&str; 10] = [
    "MaDVC",
    "TenDVC",
    "MaTTHC",
    "TenTTHC",
    "MaDonVi",
    "MaHoSo",
    "TKThuHuong",
    "MaNHThuHuong",
    "HoTenNguoiNop",
    "SoCMNDNguoiNop",
];
/// Texts of the bill that are there all the same.
const THERE: [&str; 18] = [
    "TenDonVi",
    "TenTKThuHuong",
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
    "NoiDungThanhToan",
    "DiaChiNguoiNop",
    "HuyenNguoiNop",
    "TinhNguoiNop",
    "MaDichVu",
];

/// The bearer token, where one was agreed.
pub(super) fn is_known(shop: &Shop<National>, request: &HttpRequest) -> Result<(), Refused> {
    let token = &shop.wire.config.access_token;
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token.is_empty() || given == Some(&format!("Bearer {token}")) {
        Ok(())
    } else {
        Err(refused(StatusCode::UNAUTHORIZED, "the token is wrong"))
    }
}

/// Kind, version, partner and hash of a message.
pub(super) fn checked(shop: &Shop<National>, fields: &Fields, kind: &str, signed: &[&str]) -> Result<(), String> {
    let config = &shop.wire.config;
    if !sign::fits(&config.secret_key, signed, &fields.all()) {
        return Err("MaXacThuc is wrong".to_owned());
    }
    let is = |name: &str, wanted: &str| match fields.or_empty(name) == wanted {
        true => Ok(()),
        false => Err(format!("{name} is not {wanted}")),
    };
    is("LoaiBanTin", kind)?;
    is("PhienBan", VERSION)?;
    is("MaDoiTac", &config.partner_code)
}

/// What the platform itself says no with.
pub(super) fn no(fields: &Fields, why: &str) -> Value {
    json!({
        "MaLoi": "99", "MoTaLoi": why, "MaDoiTac": fields.or_empty("MaDoiTac"),
        "MaThamChieu": fields.or_empty("MaThamChieu"), "ThoiGianGD": fields.or_empty("ThoiGianGD"),
    })
}

pub(super) async fn init(shop: web::Data<Shop<National>>, request: HttpRequest, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "init", &body).await?;
    is_known(&shop, &request)?;
    let (made, order) = match made(&shop, &fields) {
        Ok((answer, at)) => (answer, Some(at)),
        Err(why) => (no(&fields, &why), None),
    };
    let good = if order.is_some() { "0" } else { "-1" };
    let body = match shop.wire.config.bare_answers {
        true => made,
        false => json!({"error_code": good, "message": made.to_string()}),
    };
    answered(&shop, "init", Said { order, ..Said::new(200, body) }).await
}

fn made(shop: &Shop<National>, fields: &Fields) -> Result<(Value, usize), String> {
    checked(shop, fields, "INIT", &sign::INIT)?;
    let reference = fields.limited("MaThamChieu", 1, 255)?;
    let amount = fields.whole("SoTien")?;
    for (name, wanted) in [("LoaiHinhThanhToan", "PAY"), ("MaTienTe", "VND"), ("NgonNgu", "vi-VN")] {
        if fields.or_empty(name) != wanted {
            return Err(format!("{name} is not {wanted}"));
        }
    }
    for name in ["MaKenhThanhToan", "MaThietBi", "MaNganHang", "ThongTinGiaoDich", "Ip"] {
        fields.limited(name, 1, 255)?;
    }
    let told_at = fields.limited("ThoiGianGD", 14, 14)?;
    clock::parse_wire_time(&told_at).ok_or("ThoiGianGD is no time")?;
    if amount <= 0 {
        return Err("SoTien is not positive".to_owned());
    }
    let all = fields.all();
    bill(all["ThongTinBienLai"].as_object().ok_or("ThongTinBienLai is missing")?)?;
    let (now, token) = (clock::now(), format!("{:032x}", rand::random::<u128>()));
    let page = shop.page_url(&token);
    let back = shop.wire.return_url();
    let mut book = shop.book();
    if book.by_wire(&reference).is_some() {
        return Err("MaThamChieu was used".to_owned());
    }
    book.orders.push(Order {
        wire_ref: reference.clone(),
        amount,
        info: fields.or_empty("ThongTinGiaoDich"),
        notify_url: shop.wire.notify_url(),
        return_url: if back.is_empty() { page.clone() } else { back },
        request: all,
        token,
        ordered_at: now,
        expires_at: later(now, shop.wire.config.window_s.saturating_mul(1_000)),
        deciding: false,
        outcome: None,
        calls: Vec::new(),
        refunds: Vec::new(),
    });
    let answer = json!({
        "MaLoi": "00", "MoTaLoi": "", "MaDoiTac": fields.or_empty("MaDoiTac"), "MaThamChieu": reference,
        "ThoiGianGD": told_at, "UrlThanhToan": page,
    });
    Ok((answer, book.orders.len() - 1))
}

/// Whether the block has what both code bases send. Its sum is nobody's business here: no hash covers it.
fn bill(block: &Map<String, Value>) -> Result<(), String> {
    let text = |name: &str| block.get(name).and_then(Value::as_str).ok_or_else(|| format!("{name} is no text"));
    if text("MaDichVu")? != "2" {
        return Err("MaDichVu is not 2".to_owned());
    }
    for name in THERE {
        text(name)?;
    }
    for name in NEEDED {
        if text(name)?.is_empty() {
            return Err(format!("{name} is empty"));
        }
    }
    for (list, names) in [
        ("PhiLePhi", &["LoaiPhiLePhi", "MaPhiLePhi", "TenPhiLePhi", "SoTien"][..]),
        ("DSKhoanNop", &["NoiDung", "SoTien"]),
    ] {
        let items = block.get(list).and_then(Value::as_array).filter(|items| !items.is_empty());
        let items = items.ok_or_else(|| format!("{list} is no list"))?;
        if let Some(name) = names.iter().find(|name| items.iter().any(|item| !item[**name].is_string())) {
            return Err(format!("{name} of {list} is no text"));
        }
    }
    Ok(())
}

pub(super) async fn query(shop: web::Data<Shop<National>>, request: HttpRequest, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "query", &body).await?;
    is_known(&shop, &request)?;
    let said = found(&shop, &fields).unwrap_or_else(|why| Said::new(200, no(&fields, &why)));
    answered(&shop, "query", said).await
}

/// The order of a question, which names the time that INIT named.
pub(super) fn asked(shop: &Shop<National>, fields: &Fields, kind: &str) -> Result<usize, String> {
    checked(shop, fields, kind, &sign::QUERY)?;
    let book = shop.book();
    let at = book.by_wire(&fields.or_empty("MaThamChieu")).ok_or("there is no such order")?;
    let told_at = book.orders.get(at).map(|order| order.request["ThoiGianGD"].clone());
    let same = told_at.as_ref().and_then(Value::as_str) == Some(&fields.or_empty("ThoiGianGD"));
    if same { Ok(at) } else { Err("ThoiGianGD is not that of INIT".to_owned()) }
}

fn found(shop: &Shop<National>, fields: &Fields) -> Result<Said, String> {
    let at = asked(shop, fields, "QUERY")?;
    let book = shop.book();
    let order = book.orders.get(at).ok_or("there is no such order")?;
    let says = |state: &str| {
        json!({
            "LoaiBanTin": "QUERY", "MaLoi": "00", "MoTaLoi": "", "MaDoiTac": fields.or_empty("MaDoiTac"),
            "MaThamChieu": order.wire_ref, "SoTien": order.amount, "MaTienTe": "VND", "MaGiaoDich": "", "MaNganHang": "",
            "ThoiGianGD": fields.or_empty("ThoiGianGD"), "ThongTinGiaoDich": order.info, "TrangThaiGD": state,
        })
    };
    let body = match &order.outcome {
        Some(outcome) if outcome.status == Status::Paid => {
            let mut body = says(PAID);
            body["SoTien"] = outcome.amount.into();
            body["MaGiaoDich"] = outcome.transaction_no.to_string().into();
            body["MaNganHang"] = BANK.into();
            body["ThoiGianGD"] = clock::wire_time(outcome.at).into();
            body
        }
        Some(outcome) => {
            let mut body = says(FAILED);
            body["MoTaLoi"] = format!("MaLoi {}", code(outcome.code)).into();
            body
        }
        None if order.has_run_out(clock::now()) => {
            let mut body = says(FAILED);
            body["MoTaLoi"] = format!("MaLoi {}", code(National::EXPIRED)).into();
            body
        }
        None => says(UNDECIDED),
    };
    let unpaid = Some(says(UNDECIDED));
    Ok(Said { order: Some(at), unpaid, ..Said::new(200, body) })
}
