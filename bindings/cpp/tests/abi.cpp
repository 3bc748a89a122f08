// Client::create() rejects a library of another ABI. The program defines ipg_abi_version() itself;
// the linker prefers it to the function of the library.
#ifdef _WIN32
// Without the attribute dllimport, so that this file may define a function of the library itself.
#  define IPG_STATIC
#endif
#include "fixture.hpp"

static std::uint32_t version = IPG_ABI_VERSION;

std::uint32_t ipg_abi_version(void) { return version; }

int main() {
    const auto config = Config().base_url("http://127.0.0.1:9");
    CHECK_OK(Client::create(config));
    for (const std::uint32_t other : {std::uint32_t(0), std::uint32_t(IPG_ABI_VERSION) + 0x10000}) {
        version = other;
        CHECK_ERROR(Client::create(config), IPG_ERR_UNSUPPORTED);
    }
    version = IPG_ABI_VERSION + 1; // from 1.0 on, a library with a higher minor number is compatible
    CHECK(Client::create(config).ok() == (IPG_ABI_VERSION >> 16 != 0));
    return check_end();
}
