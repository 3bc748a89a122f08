// Substitutes for the engine's base class of modules, and for its registration.
#pragma once

class IModuleInterface {
public:
    virtual ~IModuleInterface() = default;
    virtual void StartupModule() {}
};

#define IMPLEMENT_MODULE(type, name)                                                                                   \
    IModuleInterface& ModuleOfThePlugin() {                                                                            \
        static type module;                                                                                            \
        return module;                                                                                                 \
    }
