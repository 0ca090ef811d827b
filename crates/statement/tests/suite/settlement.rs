//! Settlement files by profile: what ties is read, what does not is refused with its line.

use jiff::civil::date;
use statement::profiles::BUILT_IN;
use statement::settlement::{Kind, RefundSign, Row, Status};
use statement::{Profile, ReadError, Reason, SettlementFile, SettlementProfile};
use std::ops::ControlFlow;

/// The layout of a day's file: a payment, a refund of an earlier one, a payment that failed, one that is pending.
pub const DAY: &str = "\u{feff}\
STT,Mã giao dịch VNPAY,Mã đơn hàng,Mã website,Loại giao dịch,Trạng thái,Số tiền giao dịch,Phí,Số tiền thanh toán,Thời gian giao dịch,Ngày thanh quyết toán,Mã giao dịch gốc\r
1,14422574,LC7K2M9QX4T,LAOCAI01,Thanh toán,Thành công,\"1,150,000\",\"5,500\",\"1,144,500\",24/11/2026 00:00:01,25/11/2026,\r
2,14422575,LCR6V8D3NCA,LAOCAI01,Thanh toán,Thành công,\"99,000\",0,\"99,000\",24/11/2026 23:59:59,25/11/2026,\r
3,14422576,LCREF0001,LAOCAI01,Hoàn tiền,Thành công,\"-150,000\",\"1,100\",\"-151,100\",24/11/2026 09:30:00,25/11/2026,14400001\r
4,14422577,LCBAD000001,LAOCAI01,Thanh toán,Thất bại,\"70,000\",0,0,24/11/2026 10:00:00,,\r
5,14422578,LCBAD000002,LAOCAI01,Thanh toán,Đang xử lý,\"80,000\",500,\"79,500\",,,\r
6,PHI-202611,,LAOCAI01,Phí,Thành công,,\"11,000\",\"-11,000\",,25/11/2026,\r
Tổng cộng,,,,,,\"1,099,000\",\"17,600\",\"1,081,400\",,,\r
";

fn built_in(name: &str) -> &'static str {
    BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, toml)| *toml).unwrap()
}

pub fn profile() -> SettlementProfile {
    toml::from_str(built_in("vnpay-settlement")).unwrap()
}

fn read(text: &str) -> Result<SettlementFile, ReadError> {
    statement::read_settlement(text.as_bytes(), &profile())
}

#[test]
fn a_day_is_read_whole() {
    let file = read(DAY).unwrap();
    assert_eq!((file.gross, file.refunds, file.adjustments, file.fee), (1_249_000, -150_000, 0, 17_600));
    assert_eq!(file.net, file.gross + file.refunds + file.adjustments - file.fee);
    assert_eq!((file.settled_on, file.sha256.len()), (Some(date(2026, 11, 25)), 64));
    assert_eq!(
        file.rows[2],
        Row {
            line_no: 4,
            provider_txn: "14422576".to_owned(),
            order_ref: Some("LCREF0001".to_owned()),
            merchant: Some("LAOCAI01".to_owned()),
            original: Some("14400001".to_owned()),
            gross: -150_000,
            fee: 1_100,
            net: -151_100,
            paid_at: Some("2026-11-24T02:30:00Z".parse().unwrap()),
            settled_on: Some(date(2026, 11, 25)),
            kind: Kind::Refund,
            status: Status::Success,
        }
    );
    let told: Vec<_> = file.rows.iter().map(|r| (r.line_no, r.kind, r.status, r.gross)).collect();
    assert_eq!(told[0], (2, Kind::Payment, Status::Success, 1_150_000));
    assert_eq!(told[3], (5, Kind::Payment, Status::Failed, 70_000));
    assert_eq!(told[4], (6, Kind::Payment, Status::Pending, 80_000));
    assert_eq!(told[5], (7, Kind::Fee, Status::Success, 0));
}

#[test]
fn rows_are_handed_over_as_they_are_read() {
    let mut rows = Vec::new();
    let summary = statement::read_settlement_into(DAY.as_bytes(), &profile(), &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    let file = read(DAY).unwrap();
    assert_eq!(rows, file.rows);
    assert_eq!(summary.map(|s| (s.rows, s.net)), Ok((6, file.net)));
    let stopped = statement::read_settlement_into(DAY.as_bytes(), &profile(), &mut |_| ControlFlow::Break(()));
    assert_eq!(stopped.map_err(|e| (e.at.line, e.reason)), Err((2, Reason::Stopped)));
}

#[test]
fn each_row_that_does_not_fit_or_tie_is_refused_with_its_line() {
    let cases = [
        ("\"1,144,500\"", "\"1,144,501\"", 2, "gross less fee is 1144500 VND, the net amount says 1144501 VND"),
        ("\"5,500\"", "\"5,501\"", 2, "gross less fee is 1144499 VND, the net amount says 1144500 VND"),
        ("\"5,500\"", "\"-5,500\"", 2, "the fee does not fit its format"),
        ("\"1,150,000\"", "1150.000", 2, "the gross amount does not fit its format"),
        ("\"1,150,000\"", "\"-1,150,000\"", 2, "the sign of the gross amount does not fit its format"),
        ("\"1,150,000\"", "", 2, "the gross amount does not fit its format"),
        ("\"1,144,500\"", "", 2, "the net amount does not fit its format"),
        ("14422575", "", 3, "the provider's transaction is missing"),
        ("24/11/2026 23:59:59", "24/11/2026", 3, "the time of payment does not fit its format"),
        ("24/11/2026 23:59:59", "11/24/2026 23:59:59", 3, "the time of payment does not fit its format"),
        ("24/11/2026 23:59:59", "", 3, "the time of payment does not fit its format"),
        ("23:59:59,25/11/2026", "23:59:59,", 3, "the day of settlement does not fit its format"),
        ("\"-150,000\"", "\"150,000\"", 4, "the sign of the gross amount does not fit its format"),
        ("Hoàn tiền", "Hoàn", 4, "the type does not fit its format"),
        ("Thất bại", "Lỗi", 5, "the status does not fit its format"),
        ("\"70,000\",0,0", "\"70,000\",0,1", 5, "gross less fee is 70000 VND, the net amount says 1 VND"),
        ("\"-11,000\"", "\"11,000\"", 7, "gross less fee is -11000 VND, the net amount says 11000 VND"),
        (",14400001\r", "\r", 4, "the number of cells does not fit its format"),
        ("\"1,099,000\"", "\"1,099,001\"", 8, "a total of the file does not agree with its lines: gross amounts"),
        ("\"17,600\"", "\"17,601\"", 8, "a total of the file does not agree with its lines: fees"),
        ("\"1,081,400\"", "\"1,081,401\"", 8, "a total of the file does not agree with its lines: net amounts"),
        ("\"1,099,000\",\"17,600\",\"1,081,400\"", ",,", 8, "an amount in the totals row is missing"),
        ("Tổng cộng", "Tổng", 8, "the type does not fit its format"),
        ("Mã đơn hàng", "Mã đơn", 1, "column Mã đơn hàng is missing"),
        ("STT,Mã giao dịch", "Phí,Mã giao dịch", 1, "column Phí appears twice"),
        ("\u{feff}", "", 1, "encoding: no byte order mark, but one is declared"),
    ];
    for (from, to, line, why) in cases {
        let bad = DAY.replacen(from, to, 1);
        assert_ne!(bad, DAY, "{from}");
        let error = read(&bad).unwrap_err();
        assert_eq!((error.at.line, error.reason.to_string().as_str()), (line, why), "{from} -> {to}");
    }
}

/// Each row lost or doubled breaks the totals; a file without its totals row is cut off.
#[test]
fn a_file_that_was_cut_or_mended_is_refused() {
    let lines: Vec<&str> = DAY.split_inclusive('\n').collect();
    for lost in [1, 2, 3, 6, 7] {
        let cut: String = lines.iter().enumerate().filter(|(i, _)| *i != lost).map(|(_, l)| *l).collect();
        assert!(read(&cut).is_err(), "without line {}", lost + 1);
    }
    let doubled = DAY.replacen(lines[2], &lines[2].repeat(2), 1);
    assert!(matches!(read(&doubled).unwrap_err().reason, Reason::Total(_)));
    let error = read(&format!("{DAY}{}", lines[1])).unwrap_err();
    assert_eq!((error.at.line, error.reason), (9, Reason::Unexpected("a row after the totals".to_owned())));
    let profile = profile();
    for cut in 0..DAY.trim_end().len() {
        assert!(statement::read_settlement(&DAY.as_bytes()[..cut], &profile).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_profile_says_how_refunds_are_written_and_what_is_not_there() {
    let text = "Txn;Ref;Gross;Fee;Net;Time;Ccy;Type\n\
                a;x;100;10;90;24/11/2026 10:00;VND;PAY\n\
                b;y;50;2;52;24/11/2026 11:00;VND;BACK\n\
                2;;50;12;38;;;SUM\n";
    let toml = r#"
        delimiter = ";"
        encoding = "utf-8"
        numbers = {}
        refund_sign = "positive"
        columns = { provider_txn = "Txn", order_ref = "Ref", gross = "Gross", fee = "Fee", net = "Net", currency = "Ccy", paid_at = { header = "Time", format = "%d/%m/%Y %H:%M" }, type = "Type" }
        types = { PAY = "payment", BACK = "refund" }
        totals = { header = "Type", marker = "SUM", count = "Txn" }
    "#;
    let profile: SettlementProfile = toml::from_str(toml).unwrap();
    let read = |text: &str, profile: &SettlementProfile| statement::read_settlement(text.as_bytes(), profile);
    let file = read(text, &profile).unwrap();
    assert_eq!((file.gross, file.refunds, file.fee, file.net, file.settled_on), (100, -50, 12, 38, None));
    assert_eq!((file.rows[1].gross, file.rows[1].net, file.rows[1].status), (-50, -52, Status::Success));
    for (from, to, line, reason) in [
        ("2;;50", "3;;50", 4, Reason::Total("number of rows")),
        ("b;y;50;2;52", "b;y;-50;2;52", 3, Reason::Unfit("the sign of a refund".to_owned())),
        ("00;VND;BACK", "00;USD;BACK", 3, Reason::OtherCurrency),
        ("00;VND;BACK", "00;;BACK", 3, Reason::OtherCurrency),
    ] {
        let error = read(&text.replacen(from, to, 1), &profile).unwrap_err();
        assert_eq!((error.at.line, error.reason), (line, reason), "{to}");
    }
    let negative = SettlementProfile { refund_sign: RefundSign::Negative, ..profile };
    assert_eq!(read(text, &negative).unwrap_err().at.line, 3);
}

#[test]
fn a_profile_that_contradicts_itself_or_has_another_key_reads_nothing() {
    let spoil: [fn(&mut SettlementProfile); 7] = [
        |p| p.delimiter = ':',
        |p| p.numbers.grouping = Some('1'),
        |p| p.columns.paid_at.format = "%d/%m/%Y".to_owned(),
        |p| p.columns.settled_on.as_mut().unwrap().format = "dd/MM/yyyy".to_owned(),
        |p| p.types.clear(),
        |p| p.columns.kind = None,
        |p| p.columns.status = None,
    ];
    for (i, spoil) in spoil.iter().enumerate() {
        let mut profile = profile();
        spoil(&mut profile);
        let error = statement::read_settlement(DAY.as_bytes(), &profile).unwrap_err();
        assert!(matches!(error.reason, Reason::Profile(_)), "{i}: {error}");
    }
    let toml = built_in("vnpay-settlement");
    for (key, bad) in [
        ("order_ref =", "our_ref ="),
        ("\"refund\"", "\"chargeback\""),
        ("refund_sign", "sign"),
        ("[totals]", "[sums]"),
    ] {
        let text = toml.replacen(key, bad, 1);
        assert_ne!(text, toml);
        assert!(toml::from_str::<SettlementProfile>(&text).is_err(), "{bad}");
    }
}

#[test]
fn every_built_in_profile_is_one() {
    for (name, toml) in BUILT_IN {
        let read = if name.ends_with("-settlement") {
            toml::from_str::<SettlementProfile>(toml).map(|_| ())
        } else {
            toml::from_str::<Profile>(toml).map(|_| ())
        };
        assert_eq!(read, Ok(()), "{name}");
    }
    let bank: Profile = toml::from_str(built_in("synthetic-bank")).unwrap();
    // a layout is of many accounts
    let of_one: Profile = serde_json::from_str(crate::table::PROFILE).unwrap();
    assert_eq!(bank, Profile { account: None, ..of_one });
}

/// Foreign bytes never panic: one byte of the file changed at a time.
#[test]
fn a_changed_byte_is_read_or_refused() {
    let profile = profile();
    for place in 0..DAY.len() {
        for byte in [0, b'"', b',', b'-', b'9', b'\n', 0xFF] {
            let mut bytes = DAY.as_bytes().to_vec();
            bytes[place] = byte;
            if let Err(error) = statement::read_settlement(&bytes, &profile) {
                assert!(error.at.line <= 1 + bytes.iter().filter(|b| **b == b'\n').count());
            }
        }
    }
}
