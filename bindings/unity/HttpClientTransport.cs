// An example of a transport of the program: HttpClient of .NET sends the HTTP requests of a client.
// `make mono` tests it under Mono. It is not part of the Unity package.
//
// Each request opens a connection of its own. HttpClient sends a request again by itself if the
// server closes a connection that was used before, and a start could then begin two sessions.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading;
using System.Threading.Tasks;
using IPlayGames;

/// <summary>Sends the requests of clients with HttpClient. One transport may serve several
/// clients.</summary>
public sealed class HttpClientTransport : IHostTransport, IDisposable {
    private readonly HttpClient client;

    /// <summary>Creates a transport. Dispose it after its clients.</summary>
    /// <param name="useProxy">Whether to use the system's proxy.</param>
    public HttpClientTransport(bool useProxy = true) {
        var handler = new HttpClientHandler {
            AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, UseCookies = false, UseProxy = useProxy
        };
        // The time limits are those of the calls, which abort the exchange.
        client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Starts to send a request on a thread of the thread pool.</summary>
    public void Send(Exchange exchange) => Task.Run(() => SendAsync(exchange));

    /// <summary>Closes the connections.</summary>
    public void Dispose() => client.Dispose();

    private async Task SendAsync(Exchange exchange) {
        HttpRequestMessage request;
        try {
            request = CreateRequest(exchange);
        } catch (Exception error) {
            exchange.Fail(Code.Connect, false, error.Message);
            return;
        }
        try {
            using (request)
            using (HttpResponseMessage response = await client.SendAsync(request, exchange.Aborted).ConfigureAwait(false)) {
                byte[] body = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
                exchange.Respond((int)response.StatusCode, HeadersOf(response), body);
            }
        } catch (Exception error) {
            // Has no effect after an abort.
            Code kind = FailureBeforeSending(error);
            bool sent = kind == Code.Ok;
            exchange.Fail(sent ? Code.ConnectionLost : kind, sent, error.GetBaseException().Message);
        }
    }

    private static HttpRequestMessage CreateRequest(Exchange exchange) {
        var request = new HttpRequestMessage(new HttpMethod(exchange.Method), exchange.Url);
        if (exchange.Body != null) request.Content = new ByteArrayContent(exchange.Body);
        foreach (KeyValuePair<string, string> header in exchange.Headers)
            if (!request.Headers.TryAddWithoutValidation(header.Key, header.Value)) // a header of the body
                request.Content?.Headers.TryAddWithoutValidation(header.Key, header.Value);
        request.Headers.ConnectionClose = true;
        request.Headers.ExpectContinue = false;
        return request;
    }

    private static IEnumerable<KeyValuePair<string, string>> HeadersOf(HttpResponseMessage response) {
        foreach (var headers in new IEnumerable<KeyValuePair<string, IEnumerable<string>>>[] { response.Headers, response.Content.Headers })
            foreach (KeyValuePair<string, IEnumerable<string>> header in headers)
                yield return new KeyValuePair<string, string>(header.Key, string.Join(", ", header.Value));
    }

    // Returns the code of a failure before the first byte of the request, which is certain because
    // the connection is new: Resolve, Connect or Tls. Returns Ok for every other failure.
    private static Code FailureBeforeSending(Exception error) {
        if (!(error is HttpRequestException)) return Code.Ok;
        // .NET and Mono have the exception of the socket or of TLS. If a connection breaks after it
        // was opened, an IOException is between them.
        if (error.InnerException is SocketException socket)
            return socket.SocketErrorCode == SocketError.HostNotFound ? Code.Resolve : Code.Connect;
        if (error.InnerException is AuthenticationException) return Code.Tls;
        // .NET Framework has a WebException. The tests do not run there.
        if (!(error.InnerException is WebException web)) return Code.Ok;
        switch (web.Status) {
            case WebExceptionStatus.NameResolutionFailure: return Code.Resolve;
            case WebExceptionStatus.ProxyNameResolutionFailure:
            case WebExceptionStatus.ConnectFailure: return Code.Connect;
            case WebExceptionStatus.TrustFailure: return Code.Tls;
            default: return Code.Ok;
        }
    }
}
