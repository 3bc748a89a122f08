//! Another Rust static library in the same program, with a standard library of its own.

/// 1 when a panic of this library was caught in it.
#[cfg(second)]
#[unsafe(no_mangle)]
pub extern "C" fn second_catches_its_panic() -> i32 {
    caught()
}

/// The same under a name that `packaging/static.sh` keeps: see probe.h.
#[cfg(probe)]
#[unsafe(no_mangle)]
pub extern "C" fn ipg_probe_catches_its_panic() -> i32 {
    caught()
}

fn caught() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    i32::from(std::panic::catch_unwind(|| vec![0u8; 1][std::process::id() as usize]).is_err())
}
