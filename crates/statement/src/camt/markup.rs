//! What stands within the markup: the declaration, references and attributes.

use super::Ccy;
use crate::error::Reason;
use crate::money::Currency;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart};

/// Only UTF-8 is read, so only UTF-8 (or its part, ASCII) may be declared.
pub(crate) fn declared(declaration: &BytesDecl<'_>) -> Result<(), Reason> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if ["utf-8", "utf8", "us-ascii"].iter().any(|n| name.eq_ignore_ascii_case(n)) => Ok(()),
        Some(_) => Err(Reason::Encoding("the declared one is not UTF-8")),
    }
}

pub(crate) fn resolve(entity: &BytesRef<'_>) -> Result<char, Reason> {
    let character = match entity.resolve_char_ref() {
        Ok(Some(character)) => Some(character).filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')),
        Ok(None) => match entity.xml10_content().as_ref() {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => None,
        },
        Err(_) => None,
    };
    character.ok_or(Reason::Entity)
}

/// Every attribute is looked at, for an entity may hide in any; only `Ccy` is kept.
pub(super) fn attributes(tag: &BytesStart<'_>) -> Result<Ccy, Reason> {
    let mut currency = None;
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| Reason::Malformed("attributes"))?;
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| Reason::Entity)?;
        if attribute.key.as_ref() == "Ccy" {
            currency = Some(Currency::new(&value));
        }
    }
    Ok(currency)
}

/// A namespace of ISO 20022 must be a camt.053 or camt.054 that we know; none or the bank's own says nothing.
pub(super) fn version(document: &BytesStart<'_>) -> Result<(), Reason> {
    for attribute in document.attributes() {
        let attribute = attribute.map_err(|_| Reason::Malformed("attributes"))?;
        let Some(message) = attribute.value.strip_prefix("urn:iso:std:iso:20022:tech:xsd:") else { continue };
        if !attribute.key.as_ref().starts_with("xmlns") {
            continue;
        }
        let version = message.strip_prefix("camt.053.001.").or_else(|| message.strip_prefix("camt.054.001."));
        let known = version.filter(|v| v.len() == 2).and_then(|v| v.parse::<u8>().ok());
        if !known.is_some_and(|v| (2..=13).contains(&v)) {
            return Err(Reason::NotCamt);
        }
    }
    Ok(())
}
