//! What the dossiers owe, as the table that it is.

use serde_json::{Value, json};

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
    /// Paid at MoMo.
    BirthCopies,
    /// Paid at ZaloPay, whose callback is lost.
    ThreeSignatures,
    /// Paid with a one-time code of the phone's application.
    LandCopies,
    /// Paid by a press on the phone.
    FourthSignature,
    /// Paid at the national platform.
    ExamCopies,
    /// Paid in a bank's application.
    TwoSignatures,
    /// Taken at the counter, voided, and taken again.
    ThirdHousehold,
    /// Paid in a wallet's application.
    WalletExtract,
    /// Paid together by a transfer to an account number of their own.
    VillageCopies,
    VillageSignature,
}

/// Of the sandbox: an agency, and the account that its fees go to.
pub struct Desk {
    pub agency: &'static str,
    pub beneficiary: &'static str,
}

/// Where a dossier was handed in.
pub const fn desk(dossier: usize) -> Desk {
    match dossier {
        9 => Desk { agency: "H38.21", beneficiary: "H38.21-NH" },
        _ => Desk { agency: "H38.17", beneficiary: "H38.17-KB" },
    }
}

/// An entry of the fee catalogue as far as an obligation names it.
pub struct Listed {
    pub procedure_code: Option<&'static str>,
    pub procedure_name: &'static str,
    pub kind: &'static str,
    pub fee_code: &'static str,
    pub sub_item: &'static str,
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

pub struct Owed {
    pub fee: Fee,
    /// Of the run's dossiers, from 0.
    pub dossier: usize,
    pub listed: &'static Listed,
    pub name: &'static str,
    pub gross: i64,
    /// How much is relieved, and by what law.
    pub relief: Option<(i64, &'static str)>,
}

const fn owed(fee: Fee, dossier: usize, listed: &'static Listed, name: &'static str, gross: i64) -> Owed {
    Owed { fee, dossier, listed, name, gross, relief: None }
}

pub const OWED: [Owed; 20] = [
    owed(Fee::DegreeCopies, 0, &CERTIFIED_COPY, "Bản sao bằng tốt nghiệp, 2 trang × 2 bản", COPY_PAGE * 2 * 2),
    owed(Fee::Signature, 0, &SIGNATURE, "Chứng thực chữ ký, 1 giấy tờ", 10_000),
    owed(Fee::Household, 1, &HOUSEHOLD, "Đăng ký hộ kinh doanh", 100_000),
    owed(Fee::LeaseCopies, 1, &CERTIFIED_COPY, "Bản sao hợp đồng thuê, 1 trang × 3 bản", COPY_PAGE * 3),
    Owed {
        relief: Some((25_000, "TT 64/2025/TT-BTC")),
        ..owed(Fee::IdentityCard, 2, &IDENTITY_CARD, "Cấp đổi thẻ căn cước, giảm 50%", 50_000)
    },
    Owed {
        relief: Some((8_000, "TT 117/2026/TT-BTC + NQ 66.22/2026/NQ-CP")),
        ..owed(Fee::CivilExtract, 2, &CIVIL_EXTRACT, "Trích lục hộ tịch, miễn 100%", 8_000)
    },
    owed(Fee::SchoolCopies, 3, &CERTIFIED_COPY, "Bản sao học bạ, 2 trang × 4 bản", COPY_PAGE * 2 * 4),
    owed(Fee::Signatures, 3, &SIGNATURE, "Chứng thực chữ ký, 2 giấy tờ", 10_000 * 2),
    owed(Fee::SecondHousehold, 4, &HOUSEHOLD, "Đăng ký hộ kinh doanh thứ hai", 100_000),
    owed(Fee::PaidExtract, 4, &CIVIL_EXTRACT, "Trích lục hộ tịch", 8_000),
    owed(Fee::BirthCopies, 5, &CERTIFIED_COPY, "Bản sao giấy khai sinh, 2 trang × 3 bản", COPY_PAGE * 2 * 3),
    owed(Fee::ThreeSignatures, 5, &SIGNATURE, "Chứng thực chữ ký, 3 giấy tờ", 10_000 * 3),
    owed(Fee::LandCopies, 6, &CERTIFIED_COPY, "Bản sao sổ đất, 1 trang × 5 bản", COPY_PAGE * 5),
    owed(Fee::FourthSignature, 6, &SIGNATURE, "Chứng thực chữ ký, 1 giấy tờ khác", 10_000),
    owed(Fee::ExamCopies, 7, &CERTIFIED_COPY, "Bản sao hồ sơ dự tuyển, 2 trang × 6 bản", COPY_PAGE * 2 * 6),
    owed(Fee::TwoSignatures, 7, &SIGNATURE, "Chứng thực chữ ký, 2 giấy tờ khác", 10_000 * 2),
    owed(Fee::ThirdHousehold, 8, &HOUSEHOLD, "Đăng ký hộ kinh doanh thứ ba", 100_000),
    owed(Fee::WalletExtract, 8, &CIVIL_EXTRACT, "Trích lục hộ tịch khác", 8_000),
    owed(Fee::VillageCopies, 9, &CERTIFIED_COPY, "Bản sao hộ khẩu, 1 trang × 7 bản", COPY_PAGE * 7),
    owed(Fee::VillageSignature, 9, &SIGNATURE, "Chứng thực chữ ký ở xã, 1 giấy tờ", 10_000),
];

/// Invented persons; the numbers belong to nobody.
pub fn payer(dossier: usize) -> Value {
    let (name, number, place) = match dossier {
        0 => ("Nguyễn Thị Minh Hà", "010190000001", "Tổ 12, phường Cam Đường, tỉnh Lào Cai"),
        1 => ("Giàng A Tủa", "010088000002", "Thôn Sín Chải, xã Y Tý, tỉnh Lào Cai"),
        2 => ("Hoàng Văn Bình", "010075000003", "Tổ 3, phường Sa Pa, tỉnh Lào Cai"),
        3 => ("Lò Thị Mai", "010195000004", "Thôn Tả Van Giáy, xã Tả Van, tỉnh Lào Cai"),
        4 => ("Vàng Seo Páo", "010082000005", "Thôn Na Áng, xã Mường Khương, tỉnh Lào Cai"),
        5 => ("Phạm Thị Lan", "010191000006", "Tổ 7, phường Lào Cai, tỉnh Lào Cai"),
        6 => ("Tẩn Láo Tả", "010083000007", "Thôn Phìn Hồ, xã Bản Xèo, tỉnh Lào Cai"),
        7 => ("Trần Quốc Huy", "010098000008", "Tổ 2, phường Cam Đường, tỉnh Lào Cai"),
        8 => ("Nông Thị Thu", "010187000010", "Thôn Tân Tiến, xã Bảo Thắng, tỉnh Lào Cai"),
        _ => ("Lý Tả Mẩy", "010189000011", "Thôn Bản Vược, xã Bát Xát, tỉnh Lào Cai"),
    };
    json!({
        "name": name, "identity_kind": "citizen_id", "identity_number": number, "address": place,
        "phone": format!("09000000{:02}", dossier + 1), "email": format!("nguoinop{}@example.vn", dossier + 1),
    })
}
