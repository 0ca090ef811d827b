//! An independent verifier: it reads the document with an XML parser, canonicalizes what it read by the Recommendation's
//! rules, and knows nothing of how the document was written.

use crate::signing::{LocalKey, Signer, SigningError};
use crate::{Collector, Content, Draft, Named};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Vnd;
use domain::obligation::ObligationKind;
use domain::receipt::Template;
use jiff::civil::date;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// An element as it was read.
#[derive(Debug, Default, Clone)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    fn child(&self, name: &str) -> &Element {
        let found = self.children.iter().find_map(|node| match node {
            Node::Element(e) if e.name == name => Some(e),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }

    fn text(&self) -> String {
        self.children.iter().map(|node| if let Node::Text(text) = node { text.as_str() } else { "" }).collect()
    }

    fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).expect("an attribute")
    }

    /// Exclusive canonical form; a default name space in force outside is shown where this element stands alone.
    fn canonical(&self, outside: Option<&str>, rendered: Option<&str>) -> String {
        let own = self.attributes.iter().find(|(n, _)| n == "xmlns").map(|(_, v)| v.as_str());
        let space = own.or(outside);
        let mut out = format!("<{}", self.name);
        if space != rendered
            && let Some(space) = space
        {
            out.push_str(&format!(" xmlns=\"{}\"", quoted(space)));
        }
        let mut attributes: Vec<_> = self.attributes.iter().filter(|(n, _)| n != "xmlns").collect();
        attributes.sort();
        for (name, value) in attributes {
            out.push_str(&format!(" {name}=\"{}\"", quoted(value)));
        }
        out.push('>');
        for node in &self.children {
            match node {
                Node::Element(e) => out.push_str(&e.canonical(space, space)),
                Node::Text(text) => out.push_str(
                    &text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;"),
                ),
            }
        }
        out + &format!("</{}>", self.name)
    }
}

fn quoted(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn read(xml: &str) -> Element {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                let attribute = |a: Result<quick_xml::events::attributes::Attribute<'_>, _>| {
                    let a = a.expect("an attribute");
                    let value = a.normalized_value(XmlVersion::Implicit1_0).expect("a value");
                    (text_of(a.key.as_ref()), value.into_owned())
                };
                let attributes = start.attributes().map(attribute).collect();
                open.push(Element { name: text_of(start.name().as_ref()), attributes, children: Vec::new() });
            }
            Event::End(_) => {
                let ended = open.pop().expect("open");
                open.last_mut().expect("open").children.push(Node::Element(ended));
            }
            Event::Text(text) => {
                let text = Node::Text(text_of(text.as_ref()));
                open.last_mut().expect("open").children.push(text);
            }
            Event::GeneralRef(name) => {
                let text = resolve_predefined_entity(&text_of(name.as_ref())).expect("predefined").to_owned();
                open.last_mut().expect("open").children.push(Node::Text(text));
            }
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    match open.remove(0).children.as_slice() {
        [Node::Element(root)] => root.clone(),
        other => panic!("one root: {other:?}"),
    }
}

fn text_of(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8(bytes.as_ref().to_vec()).expect("UTF-8")
}

/// What is wrong with a signed document, by its own key or another.
fn verify(xml: &str, point: Option<&[u8]>) -> Result<(), &'static str> {
    let mut root = read(xml);
    let signature = root.child("Signature").clone();
    root.children.retain(|node| !matches!(node, Node::Element(e) if e.name == "Signature"));
    let space = signature.attribute("xmlns");
    assert_eq!(space, "http://www.w3.org/2000/09/xmldsig#");
    let info = signature.child("SignedInfo");
    let reference = info.child("Reference");
    assert_eq!(reference.attribute("URI"), "");
    let digest = STANDARD.encode(Sha256::digest(root.canonical(None, None)));
    if digest != reference.child("DigestValue").text() {
        return Err("digest");
    }
    let key = signature.child("KeyInfo").child("KeyValue").child("ECKeyValue").child("PublicKey").text();
    let key = STANDARD.decode(key).expect("Base64");
    let value = STANDARD.decode(signature.child("SignatureValue").text()).expect("Base64");
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.unwrap_or(&key))
        .verify(info.canonical(Some(space), None).as_bytes(), &value)
        .map_err(|_| "signature")
}

pub(crate) fn content() -> Content {
    Content {
        template: Template::Ebl01,
        serial: "26TAB".to_owned(),
        number: 12,
        issued_on: date(2026, 11, 27),
        collector: Collector {
            name: "UBND phường Lào Cai <mẫu> & \"bạn\"".to_owned(),
            tax_code: "5300100017".to_owned(),
            address: "Số 1,\n đường\tTrần Phú\r, Lào Cai\u{1}".to_owned(),
        },
        kind: ObligationKind::Fee,
        description: "Phí chứng thực bản sao, 5 trang × 3 bản ]]>".to_owned(),
        dossier_code: Some("H38.17-261124-0001".to_owned()),
        amount: Vnd::new(21_000),
        replaces: Some(Named {
            template: "EBL01".to_owned(),
            serial: "26TAB".to_owned(),
            number: 7,
            issued_on: date(2026, 11, 26),
        }),
    }
}

async fn signed(content: &Content) -> (String, LocalKey) {
    let key = LocalKey::sandbox().expect("a key");
    let draft = Draft::new(content, "https://example.vn/receipts/abc?a=1&b=2");
    let signature = key.sign(draft.to_sign()).await.expect("signed");
    (draft.signed(&signature, key.key_name(), &key.public_point()), key)
}

#[tokio::test]
async fn whoever_reads_the_document_with_a_parser_finds_its_signature_good() {
    let (xml, key) = signed(&content()).await;
    assert_eq!(verify(&xml, None), Ok(()), "{xml}");
    assert_eq!(verify(&xml, Some(&key.public_point())), Ok(()));
    if let Some(dir) = std::env::var_os("RECEIPT_PAGES") {
        std::fs::write(std::path::Path::new(&dir).join("receipt.xml"), xml).expect("written");
    }
}

#[tokio::test]
async fn a_changed_letter_or_another_key_is_found_out() {
    let (xml, _) = signed(&content()).await;
    for (from, to) in [("21000", "91000"), ("26TAB", "26TAC"), ("00000012", "00000013"), ("mươi mốt", "mươi hai")]
    {
        assert_eq!(verify(&xml.replace(from, to), None), Err("digest"), "{from}");
    }
    let digest = read(&xml).child("Signature").child("SignedInfo").child("Reference").child("DigestValue").text();
    let body = xml.replace("21000", "91000");
    let mut changed = read(&body);
    changed.children.retain(|node| !matches!(node, Node::Element(e) if e.name == "Signature"));
    let other = STANDARD.encode(Sha256::digest(changed.canonical(None, None)));
    assert_eq!(verify(&body.replace(&digest, &other), None), Err("signature"));
    let mut foreign = LocalKey::sandbox().expect("a key").public_point();
    foreign[40] ^= 1;
    assert_eq!(verify(&xml, Some(&foreign)), Err("signature"));
}

#[tokio::test]
async fn the_document_has_what_the_decree_asks_for_and_no_word_of_the_payer() {
    let (xml, _) = signed(&content()).await;
    let root = read(&xml);
    let content = root.child("NoiDung");
    let text = |name: &str| content.child(name).text();
    assert_eq!(text("Ten"), "Biên lai thu phí");
    assert_eq!((text("MauSo"), text("KyHieu"), text("So")), ("EBL01".into(), "26TAB".into(), "00000012".into()));
    assert_eq!(text("NgayLap"), "2026-11-27");
    assert_eq!(content.child("ToChucThu").child("MaSoThue").text(), "5300100017");
    assert_eq!(content.child("ToChucThu").child("Ten").text(), "UBND phường Lào Cai <mẫu> & \"bạn\"");
    assert_eq!(content.child("KhoanThu").child("SoTien").text(), "21000");
    assert_eq!((text("TongSoTien"), text("SoTienBangChu")), ("21000".into(), "Hai mươi mốt nghìn đồng".into()));
    assert_eq!(content.child("ThayTheBienLai").child("So").text(), "00000007");
    let names: Vec<&str> = content
        .children
        .iter()
        .filter_map(|node| if let Node::Element(e) = node { Some(e.name.as_str()) } else { None })
        .collect();
    let listed = "Ten MauSo KyHieu So NgayLap ToChucThu KhoanThu TongSoTien SoTienBangChu DonViTienTe ThayTheBienLai DiaChiTraCuu";
    assert_eq!(names.join(" "), listed);
}

#[test]
fn a_key_that_is_none_is_refused() {
    for bad in ["", "AAAA", "not base64!"] {
        assert!(matches!(LocalKey::new("k", bad), Err(SigningError::Key)), "{bad}");
    }
}
