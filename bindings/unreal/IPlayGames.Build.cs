// libiplaygames as a ThirdParty module. Add "IPlayGames" to your module's dependencies and include "iplaygames.h", or
// "iplaygames.hpp", which needs neither exceptions nor run-time types.
using System.IO;
using UnrealBuildTool;

public class IPlayGames : ModuleRules
{
	public IPlayGames(ReadOnlyTargetRules Target) : base(Target)
	{
		Type = ModuleType.External;
		PublicSystemIncludePaths.Add(Path.Combine(ModuleDirectory, "include"));

		// Shared and not static: Unreal links with a C++ runtime of its own, and the static one wants the system's.
		string Folder = Path.Combine(ModuleDirectory, "lib", Target.Platform.ToString());
		string[] Found = Directory.Exists(Folder) ? Directory.GetFiles(Folder, "libiplaygames.so.*") : new string[0];
		if (Found.Length != 1)
		{
			throw new BuildException("IPlayGames: there must be one libiplaygames.so.* in " + Folder
				+ ", built for this platform");
		}
		PublicAdditionalLibraries.Add(Found[0]);
		RuntimeDependencies.Add("$(BinaryOutputDir)/" + Path.GetFileName(Found[0]), Found[0]);
	}
}
