//! Models of threads that share a handle table.
//!
//! A model named "… is found" runs a faulty variant of the product code, and must fail.

use super::*;
use crate::sync::model::{explore, join, spawn};

enum Host {}

type Names = HandleTable<Host, &'static str>;

fn table() -> &'static Names {
    Box::leak(Box::new(HandleTable::new(Kind::Request)))
}

/// Returns the number of a handle, which can be sent to another thread.
fn id(handle: *mut Host) -> usize {
    handle.addr()
}

fn handle(id: usize) -> *mut Host {
    std::ptr::without_provenance_mut(id)
}

#[test]
fn one_of_two_threads_that_remove_a_handle_succeeds() {
    explore(|| {
        let table = table();
        let id = id(table.insert("one").unwrap());
        let removers = [0; 2].map(|_| spawn(move || table.remove(handle(id)).ok()));
        let seen = table.get(handle(id));
        let removed: Vec<_> = removers.map(join).into_iter().flatten().collect();
        assert_eq!(removed, ["one"]);
        assert!(seen.is_ok_and(|seen| seen == "one") || table.get(handle(id)).is_err());
        assert!(table.get(handle(id)).is_err(), "a handle that was removed is found");
        assert!(table.values().is_empty());
    });
}

#[test]
#[should_panic(expected = "removed twice")]
fn a_removal_that_reads_and_removes_in_two_steps_is_found() {
    fn remove(table: &'static Names, id: usize) -> Option<&'static str> {
        let found = table.get(handle(id)).ok()?;
        let _ = table.remove(handle(id));
        Some(found)
    }
    explore(|| {
        let table = table();
        let id = id(table.insert("one").unwrap());
        let removers = [0; 2].map(|_| spawn(move || remove(table, id)));
        let removed = removers.map(join).into_iter().flatten().count();
        assert_eq!(removed, 1, "removed twice");
    });
}

#[test]
fn a_handle_that_was_removed_never_finds_the_next_value_of_its_slot() {
    explore(|| {
        let table = table();
        let old = id(table.insert("old").unwrap());
        let owner = spawn(move || {
            assert_eq!(table.remove(handle(old)).ok(), Some("old"), "only the owner removes it");
            let new = id(table.insert("new").unwrap());
            assert!(table.get(handle(old)).is_err(), "a handle that was removed is found");
            new
        });
        let user = spawn(move || {
            let found = [table.get(handle(old)).ok(), table.with(handle(old), |name| *name)];
            assert!(found.iter().flatten().all(|name| *name == "old"), "{found:?}");
            assert!(found[0].is_some() || found[1].is_none(), "a handle that was removed is found again");
        });
        join(user);
        let new = join(owner);
        assert_eq!(unpack(old).0, unpack(new).0, "the slot is used again");
        assert_eq!(table.get(handle(new)).ok(), Some("new"));
        assert!(table.remove(handle(old)).is_err());
        assert_eq!(table.values(), ["new"]);
    });
}

#[test]
#[should_panic(expected = "found another value")]
fn a_slot_without_generations_is_found() {
    explore(|| {
        let table = table();
        let old = id(table.insert("old").unwrap());
        let owner = spawn(move || {
            let _ = table.remove(handle(old));
            let mut slots = table.slots.lock();
            slots.slots[0] = Slot { generation: unpack(old).1, value: Some("new") };
        });
        assert!(table.get(handle(old)).is_ok_and(|name| name == "old"), "found another value");
        join(owner);
    });
}

#[test]
fn threads_that_insert_get_different_handles() {
    explore(|| {
        let table = table();
        let spare = id(table.insert("spare").unwrap());
        let others = ["a", "b"].map(|name| {
            spawn(move || {
                let id = id(table.insert(name).unwrap());
                assert_eq!(table.get(handle(id)).ok(), Some(name));
                assert_eq!(table.remove(handle(id)).ok(), Some(name));
                id
            })
        });
        table.remove(handle(spare)).unwrap();
        let own = id(table.insert("c").unwrap());
        assert_eq!(table.get(handle(own)).ok(), Some("c"));
        let others = others.map(join);
        assert!(others.iter().all(|other| *other != own) && others[0] != others[1]);
        assert_eq!(table.values(), ["c"]);
    });
}
