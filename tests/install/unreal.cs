// Stand-ins for the few types of Unreal's build tool that the module's rules use, and a program
// that runs the rules and prints the paths they name.
using System;
using System.Collections.Generic;

namespace UnrealBuildTool {
    public class BuildException : Exception { public BuildException(string words) : base(words) {} }
    public class ReadOnlyTargetRules { public string Platform; }
    public class ModuleRules {
        public enum ModuleType { CPlusPlus, External }
        public class Dependencies { public List<string> Sources = new List<string>(); public void Add(string target, string source) { Sources.Add(source); } }
        public ModuleType Type;
        public static string ModuleDirectory;
        public List<string> PublicSystemIncludePaths = new List<string>(), PublicAdditionalLibraries = new List<string>();
        public Dependencies RuntimeDependencies = new Dependencies();
        public ModuleRules(ReadOnlyTargetRules target) {}
    }

    public static class Program {
        public static int Main(string[] arguments) {
            ModuleRules.ModuleDirectory = arguments[0];
            try {
                var module = new IPlayGames(new ReadOnlyTargetRules { Platform = arguments[1] });
                if (module.Type != ModuleRules.ModuleType.External) return 2;
                foreach (var list in new[] { module.PublicSystemIncludePaths, module.PublicAdditionalLibraries, module.RuntimeDependencies.Sources })
                    foreach (string path in list) Console.WriteLine(path);
                return 0;
            } catch (BuildException error) {
                Console.WriteLine(error.Message);
                return 1;
            }
        }
    }
}
