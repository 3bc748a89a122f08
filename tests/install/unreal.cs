// Substitutes for the few types of Unreal's build tool that the rules of the plugin's modules use,
// and a program that runs the rules. It prints the paths that the library's rules name.
using System;
using System.Collections.Generic;

namespace UnrealBuildTool {
    public class BuildException : Exception { public BuildException(string words) : base(words) {} }
    public class ReadOnlyTargetRules { public string Platform; }
    public class ModuleRules {
        public enum ModuleType { CPlusPlus, External }
        public class Dependencies { public List<string> Sources = new List<string>(); public void Add(string target, string source) { Sources.Add(source); } }
        public enum PCHUsageMode { UseExplicitOrSharedPCHs }
        public ModuleType Type;
        public PCHUsageMode PCHUsage;
        public List<string> PublicDependencyModuleNames = new List<string>(), PrivateDependencyModuleNames = new List<string>();
        public static string ModuleDirectory;
        public List<string> PublicSystemIncludePaths = new List<string>(), PublicAdditionalLibraries = new List<string>();
        public Dependencies RuntimeDependencies = new Dependencies();
        public ModuleRules(ReadOnlyTargetRules target) {}
    }

    public static class Program {
        public static int Main(string[] arguments) {
            ModuleRules.ModuleDirectory = arguments[0];
            try {
                var target = new ReadOnlyTargetRules { Platform = arguments[1] };
                var plugin = new IPlayGames(target);
                if (plugin.PublicDependencyModuleNames.Count != 3 || plugin.PrivateDependencyModuleNames[0] != "IPlayGamesLibrary") return 3;
                var module = new IPlayGamesLibrary(target);
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
