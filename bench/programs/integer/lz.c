// LZ77 compression with a hash table, and decompression: unaligned loads, byte copies, branches that follow the data.
#include "bench.h"

enum { BYTES = 1 << 20, HASH_BITS = 14, LONGEST = 255 };
static uint32_t heads[1 << HASH_BITS];

// text of words that return, so that there is something to find
static void prepare(void) {
  uint64_t seed = 11;
  static char words[512][12];
  static uint8_t lengths[512];
  for (int i = 0; i < 512; i++) {
    lengths[i] = (uint8_t)(2 + next_random(&seed) % 9);
    for (int j = 0; j < lengths[i]; j++) words[i][j] = (char)('a' + next_random(&seed) % 26);
  }
  for (uint32_t at = 0; at < BYTES;) {
    uint32_t word = next_random(&seed) % 512 * (next_random(&seed) % 512) / 512;
    for (int j = 0; j < lengths[word] && at < BYTES; j++) arena[at++] = (uint8_t)words[word][j];
    if (at < BYTES) arena[at++] = ' ';
  }
}

static inline uint32_t load32(const uint8_t *from) { uint32_t value; __builtin_memcpy(&value, from, 4); return value; }

// a token is a literal count, the literals, a match length, and unless that is 0 a distance in 3 bytes
static uint32_t compress(const uint8_t *in, uint8_t *out) {
  uint8_t *to = out;
  uint32_t literals = 0;
  for (uint32_t i = 0; i < 1 << HASH_BITS; i++) heads[i] = ~0u;
  for (uint32_t at = 0; at < BYTES;) {
    uint32_t length = 0, candidate = 0;
    if (at + 4 <= BYTES) {
      uint32_t *head = &heads[(load32(in + at) * 2654435761u) >> (32 - HASH_BITS)];
      candidate = *head;
      *head = at;
      if (candidate != ~0u && load32(in + candidate) == load32(in + at)) {
        length = 4;
        while (at + length < BYTES && length < LONGEST && in[candidate + length] == in[at + length]) length++;
      }
    }
    if (length == 0) { at++; literals++; }
    if (length || literals == 255 || at == BYTES) {
      uint32_t distance = at - candidate;
      *to++ = (uint8_t)literals;
      for (uint32_t i = at - literals; i < at; i++) *to++ = in[i];
      *to++ = (uint8_t)length;
      if (length) { *to++ = (uint8_t)distance; *to++ = (uint8_t)(distance >> 8); *to++ = (uint8_t)(distance >> 16); }
      at += length;
      literals = 0;
    }
  }
  return (uint32_t)(to - out);
}

static uint32_t decompress(const uint8_t *in, uint32_t count, uint8_t *out) {
  uint8_t *to = out;
  for (const uint8_t *end = in + count; in < end;) {
    for (uint32_t literals = *in++; literals; literals--) *to++ = *in++;
    uint32_t length = *in++;
    if (length == 0) continue;
    const uint8_t *from = to - (in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16);
    in += 3;
    while (length--) *to++ = *from++;
  }
  return (uint32_t)(to - out);
}

static uint64_t run(uint64_t rounds) {
  uint8_t *text = arena, *packed = arena + 2 * BYTES, *unpacked = arena + 4 * BYTES;
  uint64_t sum = 0;
  while (rounds--) {
    uint32_t count = compress(text, packed), restored = decompress(packed, count, unpacked);
    sum = mix_bytes(sum + count, packed, 4096);
    if (restored != BYTES) return 0;
    for (uint32_t i = 0; i < BYTES; i++) if (text[i] != unpacked[i]) return 0;
    text[rounds % BYTES] ^= 1;
  }
  return sum;
}

PROGRAM("lz", "integer", prepare, run, 32);
