//! Codes, references and ids as others spell them: what is read is written again as it stood.

use crate::changes::changed_text;
use domain::bank_reference::BankReference;
use domain::codes::{AccountCode, BeneficiaryCode, OrderRef};
use domain::dossier_code::DossierCode;
use domain::reference::Reference;
use domain::{IntentId, ObligationId};

pub fn check(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let dossier = DossierCode::new(&*text);
    if let Ok(code) = &dossier {
        assert_eq!((code.as_str(), code.to_string().as_str()), (&*text, &*text));
        assert!((1..=50).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()), "{text}");
    }
    if let Ok(code) = OrderRef::new(&*text) {
        assert_eq!(code.as_str(), text);
        assert!(BeneficiaryCode::new(&*text).is_ok() && AccountCode::new(&*text).is_ok(), "{text}");
        assert!((1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()), "{text}");
    }
    if let Ok(id) = text.parse::<ObligationId>() {
        assert_eq!(id.to_string(), text);
        assert!(text.parse::<IntentId>().is_err());
    }
    let reference = Reference::parse(&text);
    if let Ok(code) = &reference {
        assert_eq!(code.as_str(), text);
        assert_eq!(code.spaced().replace(' ', ""), text);
        // one letter misread is never another code of ours, but for the prefix, which tells the modes apart
        for other in changed_text(&text) {
            assert!(Reference::parse(&other).is_err() || other[2..] == text[2..], "{text} became {other}");
        }
    }
    for numbering in [None, Some("mt940")] {
        let Some(read) = BankReference::read(&text, numbering) else { continue };
        assert_eq!(BankReference::stored(&read.to_string()), read, "{text}");
        assert!(read.same(&read) && read.comparable(&read));
        let bare = read.to_string();
        let bare = bare.rsplit(':').next().unwrap_or_default();
        assert_eq!(BankReference::read(bare, numbering).as_ref(), Some(&read), "{text}");
    }
    dossier.is_ok() || reference.is_ok()
}
