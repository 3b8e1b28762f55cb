// Programs of the bench: one file each, registered by a pointer to a `struct program` in the section "programs".
// Those of integer/, float/ and memory/ use no library, because they also run without an operating system.
#pragma once
#include <stdint.h>

struct program {
  const char *name, *group;
  void (*prepare)(void);             // not timed; may be 0
  uint64_t (*run)(uint64_t rounds);  // timed; returns a checksum that depends on all of its work
  uint64_t rounds;                   // for 0.1 to 0.3 s natively
};

#define PROGRAM(...) \
  static const struct program self = { __VA_ARGS__ }; \
  static const struct program *const entry __attribute__((section("programs"), used)) = &self

extern const struct program *const __start_programs[], *const __stop_programs[];

/** The program that `word` names as NAME or NAME@PERCENT, and its rounds; 0 if there is none. */
const struct program *find_program(const char *word, uint64_t *rounds);

/** Memory that all programs share; what an earlier one left there is undefined. */
enum { ARENA_BYTES = 64 << 20 };
extern uint8_t arena[ARENA_BYTES];

/** Random numbers that are the same everywhere (a linear congruential generator, its upper half). */
static inline uint32_t next_random(uint64_t *seed) {
  *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(*seed >> 33);
}

/** Adds bytes to a checksum (FNV-1a). */
static inline uint64_t mix_bytes(uint64_t sum, const void *from, uint64_t count) {
  for (const uint8_t *byte = from; count--; byte++) sum = (sum ^ *byte) * 0x100000001b3ull;
  return sum;
}

/** Adds a number's bits to a checksum. */
static inline uint64_t mix_double(uint64_t sum, double value) {
  return mix_bytes(sum, &value, sizeof value);
}
