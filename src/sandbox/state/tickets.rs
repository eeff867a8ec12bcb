//! Uploads with `async=1`: the client gets a ticket and asks later what became of it.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::sandbox::state::owner::OWNER_NUMBER;

/// The tickets that were given out.
#[derive(Debug, Default)]
pub struct Tickets(Mutex<HashMap<String, Ticket>>);

#[derive(Debug)]
struct Ticket {
    photo: u64,
    checks: u32,
}

impl Tickets {
    /// Gives out a ticket for an upload.
    pub fn issue(&self, photo: u64) -> String {
        let id = format!("{OWNER_NUMBER}-72157{:012}", photo % 1_000_000_000_000);
        let mut tickets = self.0.lock();
        tickets.insert(id.clone(), Ticket { photo, checks: 0 });
        id
    }

    /// The photo that a ticket stands for, and how often it was asked for, this time included;
    /// `None` for a ticket that was never given out.
    pub fn check(&self, id: &str) -> Option<(u64, u32)> {
        let mut tickets = self.0.lock();
        let ticket = tickets.get_mut(id)?;
        ticket.checks += 1;
        Some((ticket.photo, ticket.checks))
    }
}
