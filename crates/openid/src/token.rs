//! An ID token (OpenID Connect Core 1.0, sections 2 and 3.1.3.7). Its signature is looked at before a word of it is read, and
//! it is asked for although the token came over TLS (where the section lets one do without).

use crate::keys::{Algorithm, Keys};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::outside::{OutsideError, Shown};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use subtle::ConstantTimeEq;

/// Clocks differ by this much.
const APART: SignedDuration = SignedDuration::from_secs(60);
/// Who was asked anew showed it after that: a minute before would be the time that they did it for something else.
const APART_WHEN_ASKED_ANEW: SignedDuration = SignedDuration::from_secs(5);
/// A token is fetched at once: an older one was kept by somebody.
const OLDEST: SignedDuration = SignedDuration::from_mins(10);
/// Section 2: "MUST NOT exceed 255 ASCII characters".
const LONGEST_SUBJECT: usize = 255;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// What must be understood, and is not (RFC 7515, section 4.1.11).
    crit: Option<serde_json::Value>,
}

/// The bytes that were signed, once they are known to be the provider's.
///
/// # Errors
/// When they are not.
pub(crate) fn verified(text: &str, keys: &Keys) -> Result<Vec<u8>, OutsideError> {
    let (said, signature) = text.rsplit_once('.').ok_or(OutsideError::Malformed)?;
    let (header, payload) = said.split_once('.').ok_or(OutsideError::Malformed)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| OutsideError::Malformed);
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| OutsideError::Malformed)?;
    let algorithm = Algorithm::of(&header.alg).ok_or(OutsideError::Algorithm)?;
    if header.crit.is_some() || header.typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return Err(OutsideError::Malformed);
    }
    keys.verify(algorithm, header.kid.as_deref(), said.as_bytes(), &decoded(signature)?)?;
    decoded(payload)
}

/// What a token must answer.
pub(crate) struct Asked<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// They were sent to show anew who they are.
    pub anew_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    auth_time: Option<i64>,
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// Of us alone: we trust no other (section 3.1.3.7, 3).
    fn is_only(&self, client_id: &str) -> bool {
        match self {
            Self::One(one) => one == client_id,
            Self::Several(all) => matches!(&all[..], [one] if one == client_id),
        }
    }
}

/// Who it is, if it answers what was asked.
///
/// # Errors
/// The first thing in it that does not.
pub(crate) fn checked(
    payload: &[u8],
    asked: &Asked<'_>,
    two_factors: &[String],
    now: Timestamp,
) -> Result<Shown, OutsideError> {
    let claims: Claims = serde_json::from_slice(payload).map_err(|_| OutsideError::Malformed)?;
    if claims.iss != asked.issuer {
        return Err(OutsideError::Issuer);
    }
    if !claims.aud.is_only(asked.client_id) || claims.azp.as_deref().is_some_and(|azp| azp != asked.client_id) {
        return Err(OutsideError::Audience);
    }
    let at = |second: i64| Timestamp::from_second(second).map_err(|_| OutsideError::Malformed);
    let (expires_at, issued_at) = (at(claims.exp)?, at(claims.iat)?);
    if now.duration_since(expires_at) >= APART {
        return Err(OutsideError::Expired);
    }
    if issued_at.duration_since(now) > APART || now.duration_since(issued_at) > OLDEST {
        return Err(OutsideError::Issued);
    }
    let nonce = claims.nonce.unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(asked.nonce.as_bytes())) {
        return Err(OutsideError::Nonce);
    }
    let shown_at = claims.auth_time.map(at).transpose()?;
    if let Some(anew_at) = asked.anew_at {
        let since = shown_at.ok_or(OutsideError::Stale)?;
        if anew_at.duration_since(since) > APART_WHEN_ASKED_ANEW || since.duration_since(now) > APART {
            return Err(OutsideError::Stale);
        }
    }
    let is_name = (1..=LONGEST_SUBJECT).contains(&claims.sub.len())
        && claims.sub.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if !is_name {
        return Err(OutsideError::Malformed);
    }
    let said = claims.acr.iter().chain(&claims.amr);
    let two_factors = said.into_iter().any(|word| two_factors.contains(word));
    Ok(Shown { subject: claims.sub, two_factors, shown_at })
}
