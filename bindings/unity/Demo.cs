// A game loop at 60 Hz that plays a session without waiting for the network. It uses the sandbox,
// which runs the API in this process, and prints the durations of the frames. In Unity, the body of
// the loop is Update().

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using IPlayGames;

static class Demo {
    const double FrameMs = 1000.0 / 60;
    static readonly List<string> Statuses = new List<string>();

    // The code that a game would contain. Each await resumes inside Tick, on the game's thread.
    static async Task Play(Client client, Func<double, Task> waitUntil) {
        StartedSession session = await client.StartSessionAsync(new StartSession {
            GameId = 42, PlayerId = "player \"seven\"", Currency = "EUR", CountryCode = "DE", IpAddress = "203.0.113.9"
        });
        Console.WriteLine("play at " + session.GameUrl);
        using (Watch watch = client.WatchSession(session.SessionId, 100, status => {
            Statuses.Add(status.Status);
            Console.WriteLine("the session is " + status.Status);
        })) {
            await waitUntil(5000);
            await client.EndSessionAsync(session.SessionId);
            await watch.Ended;
        }
    }

    static int Main() {
        using (var sandbox = new Sandbox())
        using (var client = new Client(sandbox.ClientConfig)) {
            client.Prewarm(); // on the loading screen
            List<double> quiet = new List<double>(), quietTick = new List<double>(), busy = new List<double>(), busyTick = new List<double>();
            var clock = Stopwatch.StartNew();
            double resumeAt = double.MaxValue;
            TaskCompletionSource<bool> resume = null;
            Task play = null;

            for (long frame = 1; play == null || !play.IsCompleted; frame++) {
                double start = clock.Elapsed.TotalMilliseconds;
                client.Tick(2000);
                double ticked = clock.Elapsed.TotalMilliseconds;

                if (play == null && start > 2000)
                    play = Play(client, time => { resumeAt = time; return (resume = new TaskCompletionSource<bool>()).Task; });
                if (start > resumeAt) { resumeAt = double.MaxValue; resume.SetResult(true); }
                if (start > 15000) { Console.WriteLine("FAILED: the session does not end within 15 seconds"); return 1; }

                double end = clock.Elapsed.TotalMilliseconds;
                (play == null ? quiet : busy).Add(end - start);
                (play == null ? quietTick : busyTick).Add(ticked - start);
                double rest = frame * FrameMs - end;
                if (rest > 0) Thread.Sleep((int)(rest + 0.5));
                else frame = (long)(end / FrameMs); // the frame is late: skip the missed frames
            }
            play.GetAwaiter().GetResult(); // throws the error of the session

            Print("without traffic: frame", quiet);
            Print("                  tick", quietTick);
            Print("with traffic:    frame", busy);
            Print("                  tick", busyTick);
        }
        bool passed = string.Join(" ", Statuses) == "active closed";
        Console.WriteLine(passed ? "the session was started, watched and ended" : "FAILED");
        return passed ? 0 : 1;
    }

    static void Print(string label, List<double> times) {
        times.Sort();
        int n = times.Count;
        Console.WriteLine("{0,-22} {1,5} frames   p50 {2,7:F3} ms   p99 {3,7:F3} ms   worst {4,7:F3} ms",
                          label, n, times[n / 2], times[n * 99 / 100], times[n - 1]);
    }
}
