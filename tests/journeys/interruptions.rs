//! interruptions
