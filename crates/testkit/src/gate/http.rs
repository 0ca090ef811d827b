//! HTTP/1.1 through the gate: a request or an answer is read whole, comes to its place, and is forwarded whole.

use super::{End, Passed, Place, Shared};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A connection that asks nothing for so long is closed: sooner than either side gives it up by itself.
const IDLE: Duration = Duration::from_secs(2);

/// Which places a request and its answer come to.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) ask: Option<Place>,
    pub(super) answer: Place,
}

pub(super) fn serve(mut client: &TcpStream, upstream: &str, shared: &Shared, way: Way) -> io::Result<()> {
    let generation = shared.generation();
    shared.keeps(generation, End::Tcp(client.try_clone()?));
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(IDLE))?;
    let mut from_client = BufReader::new(client.try_clone()?);
    let mut server: Option<(TcpStream, BufReader<TcpStream>)> = None;
    while let Some(request) = whole(&mut from_client, false)? {
        match way.ask {
            Some(place) => drop(shared.pass(generation, place, Passed::default())?),
            None => shared.open(generation)?,
        }
        let (to, from) = match &mut server {
            Some(server) => server,
            None => {
                let stream = TcpStream::connect(upstream)?;
                stream.set_nodelay(true)?;
                shared.keeps(generation, End::Tcp(stream.try_clone()?));
                server.insert((stream.try_clone()?, BufReader::new(stream)))
            }
        };
        to.write_all(&request)?;
        let Some(answer) = whole(from, request.starts_with(b"HEAD "))? else { break };
        shared.pass(generation, way.answer, Passed::default())?;
        client.write_all(&answer)?;
    }
    if let Some((to, _)) = server {
        let _ = to.shutdown(Shutdown::Both);
    }
    Ok(())
}

/// One message, head and body; `None` at the end of the stream.
fn whole(from: &mut impl BufRead, without_body: bool) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut body = Body::None;
    loop {
        let start = bytes.len();
        if from.read_until(b'\n', &mut bytes)? == 0 {
            return if start == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let line = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(length) = line.strip_prefix("content-length:") {
            body = Body::Of(length.trim().parse().map_err(io::Error::other)?);
        }
        if line.starts_with("transfer-encoding:") && line.ends_with("chunked") {
            body = Body::Chunked;
        }
    }
    match body {
        _ if without_body => {}
        Body::None => {}
        Body::Of(length) => exactly(from, length, &mut bytes)?,
        Body::Chunked => chunks(from, &mut bytes)?,
    }
    Ok(Some(bytes))
}

enum Body {
    None,
    Of(u64),
    Chunked,
}

fn exactly(from: &mut impl Read, length: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    if from.take(length).read_to_end(bytes)? as u64 == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn chunks(from: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let start = bytes.len();
        from.read_until(b'\n', bytes)?;
        let line = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned();
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        // the line that ends a chunk, or the message
        exactly(from, size + 2, bytes)?;
        if size == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut from = text.as_bytes();
        let mut all = Vec::new();
        while let Some(message) = whole(&mut from, false).unwrap() {
            all.push(String::from_utf8(message).unwrap());
        }
        all
    }

    #[test]
    fn messages_are_told_apart_by_length_or_chunks() {
        let one = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
        let two = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let three = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        assert_eq!(read(&format!("{one}{two}{three}{two}")), [one, two, three, two]);
        assert!(whole(&mut "GET / HTTP/1.1\r\nHo".as_bytes(), false).is_err(), "cut off in its head");
    }
}
