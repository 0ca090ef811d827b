//! The transfer's QR as a picture to keep or to send on: black and white, a whole number of dots for each module.

use crate::answer;
use crate::load::{Asked, Returned, load};
use crate::page::Seen;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use payments::Context;
use qrcode::{Color, EcLevel, QrCode};

/// Dots of a module's side, and modules without ink around the code.
const DOTS: usize = 10;
const QUIET: usize = 4;

pub(crate) async fn picture(ctx: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let asked = Asked::of(&request);
    let loaded = match load(&ctx, &asked).await {
        Ok(loaded) => loaded,
        Err(instead) => return instead,
    };
    let shown = Seen::of(&loaded, Returned::No, Timestamp::now()).transfer;
    match shown.and_then(|transfer| png(&transfer.qr_data)) {
        Some(bytes) => HttpResponse::Ok()
            .content_type("image/png")
            .insert_header((
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{}.png\"", loaded.view.intent.reference),
            ))
            .body(bytes),
        // nothing to pay by this code any more
        None => answer::absent(asked.language),
    }
}

fn png(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, colours) = (code.width(), code.to_colors());
    let side = (width + 2 * QUIET) * DOTS;
    let is_dark = |x: usize, y: usize| {
        let module = |at: usize| (at / DOTS).checked_sub(QUIET).filter(|at| *at < width);
        module(x).zip(module(y)).is_some_and(|(x, y)| colours.get(y * width + x) == Some(&Color::Dark))
    };
    let mut rows = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for byte in 0..side.div_ceil(8) {
            let bit = |n: usize| u8::from(!is_dark(byte * 8 + n, y)) << (7 - n);
            rows.push((0..8).map(bit).sum());
        }
    }
    let mut bytes = Vec::new();
    let size = u32::try_from(side).ok()?;
    let mut encoder = png::Encoder::new(&mut bytes, size, size);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.write_header().ok()?.write_image_data(&rows).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_holds_the_code_module_by_module_within_white() {
        let text = "00020101021238570010A00000072701270006970418011386301234567890208QRIBFTTA53037045406150000";
        let bytes = png(text).expect("a picture");
        assert!(bytes.len() < 4_000, "{} bytes", bytes.len());
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a picture");
        let mut rows = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut rows).expect("a frame");
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("a code");
        assert_eq!(info.width as usize, (code.width() + 2 * QUIET) * DOTS);
        let is_dark = |x: usize, y: usize| rows[y * info.line_size + x / 8] >> (7 - x % 8) & 1 == 0;
        for y in 0..code.width() + 2 * QUIET {
            for x in 0..code.width() + 2 * QUIET {
                let inside = (QUIET..QUIET + code.width()).contains(&x) && (QUIET..QUIET + code.width()).contains(&y);
                let expected = inside && code[(x - QUIET.min(x), y - QUIET.min(y))] == Color::Dark;
                assert_eq!(is_dark(x * DOTS + 5, y * DOTS + 5), expected, "{x} {y}");
            }
        }
        assert_eq!(png(&"a".repeat(5_000)), None);
    }
}
