// What comes before and after a meaning, by the form's attributes (SDM 3A, Exception Conditions: what CR0 and CR4 do to x87, MMX and SSE).
import assert from "node:assert/strict";
import test from "node:test";
import type { Emit } from "./emit.ts";
import { FORMS } from "./forms.ts";
import { perform } from "./perform.ts";

const X87_NM = 1n, SSE_UD = 2n, SSE_NM = 4n, MMX_UD = 8n;

/** Everything that `perform` and meanings ask for, as text: loads and results are 0, and the first exception ends it. */
function trace(name: string, fpuTrap: bigint): string {
  const form = FORMS.find((candidate) => candidate.name === name);
  assert.ok(form, `there is no form ${name}`);
  const log: string[] = [];
  const known: Partial<Emit<bigint>> = {
    int: (value) => BigInt(value), and: (a, b) => a & b, ne: (a, b) => a !== b ? 1n : 0n, fpuTrap: () => fpuTrap,
    when: (condition, yes) => { if (condition) yes(); },
    raise: (vector) => { log.push(vector); throw log; },
    call: (helper) => { log.push(helper); return 0n; },
    storeVector: () => { log.push("store"); },
  };
  const e = new Proxy(known, { get: (target, key) => target[key as keyof typeof target] ?? (() => 0n) }) as Emit<bigint>;
  try {
    perform(e, form);
  } catch (thrown) {
    if (thrown !== log) throw thrown;
  }
  return log.join(" ");
}

for (const [name, fpuTrap, expected] of [
  ["paddb xmm128 xmm128 (66 0F FC)", 0n, "store"],
  ["paddb xmm128 xmm128 (66 0F FC)", SSE_UD | SSE_NM, "#UD"],
  ["paddb xmm128 xmm128 (66 0F FC)", SSE_NM | X87_NM, "#NM"],
  ["paddb xmm128 xmm128 (66 0F FC)", X87_NM | MMX_UD, "store"],
  ["paddb mm64 mm64 (NP 0F FC)", 0n, "x87Pending store mmxTouch"],
  ["paddb mm64 mm64 (NP 0F FC)", SSE_UD, "x87Pending store mmxTouch"], // CR4.OSFXSR is about XMM registers
  ["paddb mm64 mm64 (NP 0F FC)", MMX_UD | X87_NM, "#UD"],
  ["paddb mm64 mm64 (NP 0F FC)", X87_NM, "#NM"],
  ["pmovmskb reg32 mm64 (NP 0F D7)", 0n, "x87Pending mmxTouch"], // a reader changes the x87 unit too
  ["emms (NP 0F 77)", 0n, "x87Pending emms"],
  ["emms (NP 0F 77)", X87_NM, "#NM"],
] as const) test(`${name} under traps ${fpuTrap}: ${expected}`, () => assert.equal(trace(name, fpuTrap), expected));
