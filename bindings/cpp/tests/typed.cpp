// Documents, results, errors, configuration, and the typed fields of requests and replies.
#include "fixture.hpp"

static bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

static void a_document_returns_the_value_at_a_pointer() {
    const Document document(R"({"a": {"b/c": [1.50, "x\ty", true, null, {}]}, "z": "a\u0000b"})");
    CHECK(document.get("/a/b~1c/0")->text == "1.50" && document.get("/a/b~1c/0")->type == Type::number);
    CHECK(document.get("/a/b~1c/1")->text == "x\ty" && document.get("/a/b~1c/1")->type == Type::string);
    CHECK(document.get("/a/b~1c/2")->text == "true" && document.get("/a/b~1c/2")->type == Type::boolean);
    CHECK(document.get("/a/b~1c/3")->text == "null" && document.get("/a/b~1c/3")->type == Type::null);
    CHECK(document.get("/a/b~1c/4")->text == "{}" && document.get("/a/b~1c/4")->type == Type::object);
    CHECK(document.get("/a/b~1c")->type == Type::array);
    CHECK(document.get("/z")->text == std::string("a\0b", 3));
    CHECK_ERROR(document.get("/nothing"), IPG_ERR_NO_SUCH_FIELD);
    CHECK_ERROR(document.get("a"), IPG_ERR_INVALID_ARGUMENT);
    CHECK_ERROR(document.get(std::string_view("/a\0", 3)), IPG_ERR_INVALID_ARGUMENT);
    CHECK_ERROR(Document(std::string("{}\0", 3)).get(""), IPG_ERR_INVALID_ARGUMENT);
    CHECK_ERROR(Document().get(""), IPG_ERR_INVALID_ARGUMENT);
    CHECK(!document.text("/a") && !document.text("/a/b~1c/3") && document.text("/a/b~1c/0") == "1.50");
    const Document numbers(R"({"big": 9223372036854775807, "bigger": 9223372036854775808, "half": 0.5, "text": "-7"})");
    CHECK(numbers.integer("/big") == INT64_MAX && !numbers.integer("/bigger") && !numbers.integer("/half"));
    CHECK(numbers.integer("/text") == -7 && !numbers.integer("/none"));
}

static void a_result_is_a_value_or_an_error() {
    Result<std::string> good(std::string("text"));
    CHECK(good && good.ok() && *good == "text" && good->size() == 4 && good.code() == IPG_OK);
    CHECK(good.error().code() == IPG_OK && good.error().message().empty());
    const std::string taken = std::move(good).value();
    CHECK(taken == "text");
    const Result<std::string> bad(Error(IPG_ERR_BUSY, R"({"error": {"message": "No room."}})"));
    CHECK(!bad && bad.code() == IPG_ERR_BUSY && bad.error().message() == "No room.");
    CHECK(Result<void>().ok() && Result<void>().error().code() == IPG_OK);
    Result<std::unique_ptr<int>> owned(std::make_unique<int>(7));
    const std::unique_ptr<int> mine = std::move(owned).value();
    CHECK(*mine == 7);
}

static void every_typed_field_is_sent_and_read_unchanged() {
    Fixture fixture([](Config&) {});
    fixture.sandbox = Sandbox::start(R"({"can_override_provider": true, "api_key": "key-of-the-test"})").value();
    CHECK(fixture.sandbox.api_key() == "key-of-the-test");
    fixture.client = Client::create(fixture.sandbox.config()).value();
    auto started = fixture.client.session_start(valid_start()
                                                    .return_url("https://casino.example/\"lobby\"")
                                                    .locale("de")
                                                    .provider("nuxgaming")
                                                    .device("mobile")
                                                    .freespin_id("bonus-1")
                                                    .freespin_count(10)
                                                    .freespin_bet_amount("0.50")
                                                    .expire_days(7)
                                                    .field("extra", R"({"not_known_yet": ["ü", 1.10]})"));
    CHECK_OK(started);
    CHECK(started->session_id == started->text("/data/session_id") && !started->session_id.empty());
    CHECK(started->game_url == started->text("/data/game_url") && !started->game_url.empty());
    CHECK(started->session_token && started->session_token == started->text("/data/session_token"));
    CHECK(started->expires_at && started->expires_at == started->text("/data/expires_at"));
    CHECK(started->get("/success")->text == "true");

    // The server received the values that the program set, digit for digit.
    const Document requests = fixture.sandbox.control(R"({"command": "requests"})").value();
    const auto body = requests.text("/requests/0/body");
    const Document sent(body.value_or(""));
    const char* const expected[][2] = {
        {"/game_id", "42"},
        {"/player_id", "player-7"},
        {"/currency", "EUR"},
        {"/country_code", "DE"},
        {"/ip_address", "203.0.113.9"},
        {"/return_url", "https://casino.example/\"lobby\""},
        {"/locale", "de"},
        {"/provider", "nuxgaming"},
        {"/device", "mobile"},
        {"/freespin_id", "bonus-1"},
        {"/freespin_count", "10"},
        {"/freespin_bet_amount", "0.50"},
        {"/expire_days", "7"},
        {"/not_known_yet/0", "ü"},
        {"/not_known_yet/1", "1.10"},
    };
    for (const auto& row : expected) {
        CHECK_VALUE(sent.json().c_str(), row[0], row[1]);
    }
    CHECK(sent.get("/freespin_bet_amount")->type == Type::number);

    auto status = fixture.client.session_status(started->session_id);
    CHECK_OK(status);
    CHECK(status->status == "active" && status->is_active() && status->session_id == started->session_id);
    CHECK(status->player_id == "player-7" && status->game_id == 42);
    CHECK(status->game_title && status->game_title == status->text("/data/game/title"));
    CHECK(status->started_at && status->started_at == status->text("/data/started_at"));
    CHECK(status->last_activity && status->last_activity == status->text("/data/last_activity"));

    auto ended = fixture.client.session_end(started->session_id);
    CHECK_OK(ended);
    CHECK(ended->message && !ended->already_ended && ended->get("/success")->text == "true");
    CHECK(fixture.client.session_status(started->session_id)->status == "closed");

    // The response to the first attempt is lost; the second attempt finds the session already
    // ended.
    started = fixture.client.session_start(valid_start());
    fixture.control(R"({"command": "fault", "operation": "end_a_game_session", "drop": "after"})");
    ended = fixture.client.session_end(started->session_id);
    CHECK_OK(ended);
    CHECK(ended->already_ended);
}

static void a_response_field_of_another_type_does_not_fail_the_call() {
    Fixture fixture;
    fixture.control(R"({"command": "fault", "operation": "get_session_status", "process": false,
                      "body": "{\"success\": true, \"data\": {\"status\": 7, \"game\": [], \"player_id\": null}}"})");
    const auto status = fixture.client.session_status("x");
    CHECK_OK(status);
    CHECK(status->status == "7" && !status->game_id && !status->player_id && !status->is_active());
    CHECK(status->get("/data/game")->text == "[]");
}

static void an_amount_keeps_its_digits() {
    for (const char* digits : {"0.50", "0", "1.10", "12345678901234567890.123456789", "1e-2"}) {
        CHECK(contains(*valid_start().freespin_bet_amount(digits).to_json(),
                       std::string("\"freespin_bet_amount\":") + digits + "}"));
    }
    CHECK(contains(*valid_start().freespin_bet_amount(0).to_json(), "\"freespin_bet_amount\":0}"));
    Fixture fixture;
    for (const char* word : {"", "half", "1,5", "true", "null", "{}", "\"1\"", "0.5, \"game_id\": 1"}) {
        const auto result = fixture.client.session_start(valid_start().freespin_bet_amount(word));
        CHECK_ERROR(result, IPG_ERR_INVALID_ARGUMENT);
        CHECK(result.error().field() == "/freespin_bet_amount");
    }
    CHECK(fixture.count("/requests/total") == 0);
}

template <class Amount, class = void> struct accepts_amount : std::false_type {};
template <class Amount>
struct accepts_amount<Amount,
                      std::void_t<decltype(std::declval<StartSession&>().freespin_bet_amount(std::declval<Amount>()))>>
    : std::true_type {};
static_assert(accepts_amount<const char*>::value && accepts_amount<std::string>::value && accepts_amount<int>::value &&
              accepts_amount<long>::value);
static_assert(!accepts_amount<double>::value && !accepts_amount<float>::value,
              "a binary fraction is not an amount of money");

static_assert(!std::is_copy_constructible_v<Client> && std::is_nothrow_move_constructible_v<Client>);
static_assert(!std::is_copy_constructible_v<Request<>> && std::is_nothrow_move_assignable_v<Request<>>);
static_assert(!std::is_copy_constructible_v<Watch> && !std::is_copy_assignable_v<Sandbox>);
static_assert(!std::is_copy_constructible_v<Session> && std::is_nothrow_move_constructible_v<Session>);

static void a_later_value_replaces_an_earlier_one_and_json_can_be_extended() {
    CHECK(*valid_start().currency("USD").to_json() ==
          R"({"game_id":42,"player_id":"player-7","currency":"USD","country_code":"DE","ip_address":"203.0.113.9"})");
    CHECK(*CallOptions().to_json() == "{}");
    CHECK(*CallOptions::from_json("").to_json() == "{}");
    CHECK(*CallOptions::from_json(" { } ").timeout_ms(5).to_json() == R"({"timeout_ms":5})");
    CHECK(*CallOptions::from_json(R"({"max_retries": 0 })").timeout_ms(5).call_id("a\"b").to_json() ==
          R"({"max_retries": 0,"timeout_ms":5,"call_id":"a\"b"})");
    CHECK_ERROR(CallOptions::from_json("[1]").to_json(), IPG_ERR_INVALID_ARGUMENT);
    CHECK_ERROR(CallOptions::from_json("{").to_json(), IPG_ERR_INVALID_ARGUMENT);
    CHECK_ERROR(CallOptions::from_json(std::string_view("{}\0", 3)).to_json(), IPG_ERR_INVALID_ARGUMENT);
    const auto start = StartSession::from_json(R"({"game_id": 1})").player_id("p").to_json();
    CHECK(*start == R"({"game_id": 1,"player_id":"p"})");
}

static void the_library_knows_every_key_of_the_configuration() {
    const auto config = Config()
                            .api_key("k")
                            .base_url("http://127.0.0.1:9")
                            .allow_insecure_http(false)
                            .header("X-A", "1")
                            .header("X-B", "say \"hi\"")
                            .header("X-A", "2")
                            .timeout_ms(1000)
                            .attempt_timeout_ms(900)
                            .connect_timeout_ms(800)
                            .max_retries(3)
                            .max_connections(4)
                            .max_in_flight(5)
                            .io_thread(false)
                            .max_response_bytes(100000)
                            .transport("native")
                            .proxy("none")
                            .ca_only(false)
                            .user_agent("game/1");
    CHECK_VALUE(config.to_json()->c_str(), "/headers/X-A", "2");
    CHECK_VALUE(config.to_json()->c_str(), "/headers/X-B", "say \"hi\"");
    CHECK_OK(Client::create(config));
    CHECK_ERROR(Client::create(Config(config).ca_file("/nowhere.pem")), IPG_ERR_INVALID_ARGUMENT);
    CHECK_ERROR(Client::create(Config(config).ca_pem("no certificate")), IPG_ERR_INVALID_ARGUMENT);
    for (const auto& wrong : {Config(config).client_cert_file("/nowhere.pem"), Config(config).client_cert_pem("none"),
                              Config(config).client_key_file("/nowhere.pem"), Config(config).client_key_pem("none")}) {
        const auto refused = Client::create(wrong);
        CHECK_ERROR(refused, IPG_ERR_INVALID_ARGUMENT);
        CHECK(refused.error().field().value_or("").find("/client_") == 0);
    }
    const auto unknown_key = Client::create(Config(config).field("time_out", "1"));
    CHECK_ERROR(unknown_key, IPG_ERR_INVALID_ARGUMENT);
    CHECK(unknown_key.error().field() == "/time_out");
    const auto twice = Client::create(Config::from_json(R"({"timeout_ms": 1})").timeout_ms(2));
    CHECK_ERROR(twice, IPG_ERR_INVALID_ARGUMENT);
}

static void text_with_a_nul_or_invalid_utf8_is_an_error_that_names_the_parameter() {
    Fixture fixture;
    const std::string_view nul("a\0b", 3), bytes("a\xff");
    struct Row {
        Error error;
        const char* name;
        const char* field; // "" if the error names no field
    };
    const Row rows[] = {
        {fixture.client.session_start(valid_start().player_id(nul)).error(), "player_id", "/player_id"},
        {fixture.client.session_start(valid_start().player_id(bytes)).error(), "player_id", "/player_id"},
        {fixture.client.session_start(valid_start().field("more", nul)).error(), "more", "/more"},
        {fixture.client.session_status(nul).error(), "session_id", "/session_id"},
        {fixture.client.session_status(bytes).error(), "session_id", "/session_id"},
        {fixture.client.session_end(nul).error(), "session_id", "/session_id"},
        {fixture.client.session_watch(nul, 100).error(), "session_id", "/session_id"},
        {fixture.client.submit_session_status(nul).error(), "session_id", "/session_id"},
        {fixture.client.call(nul).error(), "operation", ""},
        {fixture.client.call("list_games", nul).error(), "arguments_json", ""},
        {fixture.client.call("list_games", bytes).error(), "arguments_json", ""},
        {fixture.client.submit("list_games", nul).error(), "arguments_json", ""},
        {fixture.client.submit_detached(nul, {}, {}, [](Result<Reply>) {}).error(), "operation", ""},
        {fixture.client.call("list_games", {}, CallOptions().call_id(nul)).error(), "call_id", "/call_id"},
        {Client::create(Config().api_key(nul)).error(), "api_key", "/api_key"},
        {Client::create(Config().header("X-Secret", nul)).error(), "X-Secret", "/headers"},
        {Sandbox::start(nul).error(), "config_json", ""},
        {fixture.sandbox.control(nul).error(), "command_json", ""},
    };
    for (const Row& row : rows) {
        CHECK(row.error.code() == IPG_ERR_INVALID_ARGUMENT && row.error.outcome() == Outcome::not_sent);
        check_count(contains(row.error.message(), "`" + std::string(row.name) + "`"), __FILE__, __LINE__, row.name,
                    row.error.json().c_str());
        check_count(row.error.field().value_or("") == row.field, __FILE__, __LINE__, row.field,
                    row.error.json().c_str());
        CHECK(!row.error.retryable() && row.error.attempts() == 0 && !row.error.http_status());
    }
    CHECK(contains(fixture.client.call(nul).error().message(), "byte 1"));
    CHECK(fixture.count("/requests/total") == 0);
    // A view need not end with a NUL: the wrapper does not read past its end.
    CHECK_OK(fixture.client.call(std::string_view("list_games_and_more", 10), std::string_view("{}}", 2)));
}

static void an_error_has_every_field_of_the_document() {
    Fixture fixture([](Config& config) { config.max_retries(0).timeout_ms(20000); });
    fixture.control(R"({"command": "fault", "operation": "get_session_status", "status": 429, "envelope": true,
                      "message": "Slow \"down\"", "retry_after": 90, "delay_ms": 30})");
    auto result = fixture.client.session_status("some-id", CallOptions().call_id("call-7"));
    CHECK_ERROR(result, IPG_ERR_RATE_LIMITED);
    const Error limited = result.error();
    CHECK(std::string(limited.name()) == "IPG_ERR_RATE_LIMITED" && limited.message() == "Slow \"down\"");
    CHECK(limited.operation() == "get_session_status" && limited.outcome() == Outcome::rejected && limited.retryable());
    CHECK(limited.attempts() == 1 && limited.elapsed_ms() >= 25 && limited.http_status() == 429);
    CHECK(limited.request_id() && limited.call_id() == "call-7" && limited.retry_after_ms() == 90000);
    CHECK(!limited.field() && !limited.body_text());
    CHECK_VALUE(limited.body()->c_str(), "/message", "Slow \"down\"");
    CHECK(limited.json().front() == '{' && limited.get("/success")->text == "false");
    CHECK(contains(limited.describe(), "Slow \"down\"") && contains(limited.describe(), "HTTP 429"));
    CHECK(contains(limited.describe(), "IPG_ERR_RATE_LIMITED") && contains(limited.describe(), "rejected"));

    fixture.control(R"({"command": "fault", "operation": "*", "status": 500, "message": "no JSON"})");
    result = fixture.client.session_status("some-id");
    CHECK_ERROR(result, IPG_ERR_SERVER);
    CHECK(result.error().outcome() == Outcome::unknown && result.error().http_status() == 500);
    CHECK(!result.error().body() && contains(result.error().body_text().value_or(""), "no JSON"));
    CHECK(!result.error().retry_after_ms());

    const auto refused = fixture.client.session_start(valid_start().currency("€"));
    CHECK_ERROR(refused, IPG_ERR_INVALID_ARGUMENT);
    CHECK(refused.error().field() == "/currency" && refused.error().outcome() == Outcome::not_sent);
    CHECK(contains(refused.error().describe(), "(/currency)") && !refused.error().retryable());
    CHECK_ERROR(fixture.client.session_status("nobody"), IPG_ERR_NOT_FOUND);
    CHECK_ERROR(fixture.client.call("no_such_operation"), IPG_ERR_UNKNOWN_OPERATION);

    const Error unknown(IPG_ERR_API, R"({"error": {"outcome": "a new word", "body": "text", "message": "m"}})");
    CHECK(unknown.outcome() == Outcome::unknown && unknown.body() == "\"text\"" &&
          unknown.describe() == "m [IPG_ERR_API]");
}

static void a_network_fault_returns_its_own_code() {
    Fixture fixture([](Config& config) { config.max_retries(0).timeout_ms(20000); });
    fixture.control(R"({"command": "fault", "operation": "start_a_game_session", "drop": "after"})");
    const auto lost = fixture.client.session_start(valid_start());
    CHECK_ERROR(lost, IPG_ERR_CONNECTION_LOST);
    CHECK(lost.error().outcome() == Outcome::unknown && fixture.count("/sessions/active") == 1);
    fixture.control(R"({"command": "fault", "operation": "list_games", "body": "{\"data\": ["})");
    CHECK_ERROR(fixture.client.call("list_games"), IPG_ERR_BAD_RESPONSE);
    fixture.control(Fixture::slow_fault);
    const auto late = fixture.client.call("list_games", {}, CallOptions().timeout_ms(30));
    CHECK_ERROR(late, IPG_ERR_TIMEOUT);
    CHECK(late.error().retryable());
    fixture.sandbox.stop();
    const auto gone = fixture.client.call("list_games");
    CHECK(!gone && gone.error().retryable());
}

static void no_error_contains_the_api_key() {
    const std::string secret = "a-very-secret-key";
    const auto sandbox = Sandbox::start(R"({"api_key": "another"})").value();
    const auto client =
        Client::create(sandbox.config().api_key(secret).header("X-OwnershipProbe", "secret-header")).value();
    const auto refused = client.session_start(valid_start());
    CHECK_ERROR(refused, IPG_ERR_UNAUTHORIZED);
    CHECK(!contains(refused.error().json(), secret) && !contains(refused.error().describe(), secret));
    const auto malformed = Client::create(Config().api_key(std::string(secret) + "\n"));
    CHECK_ERROR(malformed, IPG_ERR_INVALID_ARGUMENT);
    CHECK(!contains(malformed.error().json(), secret));
    const auto with_nul = Client::create(Config().api_key(std::string(secret) + '\0'));
    CHECK(!contains(with_nul.error().json(), secret) && !contains(with_nul.error().describe(), secret));
    CHECK(!contains(client.stats()->json(), secret));
#if IPLAYGAMES_EXCEPTIONS
    try {
        client.session_start(valid_start()).value();
        FAIL("no exception was thrown");
    } catch (const Exception& exception) {
        CHECK(!contains(exception.what(), secret) && exception.error().code() == IPG_ERR_UNAUTHORIZED);
    }
#endif
}

static void an_empty_or_moved_from_object_returns_invalid_handle() {
    Fixture fixture;
    Client moved = std::move(fixture.client);
    CHECK_OK(moved.call("list_games"));
    Client& self = moved;
    moved = std::move(self);
    CHECK_OK(moved.call("list_games"));
    Client& empty = fixture.client;
    CHECK_ERROR(empty.call("list_games"), IPG_ERR_INVALID_HANDLE);
    CHECK(empty.call("list_games").error().outcome() == Outcome::not_sent);
    CHECK_ERROR(empty.session_start(valid_start()), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.session_status("x"), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.session_end("x"), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.session_open(valid_start()), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.submit("list_games"), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.submit("list_games", {}, {}, [](Result<Reply>) {}), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.submit_detached("list_games", {}, {}, [](Result<Reply>) {}), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.session_watch("x", 100, [](WatchEvent) {}), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.tick(), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.prewarm(10), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.stats(), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.shutdown(0), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.set_logger(LogLevel::info, [](LogLevel, std::string_view, std::string_view) {}),
                IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(empty.remove_logger(), IPG_ERR_INVALID_HANDLE);
    empty.close();
    CHECK(empty.native() == nullptr && moved.native() != nullptr);

    Request<> request = moved.submit("list_games").value(), other = std::move(request);
    CHECK(!other.call_id().empty() && request.call_id().empty());
    CHECK_ERROR(*request.poll(), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(*request.wait(10), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(request.cancel(), IPG_ERR_INVALID_HANDLE);
    request.reset();
    Request<>& same = other;
    other = std::move(same);
    CHECK_OK(*other.wait(60000));
    other = moved.submit("list_games").value();
    CHECK_OK(*other.wait(60000));
    Watch watch;
    CHECK_ERROR(watch.poll()->status, IPG_ERR_INVALID_HANDLE);
    CHECK(watch.poll()->ended && watch.wait(0)->ended);

    Session session = moved.session_open(valid_start()).value(), second = std::move(session);
    CHECK(!session.is_open() && second.is_open() && session.session_id().empty());
    CHECK_ERROR(session.status(), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(session.end(), IPG_ERR_INVALID_HANDLE);

    Sandbox server = std::move(fixture.sandbox);
    CHECK_ERROR(fixture.sandbox.control("{}"), IPG_ERR_INVALID_HANDLE);
    CHECK(fixture.sandbox.base_url().empty());
    Sandbox& alias = server;
    server = std::move(alias);
    CHECK_OK(server.control(R"({"command": "counts"})"));
    second = Session(); // ends the previous session
    CHECK(server.control(R"({"command": "counts"})")->integer("/sessions/closed") == 1);
    moved.close();
    CHECK_ERROR(moved.call("list_games"), IPG_ERR_INVALID_HANDLE);
    server.stop();
    server.stop();
    CHECK_ERROR(server.control("{}"), IPG_ERR_INVALID_HANDLE);
}

#if IPLAYGAMES_EXCEPTIONS
template <class Body> static void check_throws(Body&& body, ipg_code code) {
    try {
        body();
        FAIL("no exception was thrown");
    } catch (const std::exception& exception) {
        const auto* ours = dynamic_cast<const Exception*>(&exception);
        CHECK(ours && ours->error().code() == code);
        CHECK(ours && ours->what() == ours->error().describe());
        const Exception copy = *ours;
        CHECK(copy.error().code() == code);
    }
}

static void value_of_a_failed_result_throws() {
    const Client empty;
    check_throws([&] { (void)empty.call("list_games").value(); }, IPG_ERR_INVALID_HANDLE);
    check_throws([&] { (void)empty.call("list_games")->json(); }, IPG_ERR_INVALID_HANDLE);
    check_throws([&] { (void)*empty.tick(); }, IPG_ERR_INVALID_HANDLE);
    check_throws([&] { empty.shutdown(0).value(); }, IPG_ERR_INVALID_HANDLE);
    const Result<int> constant(Error(IPG_ERR_BUSY, "{}"));
    check_throws([&] { (void)constant.value(); }, IPG_ERR_BUSY);
}
#endif

int main() {
    a_document_returns_the_value_at_a_pointer();
    a_result_is_a_value_or_an_error();
    every_typed_field_is_sent_and_read_unchanged();
    a_response_field_of_another_type_does_not_fail_the_call();
    an_amount_keeps_its_digits();
    a_later_value_replaces_an_earlier_one_and_json_can_be_extended();
    the_library_knows_every_key_of_the_configuration();
    text_with_a_nul_or_invalid_utf8_is_an_error_that_names_the_parameter();
    an_error_has_every_field_of_the_document();
    a_network_fault_returns_its_own_code();
    no_error_contains_the_api_key();
    an_empty_or_moved_from_object_returns_invalid_handle();
#if IPLAYGAMES_EXCEPTIONS
    value_of_a_failed_result_throws();
#endif
    return check_end();
}
