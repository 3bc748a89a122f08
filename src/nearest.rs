//! Finds the known name that is most similar to a name that was probably misspelled. The messages
//! about unknown arguments, operations, keys and commands use it.

/// Returns the known name that is most similar to `name`; None if no name is similar.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A long text is not a misspelled name, and the comparison takes quadratic time.
    if name.is_empty() || name.len() > 64 {
        return None;
    }
    let words = words(name);
    known
        .into_iter()
        .filter_map(|candidate| {
            distance(&words, &self::words(candidate)).map(|distance| (distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the end of a sentence about an unknown name: `; did you mean `player_id`?`, or a period.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(candidate) => format!("; did you mean `{candidate}`?"),
        None => ".".to_owned(),
    }
}

/// Returns how different two names are; None if they are not similar.
fn distance(name: &[String], candidate: &[String]) -> Option<usize> {
    let edits = edit_distance(&name.concat(), &candidate.concat());
    let limit = (name.concat().chars().count() / 3).max(1);
    let contains_all = |longer: &[String], shorter: &[String]| {
        shorter.iter().all(|word| longer.contains(word)) && shorter.concat().len() >= 3
    };
    // `player` is a part of `player_id`: as similar as a name with one wrong letter.
    if contains_all(candidate, name) || contains_all(name, candidate) {
        return Some(edits.min(1 + name.len().abs_diff(candidate.len())));
    }
    (edits <= limit).then_some(edits)
}

/// Returns the words of a name in lower case: `playerId`, `player-id` and `player_id` are the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower_case = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && after_lower_case) {
            words.push(String::new());
        }
        after_lower_case = character.is_lowercase() || character.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns how many characters must be inserted, removed, replaced or swapped with their neighbor.
fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut edits = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b {
                edits = edits.min(before_last[column - 1] + 1);
            }
            current.push(edits);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_abbreviated_or_differently_written_name_has_its_nearest_name() {
        let known = ["player_id", "game_id", "currency", "start_a_game_session", "list_games", "page"];
        for (name, expected) in [
            ("player", Some("player_id")),
            ("playerId", Some("player_id")),
            ("PLAYER-ID", Some("player_id")),
            ("plaeyr_id", Some("player_id")),
            ("id_player", Some("player_id")),
            ("curency", Some("currency")),
            ("start_session", Some("start_a_game_session")),
            ("list_game", Some("list_games")),
            ("pages", Some("page")),
            ("colour", None),
            ("x", None),
            ("", None),
            ("_", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name:?}");
        }
        assert_eq!(nearest(&"player_id".repeat(100), known), None);
        assert_eq!(did_you_mean("player", known), "; did you mean `player_id`?");
        assert_eq!(did_you_mean("colour", known), ".");
    }
}
