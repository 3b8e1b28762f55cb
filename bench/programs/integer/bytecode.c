// An interpreter for a stack machine that adds up the lengths of Collatz sequences: a jump through a table per step.
#include "bench.h"

enum { PUSH, GET, SET, ADD, MUL, SHR, AND, LESS, EQUAL, JUMP, JUMP_IF, HALT };
enum { LIMIT, N, X, STEPS, SUM, VARIABLES };
enum { OUTER = 2, STEP = 6, ODD = 23, DONE = 30 };

static const struct { uint8_t operation, operand; } code[] = {
  { PUSH, 1 }, { SET, N },
  [OUTER] = { GET, N }, { SET, X }, { PUSH, 0 }, { SET, STEPS },
  [STEP] = { GET, X }, { PUSH, 1 }, { EQUAL, 0 }, { JUMP_IF, DONE },
    { GET, STEPS }, { PUSH, 1 }, { ADD, 0 }, { SET, STEPS },
    { GET, X }, { PUSH, 1 }, { AND, 0 }, { JUMP_IF, ODD },
    { GET, X }, { PUSH, 1 }, { SHR, 0 }, { SET, X }, { JUMP, STEP },
  [ODD] = { GET, X }, { PUSH, 3 }, { MUL, 0 }, { PUSH, 1 }, { ADD, 0 }, { SET, X }, { JUMP, STEP },
  [DONE] = { GET, SUM }, { PUSH, 31 }, { MUL, 0 }, { GET, STEPS }, { ADD, 0 }, { SET, SUM },
    { GET, N }, { PUSH, 1 }, { ADD, 0 }, { SET, N }, { GET, N }, { GET, LIMIT }, { LESS, 0 }, { JUMP_IF, OUTER },
  { HALT, 0 },
};

static uint64_t run(uint64_t rounds) {
  uint64_t stack[8], *top = stack, variables[VARIABLES] = { [LIMIT] = rounds };
  for (uint32_t pc = 0;;) {
    uint8_t operand = code[pc].operand;
    switch (code[pc++].operation) {
      case PUSH: *++top = operand; break;
      case GET: *++top = variables[operand]; break;
      case SET: variables[operand] = *top--; break;
      case ADD: top--; *top += top[1]; break;
      case MUL: top--; *top *= top[1]; break;
      case SHR: top--; *top >>= top[1]; break;
      case AND: top--; *top &= top[1]; break;
      case LESS: top--; *top = *top < top[1]; break;
      case EQUAL: top--; *top = *top == top[1]; break;
      case JUMP: pc = operand; break;
      case JUMP_IF: if (*top--) pc = operand; break;
      case HALT: return variables[SUM];
    }
  }
}

PROGRAM("bytecode", "integer", 0, run, 60000);
