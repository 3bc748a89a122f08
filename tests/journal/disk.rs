//! A disk that fails on command: a VFS of SQLite around the real one. For the files of a folder
//! that a test names, it can refuse writes, and it keeps what is certain to survive a loss of
//! power: what was written before the last sync.
//!
//! It is the default VFS of this test program. Files of other folders pass through.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

/// The disks of the tests, by their folder.
static DISKS: Mutex<BTreeMap<PathBuf, Arc<Disk>>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
pub struct Disk {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What writes return; 0 to write.
    write_error: c_int,
    sync_error: c_int,
    syncs: u64,
    files: BTreeMap<String, Image>,
}

/// A file on the disk, and the writes that a loss of power may undo.
#[derive(Clone, Default)]
struct Image {
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Clone)]
enum Pending {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl Image {
    fn apply(content: &mut Vec<u8>, pending: &Pending) {
        match pending {
            Pending::Truncate(size) => content.truncate(*size),
            Pending::Write { at, bytes } => {
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

impl Disk {
    /// Simulates the disk of a folder.
    pub fn of(folder: &Path) -> Arc<Disk> {
        install();
        let disk = Arc::new(Disk::default());
        DISKS.lock().unwrap().insert(folder.to_owned(), Arc::clone(&disk));
        disk
    }

    /// Lets every write fail with a code of SQLite; 0 ends that.
    pub fn fail_writes(&self, code: c_int) {
        self.state.lock().unwrap().write_error = code;
    }

    pub fn fail_syncs(&self, code: c_int) {
        self.state.lock().unwrap().sync_error = code;
    }

    pub fn syncs(&self) -> u64 {
        self.state.lock().unwrap().syncs
    }

    /// Writes to `target` what the folder has after a loss of power: everything that was synced,
    /// and of the rest the writes that `keep` selects.
    pub fn cut_power(&self, target: &Path, mut keep: impl FnMut() -> bool) {
        for (name, image) in &self.state.lock().unwrap().files {
            // The index of the log is rebuilt, and never survives.
            if name.ends_with("-shm") {
                continue;
            }
            let mut content = image.durable.clone();
            image.pending.iter().filter(|_| keep()).for_each(|pending| Image::apply(&mut content, pending));
            std::fs::write(target.join(name), content).unwrap();
        }
    }
}

/// A file of SQLite. The file of the real VFS follows it in memory.
#[repr(C)]
struct FaultyFile {
    base: sqlite3_file,
    /// From `Arc::into_raw`; null for files that pass through.
    disk: *const Disk,
    /// From `CString::into_raw`, with the name of the file; null as above.
    name: *mut c_char,
}

/// The real VFS, as a number because it is never written.
static REAL: std::sync::OnceLock<usize> = std::sync::OnceLock::new();

fn install() {
    static ONCE: Once = Once::new();
    // SAFETY: the functions are those of this file, and the VFS lives as long as the process.
    ONCE.call_once(|| unsafe {
        // The VFS of a connection that is open already stays.
        ffi::sqlite3_initialize();
        let real = ffi::sqlite3_vfs_find(std::ptr::null());
        REAL.set(real as usize).unwrap();
        let faulty = sqlite3_vfs {
            zName: c"faulty".as_ptr(),
            szOsFile: size_of::<FaultyFile>() as c_int + (*real).szOsFile,
            xOpen: Some(open),
            xDelete: Some(delete),
            pNext: std::ptr::null_mut(),
            ..*real
        };
        assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(Box::new(faulty)), 1), ffi::SQLITE_OK);
    });
}

fn real_vfs() -> *mut sqlite3_vfs {
    *REAL.get().unwrap() as *mut sqlite3_vfs
}

/// Returns the file of the real VFS.
unsafe fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` has room for both, one after the other.
    unsafe { file.cast::<FaultyFile>().add(1).cast() }
}

unsafe fn methods(file: *mut sqlite3_file) -> &'static sqlite3_io_methods {
    // SAFETY: the real VFS has set them, and they are static.
    unsafe { &*(*real(file)).pMethods }
}

/// Runs `work` on the state of a simulated file.
unsafe fn with_state<T>(file: *mut sqlite3_file, work: impl FnOnce(&mut State, String) -> T) -> Option<T> {
    // SAFETY: `open` has set both.
    unsafe {
        let file = &*file.cast::<FaultyFile>();
        let disk = file.disk.as_ref()?;
        let name = CStr::from_ptr(file.name).to_str().unwrap().to_owned();
        Some(work(&mut disk.state.lock().unwrap(), name))
    }
}

fn disk_of(path: &Path) -> Option<(Arc<Disk>, String)> {
    let disk = DISKS.lock().unwrap().get(path.parent()?).cloned()?;
    Some((disk, path.file_name()?.to_str()?.to_owned()))
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a place of `szOsFile` bytes.
    unsafe {
        let found = (!name.is_null())
            .then(|| CStr::from_ptr(name).to_str().unwrap())
            .and_then(|name| disk_of(Path::new(name)));
        let faulty = &mut *file.cast::<FaultyFile>();
        (faulty.base.pMethods, faulty.disk, faulty.name) =
            (std::ptr::null(), std::ptr::null(), std::ptr::null_mut());
        let code = (*real_vfs()).xOpen.unwrap()(real_vfs(), name, real(file), flags, out_flags);
        if code == ffi::SQLITE_OK {
            faulty.base.pMethods = &METHODS;
            if let Some((disk, name)) = found {
                faulty.disk = Arc::into_raw(disk);
                faulty.name = std::ffi::CString::new(name).unwrap().into_raw();
                with_state(file, |state, name| state.files.entry(name).or_default().durable.len());
            }
        }
        code
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: SQLite passes a name.
    unsafe {
        if let Some((disk, file)) = disk_of(Path::new(CStr::from_ptr(name).to_str().unwrap())) {
            disk.state.lock().unwrap().files.remove(&file);
        }
        (*real_vfs()).xDelete.unwrap()(real_vfs(), name, sync)
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: the file is open, and is not used afterwards.
    unsafe {
        let faulty = &mut *file.cast::<FaultyFile>();
        if !faulty.disk.is_null() {
            drop(Arc::from_raw(faulty.disk));
            drop(std::ffi::CString::from_raw(faulty.name));
            faulty.disk = std::ptr::null();
        }
        methods(file).xClose.unwrap()(real(file))
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    buffer: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes a buffer of that size.
    unsafe {
        let bytes = std::slice::from_raw_parts(buffer.cast::<u8>(), amount as usize);
        let refused = with_state(file, |state, name| {
            if state.write_error == 0 {
                let write = Pending::Write { at: offset as usize, bytes: bytes.to_vec() };
                state.files.entry(name).or_default().pending.push(write);
            }
            state.write_error
        });
        match refused {
            None | Some(0) => methods(file).xWrite.unwrap()(real(file), buffer, amount, offset),
            Some(code) => code,
        }
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    unsafe {
        with_state(file, |state, name| {
            state.files.entry(name).or_default().pending.push(Pending::Truncate(size as usize));
        });
        methods(file).xTruncate.unwrap()(real(file), size)
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open. The real sync is left out: the simulated power is.
    let code = unsafe {
        with_state(file, |state, name| {
            if state.sync_error == 0 {
                state.syncs += 1;
                let image = state.files.entry(name).or_default();
                for pending in std::mem::take(&mut image.pending) {
                    Image::apply(&mut image.durable, &pending);
                }
            }
            state.sync_error
        })
    };
    code.unwrap_or(ffi::SQLITE_OK)
}

macro_rules! pass {
    ($($name:ident $method:ident ($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $kind),*) -> $result {
            // SAFETY: the arguments of SQLite for the real file.
            unsafe { methods(file).$method.unwrap()(real(file), $($argument),*) }
        }
    )*};
}

pass! {
    read xRead(buffer: *mut c_void, amount: c_int, offset: sqlite3_int64) -> c_int;
    file_size xFileSize(size: *mut sqlite3_int64) -> c_int;
    lock xLock(level: c_int) -> c_int;
    unlock xUnlock(level: c_int) -> c_int;
    check_reserved xCheckReservedLock(out: *mut c_int) -> c_int;
    control xFileControl(operation: c_int, argument: *mut c_void) -> c_int;
    sector_size xSectorSize() -> c_int;
    characteristics xDeviceCharacteristics() -> c_int;
    shm_map xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    shm_lock xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier xShmBarrier() -> ();
    shm_unmap xShmUnmap(delete: c_int) -> c_int;
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
