//! What the page of a receipt says in two languages, around what stands on the receipt, which is Vietnamese.

use crate::language::Language;
use domain::obligation::ObligationKind;

pub(crate) struct Words {
    pub stands: &'static str,
    pub stands_says: &'static str,
    pub replaced: &'static str,
    /// In this, in the next and in `cancelled_says` `{day}` stands where it does.
    pub replaced_by: &'static str,
    pub replaced_soon: &'static str,
    pub cancelled: &'static str,
    pub cancelled_says: &'static str,

    pub of_fee: &'static str,
    pub of_charge: &'static str,
    /// A receipt in one line: `{template}`, `{serial}`, `{number}` and `{day}` stand where they do.
    pub named: &'static str,
    /// The same, as what leads to its page.
    pub link: &'static str,

    pub template: &'static str,
    pub serial: &'static str,
    pub number: &'static str,
    pub issued_on: &'static str,
    pub collector: &'static str,
    pub tax_code: &'static str,
    pub address: &'static str,
    pub description: &'static str,
    pub dossier: &'static str,
    pub replaces: &'static str,
    pub signed_by: &'static str,

    pub pdf: &'static str,
    pub xml: &'static str,
}

impl Words {
    pub const fn title(&self, kind: ObligationKind) -> &'static str {
        match kind {
            ObligationKind::Charge => self.of_charge,
            _ => self.of_fee,
        }
    }

    pub const fn of(language: Language) -> &'static Self {
        match language {
            Language::Vi => &VI,
            Language::En => &EN,
        }
    }
}

const VI: Words = Words {
    stands: "Biên lai có giá trị",
    stands_says: "Khoản tiền ghi trên biên lai này đã được thu và đang được ghi nhận.",
    replaced: "Biên lai đã được thay thế",
    replaced_by: "Từ ngày {day}, thay bằng",
    replaced_soon: "Từ ngày {day}, biên lai khác đang được lập để thay thế.",
    cancelled: "Biên lai đã bị hủy",
    cancelled_says: "Hủy ngày {day}: khoản tiền đã được hoàn trả hoặc không còn được ghi nhận.",

    of_fee: "Biên lai thu phí",
    of_charge: "Biên lai thu lệ phí",
    named: "biên lai mẫu số {template}, ký hiệu {serial}, số {number}, ngày {day}",
    link: "Ký hiệu {serial}, số {number}",

    template: "Mẫu số",
    serial: "Ký hiệu",
    number: "Số",
    issued_on: "Ngày lập",
    collector: "Tổ chức thu",
    tax_code: "Mã số thuế",
    address: "Địa chỉ",
    description: "Nội dung thu",
    dossier: "Mã hồ sơ",
    replaces: "Thay thế",
    signed_by: "Chữ ký số",

    pdf: "In biên lai (PDF)",
    xml: "Tải biên lai điện tử đã ký số (XML)",
};

const EN: Words = Words {
    stands: "This receipt is valid",
    stands_says: "The money that stands on this receipt was collected and is on record.",
    replaced: "This receipt was replaced",
    replaced_by: "Since {day} its place is taken by",
    replaced_soon: "Since {day} it is not valid; another receipt is being made in its place.",
    cancelled: "This receipt was cancelled",
    cancelled_says: "Cancelled on {day}: the money was given back, or is not on record any more.",

    of_fee: "Receipt of a fee",
    of_charge: "Receipt of a charge",
    named: "receipt of template {template}, serial {serial}, number {number}, of {day}",
    link: "Serial {serial}, number {number}",

    template: "Template",
    serial: "Serial",
    number: "Number",
    issued_on: "Issued on",
    collector: "Collecting organisation",
    tax_code: "Tax code",
    address: "Address",
    description: "Collected for",
    dossier: "Dossier",
    replaces: "Replaces",
    signed_by: "Digital signature",

    pdf: "Print the receipt (PDF, in Vietnamese)",
    xml: "Download the signed receipt (XML, in Vietnamese)",
};
