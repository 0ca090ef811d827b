//! What stands before two gateways, as a load balancer does: a new connection goes to the next one that listens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};

/// Listens until the program ends; its base address.
pub async fn start(behind: Vec<SocketAddr>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (behind, turn) = (Arc::new(behind), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        loop {
            let Ok((mut client, _)) = listener.accept().await else { continue };
            let (behind, turn) = (Arc::clone(&behind), Arc::clone(&turn));
            tokio::spawn(async move {
                let first = turn.fetch_add(1, Ordering::Relaxed);
                for at in 0..behind.len() {
                    if let Ok(mut server) = TcpStream::connect(behind[(first + at) % behind.len()]).await {
                        // an error is a closed connection, which both ends see for themselves
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                        return;
                    }
                }
            });
        }
    });
    base
}
