// What is too rare to meet by chance: a request is forgotten just before or just after its callback runs on
// another thread. This program has the two functions that tell so itself; they stand before the library's.
#include "scene.hpp"

static ipg_code free_answers = IPG_PENDING;
static int dropped, ran;

ipg_code ipg_request_free(ipg_request*) { return free_answers; }
ipg_code ipg_client_free(ipg_client*) { return free_answers; }

using detail::Shared;

struct Callable {
    Callable() = default;
    Callable(Callable&& other) noexcept : mine(std::exchange(other.mine, false)) {}
    ~Callable() { dropped += mine; }
    void operator()(Result<Reply>) const { ran++; }
    bool mine = true;
};

static std::shared_ptr<detail::Box> box_in(Shared& shared) {
    auto box = std::make_shared<detail::CallBox<Reply, Callable>>(shared, Callable());
    shared.put(box);
    dropped = ran = 0;
    return box;
}

static void forgotten_just_before_it_runs() {
    const auto shared = std::make_shared<Shared>();
    const auto box = box_in(*shared);
    const auto drive = std::make_unique<Shared::Drive>(shared);
    shared->forget(nullptr, box);
    CHECK(dropped == 0); // the library may be about to call it
    Shared::on_event(box.get(), nullptr, IPG_PENDING, "{}");
    CHECK(ran == 0 && dropped == 1);
}

static void forgotten_just_after_it_ran_and_the_drive_ends() {
    const auto shared = std::make_shared<Shared>();
    const auto box = box_in(*shared);
    auto drive = std::make_unique<Shared::Drive>(shared), other = std::make_unique<Shared::Drive>(shared);
    Shared::on_event(box.get(), nullptr, IPG_PENDING, "{}");
    shared->forget(nullptr, box);
    CHECK(ran == 1 && dropped == 0);
    other.reset();
    CHECK(dropped == 0); // it may be in the drive that goes on
    drive.reset();
    CHECK(dropped == 1);
}

static void forgotten_just_after_it_ran_and_the_next_begins() {
    const auto shared = std::make_shared<Shared>();
    const auto box = box_in(*shared), next = box_in(*shared);
    const Shared::Drive drive(shared);
    Shared::on_event(box.get(), nullptr, IPG_PENDING, "{}");
    shared->forget(nullptr, box);
    CHECK(dropped == 0);
    Shared::on_event(next.get(), nullptr, IPG_PENDING, "{}");
    CHECK(ran == 2 && dropped == 1);
    Shared::on_event(next.get(), nullptr, IPG_OK, "{}");
    CHECK(ran == 3 && dropped == 2);
}

static void of_two_in_limbo_the_first_is_over() {
    const auto shared = std::make_shared<Shared>();
    const auto first = box_in(*shared), second = box_in(*shared);
    auto drive = std::make_unique<Shared::Drive>(shared);
    shared->forget(nullptr, first);
    shared->forget(nullptr, second);
    CHECK(dropped == 1);
    drive.reset();
    CHECK(dropped == 2);
}

static void the_drive_may_have_ended_by_then() {
    const auto shared = std::make_shared<Shared>();
    const auto box = box_in(*shared);
    shared->forget(nullptr, box);
    CHECK(dropped == 1);
}

static void closed_while_one_is_about_to_run() {
    const auto shared = std::make_shared<Shared>();
    const auto box = box_in(*shared), other = box_in(*shared);
    auto drive = std::make_unique<Shared::Drive>(shared);
    shared->close(nullptr);
    CHECK(dropped == 0);
    Shared::on_event(box.get(), nullptr, IPG_OK, "{}");
    CHECK(ran == 0 && dropped == 1);
    drive.reset();
    CHECK(dropped == 2);
}

static void closed_with_nothing_running() {
    free_answers = IPG_OK;
    const auto shared = std::make_shared<Shared>();
    const auto box = box_in(*shared), other = box_in(*shared);
    const Shared::Drive drive(shared);
    shared->close(nullptr);
    CHECK(dropped == 2);
    shared->forget(nullptr, box);
    CHECK(dropped == 2);
    free_answers = IPG_PENDING;
}

int main() {
    forgotten_just_before_it_runs();
    forgotten_just_after_it_ran_and_the_drive_ends();
    forgotten_just_after_it_ran_and_the_next_begins();
    of_two_in_limbo_the_first_is_over();
    the_drive_may_have_ended_by_then();
    closed_while_one_is_about_to_run();
    closed_with_nothing_running();
    return check_end();
}
