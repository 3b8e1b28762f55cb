// A hash table that all processors write: records are hashed, then counted under a spin lock for each bucket, so that LOCK is met often and contention seldom.
#include "parallel.h"

enum { BUCKETS = 4096, SLOTS = 7, BATCH = 64, RECORD = 64 };
struct bucket { atomic_uint lock; uint32_t used; uint32_t key[SLOTS]; uint32_t count[SLOTS]; };
static struct bucket *const table = (void *)arena;
static atomic_ulong next_batch;
static uint64_t batches;

static void add(uint32_t key) {
  struct bucket *bucket = &table[key % BUCKETS];
  while (atomic_exchange_explicit(&bucket->lock, 1, memory_order_acquire)) __builtin_ia32_pause();
  uint32_t at = 0;
  while (at < bucket->used && bucket->key[at] != key) at++;
  if (at == bucket->used && at < SLOTS) bucket->key[bucket->used++] = key, bucket->count[at] = 0;
  if (at < SLOTS) bucket->count[at]++;
  atomic_store_explicit(&bucket->lock, 0, memory_order_release);
}

static void *work(void *unused) {
  (void)unused;
  uint64_t batch;
  while ((batch = atomic_fetch_add(&next_batch, 1)) < batches) {
    uint64_t seed = batch;
    for (int i = 0; i < BATCH; i++) {
      uint64_t record[RECORD / 8];
      for (int word = 0; word < RECORD / 8; word++) record[word] = next_random(&seed);
      add((uint32_t)(mix_bytes(0xcbf29ce484222325ull, record, RECORD) >> 20) % (BUCKETS * SLOTS));
    }
  }
  return 0;
}

static void prepare(void) {
  for (uint64_t i = 0; i < BUCKETS; i++) table[i].used = 0, atomic_store(&table[i].lock, 0);
}

static uint64_t run(uint64_t rounds) {
  batches = rounds;
  atomic_store(&next_batch, 0);
  on_processors(MOST, work);
  uint64_t sum = 0; // in whatever order keys came
  for (uint64_t i = 0; i < BUCKETS; i++) for (uint32_t at = 0; at < table[i].used; at++) sum += (uint64_t)table[i].key[at] * 0x9e3779b97f4a7c15ull ^ table[i].count[at] * 0xc2b2ae3d27d4eb4full;
  return sum;
}

PROGRAM("table", "parallel", prepare, run, 30000);
