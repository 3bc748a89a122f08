/* An allocator of the host: everything that the library allocates goes through it. */
#include "fixture.h"
#include <stddef.h>

/* What is before each block: its base address, size and alignment. */
struct header {
    void *base;
    size_t size, alignment;
};

static long live, total, resized;

static void *allocate(size_t size, size_t alignment) {
    CHECK(size > 0 && alignment > 0 && (alignment & (alignment - 1)) == 0);
    char *base = (char *)malloc(size + alignment + 2 * sizeof(struct header));
    if (!base) {
        return NULL;
    }
    uintptr_t start = (uintptr_t)base + 2 * sizeof(struct header) + alignment - 1;
    char *memory = base + (start / alignment * alignment - (uintptr_t)base);
    struct header header = {base, size, alignment};
    memcpy(memory - sizeof header, &header, sizeof header);
    memset(memory, 0xa5, size);
    ADD(live, 1);
    ADD(total, 1);
    return memory;
}

static void deallocate(void *memory, size_t size, size_t alignment) {
    struct header header;
    memcpy(&header, (char *)memory - sizeof header, sizeof header);
    CHECK(header.size == size && header.alignment == alignment);
    memset(memory, 0x5a, size);
    ADD(live, -1);
    free(header.base);
}

static void *reallocate(void *memory, size_t old_size, size_t new_size, size_t alignment) {
    void *moved = allocate(new_size, alignment);
    if (moved) {
        memcpy(moved, memory, old_size < new_size ? old_size : new_size);
        deallocate(memory, old_size, alignment);
        ADD(resized, 1);
    }
    return moved;
}

static void *no_memory(size_t size, size_t alignment) {
    CHECK(size > 0 && alignment > 0);
    return NULL;
}

static void use_the_library(void) {
    struct fixture fixture = start_fixture("");
    struct fixture io_thread = start_fixture(", \"io_thread\": true");
    char *json = NULL;
    ipg_request *request = NULL;
    CHECK_CODE(ipg_session_start(fixture.client, START_ARGS, &json), IPG_OK, json);
    ipg_string_free(json);
    CHECK_CODE(ipg_submit(io_thread.client, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    CHECK(ipg_request_wait(request, TIMEOUT_MS, NULL) == IPG_OK);
    CHECK(ipg_request_free(request) == IPG_OK);
    CHECK(ipg_client_shutdown(io_thread.client, 1000) == IPG_OK);
    stop_fixture(&io_thread);
    stop_fixture(&fixture);
}

int main(int argc, char **argv) {
    char *text = NULL;
    (void)argv;
    /* These functions may be called before. */
    CHECK(ipg_version() && ipg_abi_version() == IPG_ABI_VERSION && ipg_code_name(IPG_OK) && ipg_code_message(IPG_OK));
    if (ipg_set_allocator(NULL, NULL, NULL) == IPG_ERR_UNSUPPORTED) {
        puts("allocator: this library is built without the feature host-allocator");
        return check_end();
    }
    CHECK(ipg_set_allocator(NULL, reallocate, deallocate) == IPG_ERR_INVALID_ARGUMENT);
    CHECK(ipg_set_allocator(allocate, reallocate, NULL) == IPG_ERR_INVALID_ARGUMENT);
    CHECK(ipg_set_allocator(no_memory, NULL, deallocate) == IPG_ERR_INVALID_ARGUMENT);
    CHECK(ipg_set_allocator(allocate, argc > 1 ? NULL : reallocate, deallocate) == IPG_OK);
    CHECK(ipg_set_allocator(allocate, reallocate, deallocate) == IPG_ERR_BUSY);

    long before = LOAD(total);
    CHECK_CODE(ipg_json_quote("text", (size_t)-1, &text), IPG_OK, text);
    CHECK(LOAD(total) > before);
    ipg_string_free(text);
    use_the_library();
    CHECK(LOAD(total) > 300 && (LOAD(resized) > 0) == (argc == 1));
    long live_after_first = LOAD(live), total_after_first = LOAD(total);
    for (int n = 0; n < 5; n++) {
        use_the_library();
    }
    /* What stays is small: tables, and freed strings whose addresses are not used again at once. */
    CHECK(LOAD(live) < live_after_first + 300);
    printf("%ld allocations, %ld live after the first use, %ld after six\n", LOAD(total), live_after_first, LOAD(live));
    CHECK(LOAD(total) > 3 * total_after_first);
    return check_end();
}
