// vCPUs that run at the same time: memory ordering and atomicity. The long runs are in systems/parallel.full.ts.
import test from "node:test";
import { LITMUS, runLitmus } from "./litmus.ts";
import { LOCKED, runLocked } from "./locked.ts";

for (const engine of ["interp", "jit"] as const) {
  for (const litmus of LITMUS) test(`${litmus.name} (${engine})`, async (t) => {
    const seen = await runLitmus(engine, litmus, litmus.programs.length > 2 ? 300 : 3000);
    t.diagnostic([...seen].map(([outcome, count]) => `${outcome}: ${count}`).join("; "));
  });
  for (const locked of LOCKED) test(`${locked.name} (${engine})`, () => runLocked(engine, locked, 100_000));
}
