//! The receipt as XML, and the enveloped signature in it (XML Signature 1.1: exclusive canonicalization, SHA-256,
//! ECDSA on P-256). The signature is over the whole document. Its element names are ours: the tax office's schema of receipts
//! is not at hand (docs/receipts.md).

use crate::Content;
use crate::canonical::{element, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::obligation::ObligationKind;
use jiff::civil::Date;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sha2::{Digest, Sha256};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const END: &str = "</BienLai>";

/// How another receipt is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub template: String,
    pub serial: String,
    pub number: i32,
    pub issued_on: Date,
}

/// A receipt that is not signed yet.
pub struct Draft {
    /// Without its last tag: the signature comes before that.
    body: String,
    /// In canonical form.
    signed_info: String,
}

impl Draft {
    /// `url`: where anybody sees whether it still stands.
    pub fn new(content: &Content, url: &str) -> Self {
        let body = body(content, url);
        let digest = Sha256::digest(format!("{body}{END}"));
        Self { signed_info: signed_info(&STANDARD.encode(digest)), body }
    }

    /// What the collector's key signs.
    pub fn to_sign(&self) -> &[u8] {
        self.signed_info.as_bytes()
    }

    /// What is not verified is no signature.
    pub fn is_signed_by(&self, signature: &[u8], point: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(self.to_sign(), signature).is_ok()
    }

    /// The whole document; `point` and `key_name` are those of the signer.
    pub fn signed(&self, signature: &[u8], key_name: &str, point: &[u8]) -> String {
        let mut out = format!("{}<Signature xmlns=\"{DSIG}\">", self.body);
        // inside, it inherits the name space that it has to show where it stands alone
        out.push_str(&self.signed_info.replacen(&format!(" xmlns=\"{DSIG}\""), "", 1));
        element(&mut out, "SignatureValue", &STANDARD.encode(signature));
        out.push_str("<KeyInfo>");
        element(&mut out, "KeyName", key_name);
        out.push_str("<KeyValue><ECKeyValue xmlns=\"http://www.w3.org/2009/xmldsig11#\">");
        out.push_str("<NamedCurve URI=\"urn:oid:1.2.840.10045.3.1.7\"></NamedCurve>");
        element(&mut out, "PublicKey", &STANDARD.encode(point));
        out.push_str("</ECKeyValue></KeyValue></KeyInfo></Signature>");
        out.push_str(END);
        out
    }
}

fn body(c: &Content, url: &str) -> String {
    let mut out = String::from("<BienLai><NoiDung>");
    let mut e = |name: &str, value: &str| element(&mut out, name, value);
    e("Ten", c.title());
    e("MauSo", c.template.as_str());
    e("KyHieu", &c.serial);
    e("So", &c.padded_number());
    e("NgayLap", &c.issued_on.to_string());
    let mut e = |open: &str, fields: &[(&str, &str)], close: &str| {
        out.push_str(open);
        fields.iter().for_each(|(name, value)| element(&mut out, name, value));
        out.push_str(close);
    };
    let collector = &c.collector;
    e(
        "<ToChucThu>",
        &[("Ten", &collector.name), ("MaSoThue", &collector.tax_code), ("DiaChi", &collector.address)],
        "</ToChucThu>",
    );
    let amount = c.amount.dong().to_string();
    let kind = match c.kind {
        ObligationKind::Charge => "lệ phí",
        _ => "phí",
    };
    let mut fields = vec![("Loai", kind), ("NoiDungThu", c.description.as_str())];
    fields.extend(c.dossier_code.as_deref().map(|code| ("MaHoSo", code)));
    fields.push(("SoTien", &amount));
    e("<KhoanThu>", &fields, "</KhoanThu>");
    let words = c.words();
    e("", &[("TongSoTien", amount.as_str()), ("SoTienBangChu", &words), ("DonViTienTe", "VND")], "");
    if let Some(named) = &c.replaces {
        let (number, day) = (format!("{:08}", named.number), named.issued_on.to_string());
        let fields =
            [("MauSo", named.template.as_str()), ("KyHieu", &named.serial), ("So", &number), ("NgayLap", &day)];
        e("<ThayTheBienLai>", &fields, "</ThayTheBienLai>");
    }
    out.push_str("<DiaChiTraCuu>");
    text(&mut out, url);
    out.push_str("</DiaChiTraCuu></NoiDung>");
    out
}

fn signed_info(digest: &str) -> String {
    let method = |name: &str, algorithm: &str| format!("<{name} Algorithm=\"{algorithm}\"></{name}>");
    let transforms =
        [format!("{DSIG}enveloped-signature"), EXCLUSIVE.to_owned()].map(|algorithm| method("Transform", &algorithm));
    format!(
        "<SignedInfo xmlns=\"{DSIG}\">{}{}<Reference URI=\"\"><Transforms>{}</Transforms>{}<DigestValue>{digest}</DigestValue>\
         </Reference></SignedInfo>",
        method("CanonicalizationMethod", EXCLUSIVE),
        method("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        transforms.concat(),
        method("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256"),
    )
}

#[cfg(test)]
pub(crate) mod tests;
