//! Starts a game session, checks it and ends it, against a sandbox in this process.
//!
//! ```sh
//! cargo run --example session
//! ```

use iplaygames::sandbox::Sandbox;
use iplaygames::{Client, Config, Error, Outcome, StartSession};

fn main() -> Result<(), Error> {
    // A game uses Config::from_json("{}"), which takes the key and the address from the
    // environment.
    let sandbox = Sandbox::start("")?;
    let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    let sessions = client.sessions();

    let request = StartSession::new(123)
        .player_id("player_456")
        .currency("USD")
        .country_code("US")
        .ip_address("192.0.2.1");
    let session = match sessions.start(&request) {
        Ok(session) => session,
        Err(error) => {
            match error.outcome() {
                Outcome::NotSent | Outcome::Rejected => eprintln!("There is no session."),
                Outcome::Unknown => {
                    eprintln!("There may be a session: look for it before you start another one.")
                }
            }
            return Err(error);
        }
    };
    println!("session {}: {}", session.session_id, session.game_url);

    let status = sessions.status(&session.session_id)?;
    println!("its status is {}", status.status);

    sessions.end(&session.session_id)?;
    println!("it is over");
    Ok(())
}
