//! Lines that leave the reader as they are read are those of the whole file, and nothing of a bad file is left standing.

use crate::own;
use crate::table::{PROFILE, mended_export};
use jiff::civil::date;
use statement::{Format, Head, Line, LineState, Period, Profile, ReadError, Reason, Sink, Summary};
use std::ops::ControlFlow;

/// Remembers all, and stops before line `stop`.
#[derive(Default)]
struct Heard {
    heads: Vec<Head>,
    lines: Vec<(usize, Line, LineState)>,
    stop: Option<usize>,
}

impl Sink for Heard {
    fn statement(&mut self, head: &Head) -> ControlFlow<()> {
        self.heads.push(head.clone());
        if self.stop == Some(0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn line(&mut self, line: Line, state: LineState) -> ControlFlow<()> {
        self.lines.push((self.heads.len(), line, state));
        if self.stop == Some(self.lines.len()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn hear(bytes: &[u8], format: Format<'_>) -> (Heard, Result<Summary, ReadError>) {
    let mut heard = Heard::default();
    let summary = statement::read_into(bytes, format, &mut heard);
    (heard, summary)
}

fn camt(above: &str, entries: &str) -> String {
    format!(
        "<Document><BkToCstmrStmt><Stmt><Id>S</Id>{above}<Acct><Id><IBAN>1</IBAN></Id></Acct>{entries}</Stmt></BkToCstmrStmt></Document>"
    )
}

const ENTRY: &str = "<Ntry><Amt Ccy=\"VND\">5</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>\
                     <BookgDt><Dt>2026-11-24</Dt></BookgDt></Ntry>";

fn files(profile: &Profile) -> Vec<(&'static str, Vec<u8>, Format<'_>)> {
    let mut files: Vec<(&str, Vec<u8>, Format<'_>)> =
        ["bidv-like.camt.053.001.02.xml", "bidv-like.camt.054.001.08.xml"]
            .map(|name| (name, own(name), Format::Detect))
            .into();
    files.push(("bidv-like.mt940", own("bidv-like.mt940"), Format::Detect));
    files.push(("bank-export.csv", mended_export(), Format::Csv(profile)));
    let pending = ENTRY.replace("BOOK", "PDNG");
    files.push(("pending", camt("", &format!("{ENTRY}{pending}{ENTRY}")).into_bytes(), Format::Detect));
    files
}

#[test]
fn what_is_handed_over_is_what_a_whole_file_holds() {
    let profile: Profile = serde_json::from_str(PROFILE).unwrap();
    for (name, bytes, format) in files(&profile) {
        let file = statement::read(&bytes, format).unwrap();
        let (heard, summary) = hear(&bytes, format);
        let summary = summary.unwrap();
        assert_eq!((summary.sha256, summary.format), (file.sha256, file.format), "{name}");
        assert_eq!((summary.statements.len(), heard.heads.len()), (file.statements.len(), file.statements.len()));
        for (i, (told, whole)) in summary.statements.into_iter().zip(file.statements).enumerate() {
            assert_eq!(told.head, heard.heads[i], "{name}");
            assert_eq!((told.lines, told.pending), (whole.lines.len(), whole.pending.len()), "{name}");
            assert_eq!((told.head.opening, told.closing), (whole.opening, whole.closing), "{name}");
            let lines = |state| heard.lines.iter().filter(move |(s, _, st)| (*s, *st) == (i + 1, state));
            assert!(lines(LineState::Booked).map(|(_, line, _)| line).eq(&whole.lines), "{name}");
            assert!(lines(LineState::Pending).map(|(_, line, _)| line).eq(&whole.pending), "{name}");
            let days = whole.lines.iter().filter_map(|l| l.booking_date);
            assert_eq!(told.days.map(|d| d.from), days.clone().min(), "{name}");
            assert_eq!(told.days.map(|d| d.to), days.max(), "{name}");
        }
        assert!(heard.lines.iter().enumerate().all(|(i, (_, line, _))| line.line_no == i + 1), "{name}");
    }
}

#[test]
fn a_sink_that_stops_ends_the_reading() {
    let profile: Profile = serde_json::from_str(PROFILE).unwrap();
    for (name, bytes, format) in files(&profile) {
        for stop in 0..3 {
            let mut heard = Heard { stop: Some(stop), ..Heard::default() };
            let error = statement::read_into(&bytes, format, &mut heard).unwrap_err();
            assert_eq!((error.reason, heard.lines.len()), (Reason::Stopped, stop), "{name}");
        }
    }
}

/// The error comes after the lines: it is the answer that counts.
#[test]
fn a_file_that_does_not_tie_is_refused_although_its_lines_were_handed_over() {
    let text = String::from_utf8(own("bidv-like.mt940")).unwrap();
    let (heard, summary) =
        hear(text.replace(":62F:C261124VND12498900", ":62F:C261124VND12498901").as_bytes(), Format::Mt940);
    assert_eq!(heard.lines.len(), 7);
    assert!(matches!(summary.unwrap_err().reason, Reason::Balance { .. }));
}

#[test]
fn pages_of_one_statement_have_one_head() {
    let one = ":20:A\n:25:1\n:28C:7/1\n:60F:C260320EUR1,00\n:62M:C260320EUR1,00\n-\n";
    let two = ":20:B\n:25:1\n:28C:7/2\n:60M:C260320EUR1,00\n:61:260320D1,NTRFNONREF\n:62F:C260321EUR0,00\n-\n";
    let next = ":20:C\n:25:1\n:28C:8\n:60F:C260321EUR0,00\n:62F:C260322EUR0,00\n-\n";
    let (heard, summary) = hear(format!("{one}{two}{next}").as_bytes(), Format::Mt940);
    let statements = summary.unwrap().statements;
    assert_eq!(heard.heads.iter().map(|h| h.id.as_str()).collect::<Vec<_>>(), ["A", "C"]);
    assert_eq!(statements.iter().map(|s| (s.head.id.as_str(), s.lines)).collect::<Vec<_>>(), [("A", 1), ("C", 0)]);
    assert_eq!(statements[0].head.opening.and_then(|b| b.date), Some(date(2026, 3, 20)));
    assert_eq!(statements[0].closing.and_then(|b| b.date), Some(date(2026, 3, 21)));
}

#[test]
fn the_head_of_a_camt_stands_before_its_entries() {
    let period = "<FrToDt><FrDtTm>2026-11-24T00:00:00</FrDtTm><ToDtTm>2026-11-25T23:59:59+07:00</ToDtTm></FrToDt>";
    let (heard, _) = hear(camt(period, ENTRY).as_bytes(), Format::Camt);
    assert_eq!(heard.heads[0].period, Some(Period { from: date(2026, 11, 24), to: date(2026, 11, 25) }));
    for late in
        [period, "<ElctrncSeqNb>1</ElctrncSeqNb>", "<CpyDplctInd>DUPL</CpyDplctInd>", "<Acct><Ccy>VND</Ccy></Acct>"]
    {
        let (_, refused) = hear(camt("", &format!("{ENTRY}{late}")).as_bytes(), Format::Camt);
        assert!(matches!(refused.unwrap_err().reason, Reason::Unexpected(_)), "{late}");
    }
    let (heard, refused) = hear(camt("", ENTRY).replace("<Id>S</Id>", "").as_bytes(), Format::Camt);
    assert_eq!((heard.lines.len(), refused.unwrap_err().reason), (0, Reason::Missing("Id".to_owned())));
}

/// Balances after the entries, as no schema has them but some banks do: known in the summary, not in the head.
#[test]
fn balances_may_come_after_the_lines() {
    let balance = |code: &str, dong: i64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"VND\">{dong}</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal>"
        )
    };
    let late = format!("{ENTRY}{}{}", balance("OPBD", 1), balance("CLBD", 6));
    let (heard, summary) = hear(camt("", &late).as_bytes(), Format::Camt);
    assert_eq!(heard.heads[0].opening, None);
    let statement = &summary.unwrap().statements[0];
    assert_eq!(statement.head.opening.map(|b| b.amount.minor), Some(1));
    assert_eq!(statement.closing.and_then(|b| b.date), Some(date(2026, 11, 24)));
    assert!(hear(camt("", &late.replace(">6<", ">7<")).as_bytes(), Format::Camt).1.is_err());
}
