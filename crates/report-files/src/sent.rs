//! A file on its way to whoever asked for it, piece by piece.

use futures_util::Stream;
use futures_util::stream::unfold;
use std::fs::File;
use std::io;
use tokio::io::AsyncReadExt;

/// Sent at once.
const PIECE: usize = 64 * 1024;

/// How long it is, and its bytes from where it stands.
///
/// # Errors
/// When its length cannot be told.
pub fn pieces(file: File) -> io::Result<(u64, impl Stream<Item = io::Result<Vec<u8>>> + 'static)> {
    let length = file.metadata()?.len();
    let pieces = unfold(tokio::fs::File::from_std(file), |mut file| async move {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok(piece), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    Ok((length, pieces))
}
