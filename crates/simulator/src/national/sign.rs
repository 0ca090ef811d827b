//! The platform's hash: SHA-256 in lower-case hex over a message's values, raw, and the secret behind them, joined by `|`.

use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub(super) const INIT: [&str; 14] = [
    "LoaiBanTin",
    "PhienBan",
    "MaDoiTac",
    "MaThamChieu",
    "SoTien",
    "LoaiHinhThanhToan",
    "MaKenhThanhToan",
    "MaThietBi",
    "NgonNgu",
    "MaTienTe",
    "MaNganHang",
    "ThongTinGiaoDich",
    "ThoiGianGD",
    "Ip",
];
pub(super) const QUERY: [&str; 5] = ["LoaiBanTin", "PhienBan", "MaDoiTac", "MaThamChieu", "ThoiGianGD"];
pub(super) const CONFIRM: [&str; 10] = [
    "LoaiBanTin",
    "MaLoi",
    "MaDoiTac",
    "MaThamChieu",
    "SoTien",
    "MaTienTe",
    "MaGiaoDich",
    "MaNganHang",
    "ThoiGianGD",
    "ThongTinGiaoDich",
];

/// Of a message whose values are texts.
pub(super) fn of(secret: &str, names: &[&str], message: &Value) -> String {
    let mut hasher = Sha256::new();
    for name in names {
        hasher.update(message[*name].as_str().unwrap_or_default());
        hasher.update("|");
    }
    hasher.update(secret);
    hex::encode(hasher.finalize())
}

/// Lower-case hex only, as both code bases write it.
pub(super) fn fits(secret: &str, names: &[&str], message: &Value) -> bool {
    let given = message["MaXacThuc"].as_str().unwrap_or_default();
    of(secret, names, message).as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_vectors() {
        let file: Value = serde_json::from_str(include_str!("../../tests/vectors/dvcqg-platform.json")).unwrap();
        let secret = file["secret"].as_str().unwrap();
        for (kind, names) in
            [("init", &INIT[..]), ("query", &QUERY[..]), ("get_bill", &QUERY[..]), ("confirm", &CONFIRM[..])]
        {
            assert!(fits(secret, names, &file[kind]), "{kind}");
            assert!(!fits("another", names, &file[kind]), "{kind}");
        }
    }
}
