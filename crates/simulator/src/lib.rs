//! The other side of every wire, as real servers written from the providers' documents.
//! Refuses to share code with the rest of the workspace, so that two wrongs cannot agree.

mod clock;
mod day_file;
mod log;
mod script;
mod server;
mod wallet;

pub mod bank;
pub mod bills;
pub mod dossier;
pub mod mobile_money;
pub mod momo;
pub mod national;
pub mod openid;
pub mod post;
pub mod vnpay;
pub mod zalopay;

pub use bank::BankConfig;
pub use bills::BillsConfig;
pub use dossier::DossierConfig;
pub use mobile_money::MobileMoneyConfig;
pub use momo::MomoConfig;
pub use national::NationalConfig;
pub use openid::OpenidConfig;
pub use post::PostConfig;
pub use server::Running;
pub use vnpay::VnpayConfig;
pub use zalopay::ZalopayConfig;
