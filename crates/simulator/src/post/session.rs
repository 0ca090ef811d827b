//! One connection, from the greeting to its end (RFC 5321, sections 3 and 4).

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::{Action, Desk};

/// Section 4.5.3.1.6, with its CRLF.
const LONGEST_LINE: usize = 1_000;
const LARGEST_LETTER: usize = 1 << 20;

struct Wire {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Wire {
    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(format!("{text}\r\n").as_bytes()).await
    }

    /// A line without its CRLF; none where the other side has gone.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let limit = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
        (&mut self.reader).take(limit).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(None);
        }
        match line.strip_suffix(b"\r\n") {
            // section 2.3.8: CR and LF stand together and nowhere alone
            Some(whole) if !whole.contains(&b'\r') => Ok(Some(whole.to_vec())),
            _ => Err(io::Error::other("a line that is too long, or does not end in CRLF")),
        }
    }
}

/// What this session knows.
#[derive(Default)]
struct State {
    greeted: bool,
    known: bool,
    from: Option<String>,
    to: Vec<String>,
}

impl State {
    /// Section 4.1.1.5, and what a taken letter leaves.
    fn begin_anew(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

pub(super) async fn serve(desk: &Desk, stream: TcpStream) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut wire = Wire { reader: BufReader::new(reader), writer };
    if let Some(code) = code(&desk.told(None, |a| matches!(a, Action::Greeting(_)))) {
        return wire.say(&format!("{code} scripted")).await;
    }
    wire.say("220 post.example.vn ESMTP").await?;
    let mut state = State { known: desk.user.is_none(), ..State::default() };
    loop {
        let line = match wire.line().await {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(error) => {
                wire.say("500 5.5.2 no line").await?;
                return Err(error);
            }
        };
        let line = String::from_utf8_lossy(&line).into_owned();
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match (verb.to_ascii_uppercase().as_str(), rest) {
            ("EHLO", domain) if !domain.is_empty() => {
                state.greeted = true;
                state.begin_anew();
                let auth = if desk.user.is_some() { "250-AUTH PLAIN\r\n" } else { "" };
                let extensions = "250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 1048576";
                wire.say(&format!("250-post.example.vn\r\n{auth}{extensions}")).await?;
            }
            ("HELO", domain) if !domain.is_empty() => {
                state.greeted = true;
                state.begin_anew();
                wire.say("250 post.example.vn").await?;
            }
            ("AUTH", rest) => {
                state.known = is_known(desk, rest);
                wire.say(if state.known { "235 2.7.0 known" } else { "535 5.7.8 not known" }).await?;
            }
            ("MAIL", _) if !state.known => wire.say("530 5.7.0 who are you?").await?,
            ("MAIL", rest) if state.greeted && state.from.is_none() => match path(rest, "FROM:") {
                Some(from) => {
                    if let Some(code) = code(&desk.told(None, |a| matches!(a, Action::Mail(_)))) {
                        wire.say(&format!("{code} scripted")).await?;
                    } else {
                        state.from = Some(from);
                        wire.say("250 2.1.0 ok").await?;
                    }
                }
                None => wire.say("501 5.5.4 no path").await?,
            },
            ("RCPT", rest) if state.from.is_some() => match path(rest, "TO:") {
                Some(to) if !to.is_empty() => {
                    if let Some(code) = code(&desk.told(Some(&to), |a| matches!(a, Action::Rcpt(_)))) {
                        // real ones repeat the address
                        wire.say(&format!("{code} <{to}>: scripted")).await?;
                    } else {
                        state.to.push(to);
                        wire.say("250 2.1.5 ok").await?;
                    }
                }
                _ => wire.say("501 5.5.4 no path").await?,
            },
            ("DATA", "") if !state.to.is_empty() => {
                if !take(desk, &mut wire, &state).await? {
                    return Ok(());
                }
                state.begin_anew();
            }
            ("RSET", "") => {
                state.begin_anew();
                wire.say("250 2.0.0 ok").await?;
            }
            ("NOOP", _) => wire.say("250 2.0.0 ok").await?,
            ("QUIT", "") => return wire.say("221 2.0.0 bye").await,
            ("MAIL" | "RCPT" | "DATA", _) => wire.say("503 5.5.1 out of order").await?,
            ("EHLO" | "HELO" | "RSET" | "QUIT", _) => wire.say("501 5.5.4 the argument").await?,
            _ => wire.say("500 5.5.1 what?").await?,
        }
    }
}

/// The letter itself; false where the connection is closed without an answer.
async fn take(desk: &Desk, wire: &mut Wire, state: &State) -> io::Result<bool> {
    let to = state.to.first().map(String::as_str);
    if !desk.told(to, |a| matches!(a, Action::Drop(_))).is_empty() {
        return Ok(false);
    }
    wire.say("354 go on").await?;
    let mut raw = Vec::new();
    loop {
        let Some(line) = wire.line().await? else { return Ok(false) };
        if line == b"." {
            break;
        }
        // section 4.5.2
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        raw.extend_from_slice(b"\r\n");
        if raw.len() > LARGEST_LETTER {
            wire.say("552 5.3.4 too big").await?;
            return Ok(false);
        }
    }
    if let Some(code) = code(&desk.told(to, |a| matches!(a, Action::Letter(_)))) {
        wire.say(&format!("{code} scripted")).await?;
        return Ok(true);
    }
    for to in &state.to {
        desk.take(state.from.as_deref().unwrap_or_default(), to, raw.clone()).await?;
    }
    for action in desk.told(to, |a| matches!(a, Action::Hang(_))) {
        if let Action::Hang(ms) = action {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }
    if !desk.told(to, |a| matches!(a, Action::LoseAnswer(_))).is_empty() {
        return Ok(false);
    }
    wire.say("250 2.0.0 taken").await?;
    Ok(true)
}

fn code(actions: &[Action]) -> Option<u16> {
    actions.iter().find_map(Action::code)
}

/// `FROM:<a@b> BODY=8BITMIME` → `a@b`.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let (found, rest) = rest.split_at_checked(keyword.len())?;
    let inside = rest.strip_prefix('<')?;
    let (address, _) = inside.split_once('>')?;
    found.eq_ignore_ascii_case(keyword).then(|| address.to_owned())
}

/// RFC 4616: nobody acts for another here.
fn is_known(desk: &Desk, rest: &str) -> bool {
    let Some(given) = rest.strip_prefix("PLAIN ") else { return false };
    let wanted =
        format!("\0{}\0{}", desk.user.as_deref().unwrap_or_default(), desk.secret.as_deref().unwrap_or_default());
    STANDARD.decode(given).is_ok_and(|given| given == wanted.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_path_is_read_with_and_without_parameters() {
        assert_eq!(path("FROM:<a@b.vn> BODY=8BITMIME", "FROM:").as_deref(), Some("a@b.vn"));
        assert_eq!(path("from:<>", "FROM:").as_deref(), Some(""));
        assert_eq!(path("TO:a@b.vn", "TO:"), None);
        assert_eq!(path("T", "TO:"), None);
    }
}
