// The IPlayGames API for Unity and for .NET (netstandard2.0, C# 7): one file, no other package.
//
//     var client = new Client("{\"base_url\": \"https://relay.example\"}");
//     StartedSession session = await client.StartSessionAsync(new StartSession { GameId = 42, ... });
//     ...
//     void Update()    { client.Tick(); }       // once a frame: moves the calls, completes the tasks
//     void OnDestroy() { client.Dispose(); }
//
// Nothing here waits for the network or starts a thread. Tasks complete inside Tick, on the thread that calls it.
// Everything but Tick, Shutdown and Dispose may be called on any thread; several may tick, but in a game one does.
//
// How it lives with IL2CPP and with domain reloads: C calls one static method back, and never a closure; what it
// is about is a number, not an object. That method only takes the text and puts it in a queue, so no exception
// and no continuation runs with C below it on the stack. When the AppDomain unloads, all its clients are freed,
// and a freed client never calls back. Finalizers only forget: they never wait and never call back.
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
    /// <summary>Unity's own; IL2CPP finds by it what C may call.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute {
        public MonoPInvokeCallbackAttribute(Type type) { }
    }
}
#endif

namespace IPlayGames {
    // ---- what a game sees -------------------------------------------------------------------------------

    /// <summary>What became of a call; see the constants of iplaygames.h.</summary>
    public enum Code {
        Ok = 0, Pending = 1,
        InvalidArgument = 100, InvalidHandle = 101, UnknownOperation = 102, Busy = 103, ShutDown = 104,
        Unsupported = 105, NoSuchField = 106,
        Resolve = 200, Connect = 201, Tls = 202, Timeout = 203, Canceled = 204, ConnectionLost = 205,
        BadResponse = 206, ResponseTooLarge = 207, Redirect = 208,
        BadRequest = 400, Unauthorized = 401, Forbidden = 403, NotFound = 404, Conflict = 409,
        Unprocessable = 422, RateLimited = 429, Api = 499, Server = 500, Unavailable = 503,
        Internal = 900
    }

    /// <summary>What the caller must know after a failure.</summary>
    public enum Outcome {
        /// <summary>It surely was not done.</summary>
        NotSent,
        /// <summary>The API said no.</summary>
        Rejected,
        /// <summary>It may have been done: after a start, a session may exist.</summary>
        Unknown
    }

    /// <summary>A call that failed, with every field of the library's error document.</summary>
    public sealed class IPlayGamesException : Exception {
        public Code Code { get; }
        /// <summary>The code's name in C, such as IPG_ERR_NOT_FOUND.</summary>
        public string Name { get; }
        public Outcome Outcome { get; }
        /// <summary>Whether the very same call may work later.</summary>
        public bool Retryable { get; }
        public string Operation { get; }
        public int Attempts { get; }
        public long ElapsedMs { get; }
        public int? HttpStatus { get; }
        public string RequestId { get; }
        public string CallId { get; }
        public long? RetryAfterMs { get; }
        /// <summary>A JSON pointer to the argument that is wrong.</summary>
        public string Field { get; }
        /// <summary>The API's answer, as JSON.</summary>
        public string Body { get; }
        /// <summary>The beginning of an answer that was not JSON.</summary>
        public string BodyText { get; }
        /// <summary>The whole error document.</summary>
        public string Document { get; }

        internal IPlayGamesException(Code code, string document)
            : base(Json.Get(document, "/error/message") ?? Native.NameOf(code)) {
            Code = code;
            Name = Native.NameOf(code);
            Document = document;
            Func<string, string> Get = field => Json.Get(document, "/error/" + field);
            switch (Get("outcome")) {
                case "rejected": Outcome = Outcome.Rejected; break;
                case "unknown": Outcome = Outcome.Unknown; break;
                default: Outcome = Outcome.NotSent; break;
            }
            Retryable = Get("retryable") == "true";
            Operation = Get("operation");
            Attempts = (int)(Json.Integer(Get("attempts")) ?? 0);
            ElapsedMs = Json.Integer(Get("elapsed_ms")) ?? 0;
            HttpStatus = (int?)Json.Integer(Get("http_status"));
            RequestId = Get("request_id");
            CallId = Get("call_id");
            RetryAfterMs = Json.Integer(Get("retry_after_ms"));
            Field = Get("field");
            Body = Get("body");
            BodyText = Get("body_text");
        }
    }

    /// <summary>A call was canceled through its token. Its outcome is still worth a look.</summary>
    public sealed class CallCanceledException : OperationCanceledException {
        public IPlayGamesException Details { get; }

        internal CallCanceledException(IPlayGamesException details, CancellationToken token)
            : base(details.Message, details, token) {
            Details = details;
        }
    }

    /// <summary>An answer of the API.</summary>
    public class Answer {
        /// <summary>The server's own document.</summary>
        public string Document { get; }

        internal Answer(string document) { Document = document; }

        /// <summary>The value at a JSON pointer such as "/data/status": a string without quotes, a number with its
        /// digits, the rest as JSON; null for nothing there, and for JSON's null.</summary>
        public string Get(string pointer) => Json.Get(Document, pointer);
    }

    /// <summary>What to start. The first five are needed.</summary>
    public sealed class StartSession {
        public long GameId;
        public string PlayerId, Currency, CountryCode, IpAddress;
        public string ReturnUrl, Locale, Provider, Device, FreespinId;
        public int? FreespinCount, ExpireDays;
        public decimal? FreespinBetAmount;

        internal string ToJson() {
            var json = new Json.Object();
            json.Number("game_id", GameId);
            json.Text("player_id", PlayerId);
            json.Text("currency", Currency);
            json.Text("country_code", CountryCode);
            json.Text("ip_address", IpAddress);
            json.Text("return_url", ReturnUrl);
            json.Text("locale", Locale);
            json.Text("provider", Provider);
            json.Text("device", Device);
            json.Text("freespin_id", FreespinId);
            json.Number("freespin_count", FreespinCount);
            json.Number("freespin_bet_amount", FreespinBetAmount);
            json.Number("expire_days", ExpireDays);
            return json.ToString();
        }
    }

    public sealed class StartedSession : Answer {
        public string SessionId => Get("/data/session_id");
        /// <summary>Where the player plays.</summary>
        public string GameUrl => Get("/data/game_url");
        public string SessionToken => Get("/data/session_token");
        public string ExpiresAt => Get("/data/expires_at");
        internal StartedSession(string document) : base(document) { }
    }

    public sealed class SessionStatus : Answer {
        public string Status => Get("/data/status");
        public bool IsActive => Status == "active";
        internal SessionStatus(string document) : base(document) { }
    }

    /// <summary>A session that is being watched; see <see cref="Client.Watch"/>.</summary>
    public sealed class Watch : IDisposable {
        private readonly Client client;
        private readonly uint call;

        /// <summary>The last status, once the session is no longer active; or why it cannot be read.</summary>
        public Task<SessionStatus> Ended { get; }

        internal Watch(Client client, uint call, Task<SessionStatus> ended) {
            this.client = client;
            this.call = call;
            Ended = ended;
        }

        /// <summary>Stops watching: nothing is told any more, and Ended is canceled at once.</summary>
        public void Dispose() => client.Forget(call);
    }

    /// <summary>A client of the API.</summary>
    public sealed class Client : IDisposable {
        // By number, and weakly: what C holds keeps no client alive, and a late call finds nothing.
        private static readonly ConcurrentDictionary<uint, WeakReference<Client>> Clients =
            new ConcurrentDictionary<uint, WeakReference<Client>>();
        private static readonly ConcurrentDictionary<IntPtr, bool> Handles = new ConcurrentDictionary<IntPtr, bool>();
        private static int lastClient, callbacksRunning;
        private static volatile bool unloading;

        // Held in a static, so that what C got is never collected.
        private static readonly Native.Callback Callback = OnCallback;

        private readonly uint number;
        private readonly ClientHandle handle;
        private readonly object door = new object();
        private readonly Dictionary<uint, Pending> calls = new Dictionary<uint, Pending>();
        private readonly ConcurrentQueue<Told> told = new ConcurrentQueue<Told>();
        private uint lastCall;

        static Client() {
            AppDomain.CurrentDomain.DomainUnload += (sender, arguments) => FreeAll();
        }

        /// <summary>Makes a client. <paramref name="configJson"/> has the keys listed in iplaygames.h; the operator's
        /// key must not ship in a game: let it talk to a relay.</summary>
        public Client(string configJson) {
            Native.CheckVersion();
            Native.Check(Native.ipg_client_new(Native.Utf8(configJson), out handle, out IntPtr json), json);
            number = (uint)Interlocked.Increment(ref lastClient);
            Clients[number] = new WeakReference<Client>(this);
            Handles[handle.DangerousGetHandle()] = true;
        }

        ~Client() { Clients.TryRemove(number, out _); }

        /// <summary>Starts a game session. When this fails, look at the exception's Outcome: with Unknown, a session
        /// may exist.</summary>
        public Task<StartedSession> StartSessionAsync(StartSession request, CancellationToken token = default(CancellationToken)) =>
            Submit("start_a_game_session", request.ToJson(), null, json => new StartedSession(json), token);

        public Task<SessionStatus> StatusAsync(string sessionId, CancellationToken token = default(CancellationToken)) =>
            Submit("get_session_status", Json.SessionId(sessionId), null, json => new SessionStatus(json), token);

        public Task<Answer> EndAsync(string sessionId, CancellationToken token = default(CancellationToken)) =>
            Submit("end_a_game_session", Json.SessionId(sessionId), null, json => new Answer(json), token);

        /// <summary>Any operation of the API, by its name such as "list_games", with a flat JSON object.</summary>
        public Task<Answer> CallAsync(string operation, string argumentsJson = null, string optionsJson = null,
                                      CancellationToken token = default(CancellationToken)) =>
            Submit(operation, argumentsJson, optionsJson, json => new Answer(json), token);

        /// <summary>Reads a session's status every so often, until it is no longer active. Tells each change in Tick,
        /// the first reading being one.</summary>
        public Watch Watch(string sessionId, int intervalMs, Action<SessionStatus> changed) {
            var source = new TaskCompletionSource<SessionStatus>();
            var pending = new Pending<SessionStatus>(source, json => new SessionStatus(json), changed, CancellationToken.None);
            byte[] id = Native.Utf8(sessionId);
            uint call = Begin(pending, (IntPtr userData, out RequestHandle request, out IntPtr json) =>
                Native.ipg_session_watch(handle, id, (uint)Math.Max(intervalMs, 0), Callback, userData, out request, out json));
            return new Watch(this, call, source.Task);
        }

        /// <summary>Once a frame: does what can be done without waiting, for about so many microseconds, and completes
        /// tasks, here and now. What a handler throws leaves through here, after all else is told.</summary>
        public void Tick(int budgetUs = 500) {
            Code code = Native.ipg_client_tick(handle, (uint)Math.Max(budgetUs, 0), IntPtr.Zero);
            Tell();
            // In an AppDomain that unloads every client is freed, which is no mistake of the caller.
            if (!unloading) Native.Check(code, IntPtr.Zero);
        }

        /// <summary>For a loading screen: blocks until there is a connection.</summary>
        public void Prewarm(int timeoutMs = 2000) =>
            Native.Check(Native.ipg_client_prewarm(handle, (uint)Math.Max(timeoutMs, 0), out IntPtr json), json);

        /// <summary>What the client has done, as a JSON document of counts.</summary>
        public Answer Stats() {
            return new Answer(Native.Check(Native.ipg_client_stats(handle, out IntPtr json), json));
        }

        /// <summary>Refuses new calls, gives those in flight so long, cancels the rest; all tasks are complete
        /// afterwards.</summary>
        public void Shutdown(int timeoutMs) {
            Native.ipg_client_shutdown(handle, (uint)Math.Max(timeoutMs, 0));
            Tell();
        }

        /// <summary>Cancels what is in flight, completes all tasks, and frees the client. Blocks for no answer.</summary>
        public void Dispose() {
            if (!handle.IsClosed) {
                Native.ipg_client_shutdown(handle, 0);
                handle.Dispose();
            }
            Clients.TryRemove(number, out _);
            GC.SuppressFinalize(this);
            Tell();
        }

        // ---- the way of a call --------------------------------------------------------------------------

        private delegate Code Send(IntPtr userData, out RequestHandle request, out IntPtr json);

        private Task<T> Submit<T>(string operation, string arguments, string options, Func<string, T> read,
                                  CancellationToken token) where T : Answer {
            if (token.IsCancellationRequested) return Task.FromCanceled<T>(token);
            var source = new TaskCompletionSource<T>();
            try {
                byte[] operationText = Native.Utf8(operation), argumentsText = Native.Utf8(arguments), optionsText = Native.Utf8(options);
                Begin(new Pending<T>(source, read, null, token), (IntPtr userData, out RequestHandle request, out IntPtr json) =>
                    Native.ipg_submit(handle, operationText, argumentsText, optionsText, Callback, userData, out request, out json));
            } catch (IPlayGamesException error) { // an awaited call fails in one place
                source.SetException(error);
            }
            return source.Task;
        }

        private uint Begin(Pending pending, Send send) {
            uint call;
            lock (door) {
                do call = ++lastCall; while (calls.ContainsKey(call));
                calls[call] = pending; // before it is sent: another thread may be ticking
            }
            RequestHandle request;
            try {
                Code code = send(new IntPtr((long)number << 32 | call), out request, out IntPtr json);
                Native.Check(code, json);
            } catch {
                lock (door) calls.Remove(call);
                throw;
            }
            pending.Sent(request);
            return call;
        }

        // The one method that C calls. It runs inside ipg_client_tick and ipg_client_shutdown.
        [AOT.MonoPInvokeCallback(typeof(Native.Callback))]
        private static void OnCallback(IntPtr userData, IntPtr request, Code code, IntPtr json) {
            Interlocked.Increment(ref callbacksRunning);
            try {
                ulong id = (ulong)userData.ToInt64();
                if (Clients.TryGetValue((uint)(id >> 32), out WeakReference<Client> weak) && weak.TryGetTarget(out Client client))
                    client.told.Enqueue(new Told((uint)id, code, Native.Text(json)));
            } catch (Exception) {
                // Out of memory, at the most; and C must not see an exception.
            } finally {
                Interlocked.Decrement(ref callbacksRunning);
            }
        }

        private void Tell() {
            ExceptionDispatchInfo first = null;
            while (told.TryDequeue(out Told news)) {
                Pending pending;
                lock (door) {
                    if (!calls.TryGetValue(news.Call, out pending)) continue; // forgotten meanwhile
                    if (news.Code != Code.Pending) calls.Remove(news.Call);
                }
                try {
                    if (news.Code == Code.Pending) pending.News(news.Json);
                    else pending.Finish(news.Code, news.Json);
                } catch (Exception error) {
                    first = first ?? ExceptionDispatchInfo.Capture(error);
                }
            }
            first?.Throw();
        }

        internal void Forget(uint call) {
            Pending pending;
            lock (door) {
                if (!calls.TryGetValue(call, out pending)) return;
                calls.Remove(call);
            }
            pending.Drop();
        }

        // Before the AppDomain unloads: the method that C would call goes with it.
        private static void FreeAll() {
            unloading = true;
            foreach (IntPtr client in Handles.Keys) Native.ipg_client_free(client);
            for (int i = 0; i < 1000 && Volatile.Read(ref callbacksRunning) > 0; i++) Thread.Sleep(1);
        }

        internal static void Freed(IntPtr client) => Handles.TryRemove(client, out _);

        private struct Told {
            public readonly uint Call;
            public readonly Code Code;
            public readonly string Json;
            public Told(uint call, Code code, string json) { Call = call; Code = code; Json = json; }
        }
    }

    /// <summary>The API in this very process, for tests and for work without the service.</summary>
    public sealed class Sandbox : IDisposable {
        private readonly SandboxHandle handle;

        /// <summary>A client's configuration that leads here.</summary>
        public string ClientConfig { get; }

        public Sandbox(string configJson = null) {
            Native.CheckVersion();
            ClientConfig = Native.Check(Native.ipg_sandbox_start(Native.Utf8(configJson), out handle, out IntPtr json), json);
        }

        /// <summary>Faults, clock, counts: see the sandbox's guide.</summary>
        public Answer Control(string commandJson) =>
            new Answer(Native.Check(Native.ipg_sandbox_control(handle, Native.Utf8(commandJson), out IntPtr json), json));

        public void Dispose() => handle.Dispose();
    }

    // ---- calls on their way -----------------------------------------------------------------------------

    internal abstract class Pending {
        private RequestHandle request;
        private CancellationTokenRegistration registration;
        private bool over;
        protected CancellationToken token;

        // The handle comes after the call has begun; where another thread ticks, after its end even.
        public void Sent(RequestHandle sent) {
            lock (this) {
                if (over) { sent.Dispose(); return; }
                request = sent;
            }
            if (!token.CanBeCanceled) return;
            CancellationTokenRegistration registered = token.Register(state => Native.ipg_request_cancel_if((RequestHandle)state), sent);
            lock (this) {
                if (!over) { registration = registered; return; }
            }
            registered.Dispose();
        }

        protected void Close() {
            CancellationTokenRegistration registered;
            RequestHandle sent;
            lock (this) {
                over = true;
                registered = registration;
                sent = request;
            }
            registered.Dispose(); // not under the lock: it waits for a cancel that is just running
            sent?.Dispose();
        }

        public abstract void News(string json);
        public abstract void Finish(Code code, string json);
        public abstract void Drop();
    }

    internal sealed class Pending<T> : Pending where T : Answer {
        private readonly TaskCompletionSource<T> source;
        private readonly Func<string, T> read;
        private readonly Action<T> changed;

        public Pending(TaskCompletionSource<T> source, Func<string, T> read, Action<T> changed, CancellationToken token) {
            this.source = source;
            this.read = read;
            this.changed = changed;
            this.token = token;
        }

        public override void News(string json) => changed?.Invoke(read(json));

        public override void Finish(Code code, string json) {
            Close();
            if (code == Code.Ok) {
                T answer = read(json);
                try {
                    changed?.Invoke(answer); // a watch's last news
                } finally {
                    source.TrySetResult(answer);
                }
                return;
            }
            var error = new IPlayGamesException(code, json);
            if (code == Code.Canceled && token.IsCancellationRequested) source.TrySetException(new CallCanceledException(error, token));
            else source.TrySetException(error);
        }

        public override void Drop() {
            Close();
            source.TrySetCanceled();
        }
    }

    // ---- JSON, by the library's own means ---------------------------------------------------------------

    internal static class Json {
        public static string Get(string document, string pointer) {
            if (document == null) return null;
            Code code = Native.ipg_json_get(Native.Utf8(document), Native.Utf8(pointer), out int type, out IntPtr value, out UIntPtr length);
            if (code != Code.Ok) return null;
            string text = Native.Take(value, (int)length);
            return type == 1 ? null : text; // 1: JSON's null
        }

        public static long? Integer(string text) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : (long?)null;

        public static string Quote(string text) {
            byte[] bytes = Native.Encode(text);
            return Native.Check(Native.ipg_json_quote(bytes, (UIntPtr)bytes.Length, out IntPtr json), json);
        }

        public static string SessionId(string id) {
            var json = new Object();
            json.Text("session_id", id);
            return json.ToString();
        }

        /// <summary>A flat object. What is null is left out.</summary>
        public sealed class Object {
            private readonly StringBuilder json = new StringBuilder("{");

            private void Add(string key, string value) {
                if (json.Length > 1) json.Append(',');
                json.Append('"').Append(key).Append("\":").Append(value);
            }

            public void Text(string key, string value) {
                if (value != null) Add(key, Quote(value));
            }

            // A decimal keeps its digits: 0.50 is sent as 0.50.
            public void Number(string key, decimal? value) {
                if (value.HasValue) Add(key, value.Value.ToString(CultureInfo.InvariantCulture));
            }

            public override string ToString() => json + "}";
        }
    }

    // ---- the library ------------------------------------------------------------------------------------

    // They hold a number that C looks up. The finalizer thread may release them: that never waits.
    internal sealed class ClientHandle : SafeHandle {
        public ClientHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid => handle == IntPtr.Zero;
        protected override bool ReleaseHandle() {
            Client.Freed(handle);
            return Native.ipg_client_free(handle) <= Code.Pending;
        }
    }

    internal sealed class RequestHandle : SafeHandle {
        public RequestHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid => handle == IntPtr.Zero;
        protected override bool ReleaseHandle() => Native.ipg_request_free(handle) <= Code.Pending;
    }

    internal sealed class SandboxHandle : SafeHandle {
        public SandboxHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid => handle == IntPtr.Zero;
        protected override bool ReleaseHandle() => Native.ipg_sandbox_stop(handle) == Code.Ok;
    }

    internal static class Native {
#if (UNITY_IOS || UNITY_TVOS) && !UNITY_EDITOR
        private const string Library = "__Internal"; // linked into the app
#else
        private const string Library = "iplaygames";
#endif
        private const uint AbiVersion = 1; // of the declarations below
        private const CallingConvention C = CallingConvention.Cdecl;

        [UnmanagedFunctionPointer(C)]
        public delegate void Callback(IntPtr userData, IntPtr request, Code code, IntPtr json);

        [DllImport(Library, CallingConvention = C)] private static extern uint ipg_abi_version();
        [DllImport(Library, CallingConvention = C)] private static extern IntPtr ipg_code_name(Code code);
        [DllImport(Library, CallingConvention = C)] private static extern void ipg_string_free(IntPtr text);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_new(byte[] config, out ClientHandle client, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_prewarm(ClientHandle client, uint timeoutMs, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_stats(ClientHandle client, out IntPtr json);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_shutdown(ClientHandle client, uint timeoutMs);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_free(IntPtr client);
        [DllImport(Library, CallingConvention = C)] public static extern Code ipg_client_tick(ClientHandle client, uint budgetUs, IntPtr outCompleted);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_submit(ClientHandle client, byte[] operation, byte[] arguments, byte[] options, Callback callback,
                                             IntPtr userData, out RequestHandle request, out IntPtr json);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_session_watch(ClientHandle client, byte[] sessionId, uint intervalMs, Callback callback,
                                                    IntPtr userData, out RequestHandle request, out IntPtr json);
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
            if (ipg_abi_version() != AbiVersion) throw new DllNotFoundException("The iplaygames library has another version than IPlayGames.cs.");
        }

        public static string NameOf(Code code) => Text(ipg_code_name(code));

        // A token may be canceled just when the call has ended and its handle is closed.
        public static void ipg_request_cancel_if(RequestHandle request) {
            try { ipg_request_cancel(request); } catch (ObjectDisposedException) { }
        }

        /// <summary>Throws for all codes but Ok; else the document. Frees the text in any case.</summary>
        public static string Check(Code code, IntPtr json) {
            string document = Take(json, -1);
            if (code != Code.Ok) throw new IPlayGamesException(code, document);
            return document;
        }

        /// <summary>The text as bytes. Half a surrogate pair is an ArgumentException.</summary>
        public static byte[] Encode(string text) => Strict.GetBytes(text);

        /// <summary>The text as C wants it: with a NUL at its end, and so none inside.</summary>
        public static byte[] Utf8(string text) {
            if (text == null) return null;
            if (text.IndexOf('\0') >= 0) throw new ArgumentException("The text contains a NUL.");
            var bytes = new byte[Strict.GetByteCount(text) + 1];
            Strict.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }

        /// <summary>A text of C's, which stays C's.</summary>
        public static string Text(IntPtr text, int length = -1) {
            if (text == IntPtr.Zero) return null;
            if (length < 0) for (length = 0; Marshal.ReadByte(text, length) != 0;) length++;
            var bytes = new byte[length];
            Marshal.Copy(text, bytes, 0, length);
            return Encoding.UTF8.GetString(bytes);
        }

        /// <summary>A text that C handed out, which is freed.</summary>
        public static string Take(IntPtr text, int length) {
            try { return Text(text, length); } finally { ipg_string_free(text); }
        }
    }
}
