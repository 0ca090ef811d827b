//! A statement of any length in each format, as a busy collecting account would have it.

use std::fmt::Write as _;

const OPENING: u64 = 10_000_000;

pub const CSV_PROFILE: &str = r#"
    delimiter = ","
    encoding = "utf-8-bom"
    account = "8630123456789"
    currency = "VND"
    columns.booking_date = { header = "Ngày hiệu lực", format = "%d/%m/%Y" }
    columns.value_date = { header = "Ngày giao dịch", format = "%d/%m/%Y %H:%M:%S" }
    columns.bank_ref = "Số tham chiếu"
    columns.text = "Nội dung"
    columns.balance = "Số dư"
    amounts.columns = { credit = "Ghi có", debit = "Ghi nợ" }
    numbers = { grouping = ",", decimal = "." }
"#;

/// Whole đồng of a line, all credits.
fn amount(i: usize) -> u64 {
    50_000 + 1_000 * (i as u64 % 1_000)
}

fn sum(lines: usize) -> u64 {
    (0..lines).map(amount).sum()
}

fn grouped(dong: u64) -> String {
    let digits = dong.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
    groups.join(",")
}

fn text(i: usize) -> String {
    format!("MBVCB.{:010}.704314.LC7K{i:07} nop phi", i * 7)
}

pub fn csv(lines: usize) -> Vec<u8> {
    let mut file = String::with_capacity(lines * 140 + 200);
    file += "\u{feff}Ngày giao dịch,Ngày hiệu lực,Số tham chiếu,Ghi nợ,Ghi có,Số dư,Nội dung\r\n";
    let mut balance = OPENING;
    for i in 0..lines {
        balance += amount(i);
        let (amount, balance, text) = (grouped(amount(i)), grouped(balance), text(i));
        let _ = write!(file, "24/11/2026 14:02:37,24/11/2026,FT{i:014},,\"{amount}\",\"{balance}\",{text}\r\n");
    }
    file.into_bytes()
}

pub fn mt940(lines: usize) -> Vec<u8> {
    let mut file = String::with_capacity(lines * 110 + 200);
    let _ = write!(file, ":20:S1\r\n:25:8630123456789\r\n:28C:328/1\r\n:60F:C261124VND{OPENING},00\r\n");
    for i in 0..lines {
        let _ = write!(file, ":61:2611241124C{},00NTRFNONREF//FT{i:014}\r\n:86:{}\r\n", amount(i), text(i));
    }
    let _ = write!(file, ":62F:C261124VND{},00\r\n-\r\n", OPENING + sum(lines));
    file.into_bytes()
}

pub fn camt(lines: usize) -> Vec<u8> {
    let balance = |code: &str, dong: u64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"VND\">{dong}</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal>\n"
        )
    };
    let mut file = String::with_capacity(lines * 760 + 2_000);
    file += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr/>\n\
             <Stmt><Id>S1</Id><ElctrncSeqNb>328</ElctrncSeqNb>\
             <Acct><Id><Othr><Id>8630123456789</Id></Othr></Id><Ccy>VND</Ccy></Acct>\n";
    file += &balance("OPBD", OPENING);
    file += &balance("CLBD", OPENING + sum(lines));
    for i in 0..lines {
        let _ = write!(
            file,
            "<Ntry>\n <Amt Ccy=\"VND\">{}</Amt>\n <CdtDbtInd>CRDT</CdtDbtInd>\n <Sts><Cd>BOOK</Cd></Sts>\n \
             <BookgDt><Dt>2026-11-24</Dt></BookgDt>\n <ValDt><Dt>2026-11-24</Dt></ValDt>\n \
             <AcctSvcrRef>FT{i:014}</AcctSvcrRef>\n <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>\
             <SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>\n <NtryDtls><TxDtls>\n  \
             <Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>\n  <RltdPties><Dbtr><Pty><Nm>NGUYEN VAN A</Nm></Pty></Dbtr>\
             <DbtrAcct><Id><Othr><Id>0071001104999</Id></Othr></Id></DbtrAcct></RltdPties>\n  \
             <RmtInf><Ustrd>{}</Ustrd></RmtInf>\n </TxDtls></NtryDtls>\n</Ntry>\n",
            amount(i),
            text(i),
        );
    }
    file += "</Stmt></BkToCstmrStmt></Document>\n";
    file.into_bytes()
}

/// In the layout of the built-in profile `vnpay-settlement`.
pub fn settlement(rows: usize) -> Vec<u8> {
    let mut file = String::with_capacity(rows * 190 + 1_000);
    file += "\u{feff}STT,Mã giao dịch VNPAY,Mã đơn hàng,Mã website,Loại giao dịch,Trạng thái,Số tiền giao dịch,Phí,\
             Số tiền thanh toán,Thời gian giao dịch,Ngày thanh quyết toán,Mã giao dịch gốc\r\n";
    for i in 0..rows {
        let (gross, net) = (grouped(amount(i)), grouped(amount(i) - 1_100));
        let _ = write!(
            file,
            "{},{},LC{i:09},LAOCAI01,Thanh toán,Thành công,\"{gross}\",\"1,100\",\"{net}\",24/11/2026 14:02:37,25/11/2026,\r\n",
            i + 1,
            14_000_000 + i,
        );
    }
    let fees = 1_100 * rows as u64;
    let (gross, fee, net) = (grouped(sum(rows)), grouped(fees), grouped(sum(rows) - fees));
    let _ = write!(file, "Tổng cộng,,,,,,\"{gross}\",\"{fee}\",\"{net}\",,,\r\n");
    file.into_bytes()
}
