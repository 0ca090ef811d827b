//! Signing in by way of the province's identity provider, and showing there anew who one is.

use crate::refunds::{paid, proposes, whole};
use domain::role::Role;
use jiff::Timestamp;
use storage::principals;
use tests::child::run;
use tests::desk::{Desk, fresh_codes, hires};
use tests::outside::{Provider, onward};
use tests::{House, Plan, env};

const SESSION: &str = "__Host-motlan";
const WAY: &str = "__Host-motlan-outside";

/// The command line, where the provider is configured.
pub(super) async fn user(house: &House, provider: &Provider, words: &[&str]) -> bool {
    let plan = Plan { settings: vec![("MOTLAN_OIDC__ISSUER", provider.url.clone())], ..Plan::default() };
    let env = env(&house.database, &house.vnpay.url, &plan);
    run(&env, &[&["user"][..], words].concat()).await.success
}

async fn last_refusal(house: &House) -> String {
    house.ask("select subject from audit where action = 'outside_refused' order by id desc limit 1").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_provider_names_and_the_command_line_has_linked_signs_in_with_our_code_or_two_factors_there() {
    let (provider, house) = Provider::with_house().await;
    let login = hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    let db = house.gateway.ctx.pool.get().await.unwrap();
    let chief = storage::ids::mint(Timestamp::now());
    principals::put_person(&db, chief, "giam-doc", "Giám đốc (mẫu)", &[]).await.unwrap();
    drop(db);
    let people = house.ask("select count(*) from person").await;

    // nobody becomes somebody here because the provider knows them
    let mut desk = Desk::elsewhere(&house);
    provider.sits("tinh-8f3a-1", &["pwd"]).await;
    let refused = desk.goes(&provider).await.expect(403);
    assert!(refused.says("tinh-8f3a-1") && refused.says("chưa được liên kết"), "{}", refused.text);
    assert_eq!(last_refusal(&house).await, "unknown unlinked");
    assert_eq!(house.ask("select count(*) from person").await, people);
    assert!(!house.ask("select string_agg(subject, ' ') from audit").await.contains("tinh-8f3a-1"));

    assert!(user(&house, &provider, &["link", "--code", "thu-quy", "--subject", "tinh-8f3a-1"]).await);
    assert!(
        !user(&house, &provider, &["link", "--code", "giam-doc", "--subject", "tinh-8f3a-1"]).await,
        "somebody already"
    );
    assert!(
        !user(&house, &provider, &["link", "--code", "thu-quy", "--subject", "tinh-8f3a-9"]).await,
        "linked already"
    );
    assert!(user(&house, &provider, &["link", "--code", "giam-doc", "--subject", "tinh-8f3a-2"]).await);

    // one factor there: our code besides, counted as ever
    let page = desk.goes(&provider).await.expect(200);
    assert!(!desk.cookies.contains_key(SESSION), "the code is still to come");
    let form = page.field("form");
    let mut types = async |code: &str| desk.post("/console/outside/code", &[("form", &form), ("code", code)]).await;
    types("000000").await.expect(403);
    assert_eq!(last_refusal(&house).await, format!("{} wrong_code", login.id));
    fresh_codes(&house).await;
    let home = types(&login.code()).await.expect(200);
    assert_eq!(onward(&home), "/console");
    desk.get("/console").await.expect(200);
    assert_eq!(house.ask("select count(*) from sign_in where wrong_tries > 0").await, "0");
    desk.post("/console/outside/code", &[("form", &form), ("code", &login.code())]).await.expect(403);

    // two factors there: nothing is asked for here, and no password is needed
    let mut boss = Desk::elsewhere(&house);
    provider.sits("tinh-8f3a-2", &["pwd", "mfa"]).await;
    let there = boss.sets_out().await;
    let way = boss.cookies[WAY].clone();
    assert!(
        there.contains("code_challenge_method=S256") && there.contains("nonce=") && !there.contains(&way),
        "{there}"
    );
    let back = provider.leads(&boss, &there).await;
    boss.get(&back).await.expect(200);
    boss.get("/console").await.expect(200);
    assert!(!boss.cookies.contains_key(WAY));
    assert_eq!(
        house
            .ask(
                "select string_agg(action || ' ' || actor, ', ' order by id) from audit where action like 'signed_in%'"
            )
            .await,
        format!("signed_in_outside {}, signed_in_outside {chief}", login.id)
    );

    // signing out is signing out there too
    let form = boss.get("/console").await.field("form");
    let left = boss.post("/console/sign-out", &[("form", &form)]).await.expect(200);
    assert_eq!(provider.leads(&boss, &onward(&left)).await, "/console/sign-in");
    assert_eq!(boss.get("/console").await.status, 303);
    assert_eq!(boss.goes(&provider).await.status, 403);
    assert_eq!(last_refusal(&house).await, "unknown declined");

    // who is linked no longer, and who is disabled
    assert!(user(&house, &provider, &["unlink", "--code", "thu-quy"]).await);
    assert_eq!(desk.get("/console").await.status, 303, "signed out with it");
    assert!(user(&house, &provider, &["disable", "--code", "giam-doc"]).await);
    provider.sits("tinh-8f3a-2", &["mfa"]).await;
    boss.goes(&provider).await.expect(403);
    assert_eq!(last_refusal(&house).await, "unknown unlinked");
    house.close().await;
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_says_wrongly_and_what_another_browser_brings_signs_nobody_in() {
    let (provider, house) = Provider::with_house().await;
    hires(&house, "thu-quy", &[Role::Accountant], &[]).await;
    provider.sits("tinh-8f3a-1", &["mfa"]).await;
    Desk::elsewhere(&house).goes(&provider).await.expect(403);
    assert!(user(&house, &provider, &["link", "--code", "thu-quy", "--subject", "tinh-8f3a-1"]).await);

    for (wrong, cause) in [
        ("nonce", "nonce"),
        ("no_nonce", "nonce"),
        ("audience", "audience"),
        ("second_audience", "audience"),
        ("azp", "audience"),
        ("expired", "expired"),
        ("future", "issued"),
        ("no_signature", "algorithm"),
        ("shared_secret", "algorithm"),
        ("other_key", "signature"),
        ("unknown_key", "key"),
        ("token_issuer", "issuer"),
        ("answer_issuer", "issuer"),
        ("no_answer_issuer", "issuer"),
        ("redirect", "not_reached"),
        ("failing", "not_reached"),
        ("hangs", "not_reached"),
        ("declines", "declined"),
    ] {
        provider.is_wrong(wrong).await;
        let mut desk = Desk::elsewhere(&house);
        desk.goes(&provider).await.expect(403);
        assert_eq!(last_refusal(&house).await, format!("unknown {cause}"), "{wrong}");
        assert!(!desk.cookies.contains_key(SESSION), "{wrong}");
    }
    provider.is_wrong("nothing").await;

    // an answer is taken once, and in the browser that asked
    let (mut one, mut other) = (Desk::elsewhere(&house), Desk::elsewhere(&house));
    let there = one.sets_out().await;
    let back = provider.leads(&one, &there).await;
    other.get(&back).await.expect(403);
    assert_eq!(last_refusal(&house).await, "unknown state", "a browser that asked for nothing");
    let others = other.sets_out().await;
    other.get(&back).await.expect(403);
    assert_eq!(last_refusal(&house).await, "unknown state", "another browser's");
    let held = one.cookies.clone();
    one.get(&back).await.expect(200);
    one.get("/console").await.expect(200);
    one.cookies = held;
    one.get(&back).await.expect(403);
    assert_eq!(last_refusal(&house).await, "unknown over", "a second time");

    // a code of somebody's own way in the other's
    let code = |back: &str| back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let mut attacker = Desk::elsewhere(&house);
    let of_attacker = attacker.sets_out().await;
    let injected = code(&provider.leads(&attacker, &of_attacker).await);
    let victims = provider.leads(&other, &others).await;
    let slipped_in = victims.replace(&code(&victims), &injected);
    other.get(&slipped_in).await.expect(403);
    assert_eq!(last_refusal(&house).await, "unknown code", "by its verifier");
    provider.is_wrong("verifier").await;
    let (again, of_attacker) = (other.sets_out().await, attacker.sets_out().await);
    let injected = code(&provider.leads(&attacker, &of_attacker).await);
    let victims = provider.leads(&other, &again).await;
    other.get(&victims.replace(&code(&victims), &injected)).await.expect(403);
    assert_eq!(last_refusal(&house).await, "unknown nonce", "by its nonce, where the provider looks at no verifier");
    provider.is_wrong("nothing").await;

    // too late
    let mut late = Desk::elsewhere(&house);
    let there = late.sets_out().await;
    house.ask("update outside_way set begun_at = begun_at - interval '10 minutes'").await;
    let back = provider.leads(&late, &there).await;
    late.get(&back).await.expect(403);
    assert_eq!(last_refusal(&house).await, "unknown over");

    assert_eq!(house.ask("select count(*) from console_session").await, "1", "of all these one signed in");
    house.close().await;
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_decides_has_shown_anew_at_the_provider_who_they_are_once_for_each_decision() {
    let (provider, house) = Provider::with_house().await;
    let approver = hires(&house, "lanh-dao", &[Role::Approver], &[]).await;
    provider.sits("tinh-8f3a-1", &["mfa"]).await;
    let mut desk = Desk::elsewhere(&house);
    desk.goes(&provider).await.expect(403);
    assert!(user(&house, &provider, &["link", "--code", "lanh-dao", "--subject", "tinh-8f3a-1"]).await);
    desk.goes(&provider).await.expect(200);

    let (fee, _, payment) = paid(&house, 21_000).await;
    let refund = proposes(&house.staff, &payment, &[whole(&fee)], "close").await.expect(201);
    let path = format!("/console/approvals/{}", refund["approval_id"].as_str().unwrap());
    let decide = async |desk: &mut Desk| {
        let page = desk.get(&path).await.expect(200);
        let (form, key) = (page.field("form"), page.field("key"));
        let fields = [("form", form.as_str()), ("key", &key), ("verdict", "reject"), ("code", "")];
        desk.post(&format!("{path}/decision"), &fields).await
    };
    decide(&mut desk).await.expect(422);
    assert_eq!(house.ask("select max(wrong_tries) from sign_in").await, "0", "no code is no wrong code");

    // what does not show that they sit there now
    for (wrong, cause) in [("not_anew", "unknown stale"), ("no_auth_time", "unknown stale")] {
        provider.is_wrong(wrong).await;
        desk.goes_anew(&provider, &path).await.expect(403);
        assert_eq!(last_refusal(&house).await, cause, "{wrong}");
    }
    provider.is_wrong("nothing").await;
    provider.sits("tinh-8f3a-1", &["pwd"]).await;
    desk.goes_anew(&provider, &path).await.expect(403);
    assert_eq!(last_refusal(&house).await, format!("{} one_factor", approver.id));
    provider.sits("tinh-8f3a-2", &["mfa"]).await;
    desk.goes_anew(&provider, &path).await.expect(403);
    assert_eq!(last_refusal(&house).await, "unknown unlinked");
    hires(&house, "nguoi-khac", &[Role::Approver], &[]).await;
    assert!(user(&house, &provider, &["link", "--code", "nguoi-khac", "--subject", "tinh-8f3a-2"]).await);
    desk.goes_anew(&provider, &path).await.expect(403);
    assert!(last_refusal(&house).await.ends_with(" other_person"));
    decide(&mut desk).await.expect(422);

    // what does: for two minutes, and for one decision
    provider.sits("tinh-8f3a-1", &["mfa"]).await;
    let home = desk.goes_anew(&provider, &path).await.expect(200);
    assert_eq!(onward(&home), path);
    house.ask("update console_session set fresh_at = fresh_at - interval '2 minutes'").await;
    decide(&mut desk).await.expect(422);
    desk.goes_anew(&provider, &path).await.expect(200);
    assert_eq!(decide(&mut desk).await.status, 303);
    assert_eq!(house.ask("select count(*) from console_session where fresh_at is not null").await, "0", "used");
    let trail = "select string_agg(action, ' ' order by id) from audit where action like 'shown_anew%'";
    assert_eq!(house.ask(trail).await, "shown_anew shown_anew shown_anew_taken");

    // nobody is led away by it
    let form = desk.get("/console").await.field("form");
    let away = [("form", form.as_str()), ("next", "//evil.example")];
    desk.post("/console/outside/anew", &away).await.expect(403);
    house.close().await;
    provider.stop().await;
}
