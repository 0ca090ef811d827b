//! Every operation of the description, a line each, and what there is for them to be about. What is missing here, or is
//! here and not described, fails `every_operation_is_open_to_the_keys_that_may_and_to_no_other`.

use super::row::{Row, delete, get, post, put};
use domain::principal::Scope::{
    self, Admin, ApprovalsDecide, CasesWrite, CounterWrite, DaysClose, EventsRead, EventsWrite, ObligationsWrite,
    PaymentsRead, PaymentsWrite, RefundsPropose, ReportsRead, StatementsWrite,
};
use serde_json::{Value, json};
use tests::bank::{self, ACCOUNT};
use tests::files;
use tests::portal::{dossier, obligation};
use tests::{BENEFICIARY, House, Plan};

/// Not a client's and not a person's: operators' listener, and providers, who sign.
pub const WITHOUT_KEY: &[(&str, &str)] = &[
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/backlog"),
    ("get", "/v1/webhooks/{channel}/{profile}"),
    ("post", "/v1/webhooks/{channel}/{teller}/{profile}"),
    ("post", "/v1/bills/{profile}/{path}"),
];

/// All of the first beneficiary's and of `house.portal`'s.
pub struct Things {
    pub fee: String,
    pub paid_fee: String,
    pub cancelled_fee: String,
    pub unheld_fee: String,
    /// Nobody pays it but at a counter.
    pub desk_fee: String,
    pub intent: String,
    pub cancelled_intent: String,
    pub payment: String,
    /// Cash at a counter.
    pub taken: String,
    /// By another person than the one whose keys are tried.
    pub refund: String,
    /// By the client, and over.
    pub taken_back: String,
    pub approval: String,
    pub other_approval: String,
    pub endpoint: String,
    pub event: String,
    pub case: String,
    pub statement: String,
    pub settlement: String,
    /// Somebody else, and a key of theirs.
    pub person: String,
    pub key: String,
    /// An endpoint that nobody listens at, and what was given up for it.
    pub deaf: String,
    pub given_up: String,
    pub downtime: String,
    /// What the score counts by.
    pub score_file: String,
    pub receipt: String,
    pub remittance: String,
}

/// A house in which the contract with VNPAY, and the account, are the first beneficiary's alone.
pub async fn house() -> House {
    let settings = vec![("MOTLAN_PROFILES__VNPAY_MAIN__BENEFICIARIES", BENEFICIARY.to_owned())];
    House::on(bank::database().await, Plan { settings, ..Plan::default() }).await
}

/// What the first beneficiary's account remits.
fn remittance_rule() -> Value {
    json!({
        "valid_from": "2026-01-01", "retained_ppm": 0, "rounding": "down", "period": "monthly", "due_by": "day", "due_n": 5,
        "chapter": "805", "sub_item": "2716", "area": "15001", "unit": "1051720", "account_code": files::account(),
        "treasury": "Kho bạc (mẫu)", "treasury_bank_bin": "970409", "treasury_account": "3511", "legal_basis": "mẫu",
        "treasury_account_name": "Chờ nộp ngân sách (mẫu)",
    })
}

fn remits(beneficiary: &str) -> Value {
    json!({"beneficiary_code": beneficiary, "period": "monthly", "day": files::today()})
}

pub async fn things(house: &House) -> Things {
    let id = |v: &Value| v["id"].as_str().unwrap().to_owned();
    let endpoint = house.hear_events().await;
    let deaf = json!({"url": "http://127.0.0.1:9/events", "streams": ["intent"]});
    let deaf = house.portal.post("/v1/event-endpoints", deaf).await.expect(201);
    house.staff.put("/v1/receipt-series/BL-17", series(BENEFICIARY)).await.expect(200);
    let paid = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&paid]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    house.drain().await;
    let payment = house.portal.intent(&intent).await["payments"][0].clone();
    let event = house.portal.get("/v1/events").await.expect(200)["data"][0].clone();
    let wrong = house.portal.owes(&dossier(), 24_000, json!({})).await;
    let wrong = house.at_vnpay(&house.portal.opens(&[&wrong]).await).await;
    let rule = json!({"match": {"order_ref": wrong["order_ref"]}, "do": [{"amount_delta": 1}]});
    house.sim("script", rule).await;
    house.pays(&wrong, json!({})).await;
    let case = house.ask("select case_id from assurance.kase where kind = 'amount_differs'").await;
    let remitted = house.portal.owes(&dossier(), 27_000, json!({"fee_code": "CT-NOP"})).await;
    let remitted = house.portal.opens(&[&remitted]).await;
    let named = remitted["reference"].as_str().unwrap();
    let lines = [(21_000, "FT1", "chuyen tien"), (27_000, "FT0", named)];
    let statement = files::mt940(ACCOUNT, files::today(), 0, &lines);
    let statement = house.sends_statement(&files::account(), "mt940", statement).await.expect(201);
    let rule = format!("/v1/remittance-rules/{BENEFICIARY}/CT-NOP");
    house.staff.put(&rule, remittance_rule()).await.expect(200);
    let remittance = house.staff.post("/v1/remittances", remits(BENEFICIARY)).await.expect(201)["data"][0].clone();
    house.pays_out_to(&files::account()).await;
    let settlement = house.settles(&files::today().to_string()).await.expect(201);
    let counter =
        json!({"name": "Quầy một cửa (mẫu)", "account_code": files::account(), "beneficiaries": [BENEFICIARY]});
    house.staff.put("/v1/counters/quay-1", counter).await.expect(200);
    let at_desk = house.portal.owes(&dossier(), 26_000, json!({})).await;
    let taken = house.takes_cash(&[&at_desk], 26_000, "BL-THINGS").await.expect(201);
    let held = house.portal.owes(&dossier(), 22_000, json!({})).await;
    let open = house.portal.opens(&[&held]).await;
    let fee = async || id(&house.portal.owes(&dossier(), 23_000, json!({})).await);
    let cancelled_fee = fee().await;
    house.portal.post(&format!("/v1/obligations/{cancelled_fee}/cancel"), json!({})).await.expect(200);
    let given_up = house.portal.owes(&dossier(), 25_000, json!({})).await;
    let cancelled_intent = id(&house.portal.opens(&[&given_up]).await);
    house.portal.post(&format!("/v1/payment-intents/{cancelled_intent}/cancel"), json!({})).await.expect(200);
    let suspended = house.ask("select payment_id from assurance.allocation where suspense_reason is not null").await;
    let (refund, approval) = proposes(house, &id(&payment), 21_000, Some(&id(&paid))).await;
    let (_, other_approval) = proposes(house, &suspended, 1, None).await;
    let path = format!("/v1/payments/{suspended}/refunds");
    let taken_back = house.portal.post(&path, gives_back(2, None, &json!(24_000))).await.expect(201);
    house.portal.post(&format!("/v1/refunds/{}/cancel", id(&taken_back)), json!({})).await.expect(200);
    let body = json!({"code": "nguoi-khac", "name": "Người khác (mẫu)", "roles": ["viewer"]});
    let person = house.staff.post("/v1/persons", body).await.expect(202);
    let (key, _) = tests::wire::key(house, "nguoi-khac", Scope::STAFF).await;
    let given_up = house.staff.get("/v1/parked?kind=deliveries").await.expect(200)["data"][0].clone();
    let body = json!({"from": "2099-01-01T00:00:00Z", "to": "2099-01-02T00:00:00Z", "reason": "bảo trì"});
    let downtime = house.staff.post("/v1/channels/vnpay/downtimes", body).await.expect(201);
    let counts = b"month,agency,with_obligation\n2026-11,H38.17,1\n".to_vec();
    let score_file = house.sends_file("/v1/score-imports?kind=dossiers", "score", counts).await.expect(201);
    let receipt = house.staff.get("/v1/receipts").await.expect(200)["data"][0].clone();
    Things {
        receipt: id(&receipt),
        remittance: id(&remittance),
        fee: fee().await,
        refund,
        taken_back: id(&taken_back),
        approval,
        other_approval,
        paid_fee: id(&paid),
        cancelled_fee,
        unheld_fee: fee().await,
        intent: id(&open),
        cancelled_intent,
        payment: id(&payment),
        taken: id(&taken),
        desk_fee: fee().await,
        endpoint: id(&endpoint),
        event: id(&event),
        case,
        statement: id(&statement),
        settlement: id(&settlement),
        person: id(&person),
        key: key.to_string(),
        deaf: id(&deaf),
        given_up: id(&given_up),
        downtime: id(&downtime),
        score_file: id(&score_file),
    }
}

fn series(beneficiary: &str) -> Value {
    json!({"beneficiary_code": beneficiary, "kinds": ["fee", "charge"], "template": "EBL01", "letters": "AB",
        "collector_name": "UBND (mẫu)", "collector_tax_code": "0000000017", "collector_address": "Lào Cai", "valid_from": "2026-01-01"})
}

/// A person whose keys nobody tries proposes a refund: the refund, and who must decide.
async fn proposes(house: &House, payment: &str, amount: i64, obligation: Option<&str>) -> (String, String) {
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let person = storage::ids::mint(jiff::Timestamp::now());
    storage::principals::put_person(&db, person, "de-nghi", "Kế toán (mẫu)", &[]).await.unwrap();
    drop(db);
    let (_, key) = tests::wire::key(house, "de-nghi", Scope::STAFF).await;
    let staff = tests::portal::Portal { key, ..house.staff.clone() };
    let refundable = staff.get(&format!("/v1/payments/{payment}")).await.expect(200)["refundable_amount"].clone();
    let path = format!("/v1/payments/{payment}/refunds");
    let made = staff.post(&path, gives_back(amount, obligation, &refundable)).await.expect(201);
    (made["id"].as_str().unwrap().to_owned(), made["approval_id"].as_str().unwrap().to_owned())
}

fn gives_back(amount: i64, obligation: Option<&str>, refundable: &Value) -> Value {
    json!({"lines": [{"obligation_id": obligation, "amount": amount}], "then": "close", "reason_code": "withdrawn",
        "note": "", "refundable_amount": refundable})
}

/// Who may see what waits for a second person.
const APPROVALS: &[Scope] = &[ApprovalsDecide, ReportsRead, RefundsPropose];
/// Who may see counters.
const COUNTERS: &[Scope] = &[CounterWrite, ReportsRead, Admin];
fn dry_run(account: &str) -> Value {
    let day = files::today();
    json!({"account": account, "from": day, "to": day, "change": {"days_apart": 3}})
}

/// Who may read cases.
const CASES: &[Scope] = &[ReportsRead, CasesWrite];

/// What administrators do: of the whole province, so that nobody is a stranger to it who may at all.
#[rustfmt::skip]
fn administration(of: &Things) -> Vec<Row> {
    let account = |number: &str| json!({"kind": "bank", "bank_bin": "970436", "account_number": number, "account_name": "A"});
    let away = json!({"from": "2099-01-01T00:00:00Z", "to": "2099-01-02T00:00:00Z", "reason": "x"});
    let withdraw = |id: &str| format!("/v1/channels/vnpay/downtimes/{id}/withdraw");
    let retire = |code: &str, which: &str| format!("/v1/profiles/{code}/credentials/hash_secret/retire-{which}");
    let disable = |id: &str| format!("/v1/clients/cong-dvc/event-endpoints/{id}/disable");
    let person = json!({"name": "x", "roles": ["viewer"], "beneficiaries": []});
    let limits = json!({"min_amount": 1, "max_amount": null});
    vec![
        get("/v1/persons").administers(),
        post("/v1/persons").body(json!({"code": "nguoi-moi", "name": "x", "roles": ["viewer"]})).administers(),
        get("/v1/persons/{id}").of(&of.person).administers(),
        put("/v1/persons/{id}").of(&of.person).body(person).administers(),
        get("/v1/keys").administers(),
        post("/v1/keys").body(json!({"holder": "cong-khac"})).administers(),
        post("/v1/keys/{id}/rotate").of(&of.key).administers(),
        post("/v1/keys/{id}/revoke").of(&of.key).administers(),
        post("/v1/persons/{id}/disable").of(&of.person).administers(),
        post("/v1/persons/{id}/enable").of(&of.person).administers(),
        get("/v1/clients").administers(),
        put("/v1/clients/{code}").named("cong-moi").body(json!({"name": "x"})).administers(),
        get("/v1/clients/{code}/event-endpoints").named("cong-dvc").administers(),
        get("/v1/agencies").administers(),
        put("/v1/agencies/{code}").named("H38.19").body(json!({"name": "x"})).administers(),
        get("/v1/beneficiaries").administers(),
        put("/v1/beneficiaries/{code}").named("H38.19-NH").body(json!({"agency_code": "H38.19", "name": "x", "account": account("1")})).administers(),
        post("/v1/beneficiaries/{code}/accounts").named("H38.19-NH").body(json!({"account": account("2")})).administers(),
        get("/v1/profiles").administers(),
        put("/v1/profiles/{code}").named("vnpay_main").body(limits).administers(),
        get("/v1/profiles/{code}/fees").named("vnpay_main").administers(),
        post("/v1/profiles/{code}/fees").named("vnpay_main").body(json!({"from": "2099-01-01", "rate_ppm": 0, "rounding": "up", "fixed": 0})).administers(),
        post("/v1/profiles/{code}/payouts").named("vnpay_main").body(json!({"payout_account": files::account(), "payout_text": "VNPAY CHI"})).administers(),
        get("/v1/profiles/{code}/credentials").named("vnpay_main").administers(),
        post("/v1/profiles/{code}/credentials").named("vnpay_main").body(json!({"name": "hash_secret", "value": "x"})).administers(),
        post("/v1/profiles/{code}/credentials/{name}/retire-previous").at(retire("vnpay_main", "previous"), retire("khong_co", "previous")).administers(),
        post("/v1/profiles/{code}/credentials/{name}/retire-newest").at(retire("vnpay_main", "newest"), retire("khong_co", "newest")).administers(),
        get("/v1/receipt-series").administers(),
        get("/v1/remittance-rules").administers(),
        put("/v1/remittance-rules/{beneficiary}/{fee}").at("/v1/remittance-rules/H38.19-NH/LE-PHI".to_owned(), String::new()).unnamed().body(remittance_rule()).administers(),
        put("/v1/receipt-series/{code}").named("BL-19").body(series("H38.19-NH")).administers(),
        get("/v1/fees").administers(),
        put("/v1/fees/{code}").named("LE-PHI").body(json!({"entries": []})).administers(),
        get("/v1/calendar").administers(),
        put("/v1/calendar/{date}").named("2099-01-01").body(json!({"worked": false, "name": "x"})).administers(),
        delete("/v1/calendar/{date}").named("2099-01-01").body(Value::Null).administers(),
        get("/v1/accounts").administers(),
        put("/v1/accounts/{code}").named(&files::account()).administers(),
        put("/v1/counters/{code}").named("quay-2").body(json!({"name": "x", "account_code": files::account(), "beneficiaries": [BENEFICIARY]})).administers(),
        get("/v1/score-rules").administers(),
        post("/v1/score-rules").body(json!({})).administers(),
        get("/v1/score-imports").administers(),
        post("/v1/score-imports").at("/v1/score-imports?kind=dossiers".to_owned(), String::new()).unnamed().file(vec![0; 3]).administers(),
        get("/v1/score-imports/{id}/file").of(&of.score_file).administers(),
        get("/v1/layouts").administers(),
        put("/v1/layouts/{code}").named("x").body(json!({"kind": "statement", "layout": ""})).administers(),
        get("/v1/channels").administers().staff(&[ReportsRead, Admin]),
        post("/v1/channels/{code}/off").named("vnpay").body(json!({"reason": "x"})).administers(),
        post("/v1/channels/{code}/on").named("vnpay").body(json!({"reason": "x"})).administers(),
        post("/v1/channels/{code}/downtimes").named("vnpay").body(away).administers(),
        post("/v1/channels/{code}/downtimes/{id}/withdraw").at(withdraw(&of.downtime), withdraw("none")).administers(),
        get("/v1/parked").at("/v1/parked?kind=inbox".to_owned(), String::new()).unnamed().administers(),
        post("/v1/clients/{code}/event-endpoints/{id}/disable").at(disable(&of.deaf), disable(&format!("ep_{:032x}", 7))).administers(),
    ]
}

/// In the order in which they are called by those who may. An operation may have several rows; a row is a line.
#[rustfmt::skip]
pub fn rows(of: &Things, house: &House) -> Vec<Row> {
    let (today, ours) = (files::today(), files::account());
    let nowhere = ours.replace(ACCOUNT, "9999999999");
    let opened_by = |fee: &str| json!({"obligation_ids": [fee]});
    let nobodys = opened_by(&format!("obl_{:032x}", 7));
    let at_desk = |counter: &str, fee: &str| {
        json!({"obligation_ids": [fee], "tender": "cash", "counter_code": counter, "amount": 23_000, "receipt_ref": "BL-MATRIX"})
    };
    let fee = obligation(&dossier(), 1_000, json!({"fee_code": "CT-MATRIX"}));
    let next_file = files::mt940(ACCOUNT, today, 48_000, &[(22_000, "FT2", "chuyen tien")]);
    let no_file = vec![0; 3];
    let url = format!("{}/events", house.dossier.url);
    let day = |what: &str, of: &str| format!("/v1/reconciliation/{today}{what}?{of}");
    let openings = |account: &str, what: &str| format!("/v1/accounts/{account}/openings{what}");
    let opening = json!({"day": today, "amount": 1, "note": "biên bản bàn giao"});
    let report = |name: &str| format!("/v1/reports/{name}?from={today}&to={today}");
    let no_report = || format!("/v1/reports/none?from={today}&to={today}");
    let mut all = vec![
        // -- what is owed
        get("/v1/obligations").client(PaymentsRead).lists("data"),
        put("/v1/obligations/{id}").named("matrix").body(fee).client(ObligationsWrite).of_ones_own().answers(201),
        get("/v1/obligations/{id}").of(&of.fee).client(PaymentsRead),
        post("/v1/obligations/{id}/cancel").of(&of.fee).client(ObligationsWrite),
        post("/v1/obligations/{id}/cancel").of(&of.paid_fee).client(ObligationsWrite).refuses(409, "obligation_locked"),
        // -- paying it
        post("/v1/payment-intents").body(opened_by(&of.unheld_fee)).or_absent(nobodys.clone()).client(PaymentsWrite).answers(201),
        post("/v1/payment-intents").body(opened_by(&of.paid_fee)).or_absent(nobodys.clone()).client(PaymentsWrite).refuses(409, "obligation_paid"),
        post("/v1/payment-intents").body(opened_by(&of.cancelled_fee)).or_absent(nobodys).client(PaymentsWrite).refuses(409, "obligation_not_payable"),
        post("/v1/payment-intents").body(json!({"obligation_ids": 1})).client(PaymentsWrite).of_ones_own().refuses(422, "validation_failed"),
        get("/v1/payment-intents").client(PaymentsRead).lists("data"),
        get("/v1/payment-intents/{id}").of(&of.intent).client(PaymentsRead),
        post("/v1/payment-intents/{id}/attempts").of(&of.intent).body(json!({"channel": "vnpay"})).client(PaymentsWrite).answers(201),
        post("/v1/payment-intents/{id}/sync").of(&of.intent).client(PaymentsWrite),
        post("/v1/payment-intents/{id}/renew").of(&of.intent).client(PaymentsWrite).refuses(409, "intent_wrong_status"),
        post("/v1/payment-intents/{id}/cancel").of(&of.intent).client(PaymentsWrite),
        post("/v1/payment-intents/{id}/attempts").of(&of.cancelled_intent).body(json!({"channel": "vnpay"})).client(PaymentsWrite).refuses(409, "intent_cancelled"),
        get("/v1/payments").client(PaymentsRead).staff(&[ReportsRead]).lists("data"),
        get("/v1/payments/{id}").of(&of.payment).client(PaymentsRead).staff(&[ReportsRead]),
        get("/v1/payments/{id}/receipt").of(&of.payment).client(PaymentsRead).refuses(409, "no_receipt"),
        // -- what officers take at desks
        post("/v1/counter-payments").body(at_desk("quay-1", &of.desk_fee)).or_absent(at_desk("quay-9", &of.desk_fee)).staff(&[CounterWrite]).answers(201),
        post("/v1/counter-payments").body(at_desk("quay-1", &of.paid_fee)).or_absent(at_desk("quay-9", &of.paid_fee)).staff(&[CounterWrite]).refuses(409, "receipt_used"),
        post("/v1/counter-payments/{id}/void").of(&of.taken).staff(&[CounterWrite]).answers(201),
        post("/v1/counter-payments/{id}/void").of(&of.taken).staff(&[CounterWrite]).refuses(409, "approval_pending"),
        get("/v1/counters").staff(COUNTERS).lists("data"),
        get("/v1/counters/{code}").at("/v1/counters/quay-1".to_owned(), "/v1/counters/quay-9".to_owned()).staff(COUNTERS),
        post("/v1/counters/{code}/deposits").at("/v1/counters/quay-1/deposits".to_owned(), "/v1/counters/quay-9/deposits".to_owned()).body(json!({"amount": 1, "slip_ref": "PGN-000001"})).staff(&[CounterWrite]).answers(201),
        // -- money that goes back, and the second person
        post("/v1/payments/{id}/refunds").of(&of.payment).body(gives_back(21_000, Some(&of.paid_fee), &json!(1))).client(RefundsPropose).staff(&[RefundsPropose]).refuses(412, "refundable_amount_mismatch"),
        get("/v1/refunds").client(PaymentsRead).staff(&[ReportsRead]).lists("data"),
        get("/v1/refunds/{id}").of(&of.refund).client(PaymentsRead).staff(&[ReportsRead]),
        post("/v1/refunds/{id}/retry").of(&of.taken_back).staff(&[RefundsPropose, Admin]).refuses(409, "refund_not_cancellable"),
        post("/v1/obligations/{id}/reductions").of(&of.paid_fee).body(json!({"amount": 99_999, "reason_code": "rate"})).client(RefundsPropose).staff(&[RefundsPropose]).refuses(422, "validation_failed"),
        get("/v1/approvals").staff(APPROVALS).lists("data"),
        get("/v1/approvals/{id}").of(&of.approval).staff(APPROVALS),
        post("/v1/approvals/{id}/approve").of(&of.approval).staff(&[ApprovalsDecide]),
        post("/v1/approvals/{id}/reject").of(&of.other_approval).staff(&[ApprovalsDecide]),
        post("/v1/approvals/{id}/reject").of(&of.other_approval).staff(&[ApprovalsDecide]).refuses(409, "approval_decided"),
        post("/v1/refunds/{id}/cancel").of(&of.taken_back).client(RefundsPropose).staff(&[RefundsPropose]).refuses(409, "refund_not_cancellable"),
        get("/v1/receipts").client(PaymentsRead).staff(&[ReportsRead]).lists("data"),
        get("/v1/receipts/{id}").of(&of.receipt).client(PaymentsRead).staff(&[ReportsRead]),
        get("/v1/receipt-days/{date}").at(format!("/v1/receipt-days/{}", files::today()), "/v1/receipt-days/none".to_owned()).staff(&[ReportsRead]).lists("rows"),
        post("/v1/receipts/{id}/replacements").of(&of.receipt).body(json!({"reason_code": "tax_code"})).staff(&[CasesWrite]).answers(201),
        post("/v1/receipts/{id}/replacements").of(&of.receipt).body(json!({"reason_code": "tax_code"})).staff(&[CasesWrite]).refuses(409, "approval_pending"),
        // -- finance staff
        get("/v1/remittances").staff(&[ReportsRead]).lists("data"),
        get("/v1/remittances/{id}").of(&of.remittance).staff(&[ReportsRead]),
        post("/v1/remittances").body(remits(BENEFICIARY)).or_absent(remits("H38.99-KB")).staff(&[DaysClose]).refuses(409, "period_prepared"),
        post("/v1/remittances/{id}/cancel").of(&of.remittance).staff(&[DaysClose]),
        post("/v1/remittances/{id}/cancel").of(&of.remittance).staff(&[DaysClose]).refuses(409, "remittance_not_cancellable"),
        get("/v1/cases").staff(CASES).lists_without(&of.case),
        get("/v1/cases/{id}").of(&of.case).staff(CASES),
        post("/v1/cases/{id}/resolutions").of(&of.case).body(json!({"action": "other", "note": ""})).staff(&[CasesWrite]).refuses(422, "validation_failed"),
        post("/v1/cases/{id}/resolutions/preview").of(&of.case).body(json!({"action": "other", "note": ""})).staff(&[CasesWrite]).refuses(422, "validation_failed"),
        post("/v1/cases/{id}/owner").of(&of.case).body(json!({"owner": "usr_00000000000070008000000000000000"})).staff(&[CasesWrite]).refuses(422, "validation_failed"),
        post("/v1/statements").at(format!("/v1/statements?account={ours}"), format!("/v1/statements?account={nowhere}")).file(next_file).staff(&[StatementsWrite]).answers(201),
        post("/v1/statements").at(format!("/v1/statements?account={ours}&format=mt940"), format!("/v1/statements?account={nowhere}&format=mt940")).file(no_file.clone()).staff(&[StatementsWrite]).refuses(422, "file_refused"),
        get("/v1/statements/{id}").of(&of.statement).staff(&[ReportsRead]),
        post("/v1/statements/{id}/supersessions").of(&of.statement).file(no_file.clone()).staff(&[StatementsWrite]).refuses(422, "file_refused"),
        get("/v1/statements/{id}/lines/{n}").at(format!("/v1/statements/{}/lines/1", of.statement), format!("/v1/statements/{}/lines/9", of.statement)).staff(&[ReportsRead]),
        post("/v1/matching/dry-runs").body(dry_run(&ours)).or_absent(dry_run(&nowhere)).staff(&[CasesWrite]),
        post("/v1/settlements").at("/v1/settlements?profile=vnpay_main".to_owned(), "/v1/settlements?profile=none".to_owned()).file(no_file).staff(&[StatementsWrite]).refuses(422, "file_refused"),
        get("/v1/settlements/{id}").of(&of.settlement).staff(&[ReportsRead]),
        get("/v1/reconciliation/{date}").at(day("", &format!("account={ours}")), day("", &format!("account={nowhere}"))).staff(&[ReportsRead]),
        get("/v1/reconciliation/{date}").at(day("", "profile=vnpay_main"), day("", "profile=none")).staff(&[ReportsRead]),
        get("/v1/reconciliation/{date}/closings").at(day("/closings", "profile=vnpay_main"), day("/closings", "profile=none")).staff(&[ReportsRead]),
        get("/v1/reconciliation/{date}/report").at(day("/report", "profile=vnpay_main"), day("/report", "profile=none")).staff(&[ReportsRead]),
        post("/v1/reconciliation/{date}/close").at(day("/close", "profile=vnpay_main"), day("/close", "profile=none")).staff(&[DaysClose]),
        post("/v1/reconciliation/{date}/close").at(day("/close", "profile=vnpay_main"), day("/close", "profile=none")).staff(&[DaysClose]).refuses(409, "day_closed"),
        post("/v1/reconciliation/{date}/reopen").at(day("/reopen", "profile=vnpay_main"), day("/reopen", "profile=none")).staff(&[DaysClose]).answers(201),
        get("/v1/accounts/{code}/openings").at(openings(&ours, ""), openings(&nowhere, "")).staff(&[ReportsRead]),
        post("/v1/accounts/{code}/openings").at(openings(&ours, ""), openings(&nowhere, "")).body(opening).staff(&[DaysClose]).refuses(409, "books_begun"),
        post("/v1/accounts/{code}/openings/take-back").at(openings(&ours, "/take-back"), openings(&nowhere, "/take-back")).staff(&[DaysClose]).refuses(409, "no_opening"),
        get("/v1/reports/{report}").at(report("transactions"), no_report()).staff(&[ReportsRead]).lists("rows"),
        get("/v1/reports/{report}").at(report("reconciliation"), no_report()).staff(&[ReportsRead]).lists("rows"),
        get("/v1/reports/{report}").at(report("suspense"), no_report()).staff(&[ReportsRead]).lists("rows"),
        get("/v1/reports/{report}").at(report("collections"), no_report()).staff(&[ReportsRead]).lists("rows"),
        get("/v1/reports/{report}").at(report("online-payment-score"), no_report()).staff(&[ReportsRead]).lists_without("H38.17"),
        get("/v1/reports/{report}").at(report("treasury-slips"), no_report()).staff(&[ReportsRead]).lists("rows"),
        get("/v1/reports/{report}").at(report("remittances"), no_report()).staff(&[ReportsRead]).lists("rows"),
        get("/v1/reports/{report}").at(report("cash-flow"), no_report()).staff(&[ReportsRead]).lists("rows"),
        // -- what the dossier system hears
        post("/v1/event-endpoints").body(json!({"url": url})).client(EventsWrite).of_ones_own().answers(201),
        get("/v1/event-endpoints").client(EventsRead).lists("data"),
        post("/v1/event-endpoints/{id}/rotate").of(&of.endpoint).client(EventsWrite),
        post("/v1/event-endpoints/{id}/retire-old-secret").of(&of.endpoint).client(EventsWrite),
        get("/v1/events").client(EventsRead).lists("data"),
        post("/v1/parked/{id}/retry").of(&of.given_up).administers(),
        post("/v1/events/{id}/redeliver").of(&of.event).client(EventsWrite).answers(202),
        post("/v1/events/redeliver").body(json!({"from": 1, "to": 2})).client(EventsWrite).of_ones_own().answers(202),
        delete("/v1/event-endpoints/{id}").of(&of.endpoint).client(EventsWrite),
    ];
    all.extend(administration(of));
    all
}
