// A library of another ABI is refused. This program has the function that tells it itself.
#include "scene.hpp"

static std::uint32_t version = IPG_ABI_VERSION;

std::uint32_t ipg_abi_version(void) { return version; }

int main() {
    const auto config = Config().base_url("http://127.0.0.1:9");
    CHECK_OK(Client::create(config));
    for (const std::uint32_t other : {std::uint32_t(0), std::uint32_t(IPG_ABI_VERSION) + 0x10000}) {
        version = other;
        CHECK_ERROR(Client::create(config), IPG_ERR_UNSUPPORTED);
    }
    version = IPG_ABI_VERSION + 1; // a higher minor number is good from 1.0 on
    CHECK(Client::create(config).ok() == (IPG_ABI_VERSION >> 16 != 0));
    return check_end();
}
