//! camt: versions, batches, totals, directions.

use crate::detect;
use statement::{Batch, File, ReadError, Reason};

fn file(namespace: &str, inner: &str) -> String {
    format!(
        "<Document xmlns=\"{namespace}\"><BkToCstmrStmt><GrpHdr/><Stmt><Id>S1</Id><Acct><Id><Othr><Id>863</Id></Othr></Id>\
         <Ccy>VND</Ccy></Acct>{inner}</Stmt></BkToCstmrStmt></Document>"
    )
}

fn read(inner: &str) -> Result<File, ReadError> {
    detect(&file("urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", inner))
}

fn balance(code: &str, dong: i64) -> String {
    let mark = if dong < 0 { "DBIT" } else { "CRDT" };
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"VND\">{}</Amt><CdtDbtInd>{mark}</CdtDbtInd>\
         <Dt><Dt>2026-11-24</Dt></Dt></Bal>",
        dong.abs()
    )
}

fn entry(dong: i64, rest: &str) -> String {
    let mark = if dong < 0 { "DBIT" } else { "CRDT" };
    format!(
        "<Ntry><Amt Ccy=\"VND\">{}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BookgDt><Dt>2026-11-24</Dt></BookgDt><AcctSvcrRef>E1</AcctSvcrRef>{rest}</Ntry>",
        dong.abs()
    )
}

fn part(amount: &str, text: &str) -> String {
    format!(
        "<TxDtls><Refs><AcctSvcrRef>T-{text}</AcctSvcrRef></Refs>{amount}<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
    )
}

fn amt(ccy: &str, amount: &str) -> String {
    format!("<Amt Ccy=\"{ccy}\">{amount}</Amt>")
}

#[test]
fn versions_2_to_13_are_read_under_any_prefix() {
    for version in 0..=20 {
        for message in ["camt.053", "camt.054", "camt.052", "pain.001"] {
            let namespace = format!("urn:iso:std:iso:20022:tech:xsd:{message}.001.{version:02}");
            let ok = (2..=13).contains(&version) && ["camt.053", "camt.054"].contains(&message);
            assert_eq!(detect(&file(&namespace, "")).is_ok(), ok, "{namespace}");
        }
    }
    let prefixed = file("urn:iso:std:iso:20022:tech:xsd:camt.053.001.02", &entry(5, ""));
    let prefixed = prefixed.replace("</", "</ns2:").replace('<', "<ns2:").replace("<ns2:/ns2:", "</ns2:");
    let prefixed = prefixed.replace("xmlns=", "xmlns:ns2=");
    assert_eq!(detect(&prefixed).unwrap().statements[0].lines.len(), 1);
    assert!(read("").is_ok_and(|f| f.statements[0].lines.is_empty()));
}

#[test]
fn a_batch_becomes_lines_only_if_its_amounts_are_the_entrys() {
    let three =
        |amounts: [&str; 3]| -> String { amounts.iter().zip(["a", "b", "c"]).map(|(a, t)| part(a, t)).collect() };
    let (one, two, four) = (amt("VND", "1"), amt("VND", "2"), amt("VND", "4"));
    let detailed = |amount: &str| format!("<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>");
    let back = format!("{one}<CdtDbtInd>DBIT</CdtDbtInd>");
    let dollar = amt("USD", "4");
    let btch = |count: usize, total: &str| format!("<Btch><NbOfTxs>{count}</NbOfTxs>{total}</Btch>");
    let cases = [
        ("amounts", String::new(), [&one, &two, &four], 7, vec![1, 2, 4]),
        ("debits", String::new(), [&one, &two, &four], -7, vec![-1, -2, -4]),
        ("version 2", String::new(), [&detailed(&one), &detailed(&two), &detailed(&four)], 7, vec![1, 2, 4]),
        ("one against the others", String::new(), [&back, &two, &four], 5, vec![-1, 2, 4]),
        ("one without amount", String::new(), [&one, &two, &String::new()], 3, vec![3]),
        ("other currency", String::new(), [&one, &two, &dollar], 7, vec![7]),
        ("count agrees", btch(3, "<TtlAmt Ccy=\"VND\">7</TtlAmt>"), [&one, &two, &four], 7, vec![1, 2, 4]),
    ];
    for (name, btch, amounts, whole, expected) in cases {
        let details = format!(
            "<NtryDtls>{btch}{}</NtryDtls><AddtlNtryInf>sum</AddtlNtryInf>",
            three(amounts.map(|a| a.as_str()))
        );
        let file =
            read(&format!("{}{}", entry(whole, &details), entry(9, ""))).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (last, lines) = file.statements[0].lines.split_last().unwrap();
        assert_eq!(lines.iter().map(|l| l.amount.minor).collect::<Vec<_>>(), expected, "{name}");
        assert_eq!(last.line_no, expected.len() + 1, "{name}");
        if let [line] = lines {
            assert_eq!((line.text.as_str(), line.batch), ("sum", Batch::Unsplit { of: 3 }), "{name}");
            assert_eq!(line.bank_ref.as_deref(), Some("E1"), "{name}");
        } else {
            assert_eq!((lines[1].text.as_str(), lines[1].batch), ("b", Batch::Part { no: 2, of: 3 }), "{name}");
            assert_eq!((lines[1].bank_ref.as_deref(), lines[1].line_no), (Some("T-b"), 2), "{name}");
        }
    }
}

#[test]
fn amounts_of_a_batch_that_are_not_the_entrys_refuse_the_file_at_its_line() {
    let parts = |amounts: [&str; 2]| amounts.map(|a| part(&amt("VND", a), "a")).concat();
    let detailed = |amounts: [&str; 2]| {
        amounts.map(|a| part(&format!("<AmtDtls><TxAmt>{}</TxAmt></AmtDtls>", amt("VND", a)), "a")).concat()
    };
    let btch = |count: usize, total: &str| format!("<Btch><NbOfTxs>{count}</NbOfTxs>{total}</Btch>");
    let cases = [
        (parts(["400", "601"]), "NtryDtls/TxDtls"),
        (detailed(["400", "601"]), "NtryDtls/TxDtls"),
        (parts(["400", "599"]), "NtryDtls/TxDtls"),
        (btch(3, "") + &parts(["400", "600"]), "NtryDtls/Btch/NbOfTxs"),
        (btch(2, "<TtlAmt Ccy=\"VND\">1001</TtlAmt>") + &parts(["400", "600"]), "NtryDtls/Btch/TtlAmt"),
        (btch(2, "<TtlAmt Ccy=\"USD\">10</TtlAmt>") + &parts(["400", "600"]), "NtryDtls/Btch/TtlAmt"),
    ];
    for (details, total) in cases {
        let entry = entry(1000, &format!("\n<NtryDtls>{details}</NtryDtls>\n"));
        let error = read(&format!("{}\n{entry}", self::entry(9, ""))).unwrap_err();
        assert_eq!(error.reason, Reason::Total(total), "{details}");
        assert_eq!(error.at.line, 4, "{details}");
    }
}

#[test]
fn balances_tie_or_the_file_is_refused() {
    let ok = format!("{}{}{}{}", balance("OPBD", -5), balance("CLBD", 4), entry(10, ""), entry(-1, ""));
    let statement = &read(&ok).unwrap().statements[0];
    assert_eq!(statement.opening.map(|b| b.amount.vnd().unwrap().dong()), Some(-5));
    let previous = ok.replace("OPBD", "PRCD");
    assert_eq!(read(&previous).unwrap().statements[0].opening, statement.opening);
    let refused = |inner: &str| read(inner).unwrap_err().reason;
    assert!(matches!(refused(&ok.replace(">10<", ">11<")), Reason::Balance { .. }));
    assert_eq!(refused(&ok.replace("CLBD", "CLAV")), Reason::Missing("CLBD".to_owned()));
    assert_eq!(refused(&ok.replace("OPBD", "OPAV")), Reason::Missing("OPBD".to_owned()));
    assert_eq!(refused(&format!("{ok}{}", balance("OPBD", -5))), Reason::Twice("OPBD".to_owned()));
    assert_eq!(
        refused(&ok.replace("<Ccy>VND</Ccy>", "").replace("Ccy=\"VND\">10<", "Ccy=\"USD\">10<")),
        Reason::OtherCurrency
    );
    assert_eq!(refused(&ok.replace(">10<", ">10.5<")), Reason::Unfit("Amt".to_owned()));
    assert!(read(&ok.replace(">10<", ">10.00000<")).is_ok());
    for bad in [">-10<", "><", ">1e1<", ">0x10<", ">10,00<", ">1 0<", ">99999999999999999999<"] {
        assert_eq!(refused(&ok.replace(">10<", bad)), Reason::Unfit("Amt".to_owned()), "{bad}");
    }
    assert_eq!(refused(&ok.replacen("Ccy=\"VND\">10<", "Ccy=\"QQQ\">10<", 1)), Reason::Unfit("Ccy".to_owned()));
    assert_eq!(refused(&ok.replacen(" Ccy=\"VND\">10<", ">10<", 1)), Reason::Missing("Ccy".to_owned()));
    assert_eq!(
        refused(&ok.replace("<BookgDt><Dt>2026-11-24", "<BookgDt><Dt>2026-02-30")),
        Reason::Unfit("BookgDt".to_owned())
    );
    assert_eq!(
        refused(&ok.replace("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<Sts>")),
        Reason::Missing("Ntry/CdtDbtInd".to_owned())
    );
}

#[test]
fn the_banks_own_totals_are_checked() {
    let entries = format!("{}{}{}", entry(10, ""), entry(-1, ""), entry(2, ""));
    let totals = |net: &str| {
        format!(
            "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries><Sum>13</Sum>{net}</TtlNtries><TtlCdtNtries>\
             <NbOfNtries>2</NbOfNtries><Sum>12.0</Sum></TtlCdtNtries><TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>1</Sum>\
             </TtlDbtNtries></TxsSummry>"
        )
    };
    let later = totals("<TtlNetNtry><Amt>11</Amt><CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry>");
    let version_2 = totals("<TtlNetNtryAmt>11</TtlNetNtryAmt><CdtDbtInd>CRDT</CdtDbtInd>");
    for good in [&later, &version_2] {
        assert!(read(&format!("{good}{entries}")).is_ok());
        for (from, to) in [
            ("<NbOfNtries>3<", "<NbOfNtries>4<"),
            ("<NbOfNtries>2<", "<NbOfNtries>1<"),
            ("<NbOfNtries>1<", "<NbOfNtries>0<"),
            (">13<", ">14<"),
            (">12.0<", ">12.1<"),
            ("<Sum>1<", "<Sum>2<"),
            (">11<", ">12<"),
            ("CRDT", "DBIT"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(&bad, good);
            let reason = read(&format!("{bad}{entries}")).unwrap_err().reason;
            assert!(matches!(reason, Reason::Total(_) | Reason::Unfit(_)), "{from} -> {to}: {reason}");
        }
    }
}

/// Fail closed: what is not BOOK is not money, and is in no balance.
#[test]
fn only_what_is_booked_is_a_line() {
    let statuses =
        ["<Sts>PDNG</Sts>", "<Sts><Cd>INFO</Cd></Sts>", "<Sts><Prtry>X</Prtry></Sts>", "", "<Sts><Cd>FUTR</Cd></Sts>"];
    for status in statuses {
        let pending = entry(7, "").replace("<Sts><Cd>BOOK</Cd></Sts>", status);
        let inner = format!("{}{}{}{pending}", balance("OPBD", 1), balance("CLBD", 4), entry(3, ""));
        let statement = &read(&inner).unwrap().statements[0];
        assert_eq!((statement.lines.len(), statement.pending.len()), (1, 1), "{status}");
        assert_eq!(statement.pending[0].line_no, 2);
    }
}

#[test]
fn directions_and_counterparties_follow_the_entry() {
    let parties = "<NtryDtls><TxDtls><Refs><InstrId>I1</InstrId><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties>\
        <Dbtr><Pty><Nm>NGUYEN A</Nm></Pty></Dbtr><DbtrAcct><Id><Othr><Id>11</Id></Othr></Id></DbtrAcct>\
        <Cdtr><Nm>SO TAI CHINH</Nm></Cdtr></RltdPties><RltdAgts><DbtrAgt><FinInstnId><BICFI>BFTVVNVX</BICFI></FinInstnId>\
        </DbtrAgt></RltdAgts></TxDtls></NtryDtls>";
    let reversed = format!("<RvslInd>true</RvslInd>{parties}");
    let cases =
        [(5, parties, "NGUYEN A", false), (-5, parties, "SO TAI CHINH", false), (-5, &reversed, "NGUYEN A", true)];
    for (dong, rest, name, reversal) in cases {
        let line = read(&entry(dong, rest)).unwrap().statements.remove(0).lines.remove(0);
        assert_eq!((line.amount.minor, line.reversal), (dong, reversal));
        assert_eq!(line.counterparty.name.as_deref(), Some(name));
        assert_eq!((line.owner_ref.as_deref(), line.end_to_end), (Some("I1"), None));
        if name == "NGUYEN A" {
            assert_eq!(line.counterparty.account.as_deref(), Some("11"));
            assert_eq!(line.counterparty.bank.as_deref(), Some("BFTVVNVX"));
        }
    }
}

#[test]
fn texts_are_joined_in_order_and_characters_are_resolved() {
    let text = "<NtryDtls><TxDtls><RmtInf><Ustrd>A &amp; &lt;B&gt; &#x111;<!-- --></Ustrd><Ustrd><![CDATA[C & D]]></Ustrd>\
        <Strd><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd></RmtInf><AddtlTxInf>bank</AddtlTxInf></TxDtls></NtryDtls>";
    let line = read(&entry(1, text)).unwrap().statements.remove(0).lines.remove(0);
    assert_eq!(line.text, "A & <B> đ C & D RF18");
    let copy = "<CpyDplctInd>DUPL</CpyDplctInd>";
    assert!(read(copy).unwrap().statements[0].copy);
}
