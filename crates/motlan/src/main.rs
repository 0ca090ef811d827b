//! The binary: installs the TLS provider, reads the command line, runs the command, prints why it failed.

use clap::Parser;
use motlan::cli::Cli;
use motlan::failed;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("motlan: another TLS provider is installed");
        return ExitCode::FAILURE;
    }
    match Cli::parse().run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("motlan: {}", failed::chain(&*error));
            ExitCode::FAILURE
        }
    }
}
