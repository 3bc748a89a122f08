// The rules of the module of libiplaygames itself, which the module IPlayGames depends on. A module
// that depends on it may include "iplaygames.h", or "iplaygames.hpp", which needs neither
// exceptions nor RTTI.
using System.IO;
using UnrealBuildTool;

public class IPlayGamesLibrary : ModuleRules
{
	public IPlayGamesLibrary(ReadOnlyTargetRules Target) : base(Target)
	{
		Type = ModuleType.External;
		PublicSystemIncludePaths.Add(Path.Combine(ModuleDirectory, "include"));

		// The module uses the shared library: the static library needs the system's C++ runtime,
		// and Unreal links its own.
		string Platform = Target.Platform.ToString();
		string Folder = Path.Combine(ModuleDirectory, "lib", Platform);
		// Windows finds the DLL by its name, beside the game. The linker reads iplaygames.lib.
		string Pattern = Platform == "Win64" ? "iplaygames.dll" : "libiplaygames.so.*";
		string[] Found = Directory.Exists(Folder) ? Directory.GetFiles(Folder, Pattern) : new string[0];
		if (Found.Length != 1)
		{
			throw new BuildException("IPlayGamesLibrary: " + Folder + " contains " + Found.Length
				+ " files " + Pattern + ". Put one library there, built for this platform.");
		}
		PublicAdditionalLibraries.Add(Platform == "Win64" ? Path.ChangeExtension(Found[0], ".lib") : Found[0]);
		RuntimeDependencies.Add("$(BinaryOutputDir)/" + Path.GetFileName(Found[0]), Found[0]);
	}
}
