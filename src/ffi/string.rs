//! Strings of C. String parameters are checked for NULL and UTF-8. Strings that the library returns
//! are recorded until the host frees them, so that freeing any other pointer only logs a line.
//! Every exported function with strings uses this file.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{CStr, CString, c_char};
use std::marker::PhantomData;

use super::tables::CLIENTS;
use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, StaticForkSafeMutex};
use crate::log::LogLevel;

/// A string parameter that is not checked yet; `name` is the name of the parameter.
pub(super) struct StrParam<'a> {
    name: &'static str,
    text: *const c_char,
    lifetime: PhantomData<&'a str>,
}

impl<'a> StrParam<'a> {
    /// # Safety
    ///
    /// `text` is NULL or points to bytes that end with a NUL and do not change during `'a`, which
    /// ends with the exported function. The header demands this.
    pub(super) unsafe fn new(name: &'static str, text: *const c_char) -> StrParam<'a> {
        StrParam { name, text, lifetime: PhantomData }
    }

    /// Returns the string. NULL is an error.
    pub(super) fn get(&self) -> Result<&'a str, Error> {
        self.get_or_null()?.ok_or_else(|| invalid_argument(format!("`{}` is NULL.", self.name)))
    }

    /// Returns JSON. NULL is an empty object.
    pub(super) fn get_or_empty(&self) -> Result<&'a str, Error> {
        Ok(self.get_or_null()?.unwrap_or("{}"))
    }

    /// Returns the string, or None for NULL.
    pub(super) fn get_or_null(&self) -> Result<Option<&'a str>, Error> {
        if self.text.is_null() {
            return Ok(None);
        }
        // SAFETY: not NULL; the caller of `new` guarantees the NUL at the end and `'a`.
        let bytes = unsafe { CStr::from_ptr(self.text) }.to_bytes();
        utf8(self.name, bytes).map(Some)
    }
}

/// Returns bytes of the host as a string. `name` is the name of the parameter.
pub(super) fn utf8<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        invalid_argument(format!("`{name}` is not UTF-8 from byte {} on.", error.valid_up_to()))
    })
}

/// Returns a string as a C string that the host reads during a callback. A NUL inside would end it
/// early, so each NUL is replaced.
pub(super) fn to_c_string(text: &str) -> CString {
    CString::new(text)
        .or_else(|_| CString::new(text.replace('\0', "\u{fffd}")))
        .unwrap_or_else(|_| CStr::to_owned(c""))
}

/// Returns the error for an invalid parameter.
pub(super) fn invalid_argument(message: String) -> Error {
    Error::new(Code::INVALID_ARGUMENT, message)
}

/// Gives a string to the host, which owns it until it calls `ipg_string_free`. A NUL inside is
/// kept, because some functions also return the length.
pub(super) fn into_raw(text: String) -> *mut c_char {
    fork::generation();
    let mut bytes = text.into_bytes();
    bytes.push(0);
    let text = OwnedString(Box::into_raw(bytes.into_boxed_slice()));
    let address = text.address();
    // The address is free, so it is not in the table.
    let before = shard(address).lock().live.insert(address.addr(), text);
    drop(before);
    address
}

/// Takes a string back and frees it. A pointer that is not a live string of this library is logged
/// and not touched.
pub(super) fn from_raw(address: *mut c_char) {
    if address.is_null() {
        return;
    }
    let (freed, is_quarantined) = {
        let mut shard = shard(address).lock();
        let freed = shard.live.remove(&address.addr());
        let is_quarantined =
            freed.is_none() && shard.quarantined.iter().any(|text| text.address() == address);
        // A string that leaves the quarantine is dropped outside of the lock.
        (freed.map(|text| shard.quarantine(text)), is_quarantined)
    };
    if freed.is_some() {
        return;
    }
    let reason = if is_quarantined { "was freed before" } else { "is not a live text of this library" };
    for client in CLIENTS.values() {
        let message = format!("ipg_string_free: {address:p} {reason}; nothing was done");
        client.note(LogLevel::Warn, "iplaygames::ffi", message);
    }
}

/// A string that the host may be reading. This type owns it and does not access it before it is
/// dropped.
struct OwnedString(*mut [u8]);

// SAFETY: the memory is plain bytes, which this type alone frees, on any thread.
unsafe impl Send for OwnedString {}

impl OwnedString {
    fn address(&self) -> *mut c_char {
        self.0.cast()
    }
}

impl Drop for OwnedString {
    fn drop(&mut self) {
        // SAFETY: `into_raw` got it from Box::into_raw, and the table held its only OwnedString.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

const SHARDS: usize = 16;
/// The number of freed strings that a shard keeps. Their addresses are not reused, so that a second
/// free soon after the first is noticed.
const QUARANTINE: usize = 16;
/// Longer strings are freed at once.
const MAX_QUARANTINED: usize = 4096;

struct Shard {
    /// By address. A tree of a few strings is a single node, and it never allocates a large block.
    live: BTreeMap<usize, OwnedString>,
    quarantined: VecDeque<OwnedString>,
}

impl Shard {
    /// Puts a freed string into the quarantine. Returns the string that is to be dropped instead.
    fn quarantine(&mut self, text: OwnedString) -> Option<OwnedString> {
        if text.0.len() > MAX_QUARANTINED {
            return Some(text);
        }
        self.quarantined.push_back(text);
        if self.quarantined.len() > QUARANTINE { self.quarantined.pop_front() } else { None }
    }
}

static STRINGS: [StaticForkSafeMutex<Shard>; SHARDS] =
    [const { StaticForkSafeMutex::new(Shard { live: BTreeMap::new(), quarantined: VecDeque::new() }) };
        SHARDS];

fn shard(address: *mut c_char) -> &'static StaticForkSafeMutex<Shard> {
    // A multiplication distributes the addresses; its high bits are mixed best.
    let mixed = (address.addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let [first, ..] = &STRINGS;
    STRINGS.get(mixed as usize % SHARDS).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// The tests share the tables: an address that one test frees twice must not be in use by
    /// another.
    static SERIAL: Mutex<()> = Mutex::new(());

    fn serialize() -> MutexGuard<'static, ()> {
        SERIAL.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_live(address: *mut c_char) -> bool {
        shard(address).lock().live.contains_key(&address.addr())
    }

    #[test]
    fn a_returned_string_ends_with_a_nul_and_is_freed_once() {
        let _guard = serialize();
        let address = into_raw("héllo".into());
        // SAFETY: returned by `into_raw` above and not yet freed.
        assert_eq!(unsafe { CStr::from_ptr(address) }.to_str(), Ok("héllo"));
        assert!(is_live(address));
        from_raw(address);
        assert!(!is_live(address));
        from_raw(address);
        from_raw(address);
        assert!(!is_live(address));
    }

    #[test]
    fn a_pointer_that_is_not_a_string_of_the_library_is_not_touched() {
        let _guard = serialize();
        from_raw(std::ptr::null_mut());
        let mut local = *b"mine\0";
        from_raw(local.as_mut_ptr().cast());
        assert_eq!(&local, b"mine\0");
        let inside = into_raw("0123456789abcdef0123456789abcdef".into());
        from_raw(inside.wrapping_add(8));
        assert!(is_live(inside));
        from_raw(inside);
        for id in [1usize, 8, usize::MAX] {
            from_raw(std::ptr::without_provenance_mut(id));
        }
    }

    #[test]
    fn the_address_of_a_freed_string_is_not_reused_at_once() {
        let _guard = serialize();
        let address = into_raw("x".repeat(100));
        from_raw(address);
        for _ in 0..QUARANTINE - 1 {
            let next = into_raw("y".repeat(100));
            assert_ne!(next, address);
            from_raw(next);
        }
    }

    #[test]
    fn threads_that_allocate_and_free_strings_at_once_do_not_conflict() {
        let _guard = serialize();
        std::thread::scope(|scope| {
            for thread in 0..4usize {
                scope.spawn(move || {
                    for round in 0..500 {
                        let texts: Vec<_> =
                            (0..20).map(|n| into_raw("z".repeat(n * 300 + thread + round % 7))).collect();
                        for text in texts {
                            assert!(is_live(text));
                            from_raw(text);
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn the_error_for_a_wrong_string_names_the_parameter() {
        let message = |result: Result<&str, Error>| {
            let error = result.unwrap_err();
            assert_eq!(error.code(), Code::INVALID_ARGUMENT);
            error.message().to_owned()
        };
        let read = |text| {
            // SAFETY: NULL, or a literal that ends with a NUL.
            unsafe { StrParam::new("a", text) }
        };
        assert_eq!(read(c"ok".as_ptr()).get().unwrap(), "ok");
        assert_eq!(read(c"".as_ptr()).get_or_empty().unwrap(), "");
        assert_eq!(read(std::ptr::null()).get_or_empty().unwrap(), "{}");
        assert_eq!(message(read(std::ptr::null()).get()), "`a` is NULL.");
        let cut = c"ab\xe2\x82";
        assert_eq!(message(read(cut.as_ptr()).get()), "`a` is not UTF-8 from byte 2 on.");
    }

    #[test]
    fn a_nul_inside_does_not_end_a_c_string_early() {
        assert_eq!(to_c_string("a\0b").as_bytes(), "a\u{fffd}b".as_bytes());
    }
}
