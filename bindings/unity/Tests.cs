// The tests of IPlayGames.cs, without a test framework: `make mono`.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using IPlayGames;

static class Tests {
    static int passed, failed;
    static Sandbox sandbox;
    static Client client;

    static void Check(bool condition, string what, [CallerLineNumber] int line = 0) {
        if (condition) { passed++; return; }
        failed++;
        Console.WriteLine("FAILED: {0} (Tests.cs:{1})", what, line);
    }

    // ---- frames ------------------------------------------------------------------------------------------

    internal static bool TickUntil(Client ticked, Func<bool> done) {
        var clock = Stopwatch.StartNew();
        while (!done() && clock.ElapsedMilliseconds < 10000) {
            ticked.Tick(2000);
            Thread.Sleep(1);
        }
        return done();
    }

    internal static T Result<T>(Client ticked, Task<T> task) {
        if (!TickUntil(ticked, () => task.IsCompleted)) throw new TimeoutException("the call hangs");
        return task.GetAwaiter().GetResult();
    }

    static IPlayGamesException Failure<T>(Task<T> task, Client ticked = null) {
        try { Result(ticked ?? client, task); } catch (IPlayGamesException error) { return error; }
        throw new InvalidOperationException("it was to fail");
    }

    internal static StartSession Player(string name = "p") =>
        new StartSession { GameId = 42, PlayerId = name, Currency = "EUR", CountryCode = "DE", IpAddress = "203.0.113.9" };

    static void Fault(string fault) => sandbox.Control("{\"command\": \"fault\", \"operation\": \"*\", \"times\": 0, " + fault + "}");
    static int OpenConnections() => int.Parse(sandbox.Control("{\"command\": \"counts\"}").Get("/connections/open"));
    static void ClearFaults() => sandbox.Control("{\"command\": \"clear_faults\"}");

    // ---- the tests ---------------------------------------------------------------------------------------

    static void ASessionFromStartToEnd() {
        int thread = Thread.CurrentThread.ManagedThreadId, toldOn = 0;
        StartedSession session = Result(client, client.StartSessionAsync(Player()));
        Check(session.GameUrl.StartsWith("http://127.0.0.1") && session.SessionToken != null && session.ExpiresAt != null, "a session");
        Check(Result(client, client.StatusAsync(session.SessionId)).IsActive, "it is active");
        var news = new List<string>();
        Watch watch = client.Watch(session.SessionId, 10, status => { news.Add(status.Status); toldOn = Thread.CurrentThread.ManagedThreadId; });
        Check(TickUntil(client, () => news.Count == 1), "the first reading is told");
        Result(client, client.EndAsync(session.SessionId));
        Check(Result(client, watch.Ended).Status == "closed", "the watch ends");
        Check(string.Join(" ", news) == "active closed" && toldOn == thread, "each change, on the thread that ticks");
        watch.Dispose();
        Check(watch.Ended.Status == TaskStatus.RanToCompletion, "disposing after the end changes nothing");
        Check(session.Get("/nothing") == null && session.Get("/success") == "true", "values");
    }

    static void ContinuationsRunInTickOnItsThread() {
        int thread = Thread.CurrentThread.ManagedThreadId, seen = 0;
        Func<Task> play = async () => {
            await client.CallAsync("list_games", "{\"per_page\": \"1\"}");
            client.Tick(); // nested: fine
            StartedSession session = await client.StartSessionAsync(Player());
            await client.EndAsync(session.SessionId);
            seen = Thread.CurrentThread.ManagedThreadId;
        };
        Task task = play();
        Check(TickUntil(client, () => task.IsCompleted) && task.Status == TaskStatus.RanToCompletion, "it ran");
        Check(seen == thread, "on the thread that ticks");
    }

    static void FailuresTellEverything() {
        StartSession wrong = Player();
        wrong.Currency = "€";
        IPlayGamesException error = Failure(client.StartSessionAsync(wrong));
        Check(error.Code == Code.InvalidArgument && error.Name == "IPG_ERR_INVALID_ARGUMENT", "code and name");
        Check(error.Field == "/currency" && error.Outcome == Outcome.NotSent && !error.Retryable, "field and outcome");
        Check(error.Operation == "start_a_game_session" && error.Message.Length > 0, "operation and message");

        error = Failure(client.StatusAsync("nobody"));
        Check(error.Code == Code.NotFound && error.HttpStatus == 404 && error.Outcome == Outcome.Rejected, "the API's no");
        Check(error.Attempts == 1 && error.CallId.Length > 0 && error.RequestId != null && error.ElapsedMs >= 0, "what is known of it");
        Check(error.Body.Contains("\"success\"") && error.BodyText == null && error.RetryAfterMs == null, "body");
        Check(error.Document.Contains("\"error\""), "the document");

        Fault("\"status\": 503, \"retry_after\": 1");
        error = Failure(client.CallAsync("list_games", null, "{\"max_retries\": 0}"));
        Check(error.Code == Code.Unavailable && error.Retryable && error.RetryAfterMs == 1000 && error.BodyText != null, "503");
        ClearFaults();

        Fault("\"drop\": \"after\"");
        error = Failure(client.StartSessionAsync(Player()));
        Check(error.Outcome == Outcome.Unknown, "after a lost answer to a start, a session may exist");
        ClearFaults();

        try { new Client("{\"colour\": 1}"); Check(false, "it was to fail"); }
        catch (IPlayGamesException mistake) { Check(mistake.Field == "/colour", "an unknown key"); }
        Check(Failure(client.CallAsync("no_such_operation")).Code == Code.UnknownOperation, "an unknown operation");
        try { client.Watch("x", 1, null); Check(false, "it was to fail"); }
        catch (IPlayGamesException mistake) { Check(mistake.Field == "/interval_ms", "too fast a pace"); }
    }

    static void EveryCodeHasItsName() {
        MethodInfo nameOf = typeof(Client).Assembly.GetType("IPlayGames.Native").GetMethod("NameOf");
        foreach (Code code in Enum.GetValues(typeof(Code))) {
            string name = (string)nameOf.Invoke(null, new object[] { code });
            string mine = string.Concat(code.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? "_" + c : char.ToUpper(c).ToString())).ToUpper();
            Check(name == (code <= Code.Pending ? "IPG_" : "IPG_ERR_") + mine, code + " is " + name);
        }
    }

    static void HostileTextIsSentOrRefusedAndNeverCut() {
        foreach (string name in new[] { "\"", "\\", "\", \"game_id\": 1, \"x\": \"", "\n\r\t\u0001\0", "日本語 \U0001F3B2", "%s%n", new string('x', 100000) }) {
            StartedSession session = Result(client, client.StartSessionAsync(Player(name)));
            Check(session.SessionId != null, "a player");
        }
        Check(sandbox.Control("{\"command\": \"sessions\"}").Document.Contains("日本語 \U0001F3B2"), "the name arrived");
        foreach (string id in new[] { "", ".", ".." }) Check(Failure(client.StatusAsync(id)).Field == "/session_id", "a bad id");
        Check(Failure(client.StatusAsync("../../a?b#c d")).Code == Code.NotFound, "an id is one piece of a path");
        foreach (Action cut in new Action[] { () => client.CallAsync("list_games\0"), () => client.Watch("a\0b", 100, null), () => client.StartSessionAsync(Player("\ud800")) }) {
            try { cut(); Check(false, "it was to be refused"); } catch (ArgumentException) { Check(true, "refused"); }
        }
        StartSession money = Player();
        money.FreespinBetAmount = 0.50m;
        money.FreespinId = "f";
        money.FreespinCount = 3;
        Result(client, client.StartSessionAsync(money));
        Check(sandbox.Control("{\"command\": \"requests\"}").Document.Contains("\\\"freespin_bet_amount\\\":0.50"), "money keeps its digits");
    }

    static void ATokenCancelsACall() {
        Fault("\"delay_ms\": 60000");
        var source = new CancellationTokenSource();
        Task<StartedSession> task = client.StartSessionAsync(Player(), source.Token);
        for (int i = 0; i < 20; i++) { client.Tick(); Thread.Sleep(2); }
        Check(!task.IsCompleted, "in flight");
        source.Cancel();
        try { Result(client, task); Check(false, "it was to be canceled"); }
        catch (CallCanceledException canceled) {
            Check(canceled.CancellationToken == source.Token, "the token");
            Check(canceled.Details.Code == Code.Canceled && canceled.Details.Outcome == Outcome.Unknown, "a session may exist");
        }
        Check(client.StatusAsync("x", source.Token).IsCanceled, "a token that is canceled already sends nothing");
        // Canceled on other threads, at any time.
        var sources = Enumerable.Range(0, 50).Select(i => new CancellationTokenSource()).ToList();
        var tasks = sources.Select(one => client.StatusAsync("x", one.Token)).ToList();
        Parallel.ForEach(sources, one => one.Cancel());
        Check(TickUntil(client, () => tasks.All(one => one.IsCompleted)), "all are over");
        Check(tasks.All(one => one.Exception?.InnerException is CallCanceledException), "and canceled");
        Watch watch = client.Watch("x", 10, status => Check(false, "nothing is told"));
        watch.Dispose();
        client.Tick();
        Check(watch.Ended.IsCanceled, "a watch that is disposed");
        ClearFaults();
    }

    static void WhatAHandlerThrowsLeavesThroughTick() {
        StartedSession session = Result(client, client.StartSessionAsync(Player()));
        Watch watch = client.Watch(session.SessionId, 10, status => { throw new FormatException("mine"); });
        bool thrown = false;
        for (int i = 0; i < 1000 && !thrown; i++) {
            try { client.Tick(); } catch (FormatException) { thrown = true; }
            Thread.Sleep(1);
        }
        Check(thrown, "thrown in Tick");
        watch.Dispose();
        Check(Result(client, client.StatusAsync(session.SessionId)).IsActive, "and all goes on");
    }

    static void ShutdownAndDisposeCompleteEveryTask() {
        Fault("\"delay_ms\": 60000");
        var own = new Client(sandbox.ClientConfig);
        var tasks = Enumerable.Range(0, 100).Select(i => own.StatusAsync("x")).ToList();
        own.Tick();
        own.Shutdown(50);
        Check(tasks.All(task => task.IsFaulted && ((IPlayGamesException)task.Exception.InnerException).Code == Code.Canceled), "Shutdown");
        Check(Failure(own.StatusAsync("x"), own).Code == Code.ShutDown, "no new calls");
        own.Dispose();
        own.Dispose();

        own = new Client(sandbox.ClientConfig);
        tasks = Enumerable.Range(0, 100).Select(i => own.StatusAsync("x")).ToList();
        Watch watch = own.Watch("x", 1000, null);
        own.Tick();
        own.Dispose();
        Check(tasks.All(task => task.IsFaulted) && watch.Ended.IsFaulted, "Dispose");
        try { own.Tick(); Check(false, "it was to fail"); } catch (ObjectDisposedException) { Check(true, "no tick after Dispose"); }
        ClearFaults();
    }

    static void TheFinalizerFreesClientsWithCallsInFlight() {
        Fault("\"delay_ms\": 60000");
        for (int round = 0; round < 20; round++) {
            Abandon();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Thread.Sleep(100);
        // Mono's collector looks at the stack conservatively, so a client or two may linger.
        int open = OpenConnections();
        Check(open <= 16, "connections are closed; open are " + open);
        ClearFaults();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Abandon() {
        var thread = new Thread(() => {
            var lost = new Client(sandbox.ClientConfig);
            for (int i = 0; i < 4; i++) lost.StatusAsync("x");
            for (int i = 0; i < 5; i++) { lost.Tick(2000); Thread.Sleep(1); }
        });
        thread.Start();
        thread.Join();
    }

    static void ADomainUnloadsWithCallsInFlightAndLoadsAgain() {
        for (int round = 0; round < 5; round++) {
            AppDomain domain = AppDomain.CreateDomain("game " + round);
            var guest = (Guest)domain.CreateInstanceAndUnwrap(typeof(Guest).Assembly.FullName, typeof(Guest).FullName);
            Check(guest.PlayOne(sandbox.ClientConfig) == "active closed", "a session in a domain");
            Fault("\"delay_ms\": 60000");
            Check(guest.LeaveInFlight(sandbox.ClientConfig) == 50, "calls in flight");
            int before = OpenConnections();
            AppDomain.Unload(domain);
            // Its clients are freed, which closes what they had open.
            for (int i = 0; i < 200 && OpenConnections() > before - 20; i++) Thread.Sleep(10);
            Check(OpenConnections() <= before - 20, "the unloaded domain's calls are gone");
            ClearFaults();
            // This domain's client lives on, in the same library.
            Check(Result(client, client.CallAsync("list_games")) != null, "the other domain goes on");
        }
    }

    static void ADomainUnloadsWhileItsThreadTicks() {
        for (int round = 0; round < 10; round++) {
            AppDomain domain = AppDomain.CreateDomain("busy " + round);
            var guest = (Guest)domain.CreateInstanceAndUnwrap(typeof(Guest).Assembly.FullName, typeof(Guest).FullName);
            Check(guest.KeepTicking(sandbox.ClientConfig), "calls come and go");
            AppDomain.Unload(domain);
            Check(Result(client, client.CallAsync("list_games")) != null, "the other domain goes on");
        }
    }

    static void TwoThreadsTick() {
        var own = new Client(sandbox.ClientConfig);
        bool stop = false;
        var threads = Enumerable.Range(0, 2).Select(i => new Thread(() => { while (!Volatile.Read(ref stop)) { own.Tick(); Thread.Sleep(0); } })).ToList();
        threads.ForEach(thread => thread.Start());
        var tasks = Enumerable.Range(0, 200).Select(i => own.CallAsync("list_games", "{\"per_page\": \"1\"}", null, new CancellationTokenSource().Token)).ToArray();
        Check(Task.WaitAll(tasks, 20000), "each task completes");
        Volatile.Write(ref stop, true);
        threads.ForEach(thread => thread.Join());
        own.Dispose();
    }

    static int Main() {
        sandbox = new Sandbox();
        client = new Client(sandbox.ClientConfig);
        foreach (Action test in new Action[] {
            ASessionFromStartToEnd, ContinuationsRunInTickOnItsThread, FailuresTellEverything, EveryCodeHasItsName,
            HostileTextIsSentOrRefusedAndNeverCut, ATokenCancelsACall, WhatAHandlerThrowsLeavesThroughTick,
            ShutdownAndDisposeCompleteEveryTask, TheFinalizerFreesClientsWithCallsInFlight,
            ADomainUnloadsWithCallsInFlightAndLoadsAgain, ADomainUnloadsWhileItsThreadTicks, TwoThreadsTick,
        }) {
            try { test(); } catch (Exception error) { Check(false, test.Method.Name + ": " + error); }
        }
        client.Dispose();
        sandbox.Dispose();
        Console.WriteLine("{0} passed, {1} failed", passed, failed);
        return failed == 0 ? 0 : 1;
    }
}

// What lives in another AppDomain, as a game does in Unity's editor.
public sealed class Guest : MarshalByRefObject {
    readonly List<Client> left = new List<Client>();
    readonly List<Task> tasks = new List<Task>();

    public string PlayOne(string config) {
        using (var client = new Client(config)) {
            var news = new List<string>();
            StartedSession session = Tests.Result(client, client.StartSessionAsync(Tests.Player()));
            Watch watch = client.Watch(session.SessionId, 10, status => news.Add(status.Status));
            Tests.TickUntil(client, () => news.Count == 1);
            Tests.Result(client, client.EndAsync(session.SessionId));
            Tests.Result(client, watch.Ended);
            return string.Join(" ", news);
        }
    }

    // A thread that ticks without a pause until it is told of the unloading, and calls that are made anew as they
    // end. (Mono waits forever for a thread that only ever calls C: its abort does not get through.)
    public bool KeepTicking(string config) {
        var client = new Client(config);
        int done = 0;
        Action<int> again = null;
        again = i => client.StatusAsync("x").ContinueWith(task => { Interlocked.Increment(ref done); again(i); },
                                                          TaskContinuationOptions.ExecuteSynchronously);
        for (int i = 0; i < 20; i++) again(i);
        left.Add(client);
        bool stop = false;
        AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => Volatile.Write(ref stop, true); // after the wrapper's own
        new Thread(() => { while (!Volatile.Read(ref stop)) client.Tick(2000); }) { IsBackground = true }.Start();
        return SpinWait.SpinUntil(() => Volatile.Read(ref done) > 40, 10000);
    }

    // One client that is ticked, and one with a thread of the library's own.
    public int LeaveInFlight(string config) {
        foreach (string more in new[] { "", ", \"background\": true" }) {
            var client = new Client(config.TrimEnd('}') + more + "}");
            for (int i = 0; i < 25; i++) tasks.Add(client.StatusAsync("x", new CancellationTokenSource().Token));
            client.Watch("x", 10, null);
            for (int i = 0; i < 10; i++) { client.Tick(); Thread.Sleep(1); }
            left.Add(client);
        }
        return tasks.Count(task => !task.IsCompleted);
    }
}
