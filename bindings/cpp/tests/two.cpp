// One program of two translation units, which may differ in whether exceptions are on.
#include "scene.hpp"

// In two_other.cpp, through types that are the same for both.
int session_of_the_other(const char* config_json, ipg_code* empty_answers);

int main() {
    const Scene scene;
    ipg_code empty_answers = IPG_OK;
    CHECK(session_of_the_other(scene.sandbox.config().to_json()->c_str(), &empty_answers) == 1);
    CHECK(empty_answers == IPG_ERR_INVALID_HANDLE);
    CHECK_OK(scene.client.session_start(good()));
    CHECK(scene.count("/sessions/closed") == 1 && scene.count("/sessions/active") == 1);
#if IPLAYGAMES_EXCEPTIONS
    try {
        Client().call("list_games").value();
        NEVER("nothing was thrown");
    } catch (const Exception& exception) {
        CHECK(exception.error().code() == IPG_ERR_INVALID_HANDLE);
    }
#endif
    return check_end();
}
