// A mix of what small processors do, as CoreMark has it: a linked list, small matrices, a state machine over text, and a CRC of it all.
#include "bench.h"

enum { NODES = 400, SIDE = 16, TEXT = 1024 };
struct node { struct node *next; int16_t value, index; };
typedef int (*compare)(const struct node *, const struct node *);

static struct node nodes[NODES];
static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
static int32_t c[SIDE][SIDE];
static char text[TEXT];

static int by_value(const struct node *x, const struct node *y) { return x->value - y->value; }
static int by_index(const struct node *x, const struct node *y) { return x->index - y->index; }

static uint16_t crc16(uint16_t crc, uint32_t value) {
  for (int bit = 0; bit < 32; bit++, value >>= 1) crc = (uint16_t)((crc ^ value) & 1 ? crc >> 1 ^ 0xa001 : crc >> 1);
  return crc;
}

static struct node *merge_sort(struct node *list, uint32_t count, compare order) {
  if (count < 2) { if (list) list->next = 0; return list; }
  struct node *right = list;
  for (uint32_t i = 0; i < count / 2; i++) right = right->next;
  right = merge_sort(right, count - count / 2, order);
  struct node *left = merge_sort(list, count / 2, order), *head = 0, **tail = &head;
  while (left && right) {
    struct node **smaller = order(left, right) <= 0 ? &left : &right;
    *tail = *smaller;
    tail = &(*smaller)->next;
    *smaller = *tail;
  }
  *tail = left ? left : right;
  return head;
}

static uint16_t lists(uint16_t crc, uint64_t round) {
  for (int i = 0; i < NODES; i++) { nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : 0; nodes[i].index = (int16_t)i; }
  nodes[round % NODES].value ^= (int16_t)round;
  struct node *list = merge_sort(nodes, NODES, by_value);
  for (int wanted = 0; wanted < 40; wanted++) {
    struct node *at = list;
    while (at && (at->value & 63) != wanted) at = at->next;
    crc = crc16(crc, at ? (uint32_t)at->index : 0xffff);
  }
  struct node *reversed = 0;
  while (list) { struct node *next = list->next; list->next = reversed; reversed = list; list = next; }
  crc = crc16(crc, (uint32_t)reversed->value);
  return crc16(crc, (uint32_t)merge_sort(reversed, NODES, by_index)->next->value);
}

static uint16_t matrices(uint16_t crc, uint64_t round) {
  for (int i = 0; i < SIDE; i++) for (int j = 0; j < SIDE; j++) a[i][j] = (int16_t)(a[i][j] + (int16_t)round);
  uint32_t sum = 0;
  for (int i = 0; i < SIDE; i++) for (int j = 0; j < SIDE; j++) {
    int32_t dot = 0;
    for (int k = 0; k < SIDE; k++) dot += a[i][k] * b[k][j];
    c[i][j] = dot;
    sum += (uint32_t)(dot >> 2 & 15) * (uint32_t)(dot >> 5 & 127);
  }
  return crc16(crc, sum);
}

static uint16_t machine(uint16_t crc, uint64_t round) {
  enum { START, SIGN, INTEGER, POINT, EXPONENT, INVALID, STATES } state = START;
  uint32_t counts[STATES] = { 0 };
  text[round % TEXT] = "0123456789+-.eE,"[round >> 3 & 15];
  for (int i = 0; i < TEXT; i++) {
    char letter = text[i];
    int digit = letter >= '0' && letter <= '9', sign = letter == '+' || letter == '-';
    if (letter == ',') { counts[state]++; state = START; continue; }
    switch (state) {
      case START: state = digit ? INTEGER : sign ? SIGN : letter == '.' ? POINT : INVALID; break;
      case SIGN: state = digit ? INTEGER : letter == '.' ? POINT : INVALID; break;
      case INTEGER: if (!digit) state = letter == '.' ? POINT : letter == 'e' || letter == 'E' ? EXPONENT : INVALID; break;
      case POINT: if (!digit) state = letter == 'e' || letter == 'E' ? EXPONENT : INVALID; break;
      case EXPONENT: if (!digit && !sign) state = INVALID; break;
      default: break;
    }
  }
  for (int i = 0; i < STATES; i++) crc = crc16(crc, counts[i]);
  return crc;
}

static void prepare(void) {
  uint64_t seed = 3;
  for (int i = 0; i < NODES; i++) nodes[i].value = (int16_t)next_random(&seed);
  for (int i = 0; i < SIDE; i++) for (int j = 0; j < SIDE; j++) { a[i][j] = (int16_t)(next_random(&seed) & 255); b[i][j] = (int16_t)(next_random(&seed) & 255); }
  for (int i = 0; i < TEXT; i++) text[i] = "0123456789012345678901234,,,,,..eE+-"[next_random(&seed) % 36];
}

static uint64_t run(uint64_t rounds) {
  uint16_t crc = 0;
  while (rounds--) crc = machine(matrices(lists(crc, rounds), rounds), rounds);
  return crc;
}

PROGRAM("mix", "integer", prepare, run, 5000);
