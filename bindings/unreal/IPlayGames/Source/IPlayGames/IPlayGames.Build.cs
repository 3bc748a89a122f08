// The rules of the plugin's module, which contains the subsystem. Add "IPlayGames" to the
// dependencies of your module, and include "IPlayGamesSubsystem.h".
using UnrealBuildTool;

public class IPlayGames : ModuleRules
{
	public IPlayGames(ReadOnlyTargetRules Target) : base(Target)
	{
		PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
		PublicDependencyModuleNames.AddRange(new string[] { "Core", "CoreUObject", "Engine" });
		PrivateDependencyModuleNames.Add("IPlayGamesLibrary");
	}
}
