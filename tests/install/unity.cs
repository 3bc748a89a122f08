// A game session with the Unity package's file and library, against a server whose configuration is
// the argument.
using System;
using System.Threading;
using IPlayGames;

public static class Program {
    public static int Main(string[] arguments) {
        using (var client = new Client(arguments[0])) {
            var play = client.StartSessionAsync(new StartSession {
                GameId = 42, PlayerId = "player-7", Currency = "EUR", CountryCode = "DE", IpAddress = "203.0.113.9"
            });
            while (!play.IsCompleted) { client.Tick(1000); Thread.Sleep(1); }
            Console.WriteLine(play.Result.SessionId);
            return 0;
        }
    }
}
