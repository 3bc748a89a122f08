//! Clients at the end of a thread and of the process.

use std::cell::RefCell;
use std::sync::Mutex;

use iplaygames::Client;

use crate::fixture::{ask, echo_of, port_outside, silent, status, with_echo_outside};

use crate::support::{TEST_TIMEOUT, child, client};

/// Makes a call as it goes, and says what came of it.
struct Last {
    client: Client,
    place: &'static str,
}

impl Drop for Last {
    fn drop(&mut self) {
        call_and_print(&self.client, self.place);
    }
}

/// Writes without the standard library's buffers, which may be gone.
fn print_raw(place: &str, what: &str) {
    let line = format!("{place}: {what}\n");
    // SAFETY: writes bytes that are there.
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}

/// Makes a call and says what came of it.
fn call_and_print(client: &Client, place: &str) {
    match status(client, "last") {
        Ok(reply) => print_raw(place, reply.json()),
        Err(error) => print_raw(place, error.code().name()),
    }
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

fn keep_till_the_end(client: &Client, place: &'static str) {
    LAST.with(|last| *last.borrow_mut() = Some(Last { client: client.clone(), place }));
}

static AT_EXIT: Mutex<Option<(Client, bool)>> = Mutex::new(None);

extern "C" fn at_exit() {
    if let Some((client, calls)) = AT_EXIT.lock().unwrap().take() {
        if calls {
            call_and_print(&client, "exit handler");
        }
        client.close();
        drop(client);
        print_raw("after the exit handler", "still here");
    }
}

/// Closes and drops a client in an exit handler, and may try a call before.
fn close_at_exit(client: Client, calls: bool) {
    *AT_EXIT.lock().unwrap() = Some((client, calls));
    // SAFETY: the handler is a plain function of this binary.
    assert_eq!(unsafe { libc::atexit(at_exit) }, 0);
}

#[test]
fn a_call_at_the_end_of_a_thread_is_refused_or_succeeds() {
    const NAME: &str = "exit::a_call_at_the_end_of_a_thread_is_refused_or_succeeds";
    if !child::is(NAME) {
        let (_, wrote) = with_echo_outside(NAME);
        assert!(wrote.contains("registered before: IPG_ERR_SHUT_DOWN\n"), "{wrote}");
        for place in ["registered after", "never called"] {
            let works = wrote.contains(&format!("{place}: {}\n", echo_of("last")));
            assert!(works || wrote.contains(&format!("{place}: IPG_ERR_SHUT_DOWN\n")), "{wrote}");
        }
        assert!(wrote.contains("the only client: "), "{wrote}");
        return;
    }
    let client = client(port_outside());
    let run = |job: &(dyn Fn() + Sync)| std::thread::scope(|scope| scope.spawn(job).join().unwrap());
    // Destructors run in the opposite order of their registration: here the client's last call
    // comes after all that its own calls have left in the thread is gone.
    run(&|| {
        LAST.with(|_| {});
        ask(&client, "thread");
        keep_till_the_end(&client, "registered before");
    });
    run(&|| {
        ask(&client, "thread");
        keep_till_the_end(&client, "registered after");
    });
    run(&|| keep_till_the_end(&client, "never called"));
    // And a client that ends with its thread.
    run(&|| {
        LAST.with(|_| {});
        let own = crate::support::client(port_outside());
        ask(&own, "thread");
        keep_till_the_end(&own, "the only client");
    });
    ask(&client, "afterwards");
}

/// The thread that calls `exit` runs its own destructors, then the exit handlers; so does the main
/// thread when it returns.
#[test]
fn a_call_at_the_end_of_the_process_is_refused() {
    const NAME: &str = "exit::a_call_at_the_end_of_the_process_is_refused";
    if !child::is(NAME) {
        let (_, wrote) = with_echo_outside(NAME);
        assert!(wrote.contains("through exit: IPG_ERR_SHUT_DOWN\n"), "{wrote}");
        assert!(wrote.contains("exit handler: IPG_ERR_SHUT_DOWN\n"), "{wrote}");
        assert!(wrote.contains("after the exit handler: still here\n"), "{wrote}");
        return;
    }
    LAST.with(|_| {});
    let client = client(port_outside());
    ask(&client, "thread");
    keep_till_the_end(&client, "through exit");
    close_at_exit(client, true);
    std::process::exit(0);
}

#[test]
fn an_exit_handler_of_a_thread_that_never_called_is_safe() {
    const NAME: &str = "exit::an_exit_handler_of_a_thread_that_never_called_is_safe";
    if !child::is(NAME) {
        let (_, wrote) = with_echo_outside(NAME);
        let works = wrote.contains(&format!("exit handler: {}\n", echo_of("last")));
        assert!(works || wrote.contains("exit handler: IPG_ERR_SHUT_DOWN\n"), "{wrote}");
        assert!(wrote.contains("after the exit handler: still here\n"), "{wrote}");
        return;
    }
    let made = std::thread::spawn(|| {
        let client = client(port_outside());
        ask(&client, "thread");
        client
    });
    close_at_exit(made.join().unwrap(), true);
    std::process::exit(0);
}

#[test]
fn the_process_may_end_while_a_thread_waits_in_a_call() {
    const NAME: &str = "exit::the_process_may_end_while_a_thread_waits_in_a_call";
    if !child::is(NAME) {
        let wrote = child::run(NAME, &[]);
        assert!(wrote.contains("after the exit handler: still here\n"), "{wrote}");
        return;
    }
    let (port, sees) = silent();
    let client = client(port);
    close_at_exit(client.clone(), false);
    std::thread::spawn(move || status(&client, "never"));
    sees.recv_timeout(TEST_TIMEOUT).unwrap();
    std::process::exit(0);
}
