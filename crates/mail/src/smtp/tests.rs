use super::*;
use serde_json::Value;
use simulator::PostConfig;
use simulator::post::Office;

async fn office() -> Office {
    simulator::post::start(PostConfig::default()).await.expect("a port")
}

fn settings(office: &Office, tls: Tls) -> Settings {
    Settings {
        host: office.smtp.ip().to_string(),
        port: office.smtp.port(),
        tls,
        from: "Cổng thanh toán <bien-lai@example.vn>".to_owned(),
        credentials: None,
        is_trial: true,
    }
}

fn letter(to: &str, subject: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: subject.to_owned(),
        text: "Biên lai\n.\nđã được lập\n".to_owned(),
        message_id: "1@pay.example.vn".to_owned(),
        at: "2026-11-27T01:02:03Z".parse().expect("an instant"),
    }
}

async fn taken(office: &Office) -> Vec<Value> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = outgoing::builder().build().expect("a client");
    let answer = answer.get(format!("{}/_sim/letters", office.running.url)).send().await.expect("an answer");
    let text = answer.text().await.expect("a text");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_written_and_again_byte_for_byte() {
    let office = office().await;
    let post = Smtp::new(settings(&office, Tls::None)).expect("settings");
    let letter = letter("an@example.vn", "Biên lai điện tử 26TAB 00000012 đã được thay thế bằng biên lai khác");
    post.send(&letter).await.expect("it is taken");
    post.send(&letter).await.expect("it is taken");
    let taken = taken(&office).await;
    assert_eq!(taken.len(), 2);
    assert_eq!(
        (&taken[0]["text"], &taken[0]["subject"]),
        (&letter.text.clone().into(), &letter.subject.clone().into())
    );
    assert_eq!(taken[0]["raw"], taken[1]["raw"]);
    assert_eq!(taken[0]["message_id"], "<1@pay.example.vn>");
    office.running.stop().await;
}

#[tokio::test]
async fn a_subject_and_an_address_begin_no_header_and_no_command_of_their_own() {
    let office = office().await;
    let post = Smtp::new(settings(&office, Tls::None)).expect("settings");
    post.send(&letter("an@example.vn", "Biên lai\r\nBcc: x@example.vn\r\n\r\nxin chào")).await.expect("it is taken");
    post.send(&letter("an@example.vn", "Receipt\r\nBcc: x@example.vn")).await.expect("it is taken");
    for bad in [
        "",
        "an",
        "@example.vn",
        "an@",
        "an@example.vn, x@example.vn",
        "An <an@example.vn>",
        "an@example.vn\r\nDATA",
        "an@example.vn>\r\nRCPT TO:<x@example.vn",
        "\"a b\"@example.vn",
    ] {
        let refused = post.send(&letter(bad, "Biên lai")).await;
        assert_eq!(refused, Err(NotSent::Refused("no address".to_owned())), "{bad:?}");
    }
    let taken = taken(&office).await;
    assert_eq!(taken.len(), 2);
    for letter in taken {
        let headers = letter["headers"].as_array().expect("headers");
        assert!(headers.iter().all(|header| header[0] != "Bcc"), "{letter}");
        assert_eq!(letter["text"], "Biên lai\n.\nđã được lập\n");
    }
    office.running.stop().await;
}

#[tokio::test]
async fn where_tls_is_wanted_nothing_goes_out_without_it() {
    let office = office().await;
    let starts = Smtp::new(settings(&office, Tls::StartTls)).expect("settings");
    let not_offered = Err(NotSent::Later("STARTTLS: not offered".to_owned()));
    assert_eq!(starts.send(&letter("an@example.vn", "Biên lai")).await, not_offered);
    let from_the_first = Smtp::new(settings(&office, Tls::Required)).expect("settings");
    let sent = from_the_first.send(&letter("an@example.vn", "Biên lai")).await;
    assert!(matches!(sent, Err(NotSent::Later(_))), "{sent:?}");
    assert_eq!(taken(&office).await.len(), 0);
    office.running.stop().await;
}

#[test]
fn outside_trials_there_is_tls_and_a_public_host() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = |host: &str, tls| {
        let (host, from) = (host.to_owned(), "bien-lai@example.vn".to_owned());
        Smtp::new(Settings { host, port: 465, tls, from, credentials: None, is_trial: false }).map(drop)
    };
    assert!(made("mail.example.vn", Tls::Required).is_ok() && made("mail.example.vn", Tls::StartTls).is_ok());
    assert!(matches!(made("mail.example.vn", Tls::None), Err(SettingsError::InTheClear)));
    for private in ["127.0.0.1", "10.0.0.1", "2130706433"] {
        assert!(matches!(made(private, Tls::Required), Err(SettingsError::NotPublic)), "{private}");
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_connected_to() {
    let post = Smtp::new(Settings {
        host: "localhost".to_owned(),
        port: 465,
        tls: Tls::Required,
        from: "bien-lai@example.vn".to_owned(),
        credentials: None,
        is_trial: false,
    });
    let sent = post.expect("settings").send(&letter("an@example.vn", "Biên lai")).await;
    assert_eq!(sent, Err(NotSent::Later("not reached: the host has no public address".to_owned())));
}

#[test]
fn no_debug_of_a_letter_shows_an_address() {
    assert_eq!(format!("{:?}", letter("an@example.vn", "Biên lai")), "Letter(1@pay.example.vn)");
}
