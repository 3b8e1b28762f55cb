// CRC-32 by a table, a byte at a time: a chain of dependent loads.
#include "bench.h"

static uint32_t table[256];

static void prepare(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320u ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  for (uint32_t i = 0; i < 65536; i++) arena[i] = (uint8_t)(i * 31 + (i >> 8));
}

static uint64_t run(uint64_t rounds) {
  uint32_t crc = ~0u;
  while (rounds--) for (uint32_t i = 0; i < 65536; i++) crc = table[(crc ^ arena[i]) & 255] ^ (crc >> 8);
  return ~crc;
}

PROGRAM("crc32", "integer", prepare, run, 1000);
