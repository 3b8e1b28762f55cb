// V8 spends more time on optimizing than that saves (docs/adr/0014-tiers.md): the JIT's compiler, which is much JavaScript that runs for a second or two,
// and compiled code of which little is executed. It uses no cached code that was made with other flags, so that those which an engine sets are set here, too.

import { setFlagsFromString } from "node:v8";
import { BRANCH_HINTS } from "../embed/branch-hints.ts";

const FLAGS = ["--interrupt-budget=270000", "--max-inlined-bytecode-size-cumulative=100", "--wasm-tiering-budget=20000000", BRANCH_HINTS];

/** For a process that is ours. Flags that V8 does not know it would complain of. */
export function setV8Flags(): void {
  if (Number.parseInt(process.versions.v8, 10) <= 13) for (const flag of FLAGS) setFlagsFromString(flag);
}
