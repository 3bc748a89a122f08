"""A relay between games and the IPlayGames API. It keeps the operator's key out of the games."""
