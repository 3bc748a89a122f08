// The rules of the ThirdParty module of libiplaygames. Add "IPlayGames" to the dependencies of your
// module, and include "iplaygames.h", or "iplaygames.hpp", which needs neither exceptions nor RTTI.
using System.IO;
using UnrealBuildTool;

public class IPlayGames : ModuleRules
{
	public IPlayGames(ReadOnlyTargetRules Target) : base(Target)
	{
		Type = ModuleType.External;
		PublicSystemIncludePaths.Add(Path.Combine(ModuleDirectory, "include"));

		// The module uses the shared library: the static library needs the system's C++ runtime,
		// and Unreal links its own.
		string Folder = Path.Combine(ModuleDirectory, "lib", Target.Platform.ToString());
		string[] Found = Directory.Exists(Folder) ? Directory.GetFiles(Folder, "libiplaygames.so.*") : new string[0];
		if (Found.Length != 1)
		{
			throw new BuildException("IPlayGames: " + Folder + " contains " + Found.Length
				+ " files libiplaygames.so.*. Put one library there, built for this platform.");
		}
		PublicAdditionalLibraries.Add(Found[0]);
		RuntimeDependencies.Add("$(BinaryOutputDir)/" + Path.GetFileName(Found[0]), Found[0]);
	}
}
