//! ISO 20022 camt.053 and camt.054 in the versions 02 and 08. Refuses nothing: what is in the books fits the XSD.

use super::super::book::{Direction, Transaction};
use super::{Damage, Day, Statement};

#[derive(Clone, Copy)]
pub(super) struct Dialect {
    message: &'static str,
    root: &'static str,
    each: &'static str,
    v8: bool,
    balances: bool,
}

pub(super) const CAMT_053_V2: Dialect =
    Dialect { message: "camt.053.001.02", root: "BkToCstmrStmt", each: "Stmt", v8: false, balances: true };
pub(super) const CAMT_053_V8: Dialect = Dialect { message: "camt.053.001.08", v8: true, ..CAMT_053_V2 };
pub(super) const CAMT_054_V2: Dialect =
    Dialect { message: "camt.054.001.02", root: "BkToCstmrDbtCdtNtfctn", each: "Ntfctn", v8: false, balances: false };
pub(super) const CAMT_054_V8: Dialect = Dialect { message: "camt.054.001.08", v8: true, ..CAMT_054_V2 };

/// Max140Text of RmtInf/Ustrd.
const USTRD: usize = 140;

pub(super) fn write(statement: &Statement, dialect: Dialect) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if statement.damage == Some(Damage::Doctype) {
        xml.push_str("<!DOCTYPE Document [<!ENTITY bank \"BANK\">]>\n");
    }
    let Dialect { message, root, each, .. } = dialect;
    let (id, created) = statement.days.last().map(|day| (id(statement, day), created(day))).unwrap_or_default();
    xml.push_str(&format!("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{message}\"><{root}>"));
    xml.push_str(&format!("<GrpHdr><MsgId>{id}</MsgId><CreDtTm>{created}</CreDtTm></GrpHdr>\n"));
    for day in &statement.days {
        xml.push_str(&format!("<{each}>{}</{each}>\n", of_day(statement, day, dialect)));
    }
    xml.push_str(&format!("</{root}></Document>\n"));
    xml
}

fn id(statement: &Statement, day: &Day) -> String {
    format!("ST{}-{}", day.date.strftime("%Y%m%d"), statement.account.number)
}

/// Five minutes after the day's end.
fn created(day: &Day) -> String {
    let next = day.date.tomorrow().unwrap_or(day.date);
    format!("{}T00:05:00+07:00", next.strftime("%Y-%m-%d"))
}

fn of_day(statement: &Statement, day: &Day, dialect: Dialect) -> String {
    let currency = statement.currency();
    let mut xml = format!("<Id>{}</Id><ElctrncSeqNb>{}</ElctrncSeqNb>", id(statement, day), day.sequence);
    xml.push_str(&format!("<CreDtTm>{}</CreDtTm>", created(day)));
    xml.push_str(&format!("<Acct><Id><Othr><Id>{}</Id></Othr></Id>", statement.account_number()));
    xml.push_str(&format!("<Ccy>{currency}</Ccy><Nm>{}</Nm>", text(&statement.account.name, 70)));
    let servicer = match (statement.bic(), dialect.v8) {
        (Some(bic), false) => format!("<BIC>{bic}</BIC>"),
        (Some(bic), true) => format!("<BICFI>{bic}</BICFI>"),
        (None, _) => format!("<Othr><Id>{}</Id></Othr>", statement.account.bin),
    };
    xml.push_str(&format!("<Svcr><FinInstnId>{servicer}</FinInstnId></Svcr></Acct>\n"));
    if dialect.balances {
        for (code, amount) in [("OPBD", day.opening), ("CLBD", statement.closing(day))] {
            xml.push_str(&format!("<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"));
            xml.push_str(&money(amount.abs(), currency));
            xml.push_str(if amount < 0 { "<CdtDbtInd>DBIT</CdtDbtInd>" } else { "<CdtDbtInd>CRDT</CdtDbtInd>" });
            xml.push_str(&format!("<Dt><Dt>{}</Dt></Dt></Bal>\n", day.date));
        }
    }
    for (number, entry) in (1..).zip(&day.entries) {
        xml.push_str(&format!("<Ntry><NtryRef>{number}</NtryRef>{}</Ntry>\n", of_entry(entry, currency, dialect)));
    }
    xml
}

fn money(amount: i64, currency: &str) -> String {
    format!("<Amt Ccy=\"{currency}\">{amount}</Amt>")
}

/// Not above zero in the books means a debit here: a credit taken back is DBIT with RvslInd.
fn of_entry(entry: &Transaction, currency: &str, dialect: Dialect) -> String {
    let (way, family) = match entry.direction {
        Direction::In => ("CRDT", "RCDT"),
        Direction::Out => ("DBIT", "ICDT"),
    };
    let money = money(entry.amount, currency);
    let way = format!("<CdtDbtInd>{way}</CdtDbtInd>");
    let reference = text(&entry.reference, 35);
    let mut xml = format!("{money}{way}");
    if entry.reversal_of.is_some() {
        xml.push_str("<RvslInd>true</RvslInd>");
    }
    xml.push_str(if dialect.v8 { "<Sts><Cd>BOOK</Cd></Sts>" } else { "<Sts>BOOK</Sts>" });
    let booked = entry.booked().strftime("%Y-%m-%dT%H:%M:%S+07:00");
    xml.push_str(&format!("<BookgDt><DtTm>{booked}</DtTm></BookgDt><ValDt><Dt>{}</Dt></ValDt>", entry.value_date()));
    xml.push_str(&format!("<AcctSvcrRef>{reference}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd>"));
    xml.push_str("<SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls>");
    xml.push_str(&format!("<Refs><AcctSvcrRef>{reference}</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"));
    match dialect.v8 {
        true => xml.push_str(&format!("{money}{way}")),
        false => xml.push_str(&format!("<AmtDtls><TxAmt>{money}</TxAmt></AmtDtls>")),
    }
    xml.push_str(&parties(entry, dialect));
    let characters: Vec<char> = entry.content.chars().collect();
    let parts = characters.chunks(USTRD).map(|part| part.iter().collect::<String>());
    let parts: String = parts.map(|part| format!("<Ustrd>{}</Ustrd>", text(&part, USTRD))).collect();
    if !parts.is_empty() {
        xml.push_str(&format!("<RmtInf>{parts}</RmtInf>"));
    }
    xml + "</TxDtls></NtryDtls>"
}

/// A reversal keeps the parties of what it takes back.
fn parties(entry: &Transaction, dialect: Dialect) -> String {
    let role = if entry.direction == Direction::In || entry.reversal_of.is_some() { "Dbtr" } else { "Cdtr" };
    let name = format!("<Nm>{}</Nm>", text(&entry.payer_name, 140));
    let name = if dialect.v8 { format!("<Pty>{name}</Pty>") } else { name };
    let account = |role: &str, number: &str| {
        format!("<{role}Acct><Id><Othr><Id>{}</Id></Othr></Id></{role}Acct>", text(number, 34))
    };
    let mut xml = format!("<RltdPties><{role}>{name}</{role}>{}", account(role, &entry.payer_account));
    if let Some(number) = &entry.virtual_account {
        xml.push_str(&account("Cdtr", number));
    }
    xml + "</RltdPties>"
}

/// Cut and escaped.
fn text(text: &str, longest: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars().take(longest) {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}
