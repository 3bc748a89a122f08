/* A plugin of a host, with the static library inside. */
#define main plugin_main
#include "consumer.c"
#undef main

int run_plugin(void);
int run_plugin(void) {
    return plugin_main();
}
