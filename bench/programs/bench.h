// Programs of the bench: pure functions of a round count, the same source natively and bare-metal. No library.
#include <stdint.h>

typedef uint64_t (*program)(uint64_t rounds);
struct entry { const char *name; program run; uint64_t rounds; };
extern const struct entry programs[];
extern const unsigned program_count;
