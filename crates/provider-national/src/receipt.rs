//! GET_BILL (DVCQG 1.0.6, section 3.1): the platform's receipt as PDF. It refuses what does not begin as a PDF: in which form
//! the platform says no, no document says.

use crate::Platform;
use crate::api::{malformed, refused};
use async_trait::async_trait;
use provider::{ProviderError, Question, Receipt, Receipts};

/// A receipt is a page or two.
const MAX_BYTES: usize = 4 * 1024 * 1024;

#[async_trait]
impl Receipts for Platform {
    async fn fetch(&self, question: &Question) -> Result<Receipt, ProviderError> {
        let url = self.settings.bill_url.as_deref().ok_or_else(|| refused("the contract has no receipts"))?;
        let bytes = self.post_for(url, &self.question("GET_BILL", question), MAX_BYTES).await?;
        if bytes.starts_with(b"%PDF-") {
            Ok(Receipt { content_type: "application/pdf", bytes })
        } else {
            Err(malformed("no PDF"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tests::{at, with_body};
    use domain::Vnd;
    use domain::codes::OrderRef;
    use serde_json::json;

    async fn fetched(status: &'static str, body: Vec<u8>) -> Result<Receipt, ProviderError> {
        let (platform, _) = at(move |_| Some(with_body(status, &body))).await;
        platform.fetch(&question()).await
    }

    fn question() -> Question {
        let at = "2026-11-24T02:30:15Z".parse().expect("instant");
        let order_ref = OrderRef::new("LC1").expect("code");
        Question { order_ref, amount: Vnd::new(50_000), ordered_at: at, now: at }
    }

    #[tokio::test]
    async fn a_pdf_is_handed_on_as_it_came_also_a_long_one() {
        let pdf = [b"%PDF-1.4\n".as_slice(), &[0xff; 100_000]].concat();
        let answer = pdf.clone();
        let (platform, asked) = at(move |_| Some(with_body("200 OK", &answer))).await;
        let receipt = platform.fetch(&question()).await.expect("a receipt");
        assert_eq!((receipt.content_type, receipt.bytes), ("application/pdf", pdf));
        let asked = asked.lock().expect("lock");
        assert!(asked[0].0.starts_with("POST /bill HTTP/1.1\r\n"));
        assert_eq!(
            (&asked[0].1["LoaiBanTin"], &asked[0].1["ThoiGianGD"]),
            (&json!("GET_BILL"), &json!("20261124093015"))
        );
    }

    #[tokio::test]
    async fn what_is_no_pdf_or_too_long_is_no_receipt() {
        for body in [&b""[..], b"%PDF", br#"{"MaLoi":"99"}"#, b"<html>"] {
            assert!(matches!(fetched("200 OK", body.to_vec()).await, Err(ProviderError::Malformed(_))));
        }
        let long = [b"%PDF-1.4\n".as_slice(), &vec![0; MAX_BYTES]].concat();
        assert!(matches!(fetched("200 OK", long).await, Err(ProviderError::Malformed(_))));
        assert!(matches!(fetched("404 Not Found", b"%PDF-1.4".to_vec()).await, Err(ProviderError::Malformed(_))));
        assert!(matches!(fetched("503 Later", Vec::new()).await, Err(ProviderError::Unknown(None))));
    }
}
