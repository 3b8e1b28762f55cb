// What every engine promises (hal/vcpu.ts), as cases that any engine can be given: `for (const one of CONFORMANCE) one.run(engine)`.

import { ACCESSES } from "./accesses.ts";
import { DEBUGGING } from "./debugging.ts";
import { EVENTS } from "./events.ts";
import { FAULTS } from "./faults.ts";
import { HOSTED } from "./hosted.ts";
import type { ConformanceCase } from "./rig.ts";
import { RUNNING } from "./running.ts";

export type { ConformanceCase } from "./rig.ts";
export const CONFORMANCE: readonly ConformanceCase[] = [...RUNNING, ...EVENTS, ...FAULTS, ...ACCESSES, ...DEBUGGING, ...HOSTED];
