//! The first wall: handles. To the host a handle is a pointer; here it is a number that is looked up
//! and never followed, so that whatever the host passes in is answered with a code.
//!
//! The number: 3 bits of kind (odd, so that no pointer to anything aligned looks like a handle), 20
//! bits of slot, 24 bits of generation. A slot whose generations are spent is retired, never begun
//! again. Tables remember nothing of the process: what was made before a fork is found after it.

use std::collections::VecDeque;
use std::marker::PhantomData;

use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, StaticForkSafeMutex};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the C interface packs handles into 47 bits of a pointer: it needs a 64-bit target");

const KIND_BITS: u32 = 3;
const SLOT_BITS: u32 = 20;
const GENERATION_BITS: u32 = 24;

/// What a handle stands for. The numbers are the low bits of the handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Client = 1,
    Request = 3,
    Sandbox = 5,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Client => "client",
            Kind::Request => "request",
            Kind::Sandbox => "sandbox",
        }
    }

    fn of(id: usize) -> Option<Kind> {
        let low = id & ((1 << KIND_BITS) - 1);
        [Kind::Client, Kind::Request, Kind::Sandbox].into_iter().find(|kind| *kind as usize == low)
    }
}

/// All live handles of one kind: `H` is the type the host sees, `T` what stands behind it. `T` is
/// cheap to clone (an `Arc` inside): a lookup clones it and lets go of the table before any work.
pub(super) struct HandleTable<H, T: 'static> {
    kind: Kind,
    slots: StaticForkSafeMutex<Slots<T>>,
    host_type: PhantomData<fn(*mut H)>,
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// Slots to use again, the one that rested longest first.
    free: VecDeque<u32>,
}

struct Slot<T> {
    /// That of the value in it, or of the next one. Never 0.
    generation: u32,
    value: Option<T>,
}

const LAST_GENERATION: u32 = (1 << GENERATION_BITS) - 1;

impl<H, T: Clone + Send> HandleTable<H, T> {
    pub(super) const fn new(kind: Kind) -> HandleTable<H, T> {
        let slots = Slots { slots: Vec::new(), free: VecDeque::new() };
        HandleTable { kind, slots: StaticForkSafeMutex::new(slots), host_type: PhantomData }
    }

    /// Keeps a value and makes its handle.
    pub(super) fn insert(&'static self, value: T) -> Result<*mut H, Error> {
        // From here on there is something that a fork must not cut in half.
        fork::generation();
        // A value that finds no room comes back, and is dropped outside of the lock.
        let kept = self.slots.lock().insert(value);
        let (slot, generation) = kept.map_err(|_no_room| {
            let kind = self.kind.name();
            Error::new(Code::BUSY, format!("This process has as many {kind} handles as there can be."))
        })?;
        let id = pack(self.kind, slot, generation);
        Ok(std::ptr::without_provenance_mut(id))
    }

    /// What stands behind a handle.
    pub(super) fn get(&'static self, handle: *mut H) -> Result<T, Error> {
        let found = self.place(handle).and_then(|(slot, generation)| self.slots.lock().get(slot, generation));
        found.ok_or_else(|| self.invalid(handle))
    }

    /// Asks something of what stands behind a handle, in passing: `ask` runs behind the table's lock, so it must
    /// not lock, wait, or run foreign code.
    pub(super) fn ask<R>(&'static self, handle: *mut H, ask: impl FnOnce(&T) -> R) -> Option<R> {
        let (slot, generation) = self.place(handle)?;
        self.slots.lock().at(slot, generation).map(ask)
    }

    /// Ends a handle and gives back what stood behind it.
    pub(super) fn remove(&'static self, handle: *mut H) -> Result<T, Error> {
        let gone =
            self.place(handle).and_then(|(slot, generation)| self.slots.lock().remove(slot, generation));
        gone.ok_or_else(|| self.invalid(handle))
    }

    /// Everything that lives at this moment.
    pub(super) fn all(&'static self) -> Vec<T> {
        self.slots.lock().slots.iter().filter_map(|slot| slot.value.clone()).collect()
    }

    /// The slot and generation a handle of this kind names.
    fn place(&self, handle: *mut H) -> Option<(u32, u32)> {
        let id = handle.addr();
        let whole = id >> (KIND_BITS + SLOT_BITS + GENERATION_BITS) == 0;
        (whole && Kind::of(id) == Some(self.kind)).then(|| unpack(id))
    }

    /// Says what is wrong with a handle that was not found.
    fn invalid(&'static self, handle: *mut H) -> Error {
        let name = self.kind.name();
        let why = match self.place(handle) {
            _ if handle.is_null() => "is NULL".to_owned(),
            Some((slot, generation)) if self.slots.lock().was_freed(slot, generation) => {
                "was freed before".to_owned()
            }
            None if Kind::of(handle.addr()).is_some() && handle.addr() >> 47 == 0 => {
                format!("is not the handle of a {name}, but perhaps of something else")
            }
            _ => "never came from this library".to_owned(),
        };
        Error::new(Code::INVALID_HANDLE, format!("The {name} handle {why}."))
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
        if self.slots.len() >> SLOT_BITS != 0 {
            return Err(value);
        }
        let index = self.slots.len() as u32;
        self.slots.push(Slot { generation: 1, value: Some(value) });
        Ok((index, 1))
    }

    fn get(&self, slot: u32, generation: u32) -> Option<T> {
        self.at(slot, generation).cloned()
    }

    fn at(&self, slot: u32, generation: u32) -> Option<&T> {
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
        let spent = slot.value.is_none() && slot.generation == LAST_GENERATION;
        generation > 0 && (generation < slot.generation || (spent && generation == LAST_GENERATION))
    }
}

fn pack(kind: Kind, slot: u32, generation: u32) -> usize {
    kind as usize | (slot as usize) << KIND_BITS | (generation as usize) << (KIND_BITS + SLOT_BITS)
}

fn unpack(id: usize) -> (u32, u32) {
    let slot = (id >> KIND_BITS) & ((1 << SLOT_BITS) - 1);
    let generation = (id >> (KIND_BITS + SLOT_BITS)) & ((1 << GENERATION_BITS) - 1);
    (slot as u32, generation as u32)
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

    fn why(result: Result<Arc<str>, Error>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::INVALID_HANDLE);
        error.message().to_owned()
    }

    #[test]
    fn a_handle_finds_its_value_until_it_is_removed() {
        let table = table();
        let (one, two) = (table.insert("one".into()).unwrap(), table.insert("two".into()).unwrap());
        assert_ne!(one, two);
        assert_eq!(&*table.get(one).unwrap(), "one");
        assert_eq!(&*table.get(two).unwrap(), "two");
        assert_eq!(table.all().len(), 2);
        assert_eq!(&*table.remove(one).unwrap(), "one");
        assert_eq!(why(table.remove(one)), "The client handle was freed before.");
        assert_eq!(why(table.get(one)), "The client handle was freed before.");
        assert_eq!(&*table.get(two).unwrap(), "two");
    }

    #[test]
    fn a_slot_used_again_does_not_know_its_old_handle() {
        let table = table();
        let old = table.insert("old".into()).unwrap();
        table.remove(old).unwrap();
        let new = table.insert("new".into()).unwrap();
        assert_eq!(unpack(old.addr()).0, unpack(new.addr()).0);
        assert_eq!(why(table.get(old)), "The client handle was freed before.");
        assert_eq!(&*table.get(new).unwrap(), "new");
    }

    #[test]
    fn whatever_is_not_a_handle_of_this_kind_is_refused_and_the_reason_given() {
        let table = table();
        let good = table.insert("good".into()).unwrap();
        assert_eq!(why(table.get(std::ptr::null_mut())), "The client handle is NULL.");
        let (slot, generation) = unpack(good.addr());
        for other in [Kind::Request, Kind::Sandbox] {
            let other = without_provenance_mut(pack(other, slot, generation));
            assert!(why(table.get(other)).contains("perhaps of something else"));
        }
        let far = good.addr() | 1 << 60;
        for id in [1, 8, 0x7fff_dead_beef, usize::MAX, far, good.addr() + 8, good.addr() + (1 << 23)] {
            assert_eq!(
                why(table.get(without_provenance_mut(id))),
                "The client handle never came from this library.",
                "{id:#x}"
            );
        }
        let local = 0u64;
        let address = (&raw const local).cast_mut().cast();
        assert_eq!(why(table.get(address)), "The client handle never came from this library.");
    }

    #[test]
    fn a_slot_whose_generations_are_spent_is_retired() {
        let table = table();
        let first = table.insert("a".into()).unwrap();
        table.remove(first).unwrap();
        table.slots.lock().slots[0].generation = LAST_GENERATION;
        let last = table.insert("last".into()).unwrap();
        assert_eq!(unpack(last.addr()), (0, LAST_GENERATION));
        assert_eq!(&*table.get(last).unwrap(), "last");
        table.remove(last).unwrap();
        assert_eq!(why(table.get(last)), "The client handle was freed before.");
        assert_eq!(why(table.remove(last)), "The client handle was freed before.");
        let next = table.insert("next".into()).unwrap();
        assert_eq!(unpack(next.addr()), (1, 1));
        assert_eq!(why(table.get(first)), "The client handle was freed before.");
    }

    #[test]
    fn a_handle_survives_packing_and_fits_where_addresses_fit() {
        for kind in [Kind::Client, Kind::Request, Kind::Sandbox] {
            for (slot, generation) in [(0, 1), (1, 1), ((1 << SLOT_BITS) - 1, LAST_GENERATION), (7, 1 << 20)]
            {
                let id = pack(kind, slot, generation);
                assert_eq!(unpack(id), (slot, generation));
                assert_eq!(Kind::of(id), Some(kind));
                assert!(id >> 47 == 0 && id & 1 == 1);
            }
        }
    }

    #[test]
    fn the_number_of_slots_has_an_end_that_is_an_error() {
        let table: &HandleTable<Host, ()> = Box::leak(Box::new(HandleTable::new(Kind::Client)));
        for _ in 0..1 << SLOT_BITS {
            table.insert(()).unwrap();
        }
        assert_eq!(table.insert(()).unwrap_err().code(), Code::BUSY);
    }

    #[test]
    fn many_threads_share_a_table() {
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
        assert!(table.all().is_empty());
    }
}
