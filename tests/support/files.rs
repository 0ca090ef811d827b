//! Files that staff send: statements of the bank, settlement files of the provider, and small ones written here.

use crate::bank::{ACCOUNT, BIN};
use crate::portal::{Answered, fresh};
use crate::{House, bank};
use serde_json::Value;
use std::fmt::Write;

/// By what text VNPAY's payouts are known.
pub const PAYOUT: &str = "VNPAY TT";

/// As the books name the first beneficiary's account.
pub fn account() -> String {
    format!("{BIN}.{ACCOUNT}")
}

/// A line of a small statement: amount (credit +), the bank's reference, the text.
pub type Line<'a> = (i64, &'a str, &'a str);

/// An MT940 statement of one day (SWIFT: `:20:` to `:62F:`) that ties out.
pub fn mt940(number: &str, day: jiff::civil::Date, opening: i64, lines: &[Line<'_>]) -> Vec<u8> {
    let mark = |amount: i64| if amount < 0 { 'D' } else { 'C' };
    let date = day.strftime("%y%m%d");
    let mut text = format!(":20:STM{date}\r\n:25:{number}\r\n:28C:1/1\r\n");
    let _ = write!(text, ":60F:{}{date}VND{},\r\n", mark(opening), opening.abs());
    let mut closing = opening;
    for (amount, reference, narrative) in lines {
        closing += amount;
        let entry = day.strftime("%m%d");
        let named = if reference.is_empty() { String::new() } else { format!("//{reference}") };
        let _ = write!(text, ":61:{date}{entry}{}{},NTRFNONREF{named}\r\n", mark(*amount), amount.abs());
        let _ = write!(text, ":86:{narrative}\r\n");
    }
    let _ = write!(text, ":62F:{}{date}VND{},\r\n", mark(closing), closing.abs());
    text.into_bytes()
}

/// An entry of a small camt file: amount (credit +), the bank's reference, and what it was made of, with a text each.
pub type Entry<'a> = (i64, &'a str, &'a [(i64, &'a str)]);

/// A camt message of one day: a statement (`camt.053.001.02`) that ties out, or without an opening balance a notification
/// (`camt.054.001.02`).
pub fn camt(number: &str, day: jiff::civil::Date, opening: Option<i64>, entries: &[Entry<'_>]) -> Vec<u8> {
    let (message, root, part) = match opening {
        Some(_) => ("053", "BkToCstmrStmt", "Stmt"),
        None => ("054", "BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    };
    let sign = |amount: i64| if amount < 0 { "DBIT" } else { "CRDT" };
    let amount = |of: i64| format!("<Amt Ccy=\"VND\">{}</Amt>", of.abs());
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.02\"><{root}>\
         <GrpHdr><MsgId>M{day}</MsgId><CreDtTm>{day}T23:00:00+07:00</CreDtTm></GrpHdr>\
         <{part}><Id>S{day}</Id><CreDtTm>{day}T23:00:00+07:00</CreDtTm>\
         <Acct><Id><Othr><Id>{number}</Id></Othr></Id><Ccy>VND</Ccy></Acct>"
    );
    let moved: i64 = entries.iter().map(|(amount, ..)| amount).sum();
    for (code, balance) in opening.iter().flat_map(|opening| [("OPBD", *opening), ("CLBD", opening + moved)]) {
        let (value, mark) = (amount(balance), sign(balance));
        let _ = write!(text, "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{value}");
        let _ = write!(text, "<CdtDbtInd>{mark}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>");
    }
    for (whole, reference, parts) in entries {
        let (value, mark) = (amount(*whole), sign(*whole));
        let _ =
            write!(text, "<Ntry>{value}<CdtDbtInd>{mark}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt>");
        let _ = write!(text, "<ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef>");
        let _ = write!(text, "<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd><NtryDtls>");
        for (part, narrative) in *parts {
            let value = amount(*part);
            let _ = write!(text, "<TxDtls><AmtDtls><TxAmt>{value}</TxAmt></AmtDtls>");
            let _ = write!(text, "<RmtInf><Ustrd>{narrative}</Ustrd></RmtInf></TxDtls>");
        }
        text.push_str("</NtryDtls></Ntry>");
    }
    let _ = write!(text, "</{part}></{root}></Document>");
    text.into_bytes()
}

impl House {
    /// The first beneficiary once had this account too.
    pub async fn had_account(&self, number: &str) {
        self.had_account_of(number, crate::BENEFICIARY).await;
    }

    /// The same of another beneficiary.
    pub async fn had_account_of(&self, number: &str, beneficiary: &str) {
        self.ask(&format!(
            "insert into beneficiary_account (beneficiary_code, in_force_from, account_kind, bank_bin, account_number,
                 account_name, proposed_by)
             select '{beneficiary}', least(now() - interval '1 year', min(in_force_from) - interval '1 second'),
                    'bank', '{BIN}', '{number}', 'DON VI THU HUONG MAU', 'test'
             from beneficiary_account where beneficiary_code = '{beneficiary}'",
        ))
        .await;
        self.accounts_are_told().await;
    }

    /// What a test wrote into the accounts itself stands in the audit trail as if the program had.
    pub async fn accounts_are_told(&self) {
        self.ask(
            "with line as (
                 insert into audit (actor, action, subject)
                 select 'test', 'account_set', text from assurance.beneficiary_account
                 where text not in (select subject from audit) returning id)
             insert into unsealed (kind, subject_id) select 'audit', 'aud_' || id from line",
        )
        .await;
    }

    /// Sends a statement of an account of ours.
    pub async fn sends_statement(&self, account: &str, format: &str, bytes: Vec<u8>) -> Answered {
        let path = format!("/v1/statements?account={account}&format={format}");
        self.sends_file(&path, &format!("file-{}", fresh()), bytes).await
    }

    pub async fn sends_file(&self, path: &str, key: &str, bytes: Vec<u8>) -> Answered {
        let call = self.http.post(format!("{}{path}", self.staff.base)).bearer_auth(&self.staff.key);
        let call = call.header("Idempotency-Key", key).timeout(std::time::Duration::from_secs(600)).body(bytes);
        Answered::of(call.send().await.unwrap()).await
    }

    /// The bank's statement of an account for a day, as its bytes.
    pub async fn bank_statement(&self, number: &str, format: &str, day: &str) -> Vec<u8> {
        let base = &self.bank.as_ref().unwrap().url;
        let url = format!("{base}/_sim/bank/statement?account={number}&format={format}&date={day}");
        let answer = self.http.get(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.bytes().await.unwrap().to_vec()
    }

    /// The first beneficiary's account, imported in this format of the bank's.
    pub async fn imports(&self, format: &str, day: &str) -> Value {
        let bytes = self.bank_statement(bank::ACCOUNT, format, day).await;
        let said = match format {
            "csv" => "csv:synthetic-bank",
            _ => "auto",
        };
        let answer = self.sends_statement(&account(), said, bytes).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        answer.json
    }

    /// Where VNPAY's payouts come to, and how they read there.
    pub async fn pays_out_to(&self, account: &str) {
        let db = self.gateway.ctx.pool.get().await.unwrap();
        assert!(storage::profiles::put_payouts(&db, "vnpay_main", account, PAYOUT).await.unwrap());
    }

    /// VNPAY's settlement file of a day.
    pub async fn settlement(&self, day: &str) -> Vec<u8> {
        let url = format!("{}/_sim/settlement?date={day}", self.vnpay.url);
        self.http.get(url).send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// VNPAY's settlement file of a day, imported.
    pub async fn settles(&self, day: &str) -> Answered {
        self.sends_settlement(self.settlement(day).await).await
    }

    /// Sends a settlement file of VNPAY's.
    pub async fn sends_settlement(&self, bytes: Vec<u8>) -> Answered {
        self.sends_file("/v1/settlements?profile=vnpay_main", &format!("file-{}", fresh()), bytes).await
    }

    /// What VNPAY pays out for a day.
    pub async fn payout(&self, day: &str) -> Value {
        let url = format!("{}/_sim/settlement/payout?date={day}", self.vnpay.url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}

/// A row of a small settlement file, in VNPAY's words.
#[derive(Clone)]
pub struct Row<'a> {
    pub kind: &'a str,
    pub status: &'a str,
    pub txn: &'a str,
    pub order: &'a str,
    pub original: &'a str,
    /// What comes in is positive.
    pub gross: i64,
    pub fee: i64,
    pub day: jiff::civil::Date,
}

impl Row<'_> {
    pub fn new<'a>(kind: &'a str, txn: &'a str, gross: i64, fee: i64) -> Row<'a> {
        Row { kind, status: "Thành công", txn, order: "", original: "", gross, fee, day: today() }
    }
}

/// A settlement file of these rows, in the layout of the simulated VNPAY, that ties out.
pub fn vnpay_file(rows: &[Row<'_>]) -> Vec<u8> {
    let mut text = String::from(
        "\u{feff}STT,Mã giao dịch VNPAY,Mã đơn hàng,Mã website,Loại giao dịch,Trạng thái,Số tiền giao dịch,Phí,\
         Số tiền thanh toán,Thời gian giao dịch,Ngày thanh quyết toán,Mã giao dịch gốc\r\n",
    );
    for (no, r) in (1..).zip(rows) {
        let (day, paid) = (r.day.tomorrow().unwrap().strftime("%d/%m/%Y"), r.day.strftime("%d/%m/%Y"));
        let net = r.gross - r.fee;
        let _ = write!(text, "{no},{},{},{},{},{},", r.txn, r.order, crate::TMN_CODE, r.kind, r.status);
        let _ = write!(text, "{},{},{net},{paid} 00:00:01,{day},{}\r\n", r.gross, r.fee, r.original);
    }
    let done = || rows.iter().filter(|r| r.status == "Thành công");
    let (gross, fee) = (done().map(|r| r.gross).sum::<i64>(), done().map(|r| r.fee).sum::<i64>());
    let _ = write!(text, "Tổng cộng,,,,,,{gross},{fee},{},,,\r\n", gross - fee);
    text.into_bytes()
}

/// Today in Hanoi.
pub fn today() -> jiff::civil::Date {
    domain::business_day::business_date(jiff::Timestamp::now())
}
