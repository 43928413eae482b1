//! Without the feature `tls` nobody can ask for it.
//!
//! Deliberately absent: values of these types.

use std::io;

use super::reader::StreamReader;
use super::writer::StreamWriter;

/// There is none.
#[derive(Debug, Clone)]
pub(super) enum ClientTls {}

/// There is none.
#[derive(Debug, Clone)]
pub(super) enum ServerTls {}

impl ClientTls {
    pub(super) async fn upgrade(&self, _: &mut StreamReader, _: &StreamWriter) -> io::Result<()> {
        match *self {}
    }
}

impl ServerTls {
    pub(super) async fn upgrade(&self, _: &mut StreamReader, _: &StreamWriter) -> io::Result<()> {
        match *self {}
    }
}

/// There is none.
#[derive(Debug, Clone)]
pub(super) enum TlsInfo {}
