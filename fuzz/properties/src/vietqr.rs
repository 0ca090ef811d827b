//! VietQR strings as somebody else made them.

use crate::changes::changed_text;
use provider_vietqr::qr::{Service, Transfer, decode};

pub fn check(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(read) = decode(text) else { return false };
    let service = match read.service.as_str() {
        "QRIBFTTA" => Some(Service::Account),
        "QRIBFTTC" => Some(Service::Card),
        _ => None,
    };
    let (bank_bin, number, amount, purpose) = (&*read.bank_bin, &*read.number, read.amount, read.purpose());
    if let Some(service) = service
        && let Ok(made) = (Transfer { bank_bin, number, service, amount, purpose }).encode()
    {
        let again = decode(&made).expect("what we make can be read");
        assert_eq!((&again.bank_bin, &again.number, &again.service), (&read.bank_bin, &read.number, &read.service));
        assert_eq!((again.amount, again.purpose()), (read.amount, read.purpose()), "{text}");
    }
    for other in changed_text(text) {
        // a checksum of 16 bits finds each change within 16 bits; the case of its own digits is no change
        let same = decode(&other).map_or(true, |other| other == read);
        assert!(same, "{text} became {other}");
    }
    true
}
