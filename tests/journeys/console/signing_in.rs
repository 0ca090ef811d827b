//! Who signs in, with what, how often they may be wrong, and what ends it.

use domain::role::Role;
use serde_json::json;
use tests::child::run;
use tests::desk::{Desk, Login, PASSWORD, Page, fresh_codes, hires, invites, joins};
use tests::portal::dossier;
use tests::{House, Plan, env};

const SESSION: &str = "__Host-motlan";

/// What the trail says of signing in, oldest first.
async fn trail(house: &House) -> Vec<String> {
    let of = "action in ('sign_in_invited', 'sign_in_set', 'signed_in', 'signed_out', 'sign_in_refused', 'code_refused', 'payment_read')";
    let said = house
        .ask(&format!(
            "select string_agg(action || ' ' || actor || ' ' || subject, E'\\n' order by id) from audit where {of}"
        ))
        .await;
    said.lines().map(str::to_owned).collect()
}

async fn is_in(desk: &mut Desk) -> bool {
    let page = desk.get("/console").await;
    match page.status {
        200 => true,
        303 => {
            assert_eq!(page.header("location"), "/console/sign-in");
            false
        }
        other => panic!("{other}: {}", page.text),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_follows_a_link_once_signs_in_with_password_and_code_and_neither_link_nor_code_is_good_twice() {
    let house = House::new().await;
    let mut desk = Desk::at(&house);
    assert!(!is_in(&mut desk).await, "nobody has an account by default");
    assert_eq!(desk.tries("ke-toan", PASSWORD, "000000").await.status, 403);

    // the command line makes the link
    let env = env(&house.database, &house.vnpay.url, &Plan::default());
    let made = run(&env, &["user", "invite", "--code", "ke-toan", "--json"]).await;
    assert!(made.success, "{}", made.stderr);
    let made: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    let first = made["path"].as_str().unwrap().to_owned();
    assert_eq!(desk.get(&first).await.status, 200);
    let secret = *b"another secret of it";
    let (link, id) = invites(&house, "ke-toan", &secret).await;
    assert_eq!(desk.get(&first).await.status, 404, "a later link overtakes it");

    let login = Login { person: "ke-toan".to_owned(), id, secret };
    let page = desk.get(&link.path).await.expect(200);
    let form = page.field("form");
    let mut sets = async |password: &str, again: &str, code: &str| -> Page {
        let fields = [("form", form.as_str()), ("password", password), ("again", again), ("code", code)];
        desk.post(&link.path, &fields).await
    };
    for (password, again, code) in [
        ("matkhau123", "matkhau123", login.code()),
        ("ngắn", "ngắn", login.code()),
        (PASSWORD, "khác", login.code()),
        (PASSWORD, PASSWORD, "000000".to_owned()),
    ] {
        assert_eq!(sets(password, again, &code).await.status, 422, "{password}");
    }
    let code = login.code();
    assert_eq!(sets(PASSWORD, PASSWORD, &code).await.status, 200);
    assert_eq!(sets(PASSWORD, PASSWORD, &code).await.status, 404, "the link was followed");

    let mut desk = Desk::at(&house);
    let used = desk.tries("ke-toan", PASSWORD, &code).await;
    assert_eq!(used.status, 403, "the code was used to set it");
    fresh_codes(&house).await;
    let code = login.code();
    assert_eq!(desk.tries("ke-toan", PASSWORD, &code).await.status, 303);
    assert!(is_in(&mut desk).await);
    let mut other = Desk::at(&house);
    assert_eq!(other.tries("ke-toan", PASSWORD, &code).await.status, 403, "a code is used once");
    let form = desk.get("/console").await.field("form");
    assert_eq!(desk.post("/console/sign-out", &[("form", &form)]).await.status, 303);
    assert!(!is_in(&mut desk).await);

    let who = id.to_string();
    let expected = [
        "sign_in_refused console unknown".to_owned(),
        format!(
            "sign_in_invited {} {who}",
            house.ask("select actor from audit where action = 'sign_in_invited' order by id limit 1").await
        ),
        format!("sign_in_invited cli:test {who}"),
        format!("sign_in_set {who} {who}"),
        format!("sign_in_refused console {who}"),
        format!("signed_in {who} {who}"),
        format!("sign_in_refused console {who}"),
        format!("signed_out {who} {who}"),
    ];
    assert_eq!(trail(&house).await, expected);
    house.close().await;
}

/// A refusal without what is new in each, or was typed.
fn told(page: &Page, person: &str) -> (u16, String) {
    (page.status, page.text.replace(&page.field("form"), "").replace(person, ""))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_tries_lock_an_account_for_a_quarter_of_an_hour_and_every_refusal_reads_the_same() {
    let house = House::new().await;
    let login = joins(&house, "ke-toan").await;
    fresh_codes(&house).await;
    let mut desk = Desk::at(&house);
    let unknown = told(&desk.tries("khong-co-ai", PASSWORD, "123456").await, "khong-co-ai");
    for wrong in ["mật khẩu sai 1", "mật khẩu sai 2", "mật khẩu sai 3", "mật khẩu sai 4"] {
        let refused = told(&desk.tries("ke-toan", wrong, &login.code()).await, "ke-toan");
        assert_eq!(refused, unknown, "nobody learns who has an account");
    }
    let refused = told(&desk.tries("ke-toan", PASSWORD, "000000").await, "ke-toan");
    assert_eq!(refused, unknown, "nor which of the two was wrong");
    let refused = told(&desk.tries("ke-toan", PASSWORD, &login.code()).await, "ke-toan");
    assert_eq!(refused, unknown, "nor that it is locked");
    assert_eq!(house.ask("select (locked_until > now() + interval '14 minutes')::text from sign_in").await, "true");

    house.ask("update sign_in set locked_until = now()").await;
    assert_eq!(desk.tries("ke-toan", PASSWORD, &login.code()).await.status, 303);
    assert_eq!(house.ask("select wrong_tries from sign_in").await, "0");

    // of many at once no more are looked at than one after the other: the right one among them is locked out like the rest
    let mut tries: Vec<Desk> = (0..8).map(|_| Desk::at(&house)).collect();
    let all = tries.iter_mut().map(|desk| desk.tries("ke-toan", "sai cả tám lần", "000000"));
    assert!(futures_util::future::join_all(all).await.iter().all(|page| page.status == 403 || page.status == 429));
    assert_eq!(house.ask("select wrong_tries from sign_in").await, "5");
    let locked = trail(&house).await.iter().filter(|line| line.ends_with(" locked")).count();
    assert!(locked >= 2, "{locked}");

    // whoever tries everybody's from one place is slowed before that
    let (mut slowed, mut desk) = (false, Desk::at(&house));
    for n in 0..30 {
        slowed |= desk.tries(&format!("nguoi-{n}"), PASSWORD, "123456").await.status == 429;
    }
    assert!(slowed);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_its_own_at_each_sign_in_and_ends_by_rest_by_age_and_by_whatever_should_end_it() {
    let house = House::new().await;
    let login = hires(&house, "ke-toan-2", &[Role::Accountant], &[]).await;
    let admin = hires(&house, "quan-tri", &[Role::Administrator], &[]).await;

    // a token that somebody else brought along is not the one of the session
    let mut desk = Desk::at(&house);
    let brought = "A".repeat(43);
    desk.cookies.insert(SESSION.to_owned(), brought.clone());
    desk.signs_in(&house, &login).await;
    let first = desk.cookies[SESSION].clone();
    assert_ne!(first, brought);
    assert!(!house.ask("select string_agg(token_hash::text, ' ') from console_session").await.contains(&first));
    let mut again = Desk::of(&house, &login).await;
    assert_ne!(again.cookies[SESSION], first);
    assert!(is_in(&mut desk).await && is_in(&mut again).await, "two places, two sessions");

    let aged = async |what: &str| house.ask(&format!("update console_session set {what} where ended_at is null")).await;
    aged("begun_at = begun_at - interval '14 minutes', seen_at = seen_at - interval '14 minutes'").await;
    assert!(is_in(&mut desk).await);
    aged("begun_at = begun_at - interval '15 minutes', seen_at = seen_at - interval '15 minutes'").await;
    assert!(!is_in(&mut desk).await, "fifteen minutes without a request");
    desk.signs_in(&house, &login).await;
    aged("begun_at = now() - interval '8 hours', seen_at = now()").await;
    assert!(!is_in(&mut desk).await, "eight hours, whatever they did");

    let mut chief = Desk::of(&house, &admin).await;
    aged("begun_at = begun_at - interval '4 minutes', seen_at = seen_at - interval '4 minutes'").await;
    assert!(is_in(&mut chief).await);
    aged("begun_at = begun_at - interval '5 minutes', seen_at = seen_at - interval '5 minutes'").await;
    assert!(!is_in(&mut chief).await, "five minutes for whoever administers");

    // a new password, and a person who is disabled and enabled again
    desk.signs_in(&house, &login).await;
    joins(&house, "ke-toan-2").await;
    assert!(!is_in(&mut desk).await, "a new password");
    desk.signs_in(&house, &login).await;
    let env = env(&house.database, &house.vnpay.url, &Plan::default());
    for word in ["disable", "enable"] {
        assert!(run(&env, &["user", word, "--code", "ke-toan-2"]).await.success);
        assert!(!is_in(&mut desk).await, "{word}d");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_carries_what_a_browser_must_obey_and_a_press_from_elsewhere_changes_nothing() {
    let house = House::new().await;
    let login = joins(&house, "ke-toan").await;
    fresh_codes(&house).await;
    let mut desk = Desk::at(&house);
    let page = desk.get("/console/sign-in").await.expect(200);
    let cookie = page.header("set-cookie");
    let form = page.field("form");
    let fields = |form: &str| {
        [
            ("form", form.to_owned()),
            ("person", "ke-toan".to_owned()),
            ("password", PASSWORD.to_owned()),
            ("code", login.code()),
        ]
    };
    let mut press = async |form: &str, headers: &[(&str, &str)]| {
        let fields = fields(form);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        desk.post_with("/console/sign-in", &fields, headers).await
    };
    for site in ["cross-site", "same-site"] {
        assert_eq!(press(&form, &[("sec-fetch-site", site)]).await.status, 403, "{site}");
    }
    assert_eq!(press("", &[]).await.status, 403, "a form without its token");
    assert_eq!(press(&"A".repeat(43), &[]).await.status, 403, "of somebody else");
    let signed = press(&form, &[("sec-fetch-site", "same-origin")]).await.expect(303);
    for cookie in [cookie, signed.header("set-cookie")] {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
    }

    for path in ["/console", "/console/sign-in", "/console/search", "/console/none", "/console/assets/console.css"] {
        let page = desk.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{path}: {policy}");
        assert_eq!(page.header("strict-transport-security"), "max-age=31536000; includeSubDomains", "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
        let cached = if path.contains("/assets/") { "public, max-age=600" } else { "no-store" };
        assert_eq!(page.header("cache-control"), cached, "{path}");
        assert!(!page.says(" style=") && !page.says("<style") && !page.says("<script"), "{path}");
    }

    for path in
        ["/console/day", "/console/day?scope=bank:x&date=heute", "/console/cases?status=no", "/console/cases/cas_1"]
    {
        assert_eq!(desk.get(path).await.status, 404, "{path}");
    }

    // nobody is signed out by a press that is not theirs
    let form = desk.get("/console").await.field("form");
    assert_eq!(desk.post("/console/sign-out", &[("form", "")]).await.status, 403);
    assert_eq!(
        desk.post_with("/console/sign-out", &[("form", &form)], &[("sec-fetch-site", "cross-site")]).await.status,
        403
    );
    assert!(is_in(&mut desk).await);
    // and the public listener has no console
    let public = house.http.get(format!("{}/console/sign-in", house.gateway.base_url())).send().await.unwrap();
    assert_eq!(public.status(), 404);

    let fee = house.portal.owes(&dossier(), 21_000, json!({})).await;
    let intent = house.portal.opens(&[&fee]).await;
    let attempt = house.at_vnpay(&intent).await;
    house.pays(&attempt, json!({})).await;
    house.drain().await;
    let reference = intent["reference"].as_str().unwrap();
    let found = desk.get(&format!("/console/search?q=Chuyen+tien+{reference}+le+phi")).await.expect(200);
    let path = found.text.split("href=\"/console/payments/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let story = desk.get(&format!("/console/payments/{path}")).await.expect(200);
    assert!(story.says("21.000 ₫") && story.says(reference) && story.says("Có báo thu"), "{}", story.text);
    assert_eq!(
        trail(&house).await.last().unwrap(),
        &format!("payment_read {} {path}", login.id),
        "who read it is known"
    );
    let mut other =
        Desk::of(&house, &hires(&house, "noi-khac", &[Role::Viewer], &[tests::OTHER_BENEFICIARY]).await).await;
    assert_eq!(other.get(&format!("/console/payments/{path}")).await.status, 404, "not theirs is absent");
    assert!(other.get(&format!("/console/search?q={reference}")).await.says("Không tìm thấy gì"));
    house.close().await;
}
