//! What protects the page, and the look-up that anybody may use.

use crate::SCRIPT;
use crate::world::{TOKEN_OF_NOBODY, World, form};
use actix_web::http::StatusCode;

#[actix_web::test]
async fn every_answer_forbids_foreign_code_framing_keeping_and_giving_the_address_away() {
    let world = World::new().await;
    let answers = [
        world.get("").await,
        world.at(&format!("/pay/{TOKEN_OF_NOBODY}")).await,
        world.at("/pay/a/b/c").await,
        world.post("channel=testbank").await,
    ];
    for answer in answers {
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
             base-uri 'none'; frame-ancestors 'none'; form-action 'self' https: http:"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!(answer.body.matches(SCRIPT).count(), 1);
        let rest = answer.body.replace(SCRIPT, "");
        for foreign in ["<script", "style=", " onclick", "src="] {
            assert!(!rest.contains(foreign), "{foreign} in {}", answer.body);
        }
    }
    let script = world.at("/pay/assets/pay.js").await;
    assert_eq!((script.status, script.header("content-type")), (StatusCode::OK, "text/javascript; charset=utf-8"));
    for out in ["http:", "https:", "eval(", "cookie", "localStorage", "innerHTML"] {
        assert!(!script.body.contains(out), "{out} in the script");
    }
    let css = world.at("/pay/assets/pay.css").await;
    assert_eq!((css.status, css.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(!css.body.contains("url(") && !css.body.contains("@import"));
}

#[actix_web::test]
async fn in_production_a_form_may_lead_to_encrypted_pages_only() {
    let world = World::in_mode(domain::mode::Mode::Production).await;
    let page = world.get("").await;
    assert!(page.header("content-security-policy").ends_with("form-action 'self' https:"));
    assert!(!page.body.contains("Môi trường thử nghiệm"));
}

#[actix_web::test]
async fn a_token_that_names_nothing_answers_alike_however_it_looks() {
    let world = World::new().await;
    let unknown = world.at(&format!("/pay/{TOKEN_OF_NOBODY}")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let id = world.intent().await.id.to_string();
    let long = "a".repeat(4000);
    let upper = world.token.to_uppercase();
    for token in ["x", "%00", "%FF%FE", "a%2Fb", "..%2F..%2Fetc", "%3Cscript%3E", "'or'1'='1", &id, &long, &upper] {
        let answer = world.at(&format!("/pay/{token}")).await;
        assert_eq!((answer.status, &answer.body), (unknown.status, &unknown.body), "{token}");
        assert_eq!(answer.headers, unknown.headers, "{token}");
    }
    for path in ["/pay/%00/attempts", "/pay/x/attempts/1", "/pay/x/news", "/pay/x/qr.png", "/pay/x/notice.pdf"] {
        assert_eq!(world.at(path).await.body, unknown.body, "{path}");
    }
    for what in ["attempts", "renew", "refund-account"] {
        let posted = world.post_to(&format!("/pay/{TOKEN_OF_NOBODY}/{what}"), form("testbank", "1")).await;
        assert_eq!((posted.status, &posted.body), (unknown.status, &unknown.body), "{what}");
    }
}

#[actix_web::test]
async fn without_a_database_the_page_asks_to_come_again() {
    let world = World::new().await;
    world.ctx.pool.close();
    let page = world.get("").await;
    assert_eq!((page.status, page.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "30"));
    assert!(page.body.contains("xin đừng thanh toán lại"));
}

#[actix_web::test]
async fn a_press_that_another_site_sends_is_refused_before_anything_is_read() {
    let world = World::new().await;
    for foreign in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.example"), ("host", "pay.example.vn")],
        vec![("origin", "http://pay.example.vn.evil.example"), ("host", "pay.example.vn")],
    ] {
        let answer = world.post_from(&foreign, &form("testbank", "f1")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{foreign:?}");
        assert!(answer.body.contains("Yêu cầu bị từ chối") && !answer.header("content-security-policy").is_empty());
    }
    assert_eq!(world.count("attempt").await, 0);
    for own in [
        vec![("sec-fetch-site", "same-origin"), ("origin", "null")],
        vec![("origin", "https://pay.example.vn")],
        vec![("origin", "null")],
        vec![],
    ] {
        assert_eq!(world.post_from(&own, &form("testbank", "f1")).await.status, StatusCode::SEE_OTHER, "{own:?}");
    }
    assert_eq!(world.count("attempt").await, 1);
}

#[actix_web::test]
async fn a_dossiers_fees_are_shown_to_anybody_and_nothing_of_a_person_and_no_way_to_the_page() {
    let world = World::new().await;
    let found = world.at("/pay?dossier=h38.17-261124-0001").await;
    assert_eq!(found.status, StatusCode::OK);
    for text in ["21.000 ₫", "Phí chứng thực bản sao", "UBND xã Tả Phìn"] {
        assert!(found.body.contains(text), "{text} is missing: {}", found.body);
    }
    let intent = world.intent().await;
    for secret in ["Kín", "010085000123", "0912345678", &world.token, intent.reference.as_str(), &intent.id.to_string()]
    {
        assert!(!found.body.contains(secret), "{secret} is shown");
    }
    world.post(&form("testbank", "f1")).await;
    world.pay(71_000, "14226112").await;
    let paid = world.at("/pay?dossier=H38.17-261124-0001").await.body;
    assert!(paid.contains("0 ₫") && paid.contains("Đã nộp"), "{paid}");
}

#[actix_web::test]
async fn a_look_up_is_no_oracle_and_one_address_asks_a_few_times_a_minute() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for code in ["H38.17-261124-9999", "x", "%27or%271%27=%271", "%3Cscript%3E"] {
        let begun = std::time::Instant::now();
        let answer = world.at(&format!("/pay?dossier={code}")).await;
        let took = begun.elapsed().as_millis();
        assert!((150..300).contains(&took), "{took} ms");
        assert!(!answer.body.replace(SCRIPT, "").contains("<script"));
        let shown = answer.body.split("<section").nth(1).unwrap().split("</h2>").nth(1).unwrap().to_owned();
        answers.push((answer.status, shown));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let mut last = world.at("/pay?dossier=y").await;
    for _ in 0..12 {
        last = world.at("/pay?dossier=y").await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!last.header("retry-after").is_empty() && last.body.contains("Tra cứu quá nhiều lần"));
    assert_eq!(world.at("/pay").await.status, StatusCode::OK, "the empty form costs nothing");
}
