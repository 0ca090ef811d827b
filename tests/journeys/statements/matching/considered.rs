//! What people are shown of a decision, and what another rule would have made of it: neither moves a đồng.

use super::{asked, day, house, own, stated, told};
use crate::finance::staff_of;
use jiff::civil::Date;
use serde_json::{Value, json};
use tests::rows::digest;
use tests::{House, OTHER_BENEFICIARY};

async fn line(house: &House, statement: &Value, n: i32) -> Value {
    let path = format!("/v1/statements/{}/lines/{n}", statement["id"].as_str().unwrap());
    house.staff.get(&path).await.expect(200)
}

/// Of each: the reference that it names, its points, and by what it was chosen or for what it was refused.
fn shown(line: &Value) -> Vec<(String, i64, String)> {
    let one = |c: &Value| {
        let verdict = c["chosen_by"].as_str().or(c["refused_for"].as_str()).unwrap().to_owned();
        (c["reference"].as_str().unwrap_or_default().to_owned(), c["score"].as_i64().unwrap(), verdict)
    };
    line["considered"].as_array().unwrap().iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_shows_what_it_could_have_been_and_points_decide_nothing() {
    let house = house().await;
    let [(_, near), (_, far), (_, named), (_, late)] = [
        asked(&house, 21_000).await,
        asked(&house, 21_000).await,
        asked(&house, 33_000).await,
        asked(&house, 33_000).await,
    ];
    told(&house, day(1), 21_000, "", &near).await;
    told(&house, day(0), 21_000, "", &far).await;
    told(&house, day(1), 33_000, "FT77", &named).await;
    told(&house, day(6), 33_000, "FT78", &late).await;
    stated(&house, day(0), 0, &[]).await;
    let statement = stated(&house, day(1), 0, &[(21_000, "FT1", "da mat noi dung"), (33_000, "FT77", &named)]).await;
    stated(&house, day(8), 54_000, &[]).await;
    // the one of the same day has more points, and the line is neither's
    let lost = line(&house, &statement, 1).await;
    let several = |code: &String, score| (code.clone(), score, "one_of_several".to_owned());
    assert_eq!(shown(&lost), [several(&near, 30), several(&far, 25)]);
    assert_eq!((&lost["rule"], &lost["amount"]), (&json!("line"), &json!(21_000)));
    let found = line(&house, &statement, 2).await;
    assert_eq!(
        shown(&found),
        [(named.clone(), 120, "bank_reference".to_owned()), (late.clone(), 20, "reference_differs".to_owned()),]
    );
    assert_eq!(found["considered"][0]["agreed"], json!(["amount", "bank_ref", "day", "reference"]));
    // the case shows the same, to whom its money may belong; and who sees neither account nor debts is shown nothing of them
    let case = house.staff.get(&format!("/v1/cases/{}", lost["case_id"].as_str().unwrap())).await.expect(200);
    assert_eq!(shown(&case), shown(&lost));
    assert!(!case.to_string().contains("da mat noi dung"), "{case}");
    house.had_account_of(super::OWN, OTHER_BENEFICIARY).await;
    let of_18 = staff_of(&house, "ke-toan-18", OTHER_BENEFICIARY).await;
    let path = format!("/v1/cases/{}", lost["case_id"].as_str().unwrap());
    let theirs = of_18.get(&path).await.expect(200);
    assert_eq!((&theirs["considered"], &theirs["suggestions"]), (&json!([]), &json!([])));
    let path = format!("/v1/statements/{}/lines/1", statement["id"].as_str().unwrap());
    assert_eq!(of_18.get(&path).await.refused(404), "not_found");
    for n in ["0", "3", "x", "-1", "99999999999"] {
        let path = format!("/v1/statements/{}/lines/{n}", statement["id"].as_str().unwrap());
        assert_eq!(house.staff.get(&path).await.refused(404), "not_found", "{n}");
    }
    house.close().await;
}

async fn tried(house: &House, change: Value) -> Value {
    let (from, to) = (day(0), day(8));
    let body = json!({"account": own(), "from": from, "to": to, "change": change});
    house.staff.post("/v1/matching/dry-runs", body).await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_rule_is_tried_on_lines_that_are_there_and_nothing_is_written() {
    let house = house().await;
    let [(_, late), (_, renumbered)] = [asked(&house, 21_000).await, asked(&house, 33_000).await];
    // five days on its way; and a teller that numbers for itself without being known to
    told(&house, day(1), 21_000, "", &late).await;
    told(&house, day(1), 33_000, "SE1", &renumbered).await;
    stated(&house, day(1), 0, &[(33_000, "FT1", &renumbered)]).await;
    let statement = stated(&house, day(6), 33_000, &[(21_000, "FT2", &late)]).await;
    stated(&house, day(8), 54_000, &[]).await;
    let before = digest(&house.database).await;
    let wider = tried(&house, json!({"days_apart": 6})).await;
    let otherwise = wider["otherwise"].as_array().unwrap();
    assert_eq!((&wider["lines"], otherwise.len()), (&json!(2), 1), "{wider}");
    assert_eq!((&otherwise[0]["statement_id"], &otherwise[0]["line"]), (&statement["id"], &json!(1)));
    assert_eq!((&otherwise[0]["now"], &otherwise[0]["then"]["rule"]), (&Value::Null, &json!("reference")));
    assert_eq!(wider["as_kept"], json!(2), "what is in force says what the books have");
    let first = "select assurance.text_id('pay', id) from payment where amount = 21000 order by paid_at limit 1";
    assert_eq!(otherwise[0]["then"]["payment_id"], json!(house.ask(first).await));
    let numbered = tried(&house, json!({"own_numbering": ["sepay"]})).await;
    let otherwise = numbered["otherwise"].as_array().unwrap();
    assert_eq!(otherwise.len(), 1, "{numbered}");
    assert_eq!((&otherwise[0]["amount"], &otherwise[0]["then"]["rule"]), (&json!(33_000), &json!("reference")));
    // what nobody works on is no day between
    let days: Vec<Date> = (2..=6).map(day).collect();
    let holidays = tried(&house, json!({"days_off": days})).await;
    assert_eq!(holidays["otherwise"].as_array().unwrap().len(), 1, "{holidays}");
    assert_eq!(tried(&house, json!({"days_apart": 2})).await["otherwise"], json!([]), "as it is");
    for (from, to, change) in [
        (day(0), day(8), json!({})),
        (day(8), day(0), json!({"days_apart": 3})),
        ("2026-01-01".parse().unwrap(), day(8), json!({"days_apart": 3})),
        (day(0), day(8), json!({"days_apart": 11})),
        (day(0), day(8), json!({"own_numbering": ["bank"]})),
    ] {
        let body = json!({"account": own(), "from": from, "to": to, "change": change});
        let refused = house.staff.post("/v1/matching/dry-runs", body).await;
        assert_eq!(refused.refused(422), "validation_failed", "{from} {to} {change}");
    }
    assert_eq!(digest(&house.database).await, before, "a try writes nothing");
    // whose account it is not, or not alone, tries nothing on it
    house.had_account_of(super::OWN, OTHER_BENEFICIARY).await;
    let of_18 = staff_of(&house, "ke-toan-18", OTHER_BENEFICIARY).await;
    let body = json!({"account": own(), "from": day(0), "to": day(8), "change": {"days_apart": 6}});
    assert_eq!(of_18.post("/v1/matching/dry-runs", body).await.refused(404), "not_found");
    house.close().await;
}
