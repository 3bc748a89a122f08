// Substitutes for the few types of Unity that the package and its sample use. The tests of
// bindings/unity complete the web requests.
using System;
using System.Collections.Generic;

namespace UnityEngine {
    public class MonoBehaviour { }
    public enum NetworkReachability { NotReachable, ReachableViaLocalAreaNetwork }
    public static class Application {
        public static NetworkReachability internetReachability = NetworkReachability.ReachableViaLocalAreaNetwork;
        public static void OpenURL(string url) { }
    }
    public static class Debug {
        public static void Log(object text) { }
        public static void LogError(object text) { }
    }
    public static class JsonUtility { public static string ToJson(object value) { return "{}"; } }
}

namespace UnityEngine.Networking {
    public class DownloadHandlerBuffer { public byte[] data { get; set; } }
    public class UploadHandlerRaw {
        public byte[] data { get; }
        public UploadHandlerRaw(byte[] data) { this.data = data; }
    }
    public class UnityWebRequestAsyncOperation {
        public event Action<UnityWebRequestAsyncOperation> completed;
        public void Complete() { completed(this); }
    }
    public class UnityWebRequest : IDisposable {
        public enum Result { InProgress, Success, ConnectionError, ProtocolError, DataProcessingError }

        public static readonly List<UnityWebRequest> Sent = new List<UnityWebRequest>();
        public readonly Dictionary<string, string> RequestHeaders = new Dictionary<string, string>();
        public Dictionary<string, string> ResponseHeaders;
        public bool IsDisposed;
        private readonly UnityWebRequestAsyncOperation operation = new UnityWebRequestAsyncOperation();

        public string url { get; }
        public string method { get; }
        public int redirectLimit { get; set; } = 32;
        public int timeout { get; set; } = 60;
        public UploadHandlerRaw uploadHandler { get; set; }
        public DownloadHandlerBuffer downloadHandler { get; set; }
        public Result result { get; private set; }
        public long responseCode { get; private set; }
        public string error { get; private set; }

        public UnityWebRequest(string url, string method) { this.url = url; this.method = method; }
        public void SetRequestHeader(string name, string value) { RequestHeaders.Add(name, value); }
        public Dictionary<string, string> GetResponseHeaders() { return ResponseHeaders; }
        public UnityWebRequestAsyncOperation SendWebRequest() { Sent.Add(this); return operation; }
        public void Abort() { if (result == Result.InProgress) Complete(Result.ConnectionError, 0, "Request aborted"); }
        public void Dispose() { IsDisposed = true; }
        public void Complete(Result end, long status, string reason) {
            result = end;
            responseCode = status;
            error = reason;
            operation.Complete();
        }
    }
}
