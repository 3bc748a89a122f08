// A component that starts a game session, opens its URL, and reports its status until it ends. It
// needs a relay that adds the operator's key; the game must not contain the key.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

using IPlayGames;
using UnityEngine;

/// <summary>Plays one session. Call Play, for example from a button.</summary>
public class SessionExample : MonoBehaviour {
    /// <summary>The address of the relay.</summary>
    public string relayUrl = "http://127.0.0.1:8080";
    /// <summary>The game.</summary>
    public int gameId = 42;
    /// <summary>The operator's own id of the player.</summary>
    public string playerId = "player-7";

    private Client client;
    private Watch watch;

    private void Awake() {
        // JsonUtility quotes the text for JSON.
        client = new Client(JsonUtility.ToJson(new Config { base_url = relayUrl }));
    }

    private void Update() {
        client.Tick(500); // at most half a millisecond; the code after each await runs in here
    }

    private void OnDestroy() {
        client.Dispose();
    }

    /// <summary>Starts a session and watches it.</summary>
    public async void Play() {
        try {
            StartedSession session = await client.StartSessionAsync(new StartSession {
                GameId = gameId, PlayerId = playerId, Currency = "EUR", CountryCode = "DE", IpAddress = "203.0.113.9"
            });
            Application.OpenURL(session.GameUrl);
            watch?.Dispose();
            watch = client.WatchSession(session.SessionId, 1000, status => Debug.Log("The session is " + status.Status + "."));
            await watch.Ended;
        } catch (CallCanceledException) {
            // The component was destroyed, or another session was started.
        } catch (IPlayGamesException error) {
            // After Outcome.Unknown a session may exist.
            Debug.LogError(error.Name + ": " + error.Message + " (" + error.Outcome + ")");
        }
    }

    [System.Serializable]
    private class Config {
        public string base_url;
    }
}
