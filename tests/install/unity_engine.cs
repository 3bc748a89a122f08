// Substitutes for the few types of Unity that the sample of the package uses.
namespace UnityEngine {
    public class MonoBehaviour { }
    public static class Application { public static void OpenURL(string url) { } }
    public static class Debug {
        public static void Log(object text) { }
        public static void LogError(object text) { }
    }
    public static class JsonUtility { public static string ToJson(object value) { return "{}"; } }
}
