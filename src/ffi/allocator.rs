//! `ipg_set_allocator`, and the global allocator of the C libraries, which forwards to the host's
//! functions. The global allocator exists only with the feature `host-allocator`, because a Rust
//! host that links this crate chooses its own.

use std::ffi::c_void;

use super::types::ipg_code;
#[cfg(not(feature = "host-allocator"))]
use crate::codes::Code;

/// Allocates `size` bytes, which are never 0, at an address that is a multiple of `alignment`, a
/// power of two. Returns NULL if there is no memory. See ipg_set_allocator().
pub type ipg_allocate = Option<unsafe extern "C" fn(size: usize, alignment: usize) -> *mut c_void>;

/// Resizes a block: returns a block of `new_size` bytes with the contents of the old one, which is
/// freed, or NULL, and then the old block is unchanged. See ipg_set_allocator().
pub type ipg_reallocate = Option<
    unsafe extern "C" fn(
        memory: *mut c_void,
        old_size: usize,
        new_size: usize,
        alignment: usize,
    ) -> *mut c_void,
>;

/// Frees a block, which is never NULL. `size` and `alignment` are those that it was allocated with.
/// See ipg_set_allocator().
pub type ipg_deallocate = Option<unsafe extern "C" fn(memory: *mut c_void, size: usize, alignment: usize)>;

/// Sets the allocator of the library for the whole process. Call it before any other function of
/// this library, except ipg_version(), ipg_abi_version(), ipg_code_name() and ipg_code_message():
/// memory that is allocated already cannot change its allocator. The allocator stays until the
/// process ends.
///
/// All memory that the library allocates goes through these functions: strings that it returns,
/// clients, requests, connections, buffers and TLS. These allocations do not: those of the system's
/// functions that the library calls, such as getaddrinfo(), and the stacks of threads.
///
/// The functions run on any thread, also on threads of the library and while a thread ends, and
/// several may run at the same time. They must not call a function of this library, and they must
/// return. If `allocate` returns NULL, the process ends.
///
/// Threads: any, before any other thread uses the library. Never blocks.
///
/// \param allocate The function that allocates memory. \param reallocate The function that resizes
/// a block. NULL: the library allocates, copies and frees. \param deallocate The function that
/// frees memory. \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if `allocate` or `deallocate` is NULL
/// or `allocate` returns NULL; #IPG_ERR_BUSY if the library has allocated memory already, or an
/// allocator is set; #IPG_ERR_UNSUPPORTED if the library was built without the feature
/// `host-allocator`.
///
/// ```c
/// // static void *allocate(size_t size, size_t alignment);
/// // static void deallocate(void *memory, size_t size, size_t alignment);
/// if (ipg_set_allocator(allocate, NULL, deallocate) != IPG_OK) {
///     fprintf(stderr, "the library uses the allocator of the system\n");
/// }
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipg_set_allocator(
    allocate: ipg_allocate,
    reallocate: ipg_reallocate,
    deallocate: ipg_deallocate,
) -> ipg_code {
    // Not in the boundary of the other functions, which allocates memory. Nothing here panics.
    #[cfg(feature = "host-allocator")]
    return host::set(allocate, reallocate, deallocate).value();
    #[cfg(not(feature = "host-allocator"))]
    {
        let _ = (allocate, reallocate, deallocate);
        Code::UNSUPPORTED.value()
    }
}

#[cfg(feature = "host-allocator")]
mod host {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::ffi::c_void;
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    use super::{ipg_allocate, ipg_deallocate, ipg_reallocate};
    use crate::codes::Code;

    #[global_allocator]
    static GLOBAL: HostAllocator = HostAllocator;

    struct HostAllocator;

    /// The functions of the host.
    #[derive(Clone, Copy)]
    struct Functions {
        allocate: unsafe extern "C" fn(usize, usize) -> *mut c_void,
        reallocate: ipg_reallocate,
        deallocate: unsafe extern "C" fn(*mut c_void, usize, usize),
    }

    /// NULL before the first allocation, the address of [`SYSTEM`] if that used the system's
    /// allocator, else the functions of the host, in memory of the host that is never freed.
    static FUNCTIONS: AtomicPtr<Functions> = AtomicPtr::new(ptr::null_mut());

    /// Its address stands for the system's allocator. The functions are never called.
    static SYSTEM: Functions = Functions { allocate: no_memory, reallocate: None, deallocate: no_operation };

    unsafe extern "C" fn no_memory(_: usize, _: usize) -> *mut c_void {
        ptr::null_mut()
    }

    unsafe extern "C" fn no_operation(_: *mut c_void, _: usize, _: usize) {}

    fn system() -> *mut Functions {
        (&raw const SYSTEM).cast_mut()
    }

    pub(super) fn set(
        allocate: ipg_allocate,
        reallocate: ipg_reallocate,
        deallocate: ipg_deallocate,
    ) -> Code {
        let (Some(allocate), Some(deallocate)) = (allocate, deallocate) else {
            return Code::INVALID_ARGUMENT;
        };
        if !FUNCTIONS.load(Ordering::Acquire).is_null() {
            return Code::BUSY;
        }
        let layout = Layout::new::<Functions>();
        // SAFETY: the host promises to allocate memory of this size and alignment.
        let place = unsafe { allocate(layout.size(), layout.align()) }.cast::<Functions>();
        if place.is_null() {
            return Code::INVALID_ARGUMENT;
        }
        // SAFETY: just allocated for a value of this type, and not shared yet.
        unsafe { place.write(Functions { allocate, reallocate, deallocate }) };
        let set = FUNCTIONS.compare_exchange(ptr::null_mut(), place, Ordering::AcqRel, Ordering::Acquire);
        if set.is_err() {
            // SAFETY: allocated above, and not shared.
            unsafe { deallocate(place.cast(), layout.size(), layout.align()) };
            return Code::BUSY;
        }
        Code::OK
    }

    /// Returns the functions of the host, or None for the system's allocator.
    fn functions() -> Option<&'static Functions> {
        let mut functions = FUNCTIONS.load(Ordering::Acquire);
        if functions.is_null() {
            functions = use_system();
        }
        // SAFETY: not NULL, so the host's functions, which are never freed or changed.
        if functions == system() { None } else { Some(unsafe { &*functions }) }
    }

    /// Chooses the system's allocator, unless the host has set its own meanwhile.
    #[cold]
    fn use_system() -> *mut Functions {
        let chosen =
            FUNCTIONS.compare_exchange(ptr::null_mut(), system(), Ordering::AcqRel, Ordering::Acquire);
        chosen.map_or_else(|functions| functions, |_| system())
    }

    // SAFETY: every block goes back to the allocator that it came from, because the choice is made
    // before the first allocation and never changes. The host promises the rest. The functions are
    // not inlined, because a library has thousands of places that allocate.
    unsafe impl GlobalAlloc for HostAllocator {
        #[inline(never)]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            match functions() {
                // SAFETY: guaranteed by the caller, here and below.
                None => unsafe { System.alloc(layout) },
                Some(host) => unsafe { (host.allocate)(layout.size(), layout.align()) }.cast(),
            }
        }

        #[inline(never)]
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            let Some(host) = functions() else { return unsafe { System.alloc_zeroed(layout) } };
            let memory = unsafe { (host.allocate)(layout.size(), layout.align()) }.cast::<u8>();
            if !memory.is_null() {
                unsafe { memory.write_bytes(0, layout.size()) };
            }
            memory
        }

        #[inline(never)]
        unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            let Some(host) = functions() else { return unsafe { System.realloc(memory, layout, new_size) } };
            let (size, alignment) = (layout.size(), layout.align());
            if let Some(reallocate) = host.reallocate {
                return unsafe { reallocate(memory.cast(), size, new_size, alignment) }.cast();
            }
            let moved = unsafe { (host.allocate)(new_size, alignment) }.cast::<u8>();
            if !moved.is_null() {
                unsafe {
                    ptr::copy_nonoverlapping(memory, moved, size.min(new_size));
                    (host.deallocate)(memory.cast(), size, alignment);
                }
            }
            moved
        }

        #[inline(never)]
        unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
            match functions() {
                None => unsafe { System.dealloc(memory, layout) },
                Some(host) => unsafe { (host.deallocate)(memory.cast(), layout.size(), layout.align()) },
            }
        }
    }
}
