//! What stays of the API key in the memory of the process when its owner is gone. Linux only: the
//! tests read all of their own memory.

#![cfg(target_os = "linux")]

mod support;

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;

use iplaygames::{Client, Config};
use support::{TEST_TIMEOUT, answering, child, json, transport};

/// The key is never stored as it is, only what it is made from.
const MASK: u8 = 0x15;

/// A key that occurs nowhere else in the process. Its memory is overwritten by `wipe`.
fn key() -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    key.extend((0..48_u32).map(|at| b'A' + (at * at * at + 3 * at) as u8 % 25));
    key
}

fn wipe(bytes: &mut [u8]) {
    for byte in bytes {
        // SAFETY: a valid reference; volatile, so that the write is not optimized away.
        unsafe { std::ptr::write_volatile(byte, 0) };
    }
}

/// Makes a configuration's text with the key in it, in memory that is wiped after `with` has used
/// it.
fn with_config(escaped: bool, port: &str, timeout_ms: &str, with: impl FnOnce(&str)) {
    let mut key = key();
    let mut text = Vec::with_capacity(4096);
    text.extend_from_slice(b"{\"base_url\":\"http://127.0.0.1:");
    text.extend_from_slice(port.as_bytes());
    text.extend_from_slice(b"\",\"timeout_ms\":");
    text.extend_from_slice(timeout_ms.as_bytes());
    text.extend_from_slice(b",\"api_key\":\"");
    if escaped {
        text.extend_from_slice(b"\\u004b");
    }
    text.extend_from_slice(&key);
    text.extend_from_slice(b"\",\"headers\":{\"X-Second-Key\":\"");
    if escaped {
        text.extend_from_slice(b"\\/");
    }
    text.extend_from_slice(&key);
    text.extend_from_slice(b"\"}}");
    with(std::str::from_utf8(&text).unwrap());
    wipe(&mut text);
    wipe(&mut key);
}

/// How often the last part of the key stands in the writable memory of this process. (The allocator
/// overwrites the first bytes of what is freed.)
fn copies() -> usize {
    const TAIL: usize = 20;
    let mut needle = key();
    for byte in &mut needle {
        *byte ^= MASK;
    }
    let needle = &needle[needle.len() - TAIL..];
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut buffer = vec![0_u8; 1 << 16];
    let buffer_at = buffer.as_ptr() as usize;
    let mut found = 0;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let (mut at, end) =
            (usize::from_str_radix(start, 16).unwrap(), usize::from_str_radix(end, 16).unwrap());
        while at < end {
            // Neither the buffer itself, nor what a read of the buffer would find in it.
            if (buffer_at..buffer_at + buffer.len()).contains(&at) {
                at = buffer_at + buffer.len();
                continue;
            }
            let limit = if at < buffer_at { end.min(buffer_at) } else { end };
            let length = buffer.len().min(limit - at);
            let Ok(read) = memory.read_at(&mut buffer[..length], at as u64) else { break };
            let here = buffer[..read]
                .windows(TAIL)
                .filter(|window| window.iter().zip(needle).all(|(byte, masked)| byte ^ MASK == *masked))
                .count();
            found += here;
            if read < length || at + read >= limit {
                at += read.max(1);
            } else {
                at += read - (TAIL - 1);
            }
        }
    }
    wipe(&mut buffer);
    found
}

#[test]
fn no_copy_of_the_key_stays_when_a_configuration_is_dropped() {
    const NAME: &str = "no_copy_of_the_key_stays_when_a_configuration_is_dropped";
    if !child::is(NAME) {
        child::run(NAME, &[]);
        return;
    }
    assert_eq!(copies(), 0, "before");
    for escaped in [false, true] {
        with_config(escaped, "9", "1000", |text| {
            let config = black_box(Config::from_json(text).unwrap());
            let copy = black_box(config.clone());
            assert!(copies() >= 4, "the search finds what is there");
            drop((config, copy));
        });
        assert_eq!(copies(), 0, "escaped: {escaped}");
        // A configuration that is refused after the key has been read.
        with_config(escaped, "9", "0", |text| {
            assert_eq!(Config::from_json(text).unwrap_err().field(), Some("/timeout_ms"));
        });
        assert_eq!(copies(), 0, "refused, escaped: {escaped}");
    }
}

#[test]
fn no_copy_of_the_key_stays_when_a_client_is_dropped() {
    if transport::is_native_only("it does not overwrite the buffers in which it sends requests") {
        return;
    }
    const NAME: &str = "no_copy_of_the_key_stays_when_a_client_is_dropped";
    if !child::is(NAME) {
        // The server is in the parent, so that what it received is in other memory.
        let (port, received) = answering(json("200 OK", r#"{"data":[]}"#));
        child::run(NAME, &[("PORT", &port.to_string())]);
        let request = received.recv_timeout(TEST_TIMEOUT).unwrap();
        let expected = [b"Bearer ", &key()[..]].concat();
        assert_eq!(request.header("authorization").map(str::as_bytes), Some(&expected[..]));
        return;
    }
    let port = child::given("PORT");
    with_config(false, &port, "20000", |text| {
        let client = Client::new(Config::from_json(text).unwrap()).unwrap();
        client.call("list_games", "", &Default::default()).unwrap();
        assert!(copies() >= 4, "the search finds what is there");
        drop(client);
    });
    let left = copies();
    assert_eq!(left, 0, "copies are left");
}
