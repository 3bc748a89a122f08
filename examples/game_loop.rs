//! Calls without waiting: a loop at 60 Hz submits a call, watches a session and ticks, all on one
//! thread.
//!
//! ```sh
//! cargo run --example game_loop
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use iplaygames::sandbox::Sandbox;
use iplaygames::{CallOptions, Client, Config, Error, Event};

const FRAME: Duration = Duration::from_millis(16);
const BUDGET: Duration = Duration::from_micros(500);

fn main() -> Result<(), Error> {
    let sandbox = Sandbox::start("")?;
    let client = Client::new(Config::from_json(&sandbox.client_config())?)?;

    // The callback runs inside `tick`, on this thread.
    let is_done = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&is_done);
    let callback = Box::new(move |event: Event<'_>| {
        if let Event::Done(result) = event {
            match result {
                Ok(reply) => println!("{} bytes after {:?}", reply.json().len(), reply.elapsed()),
                Err(error) => println!("{error} (outcome {})", error.outcome().as_str()),
            }
            done.store(true, Ordering::Relaxed);
        }
    });
    client.submit("list_games", r#"{"per_page": "20"}"#, &CallOptions::default(), Some(callback))?.detach();

    let mut frames = 0;
    while !is_done.load(Ordering::Relaxed) {
        client.tick(BUDGET)?;
        frames += 1;
        std::thread::sleep(FRAME);
    }
    println!("{frames} frames");
    client.shutdown(Duration::from_secs(1))
}
