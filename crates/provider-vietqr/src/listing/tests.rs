use super::*;
use crate::settings::tests::least;
use crate::tests::http;
use crate::told::tests::at;
use domain::Vnd;
use domain::account_report::Direction;
use jiff::Timestamp;
use provider::{AtOnce, Wanted};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ACCOUNT: &str = "0071000888888";

type Asked = Arc<Mutex<Vec<String>>>;
type Listings = Result<Vec<Listed>, ProviderError>;

/// A teller that gives each request to `answer`, with None keeps silent, and remembers what was asked.
async fn serve(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> (Host, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let asked = Asked::default();
    let keep = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut text, mut buffer) = (String::new(), [0; 4096]);
            while !text.ends_with("\r\n\r\n") {
                let n = stream.read(&mut buffer).await.expect("a request");
                text.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
            let answer = answer(&text);
            keep.lock().expect("lock").push(text);
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.expect("written"),
                None => tokio::time::sleep(Duration::from_secs(60)).await,
            }
        }
    });
    http(); // installs the TLS provider
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(300)).no_proxy().build().expect("client");
    (Host { url, token: "listing-test-token".into(), http: impatient, pace: Duration::ZERO }, asked)
}

fn http_answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

async fn list(movements: &dyn Movements, since: &str) -> Listings {
    let now = at("2023-05-06T00:00:00Z");
    list_of(movements, Wanted { account_number: ACCOUNT, since: at(since), now, not_before: now }).await
}

async fn list_of(movements: &dyn Movements, wanted: Wanted<'_>) -> Listings {
    let listing = movements.list(wanted, &AtOnce).await?;
    assert!(listing.as_of >= wanted.not_before);
    Ok(listing.rows)
}

/// The value of one parameter of the request's query.
fn parameter(request: &str, name: &str) -> Option<String> {
    let query = request.split_once('?')?.1.split_once(' ')?.0;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

/// The documented example.
fn sepay_row(id: u32, time: &str) -> Value {
    json!({
        "id": id.to_string(), "bank_brand_name": "Vietcombank", "account_number": ACCOUNT, "transaction_date": time,
        "amount_out": "0.00", "amount_in": "18067000.00", "accumulated": "1200541768.00",
        "transaction_content": "LC7K2M9QX4T chuyen tien", "reference_number": "677760.050523.080001", "code": null,
        "sub_account": "VCB0011ABC004", "bank_account_id": "19",
    })
}

fn sepay_answer(rows: &[Value]) -> String {
    let answer = json!({ "status": 200, "error": null, "messages": { "success": true }, "transactions": rows });
    http_answer("200 OK", &answer.to_string())
}

async fn sepay_once(answer: Option<String>) -> Listings {
    let (host, _) = serve(move |_| answer.clone()).await;
    list(&sepay::Listing::new(host), "2023-05-05T00:00:00Z").await
}

async fn sepay_with(name: &str, value: Value) -> Listings {
    let mut row = sepay_row(49_682, "2023-05-05 19:59:48");
    row[name] = value;
    sepay_once(Some(sepay_answer(&[row]))).await
}

/// The one row is there as it was sent, and not read.
fn is_ill(listed: &Listings, sent: &Value) -> bool {
    listed.as_ref().is_ok_and(
        |rows| matches!(rows.as_slice(), [row] if row.report.is_err() && row.evidence == sent.to_string().into_bytes()),
    )
}

fn report(listed: &Listed) -> &AccountReport {
    listed.report.as_ref().expect("a row to be read")
}

fn is_malformed(listed: &Listings) -> bool {
    matches!(listed, Err(ProviderError::Malformed(_)))
}

#[tokio::test]
async fn sepays_rows_are_reports_with_their_bytes_and_the_webhooks_key() {
    let row = sepay_row(49_682, "2023-05-05 19:59:48");
    let answer = sepay_answer(std::slice::from_ref(&row));
    let (host, asked) = serve(move |_| Some(answer.clone())).await;
    let listed = list(&sepay::Listing::new(host), "2023-05-05T00:00:00.7Z").await.expect("a listing");
    let report = AccountReport {
        source_key: "sepay:49682".to_owned(),
        teller: "sepay",
        account_number: ACCOUNT.to_owned(),
        bank_bin: Some("970436"),
        virtual_account: Some("VCB0011ABC004".to_owned()),
        direction: Direction::In,
        amount: Vnd::new(18_067_000),
        bank_ref: Some("677760.050523.080001".to_owned()),
        text: "LC7K2M9QX4T chuyen tien".to_owned(),
        stated_at: Some(at("2023-05-05T12:59:48Z")),
    };
    assert_eq!(listed, [Listed { report: Ok(report), evidence: row.to_string().into_bytes() }]);
    let asked = asked.lock().expect("lock").clone();
    assert!(asked[0].starts_with("GET /userapi/transactions/list?account_number=0071000888888&"));
    assert!(asked[0].contains("authorization: Bearer listing-test-token\r\n"));
    assert_eq!(parameter(&asked[0], "transaction_date_min").as_deref(), Some("2023-05-05 07:00:00"));
    assert_eq!((parameter(&asked[0], "limit").as_deref(), asked.len()), (Some("5000"), 1));
}

#[tokio::test]
async fn sepays_other_rows_are_passed_over_and_ill_ones_are_given_as_they_stand() {
    assert_eq!(sepay_once(Some(sepay_answer(&[]))).await.expect("a listing"), []);
    assert_eq!(sepay_with("account_number", json!("1")).await.expect("a listing"), []);
    assert_eq!(sepay_with("amount_in", json!("0.00")).await.expect("a listing"), []);
    let mut out = sepay_row(1, "2023-05-05 19:59:48");
    (out["amount_in"], out["amount_out"]) = (json!(0), json!(21_000));
    let listed = sepay_once(Some(sepay_answer(&[out]))).await.expect("a listing");
    assert_eq!((report(&listed[0]).direction, report(&listed[0]).amount), (Direction::Out, Vnd::new(21_000)));
    for (name, ill) in [
        ("amount_in", json!("21000.50")),
        ("amount_in", json!("-1")),
        ("amount_in", json!(null)),
        ("amount_out", json!("1.00")),
        ("id", json!("0")),
        ("id", json!("f9e8d7c6-b5a4-3210-fedc-ba0987654321")),
        ("account_number", json!(null)),
        ("sub_account", json!("V A")),
        ("sub_account", json!("V-A")),
        ("amount_out", json!("1000000000000.00")),
    ] {
        let mut row = sepay_row(49_682, "2023-05-05 19:59:48");
        row[name] = ill;
        assert!(is_ill(&sepay_once(Some(sepay_answer(std::slice::from_ref(&row)))).await, &row), "{row}");
    }
}

#[tokio::test]
async fn what_is_no_listing_of_sepays_concludes_nothing() {
    for ill in ["x", "[]", "{}", r#"{"status":200}"#, r#"{"status":500,"transactions":[]}"#] {
        assert!(is_malformed(&sepay_once(Some(http_answer("200 OK", ill))).await), "{ill}");
    }
    let endless = http_answer("200 OK", &" ".repeat(MAX_ANSWER_BYTES + 1));
    assert!(is_malformed(&sepay_once(Some(endless)).await));
    assert!(is_malformed(&sepay_once(Some(http_answer("404 Not Found", ""))).await));
    assert!(is_malformed(&sepay_once(Some(http_answer("302 Found", ""))).await));
    for refused in [http_answer("200 OK", ""), http_answer("401 No", ""), http_answer("403 No", "")] {
        assert!(matches!(sepay_once(Some(refused)).await, Err(ProviderError::Refused(_))));
    }
    for (header, seconds) in [
        ("", 5),
        ("x-sepay-userapi-retry-after: 1\r\n", 1),
        ("Retry-After: 30\r\n", 30),
        ("Retry-After: 0\r\n", 1),
        ("Retry-After: 100000\r\n", 600),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 5),
    ] {
        let busy = format!("HTTP/1.1 429 Busy\r\n{header}content-length: 0\r\nconnection: close\r\n\r\n");
        let wait = Duration::from_secs(seconds);
        assert!(matches!(sepay_once(Some(busy)).await, Err(ProviderError::TooOften(w)) if w == wait), "{header}");
    }
    let failing = http_answer("502 Oops", "");
    assert!(matches!(sepay_once(Some(failing)).await, Err(ProviderError::Unknown(None))));
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{".to_owned();
    assert!(matches!(sepay_once(Some(cut)).await, Err(ProviderError::Unknown(Some(_)))));
    assert!(matches!(sepay_once(None).await, Err(ProviderError::Unknown(Some(_)))));
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("address").port();
    let closed =
        Host { url: format!("http://127.0.0.1:{port}"), token: "t".into(), http: http(), pace: Duration::ZERO };
    let listed = list(&sepay::Listing::new(closed), "2023-05-05T00:00:00Z").await;
    assert!(matches!(listed, Err(ProviderError::Unavailable(Some(_)))));
}

#[tokio::test]
async fn an_ill_row_of_either_teller_hides_no_other() {
    let twice = r#"{"id":1,"id":2}"#;
    let good = sepay_row(49_682, "2023-05-05 19:59:48").to_string();
    let body = format!(r#"{{"status":200,"transactions":[{twice},1,{good},{twice}]}}"#);
    let listed = sepay_once(Some(http_answer("200 OK", &body))).await.expect("a listing");
    let given = |listed: &[Listed]| {
        let shown = |l: &Listed| (String::from_utf8_lossy(&l.evidence).into_owned(), l.report.is_ok());
        listed.iter().map(shown).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(given(&listed), [("1".to_owned(), false), (good, true), (twice.to_owned(), false)].into());

    let (mut ill, good) = (casso_row(1), casso_row(2));
    ill["id"] = json!("a");
    let listed = casso_once(casso_answer(1, 1, 2, &[ill.clone(), good.clone()])).await.expect("a listing");
    assert_eq!(given(&listed), [(ill.to_string(), false), (good.to_string(), true)].into());
}

/// SePay gives the newest rows of the asked time, at most `limit`.
fn newest_first(request: &str, rows: &[(u32, &str)], limit: usize) -> String {
    let hanoi = |text: String| crate::wire::time(&text).expect("a time");
    let from = parameter(request, "transaction_date_min").map(hanoi).expect("a time");
    let until = parameter(request, "transaction_date_max").map_or(Timestamp::MAX, hanoi);
    let fits = |time: &str| (from..=until).contains(&hanoi(time.to_owned()));
    let mut rows: Vec<_> = rows.iter().filter(|(_, time)| fits(time)).collect();
    rows.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    rows.truncate(limit);
    sepay_answer(&rows.iter().map(|(id, time)| sepay_row(*id, time)).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_full_answer_of_sepay_is_asked_for_again_in_halves() {
    let rows = [(1, "2023-05-05 08:00:00"), (2, "2023-05-05 09:00:00"), (3, "2023-05-06 06:00:00")];
    let (host, asked) = serve(move |request| Some(newest_first(request, &rows, 2))).await;
    let listed = list(&sepay::Listing::with_limit(host, 2), "2023-05-05T00:00:00Z").await.expect("a listing");
    let keys: Vec<_> = listed.iter().map(|l| report(l).source_key.as_str()).collect();
    assert_eq!(keys, ["sepay:1", "sepay:2", "sepay:3"]);
    assert!(asked.lock().expect("lock").len() >= 3);
}

#[tokio::test]
async fn a_second_that_is_fuller_than_an_answer_spoils_the_list() {
    let row = sepay_answer(&[sepay_row(1, "2023-05-05 08:00:00")]);
    let (host, asked) = serve(move |_| Some(row.clone())).await;
    // Two seconds before the last that is asked for.
    let listed = list(&sepay::Listing::with_limit(host, 1), "2023-05-06T23:59:58Z").await;
    assert!(is_malformed(&listed));
    assert_eq!(asked.lock().expect("lock").len(), 2);
}

/// The documented example.
fn casso_row(id: u32) -> Value {
    json!({
        "id": id, "tid": format!("TF{id}"), "description": "LC7K2M9QX4T", "amount": 193_000, "cusum_balance": 1_070_904,
        "when": "2021-04-15T00:00:00", "bankSubAccId": ACCOUNT, "paymentChannel": "", "virtualAccount": "",
        "corresponsiveName": "", "accountId": 733, "bankCodeName": "acb_digi",
    })
}

fn casso_answer(page: usize, pages: usize, total: usize, rows: &[Value]) -> String {
    let data = json!({
        "page": page, "pageSize": 100, "nextPage": null, "prevPage": null, "totalPages": pages, "totalRecords": total,
        "records": rows,
    });
    http_answer("200 OK", &json!({ "error": 0, "message": "success", "data": data }).to_string())
}

async fn casso_once(answer: String) -> Listings {
    let (host, _) = serve(move |_| Some(answer.clone())).await;
    list(&casso::Listing::new(host), "2021-04-14T20:00:00Z").await
}

async fn casso_with(name: &str, value: Value) -> Listings {
    let mut row = casso_row(5789);
    row[name] = value;
    casso_once(casso_answer(1, 1, 1, &[row])).await
}

#[tokio::test]
async fn cassos_pages_are_joined_with_the_webhooks_keys() {
    let (host, asked) = serve(|request| {
        let page: usize = parameter(request, "page").and_then(|p| p.parse().ok()).expect("a page");
        let rows: Vec<_> =
            [casso_row(1), casso_row(2), casso_row(3)].into_iter().skip((page - 1) * 2).take(2).collect();
        Some(casso_answer(page, 2, 3, &rows))
    })
    .await;
    let listed = list(&casso::Listing::new(host), "2021-04-14T20:00:00Z").await.expect("a listing");
    let keys: Vec<_> = listed.iter().map(|l| report(l).source_key.as_str()).collect();
    assert_eq!(keys, ["casso:1", "casso:2", "casso:3"]);
    assert_eq!(listed[1].evidence, casso_row(2).to_string().into_bytes());
    let report = report(&listed[0]);
    assert_eq!((report.teller, report.account_number.as_str(), report.direction), ("casso", ACCOUNT, Direction::In));
    assert_eq!((report.amount, report.bank_ref.as_deref()), (Vnd::new(193_000), Some("TF1")));
    assert_eq!((report.virtual_account.as_deref(), report.stated_at), (None, None));
    let asked = asked.lock().expect("lock").clone();
    // 20:00 UTC is the next day in Hanoi.
    assert!(asked[0].starts_with("GET /v2/transactions?fromDate=2021-04-15&page=1&pageSize=100&sort=ASC HTTP/1.1\r\n"));
    assert!(asked[1].contains("authorization: Apikey listing-test-token\r\n"));
}

#[tokio::test]
async fn cassos_other_rows_are_passed_over_and_ill_ones_are_given_as_they_stand() {
    assert_eq!(casso_once(casso_answer(1, 0, 0, &[])).await.expect("a listing"), []);
    assert_eq!(casso_with("amount", json!(0)).await.expect("a listing"), []);
    let mut foreign = casso_row(1);
    (foreign["bankSubAccId"], foreign["amount"]) = (json!("1"), json!("12.34"));
    assert_eq!(casso_once(casso_answer(1, 1, 1, &[foreign])).await.expect("a listing"), []);
    let out = casso_with("amount", json!(-193_000)).await.expect("a listing");
    assert_eq!((report(&out[0]).direction, report(&out[0]).amount), (Direction::Out, Vnd::new(193_000)));
    let timed = casso_with("when", json!("2021-04-15 10:20:30")).await.expect("a listing");
    assert_eq!(report(&timed[0]).stated_at, Some(at("2021-04-15T03:20:30Z")));
    for (name, ill) in [
        ("amount", json!(1.5)),
        ("amount", json!(-1_000_000_000_000_i64)),
        ("id", json!(0)),
        ("id", json!(null)),
        ("bankSubAccId", json!("")),
        ("virtualAccount", json!("V-A")),
    ] {
        let mut row = casso_row(5789);
        row[name] = ill;
        assert!(is_ill(&casso_once(casso_answer(1, 1, 1, std::slice::from_ref(&row))).await, &row), "{row}");
    }
}

#[tokio::test]
async fn a_listing_of_cassos_that_is_not_whole_concludes_nothing() {
    for cut in [
        casso_answer(1, 1, 2, &[casso_row(1)]),
        casso_answer(1, 1, 2, &[casso_row(1), casso_row(1)]),
        casso_answer(2, 2, 1, &[casso_row(1)]),
        http_answer("200 OK", r#"{"error":0,"data":{"records":[]}}"#),
        http_answer("200 OK", r#"{"error":0}"#),
        http_answer("200 OK", r#"{"error":5}"#),
        http_answer("200 OK", ""),
    ] {
        assert!(is_malformed(&casso_once(cut.clone()).await), "{cut}");
    }
    let unknown = http_answer("200 OK", r#"{"error":401,"message":"Unauthorized"}"#);
    assert!(matches!(casso_once(unknown).await, Err(ProviderError::Refused(_))));
}

#[test]
fn the_configured_teller_lists() {
    let with = |listing, url: &str| {
        let (listing_url, listing_token) = (Some(url.to_owned()), Some("token".into()));
        lister(&Settings { listing, listing_url, listing_token, ..least() }, http()).map(|m| m.teller())
    };
    assert_eq!(with(Some(Lister::Sepay), "https://my.sepay.vn/"), Some("sepay"));
    assert_eq!(with(Some(Lister::Casso), "https://oauth.casso.vn"), Some("casso"));
    assert_eq!(with(None, ""), None);
}

#[tokio::test]
async fn a_listing_of_casso_that_failed_is_not_asked_for_again_by_the_next_account_of_the_pass() {
    let (host, asked) = serve(|_| Some(http_answer("200 OK", r#"{"error":1}"#))).await;
    let listing = casso::Listing::new(host);
    let [t0, t1] = ["00", "15"].map(|s| at(&format!("2023-05-06T00:00:{s}Z")));
    let calls = || asked.lock().expect("lock").len();
    let wanted = |account_number, since, now| Wanted { account_number, since: at(since), now, not_before: t0 };
    for (account, since, now, expected) in [
        (ACCOUNT, "2023-05-05T12:00:00Z", t0, 1),
        ("999", "2023-05-05T12:00:00Z", t0, 1),
        ("998", "2023-05-01T12:00:00Z", t0, 1),
        // fewer days may be had where more are not
        ("997", "2023-05-06T12:00:00Z", t0, 2),
        // the next pass
        ("999", "2023-05-05T12:00:00Z", t1, 3),
    ] {
        assert!(is_malformed(&list_of(&listing, wanted(account, since, now)).await), "{account}");
        assert_eq!(calls(), expected, "{account} {since} {now}");
    }
}

#[tokio::test]
async fn casso_is_asked_again_in_the_same_pass_when_it_only_wanted_to_be_left_alone() {
    let (host, asked) = serve(|_| Some(http_answer("429 Too Many Requests", ""))).await;
    let listing = casso::Listing::new(host);
    for calls in 1..=2 {
        let listed = list(&listing, "2021-04-14T20:00:00Z").await;
        assert!(matches!(listed, Err(ProviderError::TooOften(_))), "{listed:?}");
        assert_eq!(asked.lock().expect("lock").len(), calls);
    }
}

#[tokio::test]
async fn one_listing_of_casso_serves_all_accounts_while_it_is_good() {
    let (mine, mut other) = (casso_row(1), casso_row(2));
    other["bankSubAccId"] = json!("999");
    let answer = casso_answer(1, 1, 2, &[mine, other]);
    let (host, asked) = serve(move |_| Some(answer.clone())).await;
    let listing = casso::Listing::new(host);
    let [t0, t1, t2] = ["00", "15", "30"].map(|s| at(&format!("2023-05-06T00:00:{s}Z")));
    let wanted = |account_number, since, now, not_before| Wanted { account_number, since: at(since), now, not_before };
    let calls = || asked.lock().expect("lock").len();
    for (account, not_before, expected) in [(ACCOUNT, t0, 1), ("999", t0, 1), ("none", t0, 1), ("999", t2, 2)] {
        let rows = list_of(&listing, wanted(account, "2023-05-05T12:00:00Z", t1.max(not_before), not_before)).await;
        assert_eq!((rows.expect("a listing").len(), calls()), (usize::from(account != "none"), expected));
    }
    // days before those that were listed
    list_of(&listing, wanted(ACCOUNT, "2023-05-01T12:00:00Z", t2, t2)).await.expect("a listing");
    assert_eq!(calls(), 3);
}
