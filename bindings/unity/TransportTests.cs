// The tests of HostTransport.cs and its implementations. Tests.cs runs them.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using IPlayGames;
using UnityEngine;
using UnityEngine.Networking;

// Passes each exchange to a function.
sealed class FunctionTransport : IHostTransport {
    readonly Action<Exchange> send;
    public FunctionTransport(Action<Exchange> send) { this.send = send; }
    public void Send(Exchange exchange) => send(exchange);
}

static class TransportTests {
    const string Key = "a-secret-key-of-the-host";
    const string Config = "{\"api_key\": \"" + Key + "\", \"base_url\": \"http://127.0.0.1:1\"}";
    static readonly byte[] Games = Encoding.UTF8.GetBytes("{\"success\": true, \"data\": []}");
    static readonly Dictionary<string, string> JsonType = new Dictionary<string, string> { { "Content-Type", "application/json" } };

    static void Check(bool condition, string promise, [CallerLineNumber] int line = 0) => Tests.Check(condition, promise, line, "TransportTests.cs");
    static int Count(Sandbox sandbox, string pointer) => int.Parse(sandbox.Control("{\"command\": \"counts\"}").Get(pointer));
    static IPlayGamesException Failure<T>(Client client, Task<T> task) => Tests.Failure(task, client);

    // Runs a test with a sandbox of its own, whose counts begin at 0.
    static void WithHttpClient(Action<Sandbox, Client> test) {
        using (var sandbox = new Sandbox())
        using (var transport = new HttpClientTransport(useProxy: false))
        using (var client = new Client(sandbox.ClientConfig, transport))
            test(sandbox, client);
    }

    static void Fault(Sandbox sandbox, string operation, string fault) =>
        sandbox.Control("{\"command\": \"fault\", \"operation\": \"" + operation + "\", \"times\": 0, " + fault + "}");

    static void ASessionIsPlayedThroughHttpClient() => WithHttpClient((sandbox, client) => {
        StartedSession session = Tests.Result(client, client.StartSessionAsync(Tests.ValidStart("日本語")));
        Check(Tests.Result(client, client.GetSessionStatusAsync(session.SessionId)).IsActive, "the session is active");
        Check(Tests.Result(client, client.EndSessionAsync(session.SessionId)).Get("/success") == "true", "the session is ended");
        Check(Tests.Result(client, client.GetSessionStatusAsync(session.SessionId)).Status == "closed", "the session is closed");
        IPlayGamesException error = Failure(client, client.GetSessionStatusAsync("nobody"));
        Check(error.Code == Code.NotFound && error.HttpStatus == 404 && error.RequestId != null, "an error of the API has its status and its headers");
        Check(sandbox.Control("{\"command\": \"sessions\"}").Document.Contains("日本語"), "the server received the body unchanged");
        Check(Count(sandbox, "/requests/total") == 5, "each call is one request");
        // HttpClient repeats a request on a connection that was used before.
        Check(Tests.TickUntil(client, () => Count(sandbox, "/connections/open") == 0), "no connection stays open for another request");
    });

    static void AFailureBeforeAConnectionIsNotSent() {
        // The port is reserved, and nothing listens on it.
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        using (var transport = new HttpClientTransport(useProxy: false)) {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            string config = "{\"api_key\": \"k\", \"max_retries\": 1, \"base_url\": \"http://127.0.0.1:" + ((IPEndPoint)socket.LocalEndPoint).Port + "\"}";
            using (var client = new Client(config, transport)) {
                IPlayGamesException error = Failure(client, client.StartSessionAsync(Tests.ValidStart()));
                Check(error.Code == Code.Connect && error.Outcome == Outcome.NotSent, "a refused connection is not sent: " + error.Document);
                Check(error.Attempts == 2, "a start that was not sent is sent again");
            }
        }
    }

    static void ALostResponseIsUnknownAndHttpClientSendsNothingAgain() => WithHttpClient((sandbox, client) => {
        string id = Tests.Result(client, client.StartSessionAsync(Tests.ValidStart())).SessionId;
        Fault(sandbox, "*", "\"drop\": \"after\"");
        IPlayGamesException start = Failure(client, client.StartSessionAsync(Tests.ValidStart()));
        Check(start.Code == Code.ConnectionLost && start.Outcome == Outcome.Unknown && start.Attempts == 1, "a start whose response is lost is unknown: " + start.Document);
        IPlayGamesException end = Failure(client, client.EndSessionAsync(id)), status = Failure(client, client.GetSessionStatusAsync(id));
        Check(end.Outcome == Outcome.Unknown, "an end whose response is lost is unknown");
        Check(Count(sandbox, "/requests/total") == 2 + end.Attempts + status.Attempts, "HttpClient sends no request again");
    });

    static void ARedirectIsNotFollowed() => WithHttpClient((sandbox, client) => {
        Fault(sandbox, "*", "\"status\": 302, \"headers\": {\"Location\": \"/elsewhere\"}");
        IPlayGamesException error = Failure(client, client.CallAsync("list_games", null, "{\"max_retries\": 0}"));
        Check(error.Code == Code.Redirect && error.HttpStatus == 302, "a redirect is an error");
        Check(Count(sandbox, "/requests/total") == 1, "a redirect is not followed");
    });

    static void ACancellationAbortsTheRequest() => WithHttpClient((sandbox, client) => {
        Fault(sandbox, "*", "\"delay_ms\": 60000");
        var source = new CancellationTokenSource();
        Task<StartedSession> task = client.StartSessionAsync(Tests.ValidStart(), source.Token);
        Check(Tests.TickUntil(client, () => Count(sandbox, "/connections/open") == 1), "HttpClient opens a connection");
        source.Cancel();
        try { Tests.Result(client, task); Check(false, "The call must be canceled."); }
        catch (CallCanceledException canceled) { Check(canceled.Details.Outcome == Outcome.Unknown, "a canceled start is unknown"); }
        Check(Tests.TickUntil(client, () => Count(sandbox, "/connections/open") == 0), "the connection is closed");
    });

    static void AnExchangeHasTheRequestAndIsAnsweredOnce() {
        Exchange last = null;
        bool first = false, second = true, third = true;
        var transport = new FunctionTransport(exchange => {
            last = exchange;
            first = exchange.Respond(200, JsonType, Games);
            second = exchange.Respond(200, JsonType, Games);
            third = exchange.Fail(Code.Timeout, true, null);
        });
        using (var client = new Client(Config, transport)) {
            Check(Tests.Result(client, client.CallAsync("list_games")).Document == Encoding.UTF8.GetString(Games), "the reply is the body of the response");
            Check(first && !second && !third, "only the first answer is accepted");
            Check(last.Method == "GET" && last.Url.StartsWith("http://127.0.0.1:1/") && last.Body == null, "the exchange has the method and the address");
            Check(last.Headers.Any(header => header.Key == "authorization" && header.Value == "Bearer " + Key), "the exchange has the headers");
            Check(!last.Aborted.IsCancellationRequested, "an answered exchange is not aborted");
            Tests.Failure(client.StartSessionAsync(Tests.ValidStart("日本語")), client);
            Check(last.Method == "POST" && Encoding.UTF8.GetString(last.Body).Contains("日本語"), "the exchange has the body");
            Check(last.Headers.Any(header => header.Key == "content-type" && header.Value == "application/json"), "the exchange has the type of the body");
        }
    }

    static void AResponseThatIsNotValidIsABadResponse() {
        Action<Exchange> answer = null;
        using (var client = new Client(Config, new FunctionTransport(exchange => answer(exchange)))) {
            var pairs = new Func<string, string, Dictionary<string, string>>((name, value) => new Dictionary<string, string> { { name, value } });
            var answers = new List<Action<Exchange>> {
                exchange => exchange.Respond(0, JsonType, Games), exchange => exchange.Respond(199, null, null), exchange => exchange.Respond(-1, null, null),
                exchange => exchange.Respond(200, pairs("X", "a\0b"), Games), exchange => exchange.Respond(200, pairs("X", "\ud800"), Games),
                exchange => exchange.Respond(200, pairs("X\r\nno colon\r\nY", "z"), Games), exchange => exchange.Respond(200, null, null),
            };
            foreach (Action<Exchange> one in answers) {
                answer = one;
                IPlayGamesException error = Failure(client, client.StartSessionAsync(Tests.ValidStart()));
                Check(error.Code == Code.BadResponse && error.Outcome == Outcome.Unknown, "a response that is not valid is unknown: " + error.Document);
            }
            // A line break in a value begins no header.
            answer = exchange => exchange.Respond(503, pairs("X", "a\r\nRetry-After: 7"), Games);
            Check(Failure(client, client.CallAsync("list_games", null, "{\"max_retries\": 0}")).RetryAfterMs == null, "a value cannot add a header");
            bool refused = false;
            answer = exchange => {
                try { exchange.Fail(Code.Busy, false, null); } catch (ArgumentOutOfRangeException) { refused = true; }
                exchange.Fail(Code.Resolve, false, "no such\0name \ud800");
            };
            IPlayGamesException failure = Failure(client, client.CallAsync("list_games", null, "{\"max_retries\": 0}"));
            Check(refused && failure.Code == Code.Resolve && failure.Message.Contains("no such name"), "another code is refused, and the exchange stays open");
        }
    }

    sealed class SilentException : Exception {
        public override string Message => throw new FormatException("the message of an exception throws");
    }

    static void AnExceptionOfTheTransportIsAFailureThatCountsAsSent() {
        int sent = 0;
        Exception thrown = new InvalidOperationException("The header is Bearer " + Key + ".");
        using (var client = new Client(Config, new FunctionTransport(exchange => { sent++; throw thrown; }))) {
            IPlayGamesException error = Failure(client, client.StartSessionAsync(Tests.ValidStart()));
            Check(error.Code == Code.ConnectionLost && error.Outcome == Outcome.Unknown && sent == 1, "a start whose transport throws is unknown and is not sent again");
            Check(error.Message.Contains("InvalidOperationException") && error.Message.Contains("[hidden]"), "the message has the exception");
            Check(!error.Document.Contains(Key), "the error does not show the key");
            thrown = new SilentException();
            Check(Failure(client, client.StartSessionAsync(Tests.ValidStart())).Code == Code.ConnectionLost, "an exception without a message is a failure");
        }
        // An exception after the answer changes nothing.
        using (var client = new Client(Config, new FunctionTransport(exchange => { exchange.Respond(200, JsonType, Games); throw thrown; })))
            Check(Tests.Result(client, client.CallAsync("list_games")) != null, "the answer is accepted");
    }

    static void TheEndOfACallAbortsItsExchange() {
        var exchanges = new List<Exchange>();
        int aborted = 0;
        var transport = new FunctionTransport(exchange => {
            exchanges.Add(exchange);
            exchange.Aborted.Register(() => { aborted++; throw new FormatException("an error of the host"); });
        });
        var client = new Client(Config, transport);
        var source = new CancellationTokenSource();
        Task canceled = client.CallAsync("list_games", null, null, source.Token), limited = client.CallAsync("list_games", null, "{\"timeout_ms\": 50, \"max_retries\": 0}");
        Check(Tests.TickUntil(client, () => exchanges.Count == 2), "both calls are sent");
        source.Cancel();
        Check(Tests.TickUntil(client, () => aborted == 2 && canceled.IsCompleted && limited.IsCompleted), "a cancellation and a time limit abort");
        Task<Reply> left = client.CallAsync("list_games");
        Check(Tests.TickUntil(client, () => exchanges.Count == 3), "the third call is sent");
        client.Dispose();
        Check(aborted == 3 && left.IsFaulted, "Dispose aborts");
        Check(exchanges.All(exchange => exchange.Aborted.IsCancellationRequested && !exchange.Respond(200, JsonType, Games)), "an answer after the end is refused");
    }

    static void ExchangesAreAnsweredOnceByManyThreads() {
        Exchange shared = null;
        int accepted = 0;
        bool stop = false;
        using (var client = new Client(Config, new FunctionTransport(exchange => Volatile.Write(ref shared, exchange)))) {
            var threads = Enumerable.Range(0, 4).Select(i => new Thread(() => {
                while (!Volatile.Read(ref stop)) {
                    if (Volatile.Read(ref shared)?.Respond(200, JsonType, Games) == true) Interlocked.Increment(ref accepted);
                    Thread.Sleep(0);
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            for (int i = 0; i < 100; i++) Tests.Result(client, client.CallAsync("list_games"));
            Volatile.Write(ref stop, true);
            threads.ForEach(thread => thread.Join());
        }
        Check(accepted == 100, "each exchange accepts one answer: " + accepted);
    }

    static void TheFinalizerFreesTheTransport() {
        int before = Client.TransportsInUse;
        try { new Client("{\"colour\": 1}", new FunctionTransport(exchange => { })); Check(false, "The call must fail."); }
        catch (IPlayGamesException error) { Check(error.Field == "/colour", "the error for an unknown key points at it"); }
        try { new Client("{\"api_key\": \"k\", \"io_thread\": true}", new FunctionTransport(exchange => { })); Check(false, "The call must fail."); }
        catch (IPlayGamesException error) { Check(error.Code == Code.InvalidArgument, "a thread of the library is refused"); }
        try { new Client(Config, null); Check(false, "The call must fail."); } catch (ArgumentNullException) { Check(true, "null is refused"); }
        Check(Client.TransportsInUse == before, "a client that is not created frees its transport");

        var transports = new List<WeakReference>();
        InThread(() => {
            for (int i = 0; i < 20; i++) {
                var transport = new FunctionTransport(exchange => { });
                transports.Add(new WeakReference(transport));
                using (var client = new Client(Config, transport)) {
                    client.CallAsync("list_games");
                    client.Tick();
                }
            }
        });
        Check(Client.TransportsInUse == before, "Dispose frees the transport");
        // Mono scans the stack conservatively, so that one or two objects may stay alive.
        Check(CollectUntil(() => transports.Count(one => one.IsAlive) <= 2), "the transport is collected");

        InThread(() => {
            for (int i = 0; i < 20; i++) {
                var client = new Client(Config, new FunctionTransport(exchange => { }));
                client.CallAsync("list_games");
                client.Tick();
            }
        });
        Check(CollectUntil(() => Client.TransportsInUse <= before + 2), "a client that is collected frees its transport: " + (Client.TransportsInUse - before));
    }

    static void InThread(ThreadStart body) {
        var thread = new Thread(body);
        thread.Start();
        thread.Join();
    }

    static bool CollectUntil(Func<bool> done) {
        for (int i = 0; i < 100 && !done(); i++) {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(10);
        }
        return done();
    }

    static void ADomainWithExchangesInFlightUnloads() {
        for (int round = 0; round < 3; round++) {
            AppDomain domain = AppDomain.CreateDomain("transport " + round);
            var guest = (TransportGuest)domain.CreateInstanceAndUnwrap(typeof(TransportGuest).Assembly.FullName, typeof(TransportGuest).FullName);
            Check(guest.LeaveExchangesInFlight(round == 0 ? Tests.sandbox.ClientConfig : Config, round), "twenty exchanges are in flight");
            AppDomain.Unload(domain);
            Check(Tests.Result(Tests.client, Tests.client.CallAsync("list_games")) != null, "the client of the other domain still works");
        }
    }

    static void UnityWebRequestSendsTheRequests() {
        using (var client = new Client(Config, new UnityWebRequestTransport())) {
            Func<UnityWebRequest, UnityWebRequest.Result, int, string, Action> complete = (request, result, status, error) => () => {
                request.ResponseHeaders = new Dictionary<string, string> { { "Content-Type", "application/json" }, { "content-encoding", "gzip" }, { "Content-Length", "3" } };
                request.downloadHandler.data = Games;
                request.Complete(result, status, error);
            };
            Task<StartedSession> start = client.StartSessionAsync(Tests.ValidStart());
            UnityWebRequest web = Sent(client);
            Check(web.method == "POST" && web.RequestHeaders["authorization"] == "Bearer " + Key && web.uploadHandler.data.Length > 0, "the request has the method, the headers and the body");
            Check(web.redirectLimit == 0 && web.timeout == 0, "redirects and the time limit are off");
            complete(web, UnityWebRequest.Result.ConnectionError, 0, "Cannot connect to destination host")();
            Check(Failure(client, start).Outcome == Outcome.Unknown && web.IsDisposed, "a failed start is unknown");

            Task<Reply> games = client.CallAsync("list_games");
            web = Sent(client);
            Check(web.uploadHandler == null, "a request without a body has no upload handler");
            complete(web, UnityWebRequest.Result.Success, 200, null)();
            Check(Tests.Result(client, games).Document == Encoding.UTF8.GetString(Games), "the reply is the body of the response");
            foreach (int status in new[] { 404, 302 }) {
                games = client.CallAsync("list_games", null, "{\"max_retries\": 0}");
                complete(Sent(client), status == 302 ? UnityWebRequest.Result.ConnectionError : UnityWebRequest.Result.ProtocolError, status, "an error")();
                Check(Failure(client, games).HttpStatus == status, "status " + status + " is a response");
            }

            var source = new CancellationTokenSource();
            games = client.CallAsync("list_games", null, null, source.Token);
            web = Sent(client);
            source.Cancel();
            Check(Tests.TickUntil(client, () => games.IsCompleted && web.IsDisposed) && web.error == "Request aborted", "a cancellation aborts the request");

            Application.internetReachability = NetworkReachability.NotReachable;
            games = client.CallAsync("list_games");
            complete(Sent(client), UnityWebRequest.Result.Success, 200, null)();
            Check(Tests.Result(client, games) != null, "this machine is reached without a network");
            using (var remote = new Client("{\"api_key\": \"k\", \"max_retries\": 0, \"base_url\": \"https://relay.example\"}", new UnityWebRequestTransport())) {
                IPlayGamesException error = Failure(remote, remote.StartSessionAsync(Tests.ValidStart()));
                Check(error.Code == Code.Connect && error.Outcome == Outcome.NotSent && UnityWebRequest.Sent.Count == 0, "nothing is sent without a network");
            }
            Application.internetReachability = NetworkReachability.ReachableViaLocalAreaNetwork;
        }
    }

    // Ticks until a web request is sent, and returns it.
    static UnityWebRequest Sent(Client client) {
        if (!Tests.TickUntil(client, () => UnityWebRequest.Sent.Count > 0)) throw new TimeoutException("No request is sent within ten seconds.");
        UnityWebRequest web = UnityWebRequest.Sent.Single();
        UnityWebRequest.Sent.Clear();
        return web;
    }

    internal static readonly Action[] All = {
        ASessionIsPlayedThroughHttpClient, AFailureBeforeAConnectionIsNotSent, ALostResponseIsUnknownAndHttpClientSendsNothingAgain, ARedirectIsNotFollowed,
        ACancellationAbortsTheRequest, AnExchangeHasTheRequestAndIsAnsweredOnce, AResponseThatIsNotValidIsABadResponse,
        AnExceptionOfTheTransportIsAFailureThatCountsAsSent, TheEndOfACallAbortsItsExchange, ExchangesAreAnsweredOnceByManyThreads,
        TheFinalizerFreesTheTransport, ADomainWithExchangesInFlightUnloads, UnityWebRequestSendsTheRequests,
    };
}

// Runs in another AppDomain, like a game in Unity's editor.
public sealed class TransportGuest : MarshalByRefObject {
    readonly List<Task> tasks = new List<Task>();
    Client client;

    // Leaves exchanges in flight: of HttpClient, of a client that no thread ticks, and of one that
    // a thread ticks until the AppDomain unloads.
    public bool LeaveExchangesInFlight(string config, int round) {
        int sent = 0;
        IHostTransport transport = new HttpClientTransport(useProxy: false);
        client = new Client(config, new FunctionTransport(exchange => { sent++; if (round == 0) transport.Send(exchange); }));
        for (int i = 0; i < 20; i++) tasks.Add(client.GetSessionStatusAsync("x"));
        bool done = Tests.TickUntil(client, () => sent >= 20);
        if (round == 2) {
            bool stop = false;
            AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => Volatile.Write(ref stop, true);
            new Thread(() => { while (!Volatile.Read(ref stop)) client.Tick(2000); }) { IsBackground = true }.Start();
        }
        return done;
    }
}
