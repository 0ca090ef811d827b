//! The framing of PostgreSQL's protocol version 3, without TLS, as the proxies before the test cluster read it.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

pub(crate) const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

pub(crate) struct Hello {
    pub(crate) code: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Answers "no" to offers of encryption and returns the message that follows them.
pub(crate) fn first_message(from: &mut impl Read, mut client: &UnixStream) -> io::Result<Option<Hello>> {
    loop {
        let mut head = [0; 8];
        match from.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let [a, b, c, d, code @ ..] = head;
        let code = u32::from_be_bytes(code);
        if code == TLS || code == GSS {
            client.write_all(b"N")?;
            continue;
        }
        let mut bytes = head.to_vec();
        bytes.resize(length(&[a, b, c, d], 8)?, 0);
        from.read_exact(bytes.get_mut(8..).unwrap_or_default())?;
        return Ok(Some(Hello { code, bytes }));
    }
}

fn length(field: &[u8; 4], least: usize) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(*field)).unwrap_or(0);
    if length < least { Err(io::Error::other("not PostgreSQL's protocol")) } else { Ok(length) }
}

/// One message with its head; `None` at the end of the stream.
pub(crate) fn message(from: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<Option<u8>> {
    let mut head = [0; 5];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let [tag, field @ ..] = head;
    bytes.clear();
    bytes.extend_from_slice(&head);
    bytes.resize(1 + length(&field, 4)?, 0);
    from.read_exact(bytes.get_mut(5..).unwrap_or_default())?;
    Ok(Some(tag))
}
