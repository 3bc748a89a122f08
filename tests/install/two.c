/* consumer.c beside another Rust library. */
int second_catches_its_panic(void);
#define main consumer_main
#include "consumer.c"
#undef main

int main(void) {
    return consumer_main() == 0 && second_catches_its_panic() == 1 && consumer_main() == 0 ? 0 : 1;
}
