// A program of two translation units. Each may be compiled with or without exceptions.
#include "fixture.hpp"

// Defined in two_units_other.cpp. The parameter types are the same with and without exceptions.
int open_session_in_other_unit(const char* config_json, ipg_code* empty_client_code);

int main() {
    const Fixture fixture;
    ipg_code empty_client_code = IPG_OK;
    CHECK(open_session_in_other_unit(fixture.sandbox.config().to_json()->c_str(), &empty_client_code) == 1);
    CHECK(empty_client_code == IPG_ERR_INVALID_HANDLE);
    CHECK_OK(fixture.client.session_start(valid_start()));
    CHECK(fixture.count("/sessions/closed") == 1 && fixture.count("/sessions/active") == 1);
#if IPLAYGAMES_EXCEPTIONS
    try {
        Client().call("list_games").value();
        FAIL("no exception was thrown");
    } catch (const Exception& exception) {
        CHECK(exception.error().code() == IPG_ERR_INVALID_HANDLE);
    }
#endif
    return check_end();
}
