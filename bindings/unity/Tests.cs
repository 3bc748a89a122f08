// The tests of IPlayGames.cs, and the program that runs all tests. They need no test framework;
// `make mono` runs them.

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
    internal static Sandbox sandbox;
    internal static Client client;

    internal static void Check(bool condition, string promise, [CallerLineNumber] int line = 0, string file = "Tests.cs") {
        if (condition) { passed++; return; }
        failed++;
        Console.WriteLine("FAILED: {0} ({1}:{2})", promise, file, line);
    }

    // ---- helpers
    // ------------------------------------------------------------------------------------------

    internal static bool TickUntil(Client ticked, Func<bool> done) {
        var clock = Stopwatch.StartNew();
        while (!done() && clock.ElapsedMilliseconds < 10000) {
            ticked.Tick(2000);
            Thread.Sleep(1);
        }
        return done();
    }

    internal static T Result<T>(Client ticked, Task<T> task) {
        if (!TickUntil(ticked, () => task.IsCompleted)) throw new TimeoutException("The call does not complete within ten seconds.");
        return task.GetAwaiter().GetResult();
    }

    internal static IPlayGamesException Failure<T>(Task<T> task, Client ticked = null) {
        try { Result(ticked ?? client, task); } catch (IPlayGamesException error) { return error; }
        throw new InvalidOperationException("The call must fail.");
    }

    internal static StartSession ValidStart(string name = "p") =>
        new StartSession { GameId = 42, PlayerId = name, Currency = "EUR", CountryCode = "DE", IpAddress = "203.0.113.9" };

    static void Fault(string fault) => sandbox.Control("{\"command\": \"fault\", \"operation\": \"*\", \"times\": 0, " + fault + "}");
    static int OpenConnections() => int.Parse(sandbox.Control("{\"command\": \"counts\"}").Get("/connections/open"));
    static void ClearFaults() => sandbox.Control("{\"command\": \"clear_faults\"}");

    // ---- the tests
    // ---------------------------------------------------------------------------------------

    static void ASuspendedClientMakesNoProgressUntilItResumes() {
        client.Suspend();
        try { client.Prewarm(); Check(false, "The call must fail."); }
        catch (IPlayGamesException busy) { Check(busy.Code == Code.Busy, "a suspended client refuses a blocking call"); }
        Task<Reply> prewarm = client.PrewarmAsync(), games = client.CallAsync("list_games");
        for (int n = 0; n < 20; n++) client.Tick();
        Check(!games.IsCompleted && !prewarm.IsCompleted, "a suspended client makes no progress");
        client.Resume();
        Check(Result(client, games).Get("/data/0/id") == "123" && Result(client, prewarm).Get("/success") == "true", "the calls go on after Resume");
    }

    static void AWatchReportsFailedReadingsAsAnErrorAndGoesOn() {
        StartedSession session = Result(client, client.StartSessionAsync(ValidStart("player-7")));
        var statuses = new List<string>();
        var errors = new List<IPlayGamesException>();
        Watch watch = client.WatchSession(session.SessionId, 10, status => statuses.Add(status.Status), errors.Add);
        Check(TickUntil(client, () => statuses.Count == 1), "the watch reports the first status");
        sandbox.Control("{\"command\": \"fault\", \"operation\": \"get_session_status\", \"status\": 503, \"times\": 30}");
        Check(TickUntil(client, () => errors.Count == 1 && statuses.Count == 2), "the watch reports the error once and then the status");
        Check(errors[0].Code == Code.Unavailable && statuses[1] == "active", "a failed reading is an error and no status");
        watch.Dispose();
    }

    static void ASessionIsStartedWatchedAndEnded() {
        int thread = Thread.CurrentThread.ManagedThreadId, callbackThread = 0;
        StartedSession session = Result(client, client.StartSessionAsync(ValidStart()));
        Check(session.GameUrl.StartsWith("http://127.0.0.1") && session.SessionToken != null && session.ExpiresAt != null, "the reply has the fields of a session");
        Check(Result(client, client.GetSessionStatusAsync(session.SessionId)).IsActive, "the session is active");
        var statuses = new List<string>();
        Watch watch = client.WatchSession(session.SessionId, 10, status => { statuses.Add(status.Status); callbackThread = Thread.CurrentThread.ManagedThreadId; });
        Check(TickUntil(client, () => statuses.Count == 1), "the watch reports the first status");
        Result(client, client.EndSessionAsync(session.SessionId));
        Check(Result(client, watch.Ended).Status == "closed", "the watch ends");
        Check(string.Join(" ", statuses) == "active closed" && callbackThread == thread, "the watch reports each change on the thread that ticks");
        watch.Dispose();
        Check(watch.Ended.Status == TaskStatus.RanToCompletion, "Dispose after the end does not change the task");
        Check(session.Get("/nothing") == null && session.Get("/success") == "true", "Get returns the values of the document");
    }

    static void AJournalListsAndEndsTheSessionsOfItsFile() {
        string folder = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "iplaygames-" + Guid.NewGuid());
        System.IO.Directory.CreateDirectory(folder);
        string config = sandbox.ClientConfig.TrimEnd('}') + ", \"journal\": \"" + folder + "/journal\"}";
        using (var recorded = new Client(config)) {
            StartedSession session = Result(recorded, recorded.StartSessionAsync(ValidStart("journal")));
            Result(recorded, recorded.StartSessionAsync(ValidStart("journal")));
            Check(recorded.JournalOpen("{\"player_id\": \"journal\"}").Get("/sessions/0/session_id") == session.SessionId, "the journal has the session");
            recorded.JournalResolve(1, "by hand");
            try { recorded.JournalResolve(1, "again"); Check(false, "The call must fail."); }
            catch (IPlayGamesException error) { Check(error.Code == Code.InvalidArgument, "a resolved session cannot be resolved"); }
            Check(recorded.JournalEndAll().Get("/ended") == "1", "the other session is ended");
            Check(recorded.JournalCompact(0).Get("/removed") == "2", "closed sessions are removed");
        }
        try { client.JournalOpen(); Check(false, "The call must fail."); }
        catch (IPlayGamesException error) { Check(error.Code == Code.Unsupported, "a client without a journal says so"); }
        System.IO.Directory.Delete(folder, true);
    }

    static void ContinuationsRunInTickOnItsThread() {
        int thread = Thread.CurrentThread.ManagedThreadId, seen = 0;
        Func<Task> play = async () => {
            await client.CallAsync("list_games", "{\"per_page\": \"1\"}");
            client.Tick(); // a nested tick is allowed
            StartedSession session = await client.StartSessionAsync(ValidStart());
            await client.EndSessionAsync(session.SessionId);
            seen = Thread.CurrentThread.ManagedThreadId;
        };
        Task task = play();
        Check(TickUntil(client, () => task.IsCompleted) && task.Status == TaskStatus.RanToCompletion, "the method completed");
        Check(seen == thread, "the continuation ran on the thread that ticks");
    }

    static void AnErrorHasEveryFieldOfTheDocument() {
        StartSession wrong = ValidStart();
        wrong.Currency = "€";
        IPlayGamesException error = Failure(client.StartSessionAsync(wrong));
        Check(error.Code == Code.InvalidArgument && error.Name == "IPG_ERR_INVALID_ARGUMENT", "the error has the code and its name");
        Check(error.Field == "/currency" && error.Outcome == Outcome.NotSent && !error.Retryable, "the error has the field and the outcome");
        Check(error.Operation == "start_a_game_session" && error.Message.Length > 0, "the error has the operation and a message");

        error = Failure(client.GetSessionStatusAsync("nobody"));
        Check(error.Code == Code.NotFound && error.HttpStatus == 404 && error.Outcome == Outcome.Rejected, "an unknown session is an error of the API");
        Check(error.Attempts == 1 && error.CallId.Length > 0 && error.RequestId != null && error.ElapsedMs >= 0, "the error has the attempts, the ids and the duration");
        Check(error.Body.Contains("\"success\"") && error.BodyText == null && error.RetryAfterMs == null, "the error has the JSON body");
        Check(error.Document.Contains("\"error\""), "the error has the document");

        Fault("\"status\": 503, \"retry_after\": 1");
        error = Failure(client.CallAsync("list_games", null, "{\"max_retries\": 0}"));
        Check(error.Code == Code.Unavailable && error.Retryable && error.RetryAfterMs == 1000 && error.BodyText != null, "status 503 is retryable and has the delay");
        ClearFaults();

        Fault("\"drop\": \"after\"");
        error = Failure(client.StartSessionAsync(ValidStart()));
        Check(error.Outcome == Outcome.Unknown, "a start whose response is lost has the outcome Unknown");
        ClearFaults();

        try { new Client("{\"colour\": 1}"); Check(false, "The call must fail."); }
        catch (IPlayGamesException mistake) { Check(mistake.Field == "/colour", "the error for an unknown key points at it"); }
        Check(Failure(client.CallAsync("no_such_operation")).Code == Code.UnknownOperation, "an unknown operation has its own code");
        try { client.WatchSession("x", 1, null); Check(false, "The call must fail."); }
        catch (IPlayGamesException mistake) { Check(mistake.Field == "/interval_ms", "the error for a short interval points at it"); }
    }

    static void EveryCodeHasTheNameOfTheLibrary() {
        MethodInfo nameOf = typeof(Client).Assembly.GetType("IPlayGames.Native").GetMethod("NameOf");
        foreach (Code code in Enum.GetValues(typeof(Code))) {
            string name = (string)nameOf.Invoke(null, new object[] { code });
            string mine = string.Concat(code.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? "_" + c : char.ToUpper(c).ToString())).ToUpper();
            Check(name == (code <= Code.Pending ? "IPG_" : "IPG_ERR_") + mine, code + " is " + name);
        }
    }

    static void UnusualTextIsSentOrRejectedAndNeverTruncated() {
        foreach (string name in new[] { "\"", "\\", "\", \"game_id\": 1, \"x\": \"", "\n\r\t\u0001\0", "日本語 \U0001F3B2", "%s%n", new string('x', 100000) }) {
            StartedSession session = Result(client, client.StartSessionAsync(ValidStart(name)));
            Check(session.SessionId != null, "the session is started");
        }
        Check(sandbox.Control("{\"command\": \"sessions\"}").Document.Contains("日本語 \U0001F3B2"), "the server received the name unchanged");
        foreach (string id in new[] { "", ".", ".." }) Check(Failure(client.GetSessionStatusAsync(id)).Field == "/session_id", "the error for an invalid id points at it");
        Check(Failure(client.GetSessionStatusAsync("../../a?b#c d")).Code == Code.NotFound, "an id is sent as one path segment");
        foreach (Action call in new Action[] { () => client.CallAsync("list_games\0"), () => client.WatchSession("a\0b", 100, null), () => client.StartSessionAsync(ValidStart("\ud800")) }) {
            try { call(); Check(false, "the text must be rejected"); } catch (ArgumentException) { Check(true, "the text is rejected"); }
        }
        StartSession money = ValidStart();
        money.FreespinBetAmount = 0.50m;
        money.FreespinId = "f";
        money.FreespinCount = 3;
        Result(client, client.StartSessionAsync(money));
        Check(sandbox.Control("{\"command\": \"requests\"}").Document.Contains("\\\"freespin_bet_amount\\\":0.50"), "an amount keeps its digits");
    }

    static void ATokenCancelsACall() {
        Fault("\"delay_ms\": 60000");
        var source = new CancellationTokenSource();
        Task<StartedSession> task = client.StartSessionAsync(ValidStart(), source.Token);
        for (int i = 0; i < 20; i++) { client.Tick(); Thread.Sleep(2); }
        Check(!task.IsCompleted, "the call is in flight");
        source.Cancel();
        try { Result(client, task); Check(false, "the call must be canceled"); }
        catch (CallCanceledException canceled) {
            Check(canceled.CancellationToken == source.Token, "the exception has the token");
            Check(canceled.Details.Code == Code.Canceled && canceled.Details.Outcome == Outcome.Unknown, "a canceled start has the outcome Unknown");
        }
        Check(client.GetSessionStatusAsync("x", source.Token).IsCanceled, "a call with a canceled token is not sent");
        // Other threads cancel at any time.
        var sources = Enumerable.Range(0, 50).Select(i => new CancellationTokenSource()).ToList();
        var tasks = sources.Select(one => client.GetSessionStatusAsync("x", one.Token)).ToList();
        Parallel.ForEach(sources, one => one.Cancel());
        Check(TickUntil(client, () => tasks.All(one => one.IsCompleted)), "all calls complete");
        Check(tasks.All(one => one.Exception?.InnerException is CallCanceledException), "all calls are canceled");
        Watch watch = client.WatchSession("x", 10, status => Check(false, "the handler of a disposed watch does not run"));
        watch.Dispose();
        client.Tick();
        Check(watch.Ended.IsCanceled, "a disposed watch cancels its task");
        ClearFaults();
    }

    static void TickThrowsTheExceptionOfAHandler() {
        StartedSession session = Result(client, client.StartSessionAsync(ValidStart()));
        Watch watch = client.WatchSession(session.SessionId, 10, status => { throw new FormatException("an error of the host"); });
        bool thrown = false;
        for (int i = 0; i < 1000 && !thrown; i++) {
            try { client.Tick(); } catch (FormatException) { thrown = true; }
            Thread.Sleep(1);
        }
        Check(thrown, "Tick throws the exception of the handler");
        watch.Dispose();
        Check(Result(client, client.GetSessionStatusAsync(session.SessionId)).IsActive, "the client still works");
    }

    static void ShutdownAndDisposeCompleteEveryTask() {
        Fault("\"delay_ms\": 60000");
        var own = new Client(sandbox.ClientConfig);
        var tasks = Enumerable.Range(0, 100).Select(i => own.GetSessionStatusAsync("x")).ToList();
        own.Tick();
        own.Shutdown(50);
        Check(tasks.All(task => task.IsFaulted && ((IPlayGamesException)task.Exception.InnerException).Code == Code.Canceled), "Shutdown completes every task");
        Check(Failure(own.GetSessionStatusAsync("x"), own).Code == Code.ShutDown, "a client that is shut down refuses calls");
        own.Dispose();
        own.Dispose();

        own = new Client(sandbox.ClientConfig);
        tasks = Enumerable.Range(0, 100).Select(i => own.GetSessionStatusAsync("x")).ToList();
        Watch watch = own.WatchSession("x", 1000, null);
        own.Tick();
        own.Dispose();
        Check(tasks.All(task => task.IsFaulted) && watch.Ended.IsFaulted, "Dispose completes every task");
        try { own.Tick(); Check(false, "The call must fail."); } catch (ObjectDisposedException) { Check(true, "Tick after Dispose throws"); }
        ClearFaults();
    }

    static void TheFinalizerFreesAClientWithCallsInFlight() {
        Fault("\"delay_ms\": 60000");
        for (int round = 0; round < 20; round++) {
            Abandon();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Thread.Sleep(100);
        // Mono scans the stack conservatively, so that one or two clients may stay alive.
        int open = OpenConnections();
        Check(open <= 16, "the finalizer closes the connections of its client; open connections: " + open);
        ClearFaults();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Abandon() {
        var thread = new Thread(() => {
            var lost = new Client(sandbox.ClientConfig);
            for (int i = 0; i < 4; i++) lost.GetSessionStatusAsync("x");
            for (int i = 0; i < 5; i++) { lost.Tick(2000); Thread.Sleep(1); }
        });
        thread.Start();
        thread.Join();
    }

    static void ADomainWithCallsInFlightUnloadsAndANewDomainWorks() {
        for (int round = 0; round < 5; round++) {
            AppDomain domain = AppDomain.CreateDomain("game " + round);
            var guest = (Guest)domain.CreateInstanceAndUnwrap(typeof(Guest).Assembly.FullName, typeof(Guest).FullName);
            Check(guest.PlaySession(sandbox.ClientConfig) == "active closed", "a session is played in the domain");
            Fault("\"delay_ms\": 60000");
            Check(guest.LeaveCallsInFlight(sandbox.ClientConfig) == 50, "fifty calls are in flight");
            int before = OpenConnections();
            AppDomain.Unload(domain);
            // The unload frees the clients of the domain, which closes their connections.
            for (int i = 0; i < 200 && OpenConnections() > before - 20; i++) Thread.Sleep(10);
            Check(OpenConnections() <= before - 20, "the unload closes the connections of the domain");
            ClearFaults();
            // The client of this domain uses the same library and still works.
            Check(Result(client, client.CallAsync("list_games")) != null, "the client of the other domain still works");
        }
    }

    static void ADomainUnloadsWhileItsThreadTicks() {
        for (int round = 0; round < 10; round++) {
            AppDomain domain = AppDomain.CreateDomain("busy " + round);
            var guest = (Guest)domain.CreateInstanceAndUnwrap(typeof(Guest).Assembly.FullName, typeof(Guest).FullName);
            Check(guest.StartTickingThread(sandbox.ClientConfig), "the domain completes calls");
            AppDomain.Unload(domain);
            Check(Result(client, client.CallAsync("list_games")) != null, "the client of the other domain still works");
        }
    }

    static void EachTaskCompletesWhenTwoThreadsTick() {
        var own = new Client(sandbox.ClientConfig);
        bool stop = false;
        var threads = Enumerable.Range(0, 2).Select(i => new Thread(() => { while (!Volatile.Read(ref stop)) { own.Tick(); Thread.Sleep(0); } })).ToList();
        threads.ForEach(thread => thread.Start());
        var tasks = Enumerable.Range(0, 200).Select(i => own.CallAsync("list_games", "{\"per_page\": \"1\"}", null, new CancellationTokenSource().Token)).ToArray();
        Check(Task.WaitAll(tasks, 20000), "each task completes within 20 seconds");
        Volatile.Write(ref stop, true);
        threads.ForEach(thread => thread.Join());
        own.Dispose();
    }

    static int Main() {
        sandbox = new Sandbox();
        client = new Client(sandbox.ClientConfig);
        foreach (Action test in new Action[] {
            ASessionIsStartedWatchedAndEnded, AJournalListsAndEndsTheSessionsOfItsFile, AWatchReportsFailedReadingsAsAnErrorAndGoesOn, ASuspendedClientMakesNoProgressUntilItResumes, ContinuationsRunInTickOnItsThread, AnErrorHasEveryFieldOfTheDocument, EveryCodeHasTheNameOfTheLibrary,
            UnusualTextIsSentOrRejectedAndNeverTruncated, ATokenCancelsACall, TickThrowsTheExceptionOfAHandler,
            ShutdownAndDisposeCompleteEveryTask, TheFinalizerFreesAClientWithCallsInFlight,
            ADomainWithCallsInFlightUnloadsAndANewDomainWorks, ADomainUnloadsWhileItsThreadTicks, EachTaskCompletesWhenTwoThreadsTick,
        }.Concat(TransportTests.All)) {
            try { test(); } catch (Exception error) { Check(false, test.Method.Name + ": " + error); }
        }
        client.Dispose();
        sandbox.Dispose();
        Console.WriteLine("{0} passed, {1} failed", passed, failed);
        return failed == 0 ? 0 : 1;
    }
}

// Runs in another AppDomain, like a game in Unity's editor.
public sealed class Guest : MarshalByRefObject {
    readonly List<Client> clients = new List<Client>();
    readonly List<Task> tasks = new List<Task>();

    public string PlaySession(string config) {
        using (var client = new Client(config)) {
            var statuses = new List<string>();
            StartedSession session = Tests.Result(client, client.StartSessionAsync(Tests.ValidStart()));
            Watch watch = client.WatchSession(session.SessionId, 10, status => statuses.Add(status.Status));
            Tests.TickUntil(client, () => statuses.Count == 1);
            Tests.Result(client, client.EndSessionAsync(session.SessionId));
            Tests.Result(client, watch.Ended);
            return string.Join(" ", statuses);
        }
    }

    // Starts a thread that ticks until the AppDomain unloads, and repeats every call when it
    // completes. The thread must stop by itself: Mono cannot abort a thread that only calls C, and
    // would wait for it forever.
    public bool StartTickingThread(string config) {
        var client = new Client(config);
        int done = 0;
        Action<int> repeat = null;
        repeat = i => client.GetSessionStatusAsync("x").ContinueWith(task => { Interlocked.Increment(ref done); repeat(i); },
                                                          TaskContinuationOptions.ExecuteSynchronously);
        for (int i = 0; i < 20; i++) repeat(i);
        clients.Add(client);
        bool stop = false;
        AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => Volatile.Write(ref stop, true); // runs after the handler of the wrapper
        new Thread(() => { while (!Volatile.Read(ref stop)) client.Tick(2000); }) { IsBackground = true }.Start();
        return SpinWait.SpinUntil(() => Volatile.Read(ref done) > 40, 10000);
    }

    // Leaves calls in flight on a client that this thread ticks, and on one with a background
    // thread.
    public int LeaveCallsInFlight(string config) {
        foreach (string more in new[] { "", ", \"io_thread\": true" }) {
            var client = new Client(config.TrimEnd('}') + more + "}");
            for (int i = 0; i < 25; i++) tasks.Add(client.GetSessionStatusAsync("x", new CancellationTokenSource().Token));
            client.WatchSession("x", 10, null);
            for (int i = 0; i < 10; i++) { client.Tick(); Thread.Sleep(1); }
            clients.Add(client);
        }
        return tasks.Count(task => !task.IsCompleted);
    }
}
