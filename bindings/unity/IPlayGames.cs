// The IPlayGames API for Unity and .NET (netstandard2.0, C# 7). The wrapper is one file, so that it
// can be copied, and needs no other package. HostTransport.cs adds clients whose HTTP requests the
// program sends.
//
//     var client = new Client("{\"base_url\": \"https://relay.example\"}");
//     StartedSession session = await client.StartSessionAsync(new StartSession { GameId = 42, ... });
//     ...
//     void Update()    { client.Tick(); }       // once a frame: drives the calls, completes the tasks
//     void OnDestroy() { client.Dispose(); }
//
// Only Prewarm and Shutdown block, and the wrapper starts no thread. Tasks complete inside Tick, on
// the thread that calls it. Any thread may call any function except Tick, Shutdown and Dispose;
// several threads may call Tick, but a game needs only one.
//
// IL2CPP and domain reloads: C calls a static method, and never a closure. The user data is a
// number, not an object. The method copies the text into a queue, so no exception and no
// continuation runs with C below it on the stack. When the AppDomain unloads, the wrapper frees all
// clients, and a freed client calls no callback. Finalizers free handles: they never block and
// never call a callback.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

#if !UNITY_5_3_OR_NEWER
namespace AOT {
    /// <summary>Stands in for Unity's attribute, which marks methods that C may call, for
    /// IL2CPP.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute {
        public MonoPInvokeCallbackAttribute(Type type) { }
    }
}
#endif

namespace IPlayGames {
    // ---- public types
    // -----------------------------------------------------------------------------------

    /// <summary>The result code of a call: the same number and the same name as in
    /// iplaygames.h.</summary>
    public enum Code {
        // Begin of the generated codes: bindings/generate_codes.py writes them. Do not edit.
        /// <summary>The call succeeded.</summary>
        Ok = 0,
        /// <summary>The call has not ended.</summary>
        Pending = 1,
        /// <summary>An argument is missing, malformed or not allowed; `field` points to
        /// it.</summary>
        InvalidArgument = 100,
        /// <summary>The handle is NULL, already freed, of another kind, or not from this
        /// library.</summary>
        InvalidHandle = 101,
        /// <summary>The API has no operation of that name.</summary>
        UnknownOperation = 102,
        /// <summary>A limit of the client is reached; the call was not sent.</summary>
        Busy = 103,
        /// <summary>The client is shut down, or this thread or process is ending and can make no
        /// calls.</summary>
        ShutDown = 104,
        /// <summary>This build of the library does not have this function, or the caller's context
        /// does not allow it.</summary>
        Unsupported = 105,
        /// <summary>The JSON document has no value at this pointer.</summary>
        NoSuchField = 106,
        /// <summary>The process or the system has no file descriptor, thread or memory left; the
        /// call was not sent.</summary>
        Resources = 107,
        /// <summary>The journal of sessions cannot be written or read; a start was not
        /// sent.</summary>
        Journal = 108,
        /// <summary>The file of a download cannot be written.</summary>
        File = 109,
        /// <summary>The host name could not be resolved.</summary>
        Resolve = 200,
        /// <summary>No connection could be opened.</summary>
        Connect = 201,
        /// <summary>The TLS handshake failed: certificate, host name or protocol.</summary>
        Tls = 202,
        /// <summary>The time limit of the call passed.</summary>
        Timeout = 203,
        /// <summary>The call was canceled, or its client was freed.</summary>
        Canceled = 204,
        /// <summary>The connection was lost before the complete response was received.</summary>
        ConnectionLost = 205,
        /// <summary>The response is not as the API documents: not HTTP, not JSON, or without a
        /// required field.</summary>
        BadResponse = 206,
        /// <summary>The response is larger than `max_response_bytes`.</summary>
        ResponseTooLarge = 207,
        /// <summary>The server sent a redirect; the library never follows redirects.</summary>
        Redirect = 208,
        /// <summary>HTTP 400: the API refused the request.</summary>
        BadRequest = 400,
        /// <summary>HTTP 401: the API key is missing, wrong or inactive.</summary>
        Unauthorized = 401,
        /// <summary>HTTP 403: the account may not do this.</summary>
        Forbidden = 403,
        /// <summary>HTTP 404: the session, game or other object does not exist.</summary>
        NotFound = 404,
        /// <summary>HTTP 409: the state of the object does not allow this.</summary>
        Conflict = 409,
        /// <summary>HTTP 422: the API refused a field; `body` has the API's list.</summary>
        Unprocessable = 422,
        /// <summary>HTTP 429: too many requests; `retry_after_ms` is the time to wait, if the API
        /// names one.</summary>
        RateLimited = 429,
        /// <summary>Any other refusal by the API: another 4xx, or `success: false` in a
        /// 2xx.</summary>
        Api = 499,
        /// <summary>HTTP 5xx other than 503: the server, or a proxy in front of it,
        /// failed.</summary>
        Server = 500,
        /// <summary>HTTP 503: the service, or every provider for this game, country and currency,
        /// is unavailable.</summary>
        Unavailable = 503,
        /// <summary>A defect in this library; report it with the message.</summary>
        Internal = 900,
        // End of the generated codes.
    }

    /// <summary>Whether the server may have processed a failed call.</summary>
    public enum Outcome {
        /// <summary>The call was not sent; the server did not process it.</summary>
        NotSent,
        /// <summary>The API rejected the call.</summary>
        Rejected,
        /// <summary>The server may have processed the call: after a start, a session may
        /// exist.</summary>
        Unknown
    }

    /// <summary>The error of a failed call, with every field of the library's error
    /// document.</summary>
    public sealed class IPlayGamesException : Exception {
        /// <summary>The result code.</summary>
        public Code Code { get; }
        /// <summary>The name of the code in C, such as IPG_ERR_NOT_FOUND.</summary>
        public string Name { get; }
        /// <summary>Whether the server may have processed the call.</summary>
        public Outcome Outcome { get; }
        /// <summary>True if the same call may succeed later.</summary>
        public bool Retryable { get; }
        /// <summary>The operation that was called; null if there was none.</summary>
        public string Operation { get; }
        /// <summary>The number of attempts.</summary>
        public int Attempts { get; }
        /// <summary>The duration of the call in milliseconds, with the delays between
        /// attempts.</summary>
        public long ElapsedMs { get; }
        /// <summary>The HTTP status of the last response; null if the server sent none.</summary>
        public int? HttpStatus { get; }
        /// <summary>The id that the server gave the request; null if the server sent
        /// none.</summary>
        public string RequestId { get; }
        /// <summary>The id of the call, which is sent as X-Request-Id.</summary>
        public string CallId { get; }
        /// <summary>How many milliseconds the server asked the client to wait; null if it did
        /// not.</summary>
        public long? RetryAfterMs { get; }
        /// <summary>A JSON pointer to the invalid argument.</summary>
        public string Field { get; }
        /// <summary>The body of the response as JSON; null if it was not JSON.</summary>
        public string Body { get; }
        /// <summary>The first 512 characters of the body, if it was not JSON.</summary>
        public string BodyText { get; }
        /// <summary>The complete error document.</summary>
        public string Document { get; }

        internal IPlayGamesException(Code code, string document)
            : base(Json.Get(document, "/error/message") ?? Native.NameOf(code)) {
            Code = code;
            Name = Native.NameOf(code);
            Document = document;
            Func<string, string> get = field => Json.Get(document, "/error/" + field);
            switch (get("outcome")) {
                case "rejected": Outcome = Outcome.Rejected; break;
                case "unknown": Outcome = Outcome.Unknown; break;
                default: Outcome = Outcome.NotSent; break;
            }
            Retryable = get("retryable") == "true";
            Operation = get("operation");
            Attempts = (int)(Json.Integer(get("attempts")) ?? 0);
            ElapsedMs = Json.Integer(get("elapsed_ms")) ?? 0;
            HttpStatus = (int?)Json.Integer(get("http_status"));
            RequestId = get("request_id");
            CallId = get("call_id");
            RetryAfterMs = Json.Integer(get("retry_after_ms"));
            Field = get("field");
            Body = get("body");
            BodyText = get("body_text");
        }
    }

    /// <summary>The exception of a call that was canceled with its token. Details.Outcome tells
    /// whether the server may have processed the call.</summary>
    public sealed class CallCanceledException : OperationCanceledException {
        /// <summary>The error of the canceled call.</summary>
        public IPlayGamesException Details { get; }

        internal CallCanceledException(IPlayGamesException details, CancellationToken token)
            : base(details.Message, details, token) {
            Details = details;
        }
    }

    /// <summary>A response of the API.</summary>
    public class Reply {
        /// <summary>The server's JSON document.</summary>
        public string Document { get; }

        internal Reply(string document) { Document = document; }

        /// <summary>Returns the value at a JSON pointer such as "/data/status": a string without
        /// quotes, a number with its digits, any other type as JSON. Returns null if there is no
        /// value, or it is null.</summary>
        public string Get(string pointer) => Json.Get(Document, pointer);
    }

    /// <summary>The parameters of a new session. The first five are required; the error for a
    /// missing one names the field. A null parameter is not sent.</summary>
    public sealed class StartSession {
        /// <summary>The game.</summary>
        public long GameId;
        /// <summary>The operator's own id of the player.</summary>
        public string PlayerId;
        /// <summary>The currency code, such as EUR.</summary>
        public string Currency;
        /// <summary>The player's country, as two letters.</summary>
        public string CountryCode;
        /// <summary>The player's IPv4 or IPv6 address.</summary>
        public string IpAddress;
        /// <summary>The URL that the player returns to after the game.</summary>
        public string ReturnUrl;
        /// <summary>The language of the game, such as en.</summary>
        public string Locale;
        /// <summary>The provider. The account must be allowed to choose one.</summary>
        public string Provider;
        /// <summary>The device: desktop or mobile.</summary>
        public string Device;
        /// <summary>The free-spin bonus of the session.</summary>
        public string FreespinId;
        /// <summary>The number of free spins.</summary>
        public int? FreespinCount;
        /// <summary>The number of days until the free spins expire: 1 to 30.</summary>
        public int? ExpireDays;
        /// <summary>The stake of one free spin in currency units. A decimal is sent with its
        /// digits.</summary>
        public decimal? FreespinBetAmount;

        internal string ToJson() {
            var json = new Json.ObjectWriter();
            json.WriteNumber("game_id", GameId);
            json.WriteString("player_id", PlayerId);
            json.WriteString("currency", Currency);
            json.WriteString("country_code", CountryCode);
            json.WriteString("ip_address", IpAddress);
            json.WriteString("return_url", ReturnUrl);
            json.WriteString("locale", Locale);
            json.WriteString("provider", Provider);
            json.WriteString("device", Device);
            json.WriteString("freespin_id", FreespinId);
            json.WriteNumber("freespin_count", FreespinCount);
            json.WriteNumber("freespin_bet_amount", FreespinBetAmount);
            json.WriteNumber("expire_days", ExpireDays);
            return json.ToString();
        }
    }

    /// <summary>The reply to a session start.</summary>
    public sealed class StartedSession : Reply {
        /// <summary>The id of the session, for all later calls.</summary>
        public string SessionId => Get("/data/session_id");
        /// <summary>The URL that the player opens. Anyone who has it can play the
        /// session.</summary>
        public string GameUrl => Get("/data/game_url");
        /// <summary>The session's own token. Anyone who has it can play the session.</summary>
        public string SessionToken => Get("/data/session_token");
        /// <summary>The time when the session expires, as the API writes it.</summary>
        public string ExpiresAt => Get("/data/expires_at");
        internal StartedSession(string document) : base(document) { }
    }

    /// <summary>The status of a session.</summary>
    public sealed class SessionStatus : Reply {
        /// <summary>The status: active, or another status of the API, such as closed.</summary>
        public string Status => Get("/data/status");
        /// <summary>True if the status is active.</summary>
        public bool IsActive => Status == "active";
        internal SessionStatus(string document) : base(document) { }
    }

    /// <summary>A watch of a session, which reports its changes; see
    /// <see cref="Client.WatchSession"/>.</summary>
    public sealed class Watch : IDisposable {
        private readonly Client client;
        private readonly uint call;

        /// <summary>Completes when the watch ends, with the last status or the error that stopped
        /// it.</summary>
        public Task<SessionStatus> Ended { get; }

        internal Watch(Client client, uint call, Task<SessionStatus> ended) {
            this.client = client;
            this.call = call;
            Ended = ended;
        }

        /// <summary>Stops the watch: its handler runs no more, and Ended is canceled
        /// immediately.</summary>
        public void Dispose() => client.Abandon(call);
    }

    /// <summary>A client of the API. One client serves a whole program.</summary>
    public sealed partial class Client : IDisposable {
        // C holds the number of a client. The weak reference does not keep the client alive, and a
        // callback for a collected client finds nothing.
        private static readonly ConcurrentDictionary<uint, WeakReference<Client>> Clients =
            new ConcurrentDictionary<uint, WeakReference<Client>>();
        private static readonly ConcurrentDictionary<IntPtr, bool> Handles = new ConcurrentDictionary<IntPtr, bool>();
        private static int lastClient, callbacksRunning;
        // The transports of HostTransport.cs that C may still call.
        internal static int TransportsInUse;
        private static volatile bool unloading;

        // A static field keeps the delegate alive for C.
        private static readonly Native.Callback Callback = OnCallback;

        private readonly uint number;
        private readonly ClientHandle handle;
        private readonly object sync = new object();
        private readonly Dictionary<uint, PendingCall> calls = new Dictionary<uint, PendingCall>();
        private readonly ConcurrentQueue<Completion> completions = new ConcurrentQueue<Completion>();
        private uint lastCall;

        static Client() {
            AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => FreeAllClients();
        }

        /// <summary>Creates a client. iplaygames.h lists the keys of <paramref name="configJson"/>.
        /// Do not ship the operator's key in a game: use the address of a relay.</summary>
        /// <exception cref="IPlayGamesException">A key is unknown, missing or invalid; Field points
        /// at it.</exception>
        public Client(string configJson)
            : this((out ClientHandle client, out IntPtr json) => Native.ipg_client_new(Native.ToCString(configJson), out client, out json)) {
        }

        private delegate Code CreateFunction(out ClientHandle client, out IntPtr json);

        private Client(CreateFunction create) {
            Native.CheckVersion();
            Native.Check(create(out handle, out IntPtr json), json);
            number = (uint)Interlocked.Increment(ref lastClient);
            Clients[number] = new WeakReference<Client>(this);
            Handles[handle.DangerousGetHandle()] = true;
        }

        ~Client() { Clients.TryRemove(number, out _); }

        /// <summary>Starts a game session. If this fails with Outcome.Unknown, a session may
        /// exist.</summary>
        public Task<StartedSession> StartSessionAsync(StartSession request, CancellationToken token = default(CancellationToken)) =>
            Submit("start_a_game_session", request.ToJson(), null, json => new StartedSession(json), token);

        /// <summary>Returns the status of a game session.</summary>
        public Task<SessionStatus> GetSessionStatusAsync(string sessionId, CancellationToken token = default(CancellationToken)) =>
            Submit("get_session_status", Json.SessionIdArguments(sessionId), null, json => new SessionStatus(json), token);

        /// <summary>Ends a game session.</summary>
        public Task<Reply> EndSessionAsync(string sessionId, CancellationToken token = default(CancellationToken)) =>
            Submit("end_a_game_session", Json.SessionIdArguments(sessionId), null, json => new Reply(json), token);

        /// <summary>Calls an operation of the API, such as "list_games". The arguments are one flat
        /// JSON object.</summary>
        public Task<Reply> CallAsync(string operation, string argumentsJson = null, string optionsJson = null,
                                      CancellationToken token = default(CancellationToken)) =>
            Submit(operation, argumentsJson, optionsJson, json => new Reply(json), token);

        /// <summary>Reads the status of a session at an interval until it is no longer active.
        /// Calls <paramref name="changed"/> in Tick for each change; the first status counts as a
        /// change. After three failed readings in a row, calls <paramref name="failing"/> once
        /// with the error; the watch goes on.</summary>
        public Watch WatchSession(string sessionId, int intervalMs, Action<SessionStatus> changed, Action<IPlayGamesException> failing = null) {
            var source = new TaskCompletionSource<SessionStatus>();
            var pending = new PendingCall<SessionStatus>(source, json => new SessionStatus(json), changed, CancellationToken.None) { Failing = failing };
            byte[] id = Native.ToCString(sessionId);
            uint call = Start(pending, (IntPtr userData, out RequestHandle request, out IntPtr json) =>
                Native.ipg_session_watch(handle, id, (uint)Math.Max(intervalMs, 0), Callback, userData, IntPtr.Zero, out request, out json));
            return new Watch(this, call, source.Task);
        }

        /// <summary>Makes progress on the calls without waiting, for about
        /// <paramref name="budgetUs"/> microseconds, and completes tasks on this thread. Call it
        /// once a frame. Throws the first exception of a handler after all completions are
        /// dispatched.</summary>
        public void Tick(int budgetUs = 500) {
            Code code = Native.ipg_client_tick(handle, (uint)Math.Max(budgetUs, 0), IntPtr.Zero);
            DispatchCompletions();
            // FreeAllClients may have freed this client, which is not an error of the caller.
            if (!unloading) Native.Check(code, IntPtr.Zero);
        }

        /// <summary>Resolves, connects and loads certificates before the first call needs them.
        /// Blocks; call it on a loading screen.</summary>
        public void Prewarm(int timeoutMs = 2000) =>
            Native.Check(Native.ipg_client_prewarm(handle, (uint)Math.Max(timeoutMs, 0), out IntPtr json), json);

        /// <summary>Prewarms without blocking. The task completes in Tick.</summary>
        public Task<Reply> PrewarmAsync(int timeoutMs = 2000) {
            var source = new TaskCompletionSource<Reply>();
            Start(new PendingCall<Reply>(source, json => new Reply(json), null, CancellationToken.None), (IntPtr userData, out RequestHandle request, out IntPtr json) =>
                Native.ipg_client_submit_prewarm(handle, (uint)Math.Max(timeoutMs, 0), Callback, userData, IntPtr.Zero, out request, out json));
            return source.Task;
        }

        /// <summary>Tells the client that the application is suspended, until Resume: no time
        /// counts towards timeouts, Tick makes no progress, and Prewarm is refused with Busy. Call
        /// it in OnApplicationPause(true).</summary>
        public void Suspend() => Native.Check(Native.ipg_client_suspend(handle), IntPtr.Zero);

        /// <summary>Ends a suspension. Calls then use new connections. Call it in
        /// OnApplicationPause(false).</summary>
        public void Resume() => Native.Check(Native.ipg_client_resume(handle), IntPtr.Zero);

        /// <summary>Returns a document with counts of the client's calls and connections.</summary>
        public Reply Stats() {
            return new Reply(Native.Check(Native.ipg_client_stats(handle, out IntPtr json), json));
        }

        /// <summary>Returns the sessions of the journal that may exist, as the list "/sessions".
        /// <paramref name="filterJson"/> selects other sessions; see ipg_journal_open. Blocks.
        /// </summary>
        public Reply JournalOpen(string filterJson = "") {
            byte[] filter = Native.ToCString(filterJson);
            return new Reply(Native.Check(Native.ipg_journal_open(handle, filter, out IntPtr json), json));
        }

        /// <summary>Marks a session of the journal as resolved. <paramref name="id"/> is its number
        /// in the journal. Blocks.</summary>
        public void JournalResolve(long id, string note) {
            byte[] text = Native.ToCString(note);
            Native.Check(Native.ipg_journal_resolve(handle, id, text, out IntPtr json), json);
        }

        /// <summary>Checks the sessions of the journal that are open or ending, and ends those that
        /// still exist. Blocks until all calls have ended; call it on another thread or on a
        /// loading screen.</summary>
        public Reply JournalEndAll(string optionsJson = "") {
            byte[] options = Native.ToCString(optionsJson);
            return new Reply(Native.Check(Native.ipg_journal_end_all(handle, options, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, out IntPtr json), json));
        }

        /// <summary>Removes the sessions that were closed at least that many days ago from the
        /// journal. Blocks.</summary>
        public Reply JournalCompact(int olderThanDays) {
            return new Reply(Native.Check(Native.ipg_journal_compact(handle, (uint)Math.Max(olderThanDays, 0), out IntPtr json), json));
        }

        /// <summary>Refuses new calls, drives those in flight until the timeout, cancels the rest,
        /// and completes all tasks. Blocks.</summary>
        public void Shutdown(int timeoutMs) {
            Native.ipg_client_shutdown(handle, (uint)Math.Max(timeoutMs, 0));
            DispatchCompletions();
        }

        /// <summary>Cancels the calls in flight, completes all tasks, and frees the client. Waits
        /// for no response.</summary>
        public void Dispose() {
            if (!handle.IsClosed) {
                Native.ipg_client_shutdown(handle, 0);
                handle.Dispose();
            }
            Clients.TryRemove(number, out _);
            GC.SuppressFinalize(this);
            DispatchCompletions();
        }

        // ---- submitting calls and dispatching completions
        // -----------------------------------------------

        private delegate Code SubmitFunction(IntPtr userData, out RequestHandle request, out IntPtr json);

        private Task<T> Submit<T>(string operation, string arguments, string options, Func<string, T> convert,
                                  CancellationToken token) where T : Reply {
            if (token.IsCancellationRequested) return Task.FromCanceled<T>(token);
            var source = new TaskCompletionSource<T>();
            try {
                byte[] operationText = Native.ToCString(operation), argumentsText = Native.ToCString(arguments), optionsText = Native.ToCString(options);
                Start(new PendingCall<T>(source, convert, null, token), (IntPtr userData, out RequestHandle request, out IntPtr json) =>
                    Native.ipg_submit(handle, operationText, argumentsText, optionsText, Callback, userData, IntPtr.Zero, out request, out json));
            } catch (IPlayGamesException error) { // so that the caller handles all errors where it awaits the task
                source.SetException(error);
            }
            return source.Task;
        }

        private uint Start(PendingCall pending, SubmitFunction submit) {
            uint call;
            lock (sync) {
                do call = ++lastCall; while (calls.ContainsKey(call));
                calls[call] = pending; // before the call starts: another thread may tick
            }
            RequestHandle request;
            try {
                Code code = submit(new IntPtr((long)number << 32 | call), out request, out IntPtr json);
                Native.Check(code, json);
            } catch {
                lock (sync) calls.Remove(call);
                throw;
            }
            pending.SetRequest(request);
            return call;
        }

        // The only method of this file that C calls. It runs inside ipg_client_tick and
        // ipg_client_shutdown.
        [AOT.MonoPInvokeCallback(typeof(Native.Callback))]
        private static void OnCallback(IntPtr userData, IntPtr request, Code code, IntPtr json) {
            Interlocked.Increment(ref callbacksRunning);
            try {
                ulong id = (ulong)userData.ToInt64();
                if (Clients.TryGetValue((uint)(id >> 32), out WeakReference<Client> weak) && weak.TryGetTarget(out Client client))
                    client.completions.Enqueue(new Completion((uint)id, code, Native.ReadString(json)));
            } catch (Exception) {
                // Only OutOfMemoryException is possible. No exception may pass through C.
            } finally {
                Interlocked.Decrement(ref callbacksRunning);
            }
        }

        private void DispatchCompletions() {
            ExceptionDispatchInfo first = null;
            while (completions.TryDequeue(out Completion completion)) {
                PendingCall pending;
                lock (sync) {
                    if (!calls.TryGetValue(completion.Call, out pending)) continue; // abandoned meanwhile
                    if (completion.Code != Code.Pending) calls.Remove(completion.Call);
                }
                try {
                    if (completion.Code == Code.Pending) pending.Update(completion.Json);
                    else pending.Complete(completion.Code, completion.Json);
                } catch (Exception error) {
                    first = first ?? ExceptionDispatchInfo.Capture(error);
                }
            }
            first?.Throw();
        }

        internal void Abandon(uint call) {
            PendingCall pending;
            lock (sync) {
                if (!calls.TryGetValue(call, out pending)) return;
                calls.Remove(call);
            }
            pending.Cancel();
        }

        // Runs before the AppDomain unloads, because the unload removes the method that C calls.
        private static void FreeAllClients() {
            unloading = true;
            foreach (IntPtr client in Handles.Keys) Native.ipg_client_free(client);
            for (int i = 0; i < 1000 && Volatile.Read(ref callbacksRunning) + Volatile.Read(ref TransportsInUse) > 0; i++) Thread.Sleep(1);
        }

        internal static void RemoveHandle(IntPtr client) => Handles.TryRemove(client, out _);

        private struct Completion {
            public readonly uint Call;
            public readonly Code Code;
            public readonly string Json;
            public Completion(uint call, Code code, string json) { Call = call; Code = code; Json = json; }
        }
    }

    /// <summary>A server that runs the API in this process, for tests and offline work.</summary>
    public sealed class Sandbox : IDisposable {
        private readonly SandboxHandle handle;

        /// <summary>The configuration of a client of this sandbox.</summary>
        public string ClientConfig { get; }

        /// <summary>Starts a sandbox on a free port of this machine.</summary>
        public Sandbox(string configJson = null) {
            Native.CheckVersion();
            ClientConfig = Native.Check(Native.ipg_sandbox_start(Native.ToCString(configJson), out handle, out IntPtr json), json);
        }

        /// <summary>Runs a command of the sandbox, such as setting faults, moving its clock, or
        /// reading its counts. iplaygames_sandbox.h describes the commands.</summary>
        public Reply Control(string commandJson) =>
            new Reply(Native.Check(Native.ipg_sandbox_control(handle, Native.ToCString(commandJson), out IntPtr json), json));

        /// <summary>Stops the sandbox.</summary>
        public void Dispose() => handle.Dispose();
    }

    // ---- pending calls
    // ----------------------------------------------------------------------------------

    // The state of a call in flight. Completes its task.
    internal abstract class PendingCall {
        private RequestHandle request;
        private CancellationTokenRegistration registration;
        private bool completed;
        protected CancellationToken token;

        // The handle is available only after the call has started. If another thread ticks, the
        // call may even have completed.
        public void SetRequest(RequestHandle started) {
            lock (this) {
                if (completed) { started.Dispose(); return; }
                request = started;
            }
            if (!token.CanBeCanceled) return;
            CancellationTokenRegistration registered = token.Register(state => Native.CancelIfOpen((RequestHandle)state), started);
            lock (this) {
                if (!completed) { registration = registered; return; }
            }
            registered.Dispose();
        }

        protected void Release() {
            CancellationTokenRegistration registered;
            RequestHandle started;
            lock (this) {
                completed = true;
                registered = registration;
                started = request;
            }
            registered.Dispose(); // outside the lock, because it waits for a running cancellation
            started?.Dispose();
        }

        public abstract void Update(string json);
        public abstract void Complete(Code code, string json);
        public abstract void Cancel();
    }

    internal sealed class PendingCall<T> : PendingCall where T : Reply {
        private readonly TaskCompletionSource<T> source;
        private readonly Func<string, T> convert;
        private readonly Action<T> changed;

        public PendingCall(TaskCompletionSource<T> source, Func<string, T> convert, Action<T> changed, CancellationToken token) {
            this.source = source;
            this.convert = convert;
            this.changed = changed;
            this.token = token;
        }

        // Receives the error of failed readings of a watch.
        public Action<IPlayGamesException> Failing { private get; set; }

        public override void Update(string json) {
            T reply = convert(json);
            if (reply.Get("/success") == "false" && int.TryParse(reply.Get("/error/code"), out int code)) {
                Failing?.Invoke(new IPlayGamesException((Code)code, json));
            } else {
                changed?.Invoke(reply);
            }
        }

        public override void Complete(Code code, string json) {
            Release();
            if (code == Code.Ok) {
                T reply = convert(json);
                try {
                    changed?.Invoke(reply); // the last update of a watch
                } finally {
                    source.TrySetResult(reply);
                }
                return;
            }
            var error = new IPlayGamesException(code, json);
            if (code == Code.Canceled && token.IsCancellationRequested) source.TrySetException(new CallCanceledException(error, token));
            else source.TrySetException(error);
        }

        public override void Cancel() {
            Release();
            source.TrySetCanceled();
        }
    }

    // ---- JSON, with the functions of the library
    // --------------------------------------------------------

    internal static class Json {
        private const int JsonNull = 1; // IPG_JSON_NULL

        public static string Get(string document, string pointer) {
            if (document == null) return null;
            Code code = Native.ipg_json_get(Native.ToCString(document), Native.ToCString(pointer), out int type, out IntPtr value, out UIntPtr length);
            if (code != Code.Ok) return null;
            string text = Native.TakeString(value, (int)length);
            return type == JsonNull ? null : text;
        }

        public static long? Integer(string text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : (long?)null;

        public static string Quote(string text) {
            byte[] bytes = Native.Encode(text);
            return Native.Check(Native.ipg_json_quote(bytes, (UIntPtr)bytes.Length, out IntPtr json), json);
        }

        public static string SessionIdArguments(string id) {
            var json = new ObjectWriter();
            json.WriteString("session_id", id);
            return json.ToString();
        }

        /// <summary>Writes a flat JSON object. Leaves out fields whose value is null.</summary>
        public sealed class ObjectWriter {
            private readonly StringBuilder json = new StringBuilder("{");

            private void Add(string key, string value) {
                if (json.Length > 1) json.Append(',');
                json.Append('"').Append(key).Append("\":").Append(value);
            }

            public void WriteString(string key, string value) {
                if (value != null) Add(key, Quote(value));
            }

            // A decimal keeps its digits: 0.50 is sent as 0.50.
            public void WriteNumber(string key, decimal? value) {
                if (value.HasValue) Add(key, value.Value.ToString(CultureInfo.InvariantCulture));
            }

            public override string ToString() => json + "}";
        }
    }

    // ---- the library
    // ------------------------------------------------------------------------------------

    // Owners of C handles. The finalizer thread may release them, which never blocks.
    internal sealed class ClientHandle : SafeHandle {
        public ClientHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid => handle == IntPtr.Zero;
        protected override bool ReleaseHandle() {
            Client.RemoveHandle(handle);
            return Native.ipg_client_free(handle) == Code.Ok;
        }
    }

    internal sealed class RequestHandle : SafeHandle {
        public RequestHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid => handle == IntPtr.Zero;
        protected override bool ReleaseHandle() => Native.ipg_request_free(handle) == Code.Ok;
    }

    internal sealed class SandboxHandle : SafeHandle {
        public SandboxHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid => handle == IntPtr.Zero;
        protected override bool ReleaseHandle() => Native.ipg_sandbox_stop(handle) == Code.Ok;
    }

    internal static partial class Native {
#if (UNITY_IOS || UNITY_TVOS) && !UNITY_EDITOR
        private const string Library = "__Internal"; // linked into the app
#else
        private const string Library = "iplaygames";
#endif
        private const uint AbiVersion = 2; // the ABI version of the declarations below
        private const CallingConvention C = CallingConvention.Cdecl;

        [UnmanagedFunctionPointer(C)]
        public delegate void Callback(IntPtr userData, IntPtr request, Code code, IntPtr json);

        [DllImport(Library, CallingConvention = C)] private static extern uint ipg_abi_version();
        [DllImport(Library, CallingConvention = C)] private static extern IntPtr ipg_code_name(Code code);
        [DllImport(Library, CallingConvention = C)] private static extern void ipg_string_free(IntPtr text);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_new(byte[] config, out ClientHandle client, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_prewarm(ClientHandle client, uint timeoutMs, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_stats(ClientHandle client, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_journal_open(ClientHandle client, byte[] filter, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_journal_resolve(ClientHandle client, long id, byte[] note, out IntPtr json);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_journal_end_all(ClientHandle client, byte[] options, IntPtr progress, IntPtr userData,
                                                      IntPtr finalizer, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_journal_compact(ClientHandle client, uint olderThanDays, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_shutdown(ClientHandle client, uint timeoutMs);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_free(IntPtr client);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_tick(ClientHandle client, uint budgetUs, IntPtr outCompleted);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_submit(ClientHandle client, byte[] operation, byte[] arguments, byte[] options, Callback callback,
                                             IntPtr userData, IntPtr finalizer, out RequestHandle request, out IntPtr json);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_session_watch(ClientHandle client, byte[] sessionId, uint intervalMs, Callback callback,
                                                    IntPtr userData, IntPtr finalizer, out RequestHandle request, out IntPtr json);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_client_submit_prewarm(ClientHandle client, uint timeoutMs, Callback callback, IntPtr userData,
                                                            IntPtr finalizer, out RequestHandle request, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_suspend(ClientHandle client);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_resume(ClientHandle client);
        [DllImport(Library, CallingConvention = C)] private static extern Code ipg_request_cancel(RequestHandle request);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_request_free(IntPtr request);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_json_get(byte[] json, byte[] pointer, out int type, out IntPtr value, out UIntPtr length);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_json_quote(byte[] text, UIntPtr length, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_sandbox_start(byte[] config, out SandboxHandle sandbox, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_sandbox_control(SandboxHandle sandbox, byte[] command, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_sandbox_stop(IntPtr sandbox);

        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        public static void CheckVersion() {
            if (ipg_abi_version() != AbiVersion)
                throw new DllNotFoundException("The iplaygames library has ABI version " + ipg_abi_version() + ", but IPlayGames.cs needs "
                    + AbiVersion + ". Install the library of the same release.");
        }

        public static string NameOf(Code code) => ReadString(ipg_code_name(code));

        // A token may be canceled while the call completes and closes its handle.
        public static void CancelIfOpen(RequestHandle request) {
            try { ipg_request_cancel(request); } catch (ObjectDisposedException) { }
        }

        /// <summary>Returns the document of a successful call, and throws for all other codes.
        /// Frees the text.</summary>
        public static string Check(Code code, IntPtr json) {
            string document = TakeString(json, -1);
            if (code != Code.Ok) throw new IPlayGamesException(code, document);
            return document;
        }

        /// <summary>Returns the text in UTF-8. Throws ArgumentException for an incomplete surrogate
        /// pair.</summary>
        public static byte[] Encode(string text) => Strict.GetBytes(text);

        /// <summary>Returns the text in UTF-8 with a NUL at the end, for C. Throws
        /// ArgumentException if the text contains a NUL.</summary>
        public static byte[] ToCString(string text) {
            if (text == null) return null;
            if (text.IndexOf('\0') >= 0) throw new ArgumentException("The text contains a NUL at index " + text.IndexOf('\0') + ".");
            var bytes = new byte[Strict.GetByteCount(text) + 1];
            Strict.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }

        /// <summary>Copies a text that C owns.</summary>
        public static string ReadString(IntPtr text, int length = -1) {
            if (text == IntPtr.Zero) return null;
            if (length < 0) for (length = 0; Marshal.ReadByte(text, length) != 0;) length++;
            var bytes = new byte[length];
            Marshal.Copy(text, bytes, 0, length);
            return Encoding.UTF8.GetString(bytes);
        }

        /// <summary>Copies and frees a text that C handed out.</summary>
        public static string TakeString(IntPtr text, int length) {
            try { return ReadString(text, length); } finally { ipg_string_free(text); }
        }
    }
}
