use super::*;
use domain::dossier_code::DossierCode;
use domain::intent::IntentStatus;
use domain::obligation::{ObligationKind, ObligationStatus, Sector, Terms};
use serde_json::json;

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn obligation(n: u128, external_ref: &str) -> Obligation {
    Obligation {
        id: uuid(n).into(),
        client_id: uuid(900).into(),
        external_ref: external_ref.to_owned(),
        terms: Terms {
            dossier_code: Some(DossierCode::new("H38.17-261124-0001").expect("code")),
            customer_code: None,
            sector: Sector::PublicService,
            agency_code: "H38.17".to_owned(),
            beneficiary_code: BeneficiaryCode::new("H38.17-KB").expect("code"),
            procedure_code: Some("2.000815".to_owned()),
            procedure_name: None,
            service_code: None,
            kind: ObligationKind::Fee,
            fee_code: "CT-BANSAO".to_owned(),
            instalment: 1,
            group_ref: None,
            description: "Phí chứng thực bản sao".to_owned(),
            gross_amount: Vnd::new(21_000),
            relief_amount: Vnd::new(1_000),
            relief_basis: Some("Điều 10".to_owned()),
            budget: Budget { sub_item: Some("2716".to_owned()), ..Budget::default() },
            notice: Notice { date: Some(jiff::civil::date(2026, 11, 24)), ..Notice::default() },
            due_at: None,
        },
        status: ObligationStatus::Paid,
        version: 2,
        paid_at: Some(at("2026-11-24T02:00:00Z")),
        created_at: at("2026-11-23T02:00:00Z"),
        updated_at: at("2026-11-24T02:00:01Z"),
    }
}

fn paid_by() -> PaidBy {
    PaidBy {
        channel: ChannelCode::new("vnpay").expect("code"),
        provider_txn_id: "14226112".to_owned(),
        reference: Some(Reference::parse("LC7K2M9QX4T").expect("the documents' example")),
        intent_id: Some(uuid(5).into()),
        payment_id: uuid(6).into(),
    }
}

fn intent(metadata: Value) -> Intent {
    Intent {
        id: uuid(5).into(),
        client_id: uuid(900).into(),
        reference: Reference::parse("LC7K2M9QX4T").expect("the documents' example"),
        beneficiary_code: BeneficiaryCode::new("H38.17-KB").expect("code"),
        amount: Vnd::new(20_000),
        status: IntentStatus::Paid,
        version: 3,
        obligation_ids: vec![uuid(1).into()],
        return_url: Some("https://portal.example/return".to_owned()),
        allowed_channels: None,
        metadata,
        page_token: "page-token".to_owned(),
        expires_at: at("2026-11-25T02:00:00Z"),
        created_at: at("2026-11-24T01:00:00Z"),
        paid_at: Some(at("2026-11-24T02:00:00Z")),
        paid_channel: Some("vnpay".to_owned()),
    }
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

#[test]
fn an_obligation_is_told_whole_and_without_people() {
    let told = ObligationData::new(&obligation(1, "REF-1"), Some(paid_by())).into_value();
    let expected = json!({
        "id": "obl_00000000000000000000000000000001", "external_ref": "REF-1", "dossier_code": "H38.17-261124-0001",
        "customer_code": null, "sector": "public_service", "agency_code": "H38.17", "beneficiary_code": "H38.17-KB",
        "procedure_code": "2.000815", "procedure_name": null, "service_code": null, "kind": "fee",
        "fee_code": "CT-BANSAO", "instalment": 1, "group_ref": null, "description": "Phí chứng thực bản sao",
        "gross_amount": 21000, "relief_amount": 1000, "relief_basis": "Điều 10", "amount": 20000, "currency": "VND",
        "budget": {"chapter": null, "sub_item": "2716", "area": null, "unit": null, "treasury": null, "revenue_account": null},
        "notice": {"number": null, "date": "2026-11-24", "payable_id": null, "period": null},
        "due_at": null, "status": "paid", "paid_at": "2026-11-24T02:00:00Z", "channel": "vnpay",
        "provider_txn_id": "14226112", "reference": "LC7K2M9QX4T", "intent_id": "pi_00000000000000000000000000000005",
        "payment_id": "pay_00000000000000000000000000000006",
    });
    assert_eq!(told, expected);
}

#[test]
fn an_unpaid_obligation_names_no_payment_and_keeps_every_key() {
    let paid = ObligationData::new(&obligation(1, "REF-1"), Some(paid_by())).into_value();
    let unpaid = ObligationData::new(&obligation(1, "REF-1"), None).into_value();
    for name in ["channel", "provider_txn_id", "reference", "intent_id", "payment_id"] {
        assert_eq!(unpaid[name], Value::Null);
    }
    let keys = |v: &Value| v.as_object().expect("object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&paid), keys(&unpaid));
}

#[test]
fn an_intent_is_told_with_its_obligations_and_without_its_page() {
    let told = IntentData::new(&intent(json!({"a": 1})), &[obligation(1, "REF-1")], Some(paid_by())).into_value();
    let expected = json!({
        "id": "pi_00000000000000000000000000000005", "reference": "LC7K2M9QX4T", "status": "paid", "amount": 20000,
        "currency": "VND", "beneficiary_code": "H38.17-KB",
        "obligations": [{"id": "obl_00000000000000000000000000000001", "external_ref": "REF-1",
            "dossier_code": "H38.17-261124-0001", "amount": 20000, "status": "paid"}],
        "paid_at": "2026-11-24T02:00:00Z", "channel": "vnpay", "provider_txn_id": "14226112",
        "expires_at": "2026-11-25T02:00:00Z", "created_at": "2026-11-24T01:00:00Z", "metadata": {"a": 1},
    });
    assert_eq!(told, expected);
    let without = IntentData::new(&intent(json!({})), &[], None).into_value();
    assert_eq!((&without["channel"], &without["provider_txn_id"]), (&json!("vnpay"), &Value::Null));
}

#[test]
fn the_envelope_places_the_event_in_its_stream() {
    let body = envelope("obligation.paid", at("2026-11-24T02:00:00.25Z"), &json!({"amount": 1}), "dossier:H", 3, &[]);
    let expected = json!({"type": "obligation.paid", "timestamp": "2026-11-24T02:00:00.25Z",
        "data": {"amount": 1, "stream": "dossier:H", "sequence": 3}});
    assert_eq!(read(&body), expected);
    let gapped = envelope("obligation.paid", at("2026-11-24T02:00:00Z"), &json!({}), "dossier:H", 3, &[1, 2]);
    assert_eq!(read(&gapped)["data"]["gap_before"], json!([1, 2]));
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    let told = ObligationData::new(&obligation(1, "REF-1"), Some(paid_by())).into_value();
    let body = || envelope("obligation.paid", at("2026-11-24T02:00:00Z"), &told, "dossier:H", 1, &[]);
    assert_eq!(body(), body());
}

#[test]
fn what_would_be_too_long_is_cut_and_says_so() {
    let metadata = json!({"note": "x".repeat(30_000)});
    let told = IntentData::new(&intent(metadata), &[obligation(1, "REF-1")], None).into_value();
    let body = envelope("payment_intent.paid", at("2026-11-24T02:00:00Z"), &told, "intent:x", 1, &[]);
    assert!(body.len() < MAX_BODY_BYTES);
    let data = &read(&body)["data"];
    assert_eq!((&data["metadata"], &data["truncated"], &data["amount"]), (&json!({}), &json!(true), &json!(20_000)));
    assert_eq!(data["obligations"][0]["external_ref"], json!("REF-1"));
}

#[test]
fn a_long_description_is_cut_at_a_letter() {
    let mut long = obligation(1, "REF-1");
    long.terms.description = "ệ".repeat(10_000);
    let body = envelope(
        "obligation.paid",
        at("2026-11-24T02:00:00Z"),
        &ObligationData::new(&long, None).into_value(),
        "dossier:H",
        1,
        &[],
    );
    assert!(body.len() < MAX_BODY_BYTES);
    let data = &read(&body)["data"];
    assert_eq!((&data["description"], &data["truncated"]), (&json!("ệ".repeat(CUT_CHARS)), &json!(true)));
}

#[test]
fn fifty_obligations_with_the_longest_references_still_fit() {
    let many: Vec<_> = (1..=50).map(|n| obligation(n, &"r".repeat(400))).collect();
    let told = IntentData::new(&intent(json!({})), &many, None).into_value();
    let body = envelope("payment_intent.paid", at("2026-11-24T02:00:00Z"), &told, "intent:x", 1, &[]);
    assert!(body.len() < MAX_BODY_BYTES);
    let lines = read(&body)["data"]["obligations"].as_array().expect("lines").len();
    assert_eq!(lines, 50);
}

#[test]
fn an_ordinary_message_is_not_marked() {
    let told = ObligationData::new(&obligation(1, "REF-1"), None).into_value();
    let body = envelope("obligation.paid", at("2026-11-24T02:00:00Z"), &told, "dossier:H", 1, &[]);
    assert_eq!(read(&body)["data"].get("truncated"), None);
}
