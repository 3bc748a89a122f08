// The plugin's module. It checks at its start that the library fits the header.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#include "CoreMinimal.h"
#include "Modules/ModuleManager.h"

THIRD_PARTY_INCLUDES_START
#include "iplaygames.h"
THIRD_PARTY_INCLUDES_END

DEFINE_LOG_CATEGORY_STATIC(LogIPlayGamesModule, Log, All);

class FIPlayGamesModule : public IModuleInterface {
public:
    virtual void StartupModule() override {
        if (ipg_abi_version() >> 16 != IPG_ABI_VERSION >> 16) {
            UE_LOG(
                LogIPlayGamesModule, Error,
                TEXT("The library libiplaygames is version %s, but the plugin was built with %s. Ship the library of "
                     "the plugin."),
                UTF8_TO_TCHAR(ipg_version()), TEXT(IPG_VERSION_STRING));
        }
    }
};

IMPLEMENT_MODULE(FIPlayGamesModule, IPlayGames)
