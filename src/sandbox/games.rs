//! The games of the sandbox: ids 1 to 200, each with a fixed title.

use serde_json::Value;

use crate::error::Error;

use super::random;

/// Games have the ids 1 to this number.
const GAMES: u64 = 200;
/// The number of games in a multi-session that names none.
const RANDOM_GAMES: usize = 8;

/// Returns whether a game has this id.
pub(super) fn exists(id: u64) -> bool {
    (1..=GAMES).contains(&id)
}

/// Returns the ids in a list of numbers or numeric strings, or none if the list is empty or an id
/// is unknown.
pub(super) fn parse_ids(ids: &[Value]) -> Option<Vec<u64>> {
    let number = |id: &Value| id.as_u64().or_else(|| id.as_str()?.parse().ok());
    let games: Option<Vec<u64>> = ids.iter().map(|id| number(id).filter(|id| exists(*id))).collect();
    games.filter(|games| !games.is_empty())
}

/// Returns the ids of eight different games.
pub(super) fn random_ids() -> Result<Vec<u64>, Error> {
    let mut left: Vec<u64> = (1..=GAMES).collect();
    let choices = random::bytes::<RANDOM_GAMES>()?;
    Ok(choices.iter().map(|choice| left.swap_remove(usize::from(*choice) % left.len())).collect())
}

/// Returns the title of a game. Titles never change, so tests may rely on them.
pub(super) fn title(game: u64) -> String {
    const FIRST: [&str; 20] = [
        "Golden", "Wild", "Lucky", "Mystic", "Royal", "Frozen", "Crimson", "Hidden", "Ancient", "Electric",
        "Velvet", "Silver", "Midnight", "Emerald", "Thunder", "Sunken", "Sugar", "Desert", "Neon", "Jade",
    ];
    const SECOND: [&str; 10] = [
        "Temple", "Dragon", "Fortune", "Harvest", "Safari", "Pharaoh", "Carnival", "Voyage", "Garden",
        "Crown",
    ];
    if game == 123 {
        return "Book of Dead".to_owned();
    }
    let at = usize::try_from(game.saturating_sub(1)).unwrap_or_default();
    format!("{} {}", FIRST[at % FIRST.len()], SECOND[at / FIRST.len() % SECOND.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_game_has_a_different_title() {
        let titles: std::collections::HashSet<_> = (1..=GAMES).map(title).collect();
        assert_eq!(titles.len(), 200);
        assert!(titles.contains("Book of Dead"));
    }

    #[test]
    fn random_ids_are_different_and_exist() {
        let games: std::collections::HashSet<_> = random_ids().unwrap().into_iter().collect();
        assert_eq!(games.len(), RANDOM_GAMES);
        assert!(games.iter().all(|game| exists(*game)));
    }
}
