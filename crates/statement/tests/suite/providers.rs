//! The layouts of providers that come with the program: a day of each, a word that nobody knows, a column too few.

use statement::profiles::BUILT_IN;
use statement::settlement::Kind;
use statement::{Reason, SettlementProfile, read_settlement};

fn profile(name: &str) -> SettlementProfile {
    SettlementProfile::from_toml(BUILT_IN.iter().find(|(built_in, _)| *built_in == name).unwrap().1).unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

const MOMO: &str = "\u{feff}\
STT,Thời gian,Mã giao dịch MoMo,Mã đơn hàng,Mã đối tác,Loại giao dịch,Số tiền,Phí dịch vụ,Thực nhận,Trạng thái,Giao dịch gốc,Ngày quyết toán\r
1,2026-11-27 09:00:00,4088878653,LC7K2M9QX4T,MOMOLAOCAI,Thanh toán,\"108,000\",\"1,188\",\"106,812\",Thành công,,2026-11-28\r
2,2026-11-27 10:00:00,4088878700,LC7K2M9QX4T,MOMOLAOCAI,Hoàn tiền,\"8,000\",0,\"8,000\",Thành công,4088878653,2026-11-28\r
Tổng,,,,,,\"100,000\",\"1,188\",\"98,812\",,,\r
";
const ZALOPAY: &str = "\u{feff}\
BÁO CÁO ĐỐI SOÁT GIAO DỊCH\r
\r
Đơn vị: VNĐ\r
STT;App ID;Mã GD ZaloPay;Mã GD đối tác;Mã GD gốc;Loại;Trạng thái;Giá trị giao dịch;Phí;Giá trị thanh toán;Thời gian giao dịch\r
1;2554;261127000000389;261127_LC7K2M9QX4T;;PAYMENT;SUCCESS;108.000;1.188;106.812;27/11/2026 09:00:00\r
2;2554;261127000000390;261127_LC7K2M9QX4T;261127000000389;REFUND;SUCCESS;-8.000;0;-8.000;27/11/2026 10:00:00\r
Cộng;;;;;;;100.000;1.188;98.812;\r
";
const MOBILE_MONEY: &str = "\
no|transactionReference|requestingOrganisationTransactionReference|creditParty|type|transactionStatus|amount|fee|net|currency|modificationDate|originalTransactionReference\r
1|MM1|LC7K2M9QX4T|LAOCAI-DVC|merchantpay|completed|108000|1188|106812|VND|2026-11-27T09:00:00|\r
2|MM2|LC7K2M9QX4T|LAOCAI-DVC|reversal|completed|-8000|0|-8000|VND|2026-11-27T10:00:00|MM1\r
TOTAL|2|||||100000|1188|98812|||\r
";
const NATIONAL: &str = "\
NỀN TẢNG THANH TOÁN TRỰC TUYẾN\r
STT\tMã tham chiếu\tMã giao dịch\tMã đối tác\tThời gian GD\tSố tiền\tPhí\tSố tiền quyết toán\tMã tiền tệ\tMã lỗi\tNgày quyết toán\r
1\tLC7K2M9QX4T\t9000000001\tLAOCAI\t20261127090000\t108000\t1188\t106812\tVND\t00\t28/11/2026\r
Tổng cộng\t\t\t\t\t108000\t1188\t106812\t\t\t\r
";

#[test]
fn a_day_of_each_provider_says_what_was_paid_kept_and_given_back() {
    let days = [
        ("momo-settlement", MOMO.as_bytes().to_vec(), "4088878653"),
        ("zalopay-settlement", ZALOPAY.as_bytes().to_vec(), "261127000000389"),
        ("mobile_money-settlement", MOBILE_MONEY.as_bytes().to_vec(), "MM1"),
    ];
    for (name, bytes, txn) in days {
        let file = read_settlement(&bytes, &profile(name)).unwrap();
        assert_eq!((file.gross, file.refunds, file.fee, file.net), (108_000, -8_000, 1_188, 98_812), "{name}");
        let [paid, back] = &file.rows[..] else { panic!("{name}: {:?}", file.rows) };
        assert_eq!((paid.provider_txn.as_str(), paid.order_ref.as_deref()), (txn, Some("LC7K2M9QX4T")), "{name}");
        assert_eq!((back.kind, back.original.as_deref(), back.gross), (Kind::Refund, Some(txn), -8_000), "{name}");
        assert_eq!(paid.paid_at, Some("2026-11-27T02:00:00Z".parse().unwrap()), "{name}");
    }
    let file = read_settlement(&utf16(NATIONAL), &profile("national-settlement")).unwrap();
    assert_eq!((file.gross, file.fee, file.net, file.rows.len()), (108_000, 1_188, 106_812, 1));
    assert_eq!((file.rows[0].provider_txn.as_str(), file.rows[0].kind), ("9000000001", Kind::Payment));
}

#[test]
fn a_word_that_a_layout_does_not_know_refuses_the_file_with_its_row() {
    let unfit = |what: &str| Reason::Unfit(what.to_owned());
    let cases = [
        ("momo-settlement", MOMO.replacen("Thành công", "Tạm giữ", 1).into_bytes(), 2, unfit("the status")),
        ("momo-settlement", MOMO.replace("Hoàn tiền", "Chi hộ").into_bytes(), 3, unfit("the type")),
        ("momo-settlement", MOMO.replace("\"8,000\"", "\"-8,000\"").into_bytes(), 3, unfit("the sign of a refund")),
        ("zalopay-settlement", ZALOPAY.replacen("SUCCESS", "success", 1).into_bytes(), 5, unfit("the status")),
        (
            "zalopay-settlement",
            ZALOPAY.replace("-8.000", "8.000").into_bytes(),
            6,
            unfit("the sign of the gross amount"),
        ),
        (
            "mobile_money-settlement",
            MOBILE_MONEY.replace("TOTAL|2", "TOTAL|3").into_bytes(),
            4,
            Reason::Total("number of rows"),
        ),
        ("mobile_money-settlement", MOBILE_MONEY.replacen("VND", "USD", 1).into_bytes(), 2, Reason::OtherCurrency),
        ("national-settlement", utf16(&NATIONAL.replace("\t00\t", "\t07\t")), 3, unfit("the status")),
        ("national-settlement", utf16(&NATIONAL.replace("Tổng cộng", "2")), 4, unfit("the status")),
    ];
    for (name, bytes, line, reason) in cases {
        let error = read_settlement(&bytes, &profile(name)).unwrap_err();
        assert_eq!((error.at.line, error.reason), (line, reason), "{name}");
    }
}
