/*
 * A game loop with SDL2 that starts a game session, watches it and ends it, without ever waiting for the
 * network: calls are submitted, ipg_client_tick() moves them once a frame, and callbacks run inside that, on
 * the game's own thread. It plays against the sandbox, the API in this very process.
 *
 *     game                      the session, with what the frames cost
 *     game --histogram FILE     a thousand calls in flight for five seconds, and a picture of the frames
 */
#include "frames.h"

#include <SDL.h>
#include <iplaygames.h>
#include <iplaygames_sandbox.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MS (1000.0 / 60)
#define TICK_BUDGET_US 2000 /* of a frame's 16,667 */

/* ---- the session: what a game would copy --------------------------------------------------------- */

enum phase { IDLE, STARTING, PLAYING, ENDING, OVER, FAILED };
static const char *const PHASES[] = {"idle", "starting", "playing", "ending", "over", "failed"};

struct session {
    ipg_client *client;
    ipg_request *watch; /* kept to cancel it; the other calls free themselves after their callback */
    char *id, *url;     /* the library's texts */
    enum phase phase;
    int news;           /* how often the watch told something */
};

static void session_failed(struct session *session, const char *what, ipg_code code, const char *json) {
    fprintf(stderr, "%s: %s\n%s\n", what, ipg_code_name(code), json ? json : "");
    session->phase = FAILED;
}

/* Callbacks run inside ipg_client_tick(), on this thread: they may touch the game, and call the library.
   `json` is the library's and gone afterwards. */
static void on_watch(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct session *session = user_data;
    (void)request;
    char *status = NULL;
    if (code != IPG_OK && code != IPG_PENDING) {
        session_failed(session, "watch", code, json);
    } else if (ipg_json_get(json, "/data/status", NULL, &status, NULL) == IPG_OK) {
        printf("watch: the session is %s\n", status);
        session->news++;
        if (code == IPG_OK) session->phase = OVER; /* no more active: the watch is done */
    }
    ipg_string_free(status);
}

static void on_started(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct session *session = user_data;
    (void)request;
    if (code != IPG_OK) {
        /* The document's "outcome" says whether a session may exist all the same. */
        session_failed(session, "start", code, json);
        return;
    }
    code = ipg_json_get(json, "/data/session_id", NULL, &session->id, NULL);
    if (code == IPG_OK) code = ipg_json_get(json, "/data/game_url", NULL, &session->url, NULL);
    if (code != IPG_OK) {
        session_failed(session, "start", code, json);
        return;
    }
    printf("start: play at %s\n", session->url);
    session->phase = PLAYING;
    char *error = NULL;
    code = ipg_session_watch(session->client, session->id, 100, on_watch, session, &session->watch, &error);
    if (code != IPG_OK) session_failed(session, "watch", code, error);
    ipg_string_free(error);
}

static void on_ended(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)request;
    if (code != IPG_OK) session_failed(user_data, "end", code, json);
    else printf("end: done\n");
}

static void session_start(struct session *session, const char *player) {
    char *name = NULL, *answer = NULL, arguments[512];
    ipg_code code = ipg_json_quote(player, (size_t)-1, &name); /* names have quotes in them, or worse */
    if (code == IPG_OK) {
        snprintf(arguments, sizeof arguments,
                 "{\"game_id\": 42, \"player_id\": %s, \"currency\": \"EUR\", \"country_code\": \"DE\","
                 " \"ip_address\": \"203.0.113.9\"}", name);
        code = ipg_submit(session->client, "start_a_game_session", arguments, NULL, on_started, session, NULL, &answer);
    }
    if (code == IPG_OK) session->phase = STARTING;
    else session_failed(session, "start", code, answer ? answer : name);
    ipg_string_free(answer);
    ipg_string_free(name);
}

static void session_end(struct session *session) {
    char *id = NULL, *answer = NULL, arguments[512];
    ipg_code code = ipg_json_quote(session->id, (size_t)-1, &id);
    if (code == IPG_OK) {
        snprintf(arguments, sizeof arguments, "{\"session_id\": %s}", id);
        code = ipg_submit(session->client, "end_a_game_session", arguments, NULL, on_ended, session, NULL, &answer);
    }
    if (code == IPG_OK) session->phase = ENDING;
    else session_failed(session, "end", code, answer);
    ipg_string_free(answer);
    ipg_string_free(id);
}

/* After the client was shut down: until then a callback may come. */
static void session_free(struct session *session) {
    if (session->watch) ipg_request_free(session->watch);
    ipg_string_free(session->id);
    ipg_string_free(session->url);
    memset(session, 0, sizeof *session);
}

/* ---- the frames ---------------------------------------------------------------------------------- */

struct game {
    SDL_Window *window;
    SDL_Renderer *renderer;
    ipg_sandbox *sandbox;
    ipg_client *client;
    uint64_t began;     /* when the first frame did, on SDL's clock */
    long frame;
    bool quit;
};

static double now_ms(const struct game *game) {
    return (double)(SDL_GetPerformanceCounter() - game->began) * 1000 / (double)SDL_GetPerformanceFrequency();
}

static void draw(const struct game *game, int colour) {
    SDL_SetRenderDrawColor(game->renderer, 20, 24, 32, 255);
    SDL_RenderClear(game->renderer);
    for (int i = 0; i < 40; i++) {
        SDL_Rect box = {(int)(game->frame * 4 + i * 53) % 640, 20 + i * 8, 48, 6};
        SDL_SetRenderDrawColor(game->renderer, (Uint8)(80 + colour * 30), (Uint8)(200 - i * 3), 160, 255);
        SDL_RenderFillRect(game->renderer, &box);
    }
    SDL_RenderPresent(game->renderer);
}

/* Of a row of frames: how long each took, how long the library's tick in it, and what the processor worked for
   that tick. Where the machine is busy with other things, the last two differ. */
struct times { struct frames whole, tick, cpu; };

static void print_times(const char *label, const struct times *times) {
    printf("%s\n", label);
    frames_print("  frame", &times->whole);
    frames_print("  tick", &times->tick);
    frames_print("  tick, processor time", &times->cpu);
}

/* One frame: input, network, picture, and sleep until the next is due. */
static void run_frame(struct game *game, int colour, struct times *times) {
    double start = now_ms(game);
    SDL_Event event;
    while (SDL_PollEvent(&event)) game->quit |= event.type == SDL_QUIT;

    double before = now_ms(game), cpu_before = frames_cpu_ms();
    ipg_client_tick(game->client, TICK_BUDGET_US, NULL);
    double after = now_ms(game), cpu_after = frames_cpu_ms();

    draw(game, colour);
    double end = now_ms(game);
    frames_add(&times->whole, end - start);
    frames_add(&times->tick, after - before);
    frames_add(&times->cpu, cpu_after - cpu_before);

    /* Deadlines lie on a grid, so that rounding to SDL's milliseconds does not add up. A frame that came
       too late moves the grid: no burst of frames to catch up. */
    double rest = (double)++game->frame * FRAME_MS - end;
    if (rest > 0) SDL_Delay((Uint32)(rest + 0.5));
    else game->frame = (long)(end / FRAME_MS) + 1;
}

static bool game_open(struct game *game, const char *more_config) {
    if (SDL_Init(SDL_INIT_VIDEO) != 0) { fprintf(stderr, "SDL: %s\n", SDL_GetError()); return false; }
    game->window = SDL_CreateWindow("iplaygames", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, 640, 360, 0);
    game->renderer = game->window ? SDL_CreateRenderer(game->window, -1, SDL_RENDERER_SOFTWARE) : NULL;
    if (!game->renderer) { fprintf(stderr, "SDL: %s\n", SDL_GetError()); return false; }
    printf("SDL's video driver is %s\n", SDL_GetCurrentVideoDriver());

    /* The sandbox answers a client's configuration. A real game writes its own, with the address of a relay
       that adds the operator's key: {"base_url": "https://relay.example"}. */
    char *json = NULL, *url = NULL, *key = NULL, config[1024];
    ipg_code code = ipg_sandbox_start(NULL, &game->sandbox, &json);
    if (code == IPG_OK) code = ipg_json_get(json, "/base_url", NULL, &url, NULL);
    if (code == IPG_OK) code = ipg_json_get(json, "/api_key", NULL, &key, NULL);
    if (code == IPG_OK) {
        snprintf(config, sizeof config, "{\"base_url\": \"%s\", \"api_key\": \"%s\"%s}", url, key, more_config);
        ipg_string_free(json);
        code = ipg_client_new(config, &game->client, &json);
    }
    if (code != IPG_OK) fprintf(stderr, "%s: %s\n", ipg_code_name(code), json ? json : "");
    ipg_string_free(key);
    ipg_string_free(url);
    ipg_string_free(json);

    /* Load what the first call would have to wait for, where a game shows its loading screen. */
    if (code == IPG_OK) code = ipg_client_prewarm(game->client, 2000, NULL);
    game->began = SDL_GetPerformanceCounter();
    return code == IPG_OK;
}

static void game_close(struct game *game) {
    if (game->client) {
        ipg_client_shutdown(game->client, 1000); /* the last callbacks run in here */
        ipg_client_free(game->client);
    }
    if (game->sandbox) ipg_sandbox_stop(game->sandbox);
    SDL_DestroyRenderer(game->renderer);
    SDL_DestroyWindow(game->window);
    SDL_Quit();
}

/* ---- the session, frame by frame ----------------------------------------------------------------- */

static int play(struct game *game) {
    static struct times quiet, busy;
    if (!game_open(game, "")) return EXIT_FAILURE;
    struct session session = {.client = game->client};
    enum phase shown = IDLE;
    const double started = 2000, ended = 5000, hung = 15000;

    while (!game->quit && session.phase < OVER) {
        run_frame(game, session.phase, session.phase == IDLE ? &quiet : &busy);
        if (session.phase == IDLE && now_ms(game) > started) session_start(&session, "player \"seven\"");
        if (session.phase == PLAYING && now_ms(game) > ended) session_end(&session);
        if (session.phase != shown) printf("%6.0f ms: %s\n", now_ms(game), PHASES[shown = session.phase]);
        if (now_ms(game) > hung) session_failed(&session, "hung", IPG_ERR_TIMEOUT, NULL);
    }
    /* First an active session, then one that is not. */
    bool good = session.phase == OVER && session.news == 2;
    game_close(game);
    session_free(&session);

    print_times("without traffic", &quiet);
    print_times("with traffic", &busy);
    puts(good ? "all happened as it should" : "FAILED");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- a thousand calls in flight ------------------------------------------------------------------ */

enum { CALLS = 1000, SECONDS = 5 };

struct storm {
    ipg_client *client;
    int in_flight;
    long done, failed;
    bool over;
};

static void storm_submit(struct storm *storm);

static void on_storm(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct storm *storm = user_data;
    (void)request;
    storm->in_flight--;
    storm->done++;
    if (code != IPG_OK && storm->failed++ == 0) fprintf(stderr, "%s: %s\n", ipg_code_name(code), json);
    if (!storm->over) storm_submit(storm);
}

static void storm_submit(struct storm *storm) {
    if (ipg_submit(storm->client, "list_games", "{\"per_page\": \"1\"}", "{\"max_retries\": 0}", on_storm, storm,
                   NULL, NULL) == IPG_OK) storm->in_flight++;
    else storm->failed++;
}

static int storm(struct game *game, const char *file) {
    static struct times rising, steady;
    if (!game_open(game, ", \"max_in_flight\": 2000, \"max_connections\": 1000")) return EXIT_FAILURE;
    /* Each answer takes half a second, so the thousand stay in flight: about 2,000 answers a second. */
    if (ipg_sandbox_control(game->sandbox, "{\"command\": \"fault\", \"operation\": \"*\", \"delay_ms\": 500,"
                                           " \"times\": 0}", NULL) != IPG_OK) return EXIT_FAILURE;
    struct storm storm = {.client = game->client};
    int least = CALLS;

    /* Ten a frame: a thousand connections at once are no game's frame. */
    while (!game->quit && storm.in_flight < CALLS && now_ms(game) < 15000) {
        for (int i = 0; i < 10 && storm.in_flight < CALLS; i++) storm_submit(&storm);
        run_frame(game, 0, &rising);
    }
    double until = now_ms(game) + SECONDS * 1000;
    long before = storm.done;
    while (!game->quit && now_ms(game) < until) {
        run_frame(game, 1, &steady);
        if (storm.in_flight < least) least = storm.in_flight;
    }
    long answers = storm.done - before;
    storm.over = true;
    game_close(game); /* drives the last calls home */

    const double tick_ms = TICK_BUDGET_US / 1000.0;
    size_t by_tick = 0; /* too late, and would not have been without the tick */
    for (size_t i = 0; i < steady.whole.count; i++)
        by_tick += steady.whole.ms[i] > FRAME_MS && steady.whole.ms[i] - steady.tick.ms[i] <= FRAME_MS;
    print_times("while the calls are sent", &rising);
    print_times("with 1,000 calls in flight", &steady);
    printf("%ld answers in %d s, never fewer than %d calls in flight, %ld failed\n", answers, SECONDS, least, storm.failed);
    printf("frames over 16.67 ms: %lu, because of the tick: %lu\n", (unsigned long)frames_over(&steady.whole, FRAME_MS),
           (unsigned long)by_tick);
    printf("ticks over %.0f ms: %lu; over %.0f ms: %lu, by processor time: %lu\n", tick_ms,
           (unsigned long)frames_over(&steady.tick, tick_ms), 2 * tick_ms, (unsigned long)frames_over(&steady.tick, 2 * tick_ms),
           (unsigned long)frames_over(&steady.cpu, 2 * tick_ms));

    char note[128];
    snprintf(note, sizeof note, "1,000 CALLS IN FLIGHT, %ld ANSWERS A SECOND, %lu FRAMES OVER BUDGET BY THE TICK",
             answers / SECONDS, (unsigned long)by_tick);
    bool good = storm.failed == 0 && storm.in_flight == 0 && least == CALLS && answers > 0;
    if (frames_picture(file, note, &steady.whole, &steady.tick, &steady.cpu, tick_ms) != 0) {
        fprintf(stderr, "%s cannot be written\n", file);
        good = false;
    }
    puts(good ? "all happened as it should" : "FAILED");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    struct game game = {0};
    if (argc == 1) return play(&game);
    if (argc == 3 && strcmp(argv[1], "--histogram") == 0) return storm(&game, argv[2]);
    fprintf(stderr, "usage: %s [--histogram FILE.png]\n", argv[0]);
    return EXIT_FAILURE;
}
