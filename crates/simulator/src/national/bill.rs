//! GET_BILL. Refuses a receipt of what is not paid.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::National;
use super::api::{asked, is_known, no};
use crate::server::Answer;
use crate::wallet::Shop;
use crate::wallet::api::{Said, answered, heard};

pub(super) async fn get_bill(shop: web::Data<Shop<National>>, request: HttpRequest, body: web::Bytes) -> Answer {
    let fields = heard(&shop, "get_bill", &body).await?;
    is_known(&shop, &request)?;
    let made = asked(&shop, &fields, "GET_BILL").and_then(|at| {
        let book = shop.book();
        let order = book.orders.get(at).filter(|order| order.is_paid()).ok_or("it is not paid")?;
        let amount = order.outcome.as_ref().map_or(0, |outcome| outcome.amount);
        Ok(pdf(&format!("Bien lai {}: {amount} VND", order.wire_ref)))
    });
    match made {
        Ok(bytes) => {
            shop.log.write("answered", json!({"what": "get_bill", "status": 200, "bytes": bytes.len()})).await?;
            Ok(HttpResponse::Ok().content_type("application/pdf").body(bytes))
        }
        Err(why) => answered(&shop, "get_bill", Said::new(200, no(&fields, &why))).await,
    }
}

/// A page with one line on it; `line` has no brackets or backslashes.
fn pdf(line: &str) -> Vec<u8> {
    let page = format!("BT /F1 14 Tf 40 60 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 120] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut table = String::from("0000000000 65535 f \n");
    for (n, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let (count, at) = (objects.len() + 1, out.len());
    out.push_str(&format!(
        "xref\n0 {count}\n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n"
    ));
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_pdf_names_where_its_objects_are() {
        let text = String::from_utf8(pdf("Bien lai LC1: 1 VND")).unwrap();
        let table = text.split("xref\n0 6\n").nth(1).unwrap();
        for (n, line) in table.lines().skip(1).take(5).enumerate() {
            let at: usize = line[..10].parse().unwrap();
            assert!(text[at..].starts_with(&format!("{} 0 obj", n + 1)), "{line}");
        }
    }
}
