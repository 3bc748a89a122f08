// A transport of the program for IPlayGames.cs: a client whose HTTP requests another library sends,
// such as UnityWebRequest or HttpClient. A program that uses the transports of the library does not
// need this file.
//
//     var client = new Client(config, new UnityWebRequestTransport());
//
// IL2CPP and domain reloads: C calls three static methods. Its user data is a GCHandle, which the
// finalizer of the library frees. No exception of the program passes through C.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace IPlayGames {
    /// <summary>Sends the HTTP requests of a client with another library. TLS, root certificates,
    /// proxies and connections are then those of that library. Retries, time limits and outcomes
    /// are the client's.</summary>
    /// <remarks>An implementation must not follow redirects, must not send a request a second time,
    /// and must remove the header Content-Encoding if it decompresses a body. It must not log the
    /// headers, because they contain the API key.</remarks>
    public interface IHostTransport {
        /// <summary>Starts to send a request and returns at once. The exchange is answered once,
        /// with Respond or Fail, on any thread, inside or after this function.</summary>
        /// <remarks>Runs inside Tick or Shutdown, on the thread that calls it. It must not call a
        /// function of the client that blocks. An exception is a failure with the code
        /// ConnectionLost that counts as sent.</remarks>
        void Send(Exchange exchange);
    }

    /// <summary>A request that a transport of the program sends, to be answered once.</summary>
    public sealed class Exchange {
        private readonly TransportBinding binding;
        private readonly IntPtr handle;
        private readonly CancellationTokenSource aborted = new CancellationTokenSource();

        /// <summary>The method: GET, POST, PUT or DELETE.</summary>
        public string Method { get; }
        /// <summary>The whole address, percent-encoded.</summary>
        public string Url { get; }
        /// <summary>The headers, with the API key, and without Host and Content-Length.</summary>
        public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }
        /// <summary>The body; null for none.</summary>
        public byte[] Body { get; }
        /// <summary>Is canceled if the call ends without an answer: by a cancellation, a time
        /// limit, or the end of the client. The request must then be aborted; an answer has no
        /// effect. The functions that are registered with the token run inside Tick, Shutdown or
        /// Dispose, or on the finalizer thread if the client is collected without
        /// Dispose.</summary>
        public CancellationToken Aborted => aborted.Token;

        internal Exchange(TransportBinding binding, IntPtr handle, string method, string url, string headers, byte[] body) {
            this.binding = binding;
            this.handle = handle;
            Method = method;
            Url = url;
            Headers = ParseHeaders(headers);
            Body = body;
        }

        /// <summary>Answers with a complete response. A response that is not valid, for example one
        /// with a status outside of 200 to 599, becomes a failure with the code BadResponse.
        /// Returns false if the exchange was answered before or its call has ended.</summary>
        /// <param name="status">The HTTP status.</param>
        /// <param name="headers">The headers of the response; null for none.</param>
        /// <param name="body">The body, which the library copies; null for none.</param>
        public bool Respond(int status, IEnumerable<KeyValuePair<string, string>> headers, byte[] body) {
            byte[] lines;
            try {
                lines = Native.ToCString(FormatHeaders(headers));
            } catch (ArgumentException error) {
                return Fail(Code.BadResponse, true, "The headers of the response are not valid. " + error.Message);
            }
            if (status < 200 || status > 599)
                return Fail(Code.BadResponse, true, "The status of the response is " + status + ", which is not between 200 and 599.");
            if (!binding.Remove(handle)) return false;
            Code code = Native.ipg_exchange_respond(handle, (uint)status, lines, body, (UIntPtr)(body?.Length ?? 0));
            if (code == Code.InvalidArgument) // the exchange is still open
                code = Native.ipg_exchange_fail(handle, Code.BadResponse, 1, Native.ToCString("The headers of the response are not valid."));
            return code == Code.Ok;
        }

        /// <summary>Answers that there is no response. Returns false if the exchange was answered
        /// before or its call has ended.</summary>
        /// <param name="kind">Resolve, Connect, Tls, Timeout, ConnectionLost or
        /// BadResponse.</param>
        /// <param name="sent">False only if it is certain that no byte of the request was sent: the
        /// outcome is then NotSent, and a start may be sent again.</param>
        /// <param name="message">The reason, for the message of the error; null for none.</param>
        /// <exception cref="ArgumentOutOfRangeException">The code is another one. The exchange is
        /// still open.</exception>
        public bool Fail(Code kind, bool sent, string message) {
            if (kind < Code.Resolve || kind > Code.BadResponse || kind == Code.Canceled)
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "An exchange fails with Resolve, Connect, Tls, Timeout, ConnectionLost or BadResponse.");
            if (!binding.Remove(handle)) return false;
            byte[] text = message == null ? null : Encoding.UTF8.GetBytes(message.Replace('\0', ' ') + '\0');
            return Native.ipg_exchange_fail(handle, kind, sent ? 1 : 0, text) == Code.Ok;
        }

        internal void Abort() => aborted.Cancel();

        // Splits lines of the form "name: value" that end with CR LF.
        private static List<KeyValuePair<string, string>> ParseHeaders(string lines) {
            var headers = new List<KeyValuePair<string, string>>();
            foreach (string line in lines.Split(new[] { "\r\n" }, StringSplitOptions.RemoveEmptyEntries)) {
                int colon = line.IndexOf(':');
                headers.Add(new KeyValuePair<string, string>(line.Substring(0, colon), line.Substring(colon + 1).Trim()));
            }
            return headers;
        }

        private static string FormatHeaders(IEnumerable<KeyValuePair<string, string>> headers) {
            if (headers == null) return null;
            var lines = new StringBuilder();
            foreach (KeyValuePair<string, string> header in headers)
                // A line break in a value would begin another header.
                lines.Append(header.Key).Append(": ").Append(header.Value?.Replace('\r', ' ').Replace('\n', ' ')).Append("\r\n");
            return lines.ToString();
        }
    }

    public sealed partial class Client {
        /// <summary>Creates a client whose HTTP requests the transport sends. The key io_thread is
        /// refused. The transport stays referenced until the client is disposed or collected, so a
        /// transport that refers to its client needs Dispose.</summary>
        /// <exception cref="IPlayGamesException">A key is unknown, missing or invalid; Field points
        /// at it.</exception>
        public Client(string configJson, IHostTransport transport)
            : this((out ClientHandle client, out IntPtr json) => TransportBinding.CreateClient(configJson, transport, out client, out json)) {
        }
    }

    // The part of a transport that C calls: its open exchanges, by the handles of C.
    internal sealed class TransportBinding {
        // Static fields keep the delegates alive for C.
        private static readonly Native.SendFunction SendFunction = OnSend;
        private static readonly Native.CancelFunction CancelFunction = OnCancel;
        private static readonly Native.Finalizer Finalizer = OnFinalize;

        private readonly IHostTransport transport;
        private readonly ConcurrentDictionary<IntPtr, Exchange> exchanges = new ConcurrentDictionary<IntPtr, Exchange>();

        private TransportBinding(IHostTransport transport) { this.transport = transport; }

        public static Code CreateClient(string config, IHostTransport transport, out ClientHandle client, out IntPtr json) {
            if (transport == null) throw new ArgumentNullException(nameof(transport));
            byte[] configText = Native.ToCString(config);
            var table = new Native.Transport {
                Size = (UIntPtr)Marshal.SizeOf(typeof(Native.Transport)),
                Finalizer = Marshal.GetFunctionPointerForDelegate(Finalizer),
                Send = Marshal.GetFunctionPointerForDelegate(SendFunction),
                Cancel = Marshal.GetFunctionPointerForDelegate(CancelFunction),
                UserData = GCHandle.ToIntPtr(GCHandle.Alloc(new TransportBinding(transport))),
            };
            Interlocked.Increment(ref Client.TransportsInUse);
            try {
                // Calls the finalizer if it fails.
                return Native.ipg_client_new_with_transport(configText, ref table, out client, out json);
            } catch (EntryPointNotFoundException) {
                OnFinalize(table.UserData);
                throw;
            }
        }

        // Returns false if the exchange was answered before, or C has canceled it.
        public bool Remove(IntPtr exchange) => exchanges.TryRemove(exchange, out _);

        private static TransportBinding FromUserData(IntPtr userData) => (TransportBinding)GCHandle.FromIntPtr(userData).Target;

        [AOT.MonoPInvokeCallback(typeof(Native.SendFunction))]
        private static void OnSend(IntPtr userData, IntPtr handle, IntPtr method, IntPtr url, IntPtr headers, IntPtr body, UIntPtr bodyLength) {
            try {
                TransportBinding binding = FromUserData(userData);
                byte[] copy = null;
                if (body != IntPtr.Zero) {
                    copy = new byte[(int)bodyLength];
                    Marshal.Copy(body, copy, 0, copy.Length);
                }
                var exchange = new Exchange(binding, handle, Native.ReadString(method), Native.ReadString(url), Native.ReadString(headers), copy);
                binding.exchanges[handle] = exchange;
                try {
                    binding.transport.Send(exchange);
                } catch (Exception error) {
                    // A part of the request may have been sent.
                    exchange.Fail(Code.ConnectionLost, true, "The transport threw " + error.GetType().Name + ". " + MessageOf(error));
                }
            } catch (Exception) {
                // Only OutOfMemoryException is possible. No exception may pass through C.
                Native.ipg_exchange_fail(handle, Code.ConnectionLost, 1, null);
            }
        }

        // Message is virtual, so the program's own type of exception may throw.
        private static string MessageOf(Exception error) {
            try { return error.Message; } catch (Exception) { return ""; }
        }

        [AOT.MonoPInvokeCallback(typeof(Native.CancelFunction))]
        private static void OnCancel(IntPtr userData, IntPtr handle) {
            try {
                if (FromUserData(userData).exchanges.TryRemove(handle, out Exchange exchange)) exchange.Abort();
            } catch (Exception) {
                // The program's functions threw. The call has ended already, and no exception may
                // pass through C.
            }
        }

        [AOT.MonoPInvokeCallback(typeof(Native.Finalizer))]
        private static void OnFinalize(IntPtr userData) {
            GCHandle.FromIntPtr(userData).Free();
            Interlocked.Decrement(ref Client.TransportsInUse);
        }
    }

    internal static partial class Native {
        [UnmanagedFunctionPointer(C)]
        public delegate void SendFunction(IntPtr userData, IntPtr exchange, IntPtr method, IntPtr url, IntPtr headers, IntPtr body, UIntPtr bodyLength);
        [UnmanagedFunctionPointer(C)]
        public delegate void CancelFunction(IntPtr userData, IntPtr exchange);
        [UnmanagedFunctionPointer(C)]
        public delegate void Finalizer(IntPtr userData);

        // ipg_transport of iplaygames.h.
        [StructLayout(LayoutKind.Sequential)]
        public struct Transport {
            public UIntPtr Size;
            public IntPtr UserData;
            public IntPtr Finalizer;
            public IntPtr Send;
            public IntPtr Cancel;
        }

        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_client_new_with_transport(byte[] config, ref Transport transport, out ClientHandle client, out IntPtr json);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_exchange_respond(IntPtr exchange, uint status, byte[] headers, byte[] body, UIntPtr bodyLength);
        [DllImport(Library, CallingConvention = C)]
        public static extern Code ipg_exchange_fail(IntPtr exchange, Code kind, int sent, byte[] message);
    }
}
