//! Tests that need a process to themselves: for its environment, its signals, its threads, its end.
//! The test binary runs itself again, with one test and a word in the environment that makes it the
//! child.

use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

use super::TEST_TIMEOUT;

const CHILD: &str = "IPLAYGAMES_TEST_CHILD";

/// What the environment of the machine must not decide.
const NOT_INHERITED: &[&str] = &[
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "REQUEST_METHOD",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "IPLAYGAMES_API_KEY",
    "IPLAYGAMES_BASE_URL",
];

/// Whether this process is the child that runs the test of that name.
pub fn is(test: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|name| name == test)
}

/// A value its parent gave to the child.
pub fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("the parent gives {name}"))
}

/// Runs the test of that name in a child, alone, and answers what it wrote. A child that fails,
/// crashes or hangs fails the test.
pub fn run(test: &str, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    command.env(CHILD, test).envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that the guard also reaches what the child forks.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.spawn().unwrap();
    #[cfg(unix)]
    let group = i32::try_from(child.id()).unwrap();
    let (ended, end) = channel();
    let waiter = std::thread::spawn(move || ended.send(child.wait_with_output().unwrap()));
    let Ok(output) = end.recv_timeout(2 * TEST_TIMEOUT) else {
        // SAFETY: the group is the child's own: nobody has waited for it to end, so its number is
        // not another's by now.
        #[cfg(unix)]
        unsafe {
            libc::kill(-group, libc::SIGKILL);
        }
        panic!("{test} hangs in its child: {:?}", end.recv_timeout(TEST_TIMEOUT));
    };
    waiter.join().unwrap().unwrap();
    let wrote =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test} failed in its child ({}):\n{wrote}", output.status);
    assert!(wrote.contains("running 1 test\n"), "no test is named {test}:\n{wrote}");
    wrote
}
