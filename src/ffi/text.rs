//! The second wall: text. What comes in is checked to be there and to be UTF-8; what goes out is
//! remembered until it comes back, so that freeing anything else does nothing but leave a line in the
//! logs.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{CStr, c_char};
use std::marker::PhantomData;

use super::client::CLIENTS;
use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, Anchored};
use crate::log::LogLevel;

/// A text the host passes, not yet looked at; `name` is the parameter's.
pub(super) struct In<'a> {
    name: &'static str,
    text: *const c_char,
    lifetime: PhantomData<&'a str>,
}

impl<'a> In<'a> {
    /// # Safety
    ///
    /// `text` is NULL or points at bytes that end with a NUL and stay as they are for `'a`, which ends
    /// with the exported function: the header asks the host for it.
    pub(super) unsafe fn new(name: &'static str, text: *const c_char) -> In<'a> {
        In { name, text, lifetime: PhantomData }
    }

    /// The text, which must be there.
    pub(super) fn get(&self) -> Result<&'a str, Error> {
        self.get_or_null()?.ok_or_else(|| bad(format!("`{}` is NULL.", self.name)))
    }

    /// The JSON text; NULL is an empty object.
    pub(super) fn get_or_empty(&self) -> Result<&'a str, Error> {
        Ok(self.get_or_null()?.unwrap_or("{}"))
    }

    fn get_or_null(&self) -> Result<Option<&'a str>, Error> {
        if self.text.is_null() {
            return Ok(None);
        }
        // SAFETY: not NULL, so whoever called `new` vouches for the NUL at its end and for `'a`.
        let bytes = unsafe { CStr::from_ptr(self.text) }.to_bytes();
        utf8(self.name, bytes).map(Some)
    }
}

/// Bytes of the host's as text.
pub(super) fn utf8<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes)
        .map_err(|error| bad(format!("`{name}` is not UTF-8 from byte {} on.", error.valid_up_to())))
}

/// A parameter of a call in C is not as it must be.
pub(super) fn bad(message: String) -> Error {
    Error::new(Code::INVALID_ARGUMENT, message)
}

/// Hands a text out: the host owns it until it calls `ipg_string_free`. A NUL inside is kept, for
/// functions that give the length too.
pub(super) fn hand_out(text: String) -> *mut c_char {
    fork::generation();
    let mut bytes = text.into_bytes();
    bytes.push(0);
    let text = Text(Box::into_raw(bytes.into_boxed_slice()));
    let address = text.address();
    // A miss in the table is the rule; were it ever a hit, the text there is gone already.
    let before = shard(address).lock().live.insert(address.addr(), text);
    drop(before);
    address
}

/// Takes a text back. Anything that is not a live text of ours is left alone, and logged.
pub(super) fn take_back(address: *mut c_char) {
    if address.is_null() {
        return;
    }
    let (freed, resting) = {
        let mut shard = shard(address).lock();
        let freed = shard.live.remove(&address.addr());
        let resting = freed.is_none() && shard.resting.iter().any(|text| text.address() == address);
        // What no longer rests is dropped outside of the lock.
        (freed.map(|text| shard.rest(text)), resting)
    };
    if freed.is_some() {
        return;
    }
    let why = if resting { "was freed before" } else { "is not a live text of this library" };
    for client in CLIENTS.all() {
        let message = format!("ipg_string_free: {address:p} {why}; nothing was done");
        client.note(LogLevel::Warn, "iplaygames::ffi", message);
    }
}

/// Memory that the host may be reading: owned here, but never touched again before it is dropped.
struct Text(*mut [u8]);

// SAFETY: the memory is plain bytes that this type alone may free, from whichever thread.
unsafe impl Send for Text {}

impl Text {
    fn address(&self) -> *mut c_char {
        self.0.cast()
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: it came from Box::into_raw in `hand_out`, and the table held its only Text.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

const SHARDS: usize = 16;
/// How many freed texts a shard keeps, so that freeing one again soon after is noticed even when the
/// allocator would have given its address to the next text.
const RESTING: usize = 16;
/// Larger texts do not rest.
const RESTING_BYTES: usize = 4096;

struct Shard {
    /// By address. A tree: a handful of texts is one node of it, and it never grows into a large block.
    live: BTreeMap<usize, Text>,
    resting: VecDeque<Text>,
}

impl Shard {
    /// Lets a freed text rest, and gives what is to be dropped instead.
    fn rest(&mut self, text: Text) -> Option<Text> {
        if text.0.len() > RESTING_BYTES {
            return Some(text);
        }
        self.resting.push_back(text);
        if self.resting.len() > RESTING { self.resting.pop_front() } else { None }
    }
}

static TEXTS: [Anchored<Shard>; SHARDS] =
    [const { Anchored::new(Shard { live: BTreeMap::new(), resting: VecDeque::new() }) }; SHARDS];

fn shard(address: *mut c_char) -> &'static Anchored<Shard> {
    // One multiplication spreads addresses; the highest bits of it are the best mixed.
    let mixed = (address.addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let [first, ..] = &TEXTS;
    TEXTS.get(mixed as usize % SHARDS).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// The tests share the tables: what one frees twice must not be another's meanwhile.
    static ALONE: Mutex<()> = Mutex::new(());

    fn alone() -> MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_live(address: *mut c_char) -> bool {
        shard(address).lock().live.contains_key(&address.addr())
    }

    #[test]
    fn a_text_handed_out_ends_with_nul_and_comes_back_once() {
        let _alone = alone();
        let address = hand_out("héllo".into());
        // SAFETY: handed out above and not yet taken back.
        assert_eq!(unsafe { CStr::from_ptr(address) }.to_str(), Ok("héllo"));
        assert!(is_live(address));
        take_back(address);
        assert!(!is_live(address));
        take_back(address);
        take_back(address);
        assert!(!is_live(address));
    }

    #[test]
    fn what_never_was_a_text_of_ours_is_left_alone() {
        let _alone = alone();
        take_back(std::ptr::null_mut());
        let mut local = *b"mine\0";
        take_back(local.as_mut_ptr().cast());
        assert_eq!(&local, b"mine\0");
        let inside = hand_out("0123456789abcdef0123456789abcdef".into());
        take_back(inside.wrapping_add(8));
        assert!(is_live(inside));
        take_back(inside);
        for id in [1usize, 8, usize::MAX] {
            take_back(std::ptr::without_provenance_mut(id));
        }
    }

    #[test]
    fn a_freed_text_rests_before_its_address_comes_again() {
        let _alone = alone();
        let address = hand_out("x".repeat(100));
        take_back(address);
        for _ in 0..RESTING - 1 {
            let next = hand_out("y".repeat(100));
            assert_ne!(next, address);
            take_back(next);
        }
    }

    #[test]
    fn many_threads_hand_out_and_take_back() {
        let _alone = alone();
        std::thread::scope(|scope| {
            for thread in 0..4usize {
                scope.spawn(move || {
                    for round in 0..500 {
                        let texts: Vec<_> =
                            (0..20).map(|n| hand_out("z".repeat(n * 300 + thread + round % 7))).collect();
                        for text in texts {
                            assert!(is_live(text));
                            take_back(text);
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn text_from_the_host_is_named_when_it_is_wrong() {
        let message = |result: Result<&str, Error>| {
            let error = result.unwrap_err();
            assert_eq!(error.code(), Code::INVALID_ARGUMENT);
            error.message().to_owned()
        };
        let read = |text| {
            // SAFETY: NULL, or a literal that ends with a NUL.
            unsafe { In::new("a", text) }
        };
        assert_eq!(read(c"ok".as_ptr()).get().unwrap(), "ok");
        assert_eq!(read(c"".as_ptr()).get_or_empty().unwrap(), "");
        assert_eq!(read(std::ptr::null()).get_or_empty().unwrap(), "{}");
        assert_eq!(message(read(std::ptr::null()).get()), "`a` is NULL.");
        let cut = c"ab\xe2\x82";
        assert_eq!(message(read(cut.as_ptr()).get()), "`a` is not UTF-8 from byte 2 on.");
    }
}
