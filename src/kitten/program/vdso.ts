// placeholder until the vDSO is built
import type { Kitten } from "../kitten.ts";
import type { Aspace } from "../memory/aspace.ts";
export function mapVdso(_k: Kitten, _aspace: Aspace): number { return 0; }
