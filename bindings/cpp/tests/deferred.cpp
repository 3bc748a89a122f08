// The deferred destruction of callbacks: a request is released just before or just after its
// callback runs on another thread. This is too rare to test with threads. The program defines two
// functions of the C library itself; the linker prefers them to those of the library.
#include "fixture.hpp"

static ipg_code free_result = IPG_PENDING;
static int destroyed, ran;

ipg_code ipg_request_free(ipg_request*) { return free_result; }
ipg_code ipg_client_free(ipg_client*) { return free_result; }

using detail::CallbackRegistry;
using DriveScope = CallbackRegistry::DriveScope;

struct Callable {
    Callable() = default;
    Callable(Callable&& other) noexcept : counts(std::exchange(other.counts, false)) {}
    ~Callable() { destroyed += counts; }
    void operator()(Result<Reply>) const { ran++; }
    bool counts = true;
};

static std::shared_ptr<detail::Callback> add_callback(CallbackRegistry& registry) {
    auto callback = std::make_shared<detail::TypedCallback<Reply, Callable>>(registry, Callable());
    registry.add(callback);
    destroyed = ran = 0;
    return callback;
}

static void a_callback_released_just_before_its_run_does_not_run_and_is_destroyed() {
    const auto registry = std::make_shared<CallbackRegistry>();
    const auto callback = add_callback(*registry);
    const DriveScope drive(registry);
    registry->release_request(nullptr, callback);
    CHECK(destroyed == 0); // The library may be about to call it.
    CallbackRegistry::on_event(callback.get(), nullptr, IPG_PENDING, "{}");
    CHECK(ran == 0 && destroyed == 1);
}

static void a_callback_released_just_after_its_run_is_destroyed_when_the_last_drive_ends() {
    const auto registry = std::make_shared<CallbackRegistry>();
    const auto callback = add_callback(*registry);
    auto first = std::make_unique<DriveScope>(registry), second = std::make_unique<DriveScope>(registry);
    CallbackRegistry::on_event(callback.get(), nullptr, IPG_PENDING, "{}");
    registry->release_request(nullptr, callback);
    CHECK(ran == 1 && destroyed == 0);
    second.reset();
    CHECK(destroyed == 0); // The callback may run inside the first drive.
    first.reset();
    CHECK(destroyed == 1);
}

static void a_callback_released_just_after_its_run_is_destroyed_when_the_next_one_begins() {
    const auto registry = std::make_shared<CallbackRegistry>();
    const auto callback = add_callback(*registry), next = add_callback(*registry);
    const DriveScope drive(registry);
    CallbackRegistry::on_event(callback.get(), nullptr, IPG_PENDING, "{}");
    registry->release_request(nullptr, callback);
    CHECK(destroyed == 0);
    CallbackRegistry::on_event(next.get(), nullptr, IPG_PENDING, "{}");
    CHECK(ran == 2 && destroyed == 1);
    CallbackRegistry::on_event(next.get(), nullptr, IPG_OK, "{}");
    CHECK(ran == 3 && destroyed == 2);
}

static void a_second_deferred_callback_destroys_the_first() {
    const auto registry = std::make_shared<CallbackRegistry>();
    const auto first = add_callback(*registry), second = add_callback(*registry);
    auto drive = std::make_unique<DriveScope>(registry);
    registry->release_request(nullptr, first);
    registry->release_request(nullptr, second);
    CHECK(destroyed == 1);
    drive.reset();
    CHECK(destroyed == 2);
}

static void a_callback_released_after_the_last_drive_is_destroyed_immediately() {
    const auto registry = std::make_shared<CallbackRegistry>();
    const auto callback = add_callback(*registry);
    registry->release_request(nullptr, callback);
    CHECK(destroyed == 1);
}

static void close_before_a_run_defers_the_destruction_of_callbacks() {
    const auto registry = std::make_shared<CallbackRegistry>();
    const auto callback = add_callback(*registry), other = add_callback(*registry);
    auto drive = std::make_unique<DriveScope>(registry);
    registry->close_client(nullptr);
    CHECK(destroyed == 0);
    CallbackRegistry::on_event(callback.get(), nullptr, IPG_OK, "{}");
    CHECK(ran == 0 && destroyed == 1);
    drive.reset();
    CHECK(destroyed == 2);
}

static void close_while_no_callback_runs_destroys_every_callback() {
    free_result = IPG_OK;
    const auto registry = std::make_shared<CallbackRegistry>();
    const auto callback = add_callback(*registry), other = add_callback(*registry);
    const DriveScope drive(registry);
    registry->close_client(nullptr);
    CHECK(destroyed == 2);
    registry->release_request(nullptr, callback);
    CHECK(destroyed == 2);
    free_result = IPG_PENDING;
}

int main() {
    a_callback_released_just_before_its_run_does_not_run_and_is_destroyed();
    a_callback_released_just_after_its_run_is_destroyed_when_the_last_drive_ends();
    a_callback_released_just_after_its_run_is_destroyed_when_the_next_one_begins();
    a_second_deferred_callback_destroys_the_first();
    a_callback_released_after_the_last_drive_is_destroyed_immediately();
    close_before_a_run_defers_the_destruction_of_callbacks();
    close_while_no_callback_runs_destroys_every_callback();
    return check_end();
}
