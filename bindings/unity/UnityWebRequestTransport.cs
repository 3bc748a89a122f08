// A transport for Unity: UnityWebRequest sends the HTTP requests of a client, with the TLS, the
// root certificates and the proxies of the engine.
//
//     client = new Client(config, new UnityWebRequestTransport());      // in Awake
//
// Not tested: the tests of this project do not run Unity. They compile this file with substitutes
// for the engine's types. Test it on each platform before you ship it.
//
// UnityWebRequest does not report whether a request was sent. So each failure counts as sent, and
// the outcome of a failed start is Unknown, except without a network. It also does not say whether
// it sends a request again after the loss of a connection that was used before.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#if UNITY_2020_1_OR_NEWER
using System;
using System.Collections.Generic;
using System.Threading;
using UnityEngine;
using UnityEngine.Networking;

namespace IPlayGames {
    /// <summary>Sends the requests of clients with UnityWebRequest. Create it, tick its clients and
    /// dispose them on the main thread.</summary>
    public sealed class UnityWebRequestTransport : IHostTransport {
        // Aborts come on another thread if a client is collected without Dispose.
        private readonly SynchronizationContext mainContext = SynchronizationContext.Current;
        private readonly Thread mainThread = Thread.CurrentThread;

        /// <summary>Starts to send a request.</summary>
        public void Send(Exchange exchange) {
            if (Application.internetReachability == NetworkReachability.NotReachable && !new Uri(exchange.Url).IsLoopback) {
                exchange.Fail(Code.Connect, false, "The device has no network.");
                return;
            }
            var request = new UnityWebRequest(exchange.Url, exchange.Method);
            try {
                request.redirectLimit = 0;
                request.timeout = 0; // the time limits are those of the calls, which abort the exchange
                request.downloadHandler = new DownloadHandlerBuffer();
                if (exchange.Body != null) request.uploadHandler = new UploadHandlerRaw(exchange.Body);
                foreach (KeyValuePair<string, string> header in exchange.Headers)
                    request.SetRequestHeader(header.Key, header.Value);
                CancellationTokenRegistration abort = exchange.Aborted.Register(() => OnMainThread(() => Abort(request)));
                request.SendWebRequest().completed += operation => {
                    abort.Dispose();
                    try {
                        Answer(exchange, request);
                    } finally {
                        request.Dispose();
                    }
                };
            } catch {
                request.Dispose();
                throw; // the wrapper answers with a failure
            }
        }

        private static void Answer(Exchange exchange, UnityWebRequest request) {
            int status = (int)request.responseCode;
            bool isComplete = request.result == UnityWebRequest.Result.Success || request.result == UnityWebRequest.Result.ProtocolError;
            // A redirect that is not followed is a failure for UnityWebRequest.
            if (isComplete || (status >= 300 && status < 400)) exchange.Respond(status, HeadersOf(request), request.downloadHandler.data);
            else exchange.Fail(Code.ConnectionLost, true, request.error);
        }

        // UnityWebRequest decompresses a body and leaves the headers as they were.
        private static IEnumerable<KeyValuePair<string, string>> HeadersOf(UnityWebRequest request) {
            Dictionary<string, string> headers = request.GetResponseHeaders();
            if (headers == null) yield break;
            foreach (KeyValuePair<string, string> header in headers)
                if (!header.Key.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase)
                    && !header.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                    yield return header;
        }

        private static void Abort(UnityWebRequest request) {
            try {
                request.Abort(); // completes the request
            } catch (Exception) {
                // It has completed and is disposed.
            }
        }

        private void OnMainThread(Action action) {
            if (Thread.CurrentThread == mainThread || mainContext == null) action();
            else mainContext.Post(state => action(), null);
        }
    }
}
#endif
