//! The tables of handles that several files of this folder use.

use super::handle::{HandleTable, Kind};
use super::types::ipg_client;
use crate::client::Client;

/// The clients of the host.
pub(super) static CLIENTS: HandleTable<ipg_client, Client> = HandleTable::new(Kind::Client);
