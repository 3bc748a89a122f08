//! Handle tables with generations. The host sees a handle as a pointer. Here it is a number that is
//! looked up and never dereferenced, so that any value that the host passes in gets a code. The
//! exported functions of each kind use one table; what they do with its values is in their files.
//!
//! The number has 3 bits of kind, and then bits of the slot and of the generation: 20 and 24 in a
//! pointer of 64 bits, 15 and 14 in one of 32 bits (ADR 10). The kind is odd, so that no pointer to
//! an aligned object looks like a handle. A slot whose generations are exhausted is never used
//! again. Tables do not depend on the process: a handle from before a fork is found
//! after it.

use std::collections::VecDeque;
use std::marker::PhantomData;

use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, StaticForkSafeMutex};

const KIND_BITS: u32 = 3;
const KIND_MASK: usize = (1 << KIND_BITS) - 1;

/// The layout of the handles of this process.
const LAYOUT: Layout = Layout::for_pointer(usize::BITS);

/// The sizes of the parts of a handle.
#[derive(Clone, Copy, Debug)]
struct Layout {
    slot_bits: u32,
    generation_bits: u32,
}

/// The kind of a handle. The numbers are the low bits of the handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Client = 1,
    Request = 3,
    Sandbox = 5,
    Exchange = 7,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Client => "client",
            Kind::Request => "request",
            Kind::Sandbox => "sandbox",
            Kind::Exchange => "exchange",
        }
    }

    fn from_id(id: usize) -> Option<Kind> {
        let low = id & KIND_MASK;
        [Kind::Client, Kind::Request, Kind::Sandbox, Kind::Exchange]
            .into_iter()
            .find(|kind| *kind as usize == low)
    }
}

/// All live handles of one kind. `H` is the type in the C header, `T` the type of the values. `T`
/// is cheap to clone (an `Arc`): a lookup clones the value and unlocks the table before any work.
pub(super) struct HandleTable<H, T: 'static> {
    kind: Kind,
    slots: StaticForkSafeMutex<Slots<T>>,
    host_type: PhantomData<fn(*mut H)>,
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// The free slots, the one that was freed first in front.
    free: VecDeque<u32>,
}

struct Slot<T> {
    /// The generation of the value in the slot, or of its next value. Never 0.
    generation: u32,
    value: Option<T>,
}

const LAST_GENERATION: u32 = LAYOUT.last_generation();

impl<H, T: Clone + Send> HandleTable<H, T> {
    pub(super) const fn new(kind: Kind) -> HandleTable<H, T> {
        let slots = Slots { slots: Vec::new(), free: VecDeque::new() };
        HandleTable { kind, slots: StaticForkSafeMutex::new(slots), host_type: PhantomData }
    }

    /// Inserts a value and returns its handle.
    pub(super) fn insert(&'static self, value: T) -> Result<*mut H, Error> {
        // Registers the fork handlers, which keep this table consistent in a child.
        fork::generation();
        // If the table is full, the value comes back and is dropped outside of the lock.
        let inserted = self.slots.lock().insert(value);
        let (slot, generation) = inserted.map_err(|_value| {
            let kind = self.kind.name();
            Error::new(Code::BUSY, format!("This process has the maximum number of {kind} handles."))
        })?;
        let id = pack(self.kind, slot, generation);
        Ok(std::ptr::without_provenance_mut(id))
    }

    /// Returns the value of a handle.
    pub(super) fn get(&'static self, handle: *mut H) -> Result<T, Error> {
        let found =
            self.decode(handle).and_then(|(slot, generation)| self.slots.lock().get(slot, generation));
        found.ok_or_else(|| self.invalid(handle))
    }

    /// Runs `read` on the value of a handle without cloning the value. `read` runs with the table's
    /// lock held, so it must not lock, wait, or run code of the host.
    pub(super) fn with<R>(&'static self, handle: *mut H, read: impl FnOnce(&T) -> R) -> Option<R> {
        let (slot, generation) = self.decode(handle)?;
        self.slots.lock().get_ref(slot, generation).map(read)
    }

    /// Ends a handle and returns its value.
    pub(super) fn remove(&'static self, handle: *mut H) -> Result<T, Error> {
        let removed =
            self.decode(handle).and_then(|(slot, generation)| self.slots.lock().remove(slot, generation));
        removed.ok_or_else(|| self.invalid(handle))
    }

    /// Returns the values of all live handles.
    pub(super) fn values(&'static self) -> Vec<T> {
        self.slots.lock().slots.iter().filter_map(|slot| slot.value.clone()).collect()
    }

    /// Returns the slot and the generation of a handle of this kind.
    fn decode(&self, handle: *mut H) -> Option<(u32, u32)> {
        let id = handle.addr();
        // Each tick passes here. The search of `Kind::from_id` took a fifth of an idle one.
        (LAYOUT.contains(id) && id & KIND_MASK == self.kind as usize).then(|| unpack(id))
    }

    /// Returns the error for a handle that was not found.
    fn invalid(&'static self, handle: *mut H) -> Error {
        let name = self.kind.name();
        let reason = match self.decode(handle) {
            _ if handle.is_null() => "is NULL".to_owned(),
            Some((slot, generation)) if self.slots.lock().was_freed(slot, generation) => {
                "was freed before".to_owned()
            }
            None if Kind::from_id(handle.addr()).is_some() && LAYOUT.contains(handle.addr()) => {
                format!("is not the handle of a {name}, but perhaps of something else")
            }
            _ => "never came from this library".to_owned(),
        };
        Error::new(Code::INVALID_HANDLE, format!("The {name} handle {reason}."))
    }
}

impl<T: Clone> Slots<T> {
    fn insert(&mut self, value: T) -> Result<(u32, u32), T> {
        while let Some(index) = self.free.pop_front() {
            if let Some(slot) = self.slots.get_mut(index as usize) {
                slot.value = Some(value);
                return Ok((index, slot.generation));
            }
        }
        if self.slots.len() >> LAYOUT.slot_bits != 0 {
            return Err(value);
        }
        let index = self.slots.len() as u32;
        self.slots.push(Slot { generation: 1, value: Some(value) });
        Ok((index, 1))
    }

    fn get(&self, slot: u32, generation: u32) -> Option<T> {
        self.get_ref(slot, generation).cloned()
    }

    fn get_ref(&self, slot: u32, generation: u32) -> Option<&T> {
        self.slots.get(slot as usize).filter(|slot| slot.generation == generation)?.value.as_ref()
    }

    fn remove(&mut self, index: u32, generation: u32) -> Option<T> {
        let slot = self.slots.get_mut(index as usize).filter(|slot| slot.generation == generation)?;
        let value = slot.value.take()?;
        if generation < LAST_GENERATION {
            slot.generation += 1;
            self.free.push_back(index);
        }
        Some(value)
    }

    fn was_freed(&self, slot: u32, generation: u32) -> bool {
        let Some(slot) = self.slots.get(slot as usize) else { return false };
        let exhausted = slot.value.is_none() && slot.generation == LAST_GENERATION;
        generation > 0 && (generation < slot.generation || (exhausted && generation == LAST_GENERATION))
    }
}

impl Layout {
    const fn for_pointer(bits: u32) -> Layout {
        match bits {
            // User space ends at 47 bits.
            64.. => Layout { slot_bits: 20, generation_bits: 24 },
            _ => Layout { slot_bits: 15, generation_bits: 14 },
        }
    }

    const fn last_generation(self) -> u32 {
        (1 << self.generation_bits) - 1
    }

    /// Returns whether all bits of a number belong to a part of a handle.
    const fn contains(self, id: usize) -> bool {
        let bits = KIND_BITS + self.slot_bits + self.generation_bits;
        bits >= usize::BITS || id >> bits == 0
    }

    const fn pack(self, kind: Kind, slot: u32, generation: u32) -> usize {
        kind as usize | (slot as usize) << KIND_BITS | (generation as usize) << (KIND_BITS + self.slot_bits)
    }

    /// Returns the slot and the generation.
    const fn unpack(self, id: usize) -> (u32, u32) {
        let slot = (id >> KIND_BITS) & ((1 << self.slot_bits) - 1);
        let generation = (id >> (KIND_BITS + self.slot_bits)) & ((1 << self.generation_bits) - 1);
        (slot as u32, generation as u32)
    }
}

fn pack(kind: Kind, slot: u32, generation: u32) -> usize {
    LAYOUT.pack(kind, slot, generation)
}

fn unpack(id: usize) -> (u32, u32) {
    LAYOUT.unpack(id)
}

#[cfg(all(test, iplaygames_loom))]
mod loom_tests;

#[cfg(test)]
mod tests {
    use std::ptr::without_provenance_mut;
    use std::sync::Arc;

    use super::*;

    enum Host {}

    fn table() -> &'static HandleTable<Host, Arc<str>> {
        Box::leak(Box::new(HandleTable::new(Kind::Client)))
    }

    fn message_of(result: Result<Arc<str>, Error>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::INVALID_HANDLE);
        error.message().to_owned()
    }

    #[test]
    fn a_handle_returns_its_value_until_it_is_removed() {
        let table = table();
        let (one, two) = (table.insert("one".into()).unwrap(), table.insert("two".into()).unwrap());
        assert_ne!(one, two);
        assert_eq!(&*table.get(one).unwrap(), "one");
        assert_eq!(&*table.get(two).unwrap(), "two");
        assert_eq!(table.values().len(), 2);
        assert_eq!(&*table.remove(one).unwrap(), "one");
        assert_eq!(message_of(table.remove(one)), "The client handle was freed before.");
        assert_eq!(message_of(table.get(one)), "The client handle was freed before.");
        assert_eq!(&*table.get(two).unwrap(), "two");
    }

    #[test]
    fn a_reused_slot_refuses_its_old_handle() {
        let table = table();
        let old = table.insert("old".into()).unwrap();
        table.remove(old).unwrap();
        let new = table.insert("new".into()).unwrap();
        assert_eq!(unpack(old.addr()).0, unpack(new.addr()).0);
        assert_eq!(message_of(table.get(old)), "The client handle was freed before.");
        assert_eq!(&*table.get(new).unwrap(), "new");
    }

    #[test]
    fn a_value_that_is_not_a_handle_of_this_kind_is_refused_with_the_reason() {
        let table = table();
        let good = table.insert("good".into()).unwrap();
        assert_eq!(message_of(table.get(std::ptr::null_mut())), "The client handle is NULL.");
        let (slot, generation) = unpack(good.addr());
        for other in [Kind::Request, Kind::Sandbox, Kind::Exchange] {
            let other = without_provenance_mut(pack(other, slot, generation));
            assert!(message_of(table.get(other)).contains("perhaps of something else"));
        }
        // The top bit is of no part of a handle, or of a generation that no slot has reached.
        let far = good.addr() | 1 << (usize::BITS - 1);
        let next_generation = good.addr() + (1 << (KIND_BITS + LAYOUT.slot_bits));
        let pointer = 0x7fff_dead_bee2_u64 as usize;
        // In 32 bits, this is the number of an exchange.
        let outside = if LAYOUT.contains(usize::MAX) { far } else { usize::MAX };
        for id in [1, 8, pointer, outside, far, good.addr() + 8, next_generation] {
            assert_eq!(
                message_of(table.get(without_provenance_mut(id))),
                "The client handle never came from this library.",
                "{id:#x}"
            );
        }
        let local = 0u64;
        let address = (&raw const local).cast_mut().cast();
        assert_eq!(message_of(table.get(address)), "The client handle never came from this library.");
    }

    #[test]
    fn a_slot_whose_generations_are_exhausted_is_never_reused() {
        let table = table();
        let first = table.insert("a".into()).unwrap();
        table.remove(first).unwrap();
        table.slots.lock().slots[0].generation = LAST_GENERATION;
        let last = table.insert("last".into()).unwrap();
        assert_eq!(unpack(last.addr()), (0, LAST_GENERATION));
        assert_eq!(&*table.get(last).unwrap(), "last");
        table.remove(last).unwrap();
        assert_eq!(message_of(table.get(last)), "The client handle was freed before.");
        assert_eq!(message_of(table.remove(last)), "The client handle was freed before.");
        let next = table.insert("next".into()).unwrap();
        assert_eq!(unpack(next.addr()), (1, 1));
        assert_eq!(message_of(table.get(first)), "The client handle was freed before.");
    }

    #[test]
    fn packing_and_unpacking_a_handle_returns_its_parts_and_the_handle_fits_in_its_pointer() {
        for (pointer, bits) in [(64, 47), (32, 32)] {
            let layout = Layout::for_pointer(pointer);
            let (last_slot, last_generation) = ((1 << layout.slot_bits) - 1, layout.last_generation());
            for kind in [Kind::Client, Kind::Request, Kind::Sandbox, Kind::Exchange] {
                for (slot, generation) in [(0, 1), (1, 1), (last_slot, last_generation), (7, 1 << 12)] {
                    let id = layout.pack(kind, slot, generation);
                    assert_eq!(layout.unpack(id), (slot, generation));
                    assert_eq!(Kind::from_id(id), Some(kind));
                    assert!(id as u64 >> bits == 0 && id & 1 == 1 && layout.contains(id), "{layout:?}");
                }
            }
            // A client may have 1024 calls in flight unless its configuration says otherwise.
            assert!(last_slot >= 16 * 1024 && last_generation >= 16 * 1024 - 1, "{layout:?}");
        }
        assert!(!Layout::for_pointer(64).contains(1 << 47));
    }

    #[test]
    fn inserting_into_a_full_table_is_an_error() {
        let table: &HandleTable<Host, ()> = Box::leak(Box::new(HandleTable::new(Kind::Client)));
        for _ in 0..1 << LAYOUT.slot_bits {
            table.insert(()).unwrap();
        }
        assert_eq!(table.insert(()).unwrap_err().code(), Code::BUSY);
    }

    #[test]
    fn threads_that_share_a_table_find_their_own_values() {
        let table = table();
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let table = &table;
                scope.spawn(move || {
                    for _ in 0..1000 {
                        let handle = table.insert(name.into()).unwrap();
                        assert_eq!(&*table.get(handle).unwrap(), name);
                        assert_eq!(&*table.remove(handle).unwrap(), name);
                        assert!(table.get(handle).is_err());
                    }
                });
            }
        });
        assert!(table.values().is_empty());
    }
}
