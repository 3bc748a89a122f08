//! A map that keeps its entries in insertion order. The sandbox never removes a single entry.

use std::collections::HashMap;

/// A map from ids to values, in insertion order.
pub(super) struct IndexMap<T> {
    entries: Vec<(String, T)>,
    indices: HashMap<String, usize>,
}

impl<T> Default for IndexMap<T> {
    fn default() -> Self {
        IndexMap { entries: Vec::new(), indices: HashMap::new() }
    }
}

impl<T> IndexMap<T> {
    /// Appends an entry. `id` must be new.
    pub(super) fn insert(&mut self, id: String, value: T) {
        self.indices.insert(id.clone(), self.entries.len());
        self.entries.push((id, value));
    }

    /// Returns the value with this id.
    pub(super) fn get(&self, id: &str) -> Option<&T> {
        let index = *self.indices.get(id)?;
        self.entries.get(index).map(|(_, value)| value)
    }

    /// Returns the value with this id, to be changed.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let index = *self.indices.get(id)?;
        self.entries.get_mut(index).map(|(_, value)| value)
    }

    /// Returns the entries in insertion order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(id, value)| (id.as_str(), value))
    }

    /// Returns the values in insertion order.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }
}
