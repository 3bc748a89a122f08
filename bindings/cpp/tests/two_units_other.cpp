// The second translation unit of two_units.cpp.
#include <iplaygames.hpp>

using namespace iplaygames;

int open_session_in_other_unit(const char* config_json, ipg_code* empty_client_code);

int open_session_in_other_unit(const char* config_json, ipg_code* empty_client_code) {
    *empty_client_code = Client().call("list_games").code();
    const auto client = Client::create(Config::from_json(config_json));
    if (!client) {
        return 0;
    }
    StartSession request(42);
    request.player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9");
    const auto session = client->session_open(request);
    return session && session->is_open() ? 1 : 0;
}
