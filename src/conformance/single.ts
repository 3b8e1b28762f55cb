// One instruction with a few registers given by name, for tests that are tables of facts. It runs on every engine that is built, and on the
// host's CPU where there is one, so that what a table says is what a processor does.

import { GPR_NAMES, type GprName } from "../hal/index.ts";
import { CODE, DATA, PAGE, type Case, type Mode, type Outcome } from "./rows/case.ts";
import { openEngines } from "./engines.ts";
import { openHostCpu } from "./host/host.ts";
import { createCaseMachine } from "./rows/machine.ts";

export type Registers = Partial<Record<GprName, bigint | number>>;

export interface Single {
  code: Uint8Array | readonly number[];
  mode?: Mode;
  registers?: Registers;
  rflags?: bigint;
  /** where the bytes of the test lie: an address in the data pages */
  at?: number;
  bytes?: readonly number[] | Uint8Array;
}

export interface SingleMachine {
  readonly name: string;
  run(single: Single): Outcome;
}

export const RFLAGS_FIXED = 0x202n;
/** The first byte behind the data pages: not present. */
export const DATA_END = DATA + 2 * PAGE;

export function singleCase({ code, mode = "long", registers = {}, rflags = 0n, at = DATA + 0x400, bytes = [] }: Single): Case {
  const gpr = new BigUint64Array(16), fx = new Uint8Array(512), view = new DataView(fx.buffer);
  gpr[4] = BigInt(DATA + 0x1000);
  for (const [name, value] of Object.entries(registers)) gpr[GPR_NAMES.indexOf(name as GprName)] = BigInt.asUintN(64, BigInt(value));
  view.setUint16(0, 0x37f, true);
  view.setUint32(24, 0x1f80, true);
  return { mode, code: Uint8Array.from(code), rip: CODE + 0x800, gpr, rflags: rflags | RFLAGS_FIXED, fx, window: at, bytes: Uint8Array.from(bytes) };
}

/** Engines and, if asked for, the host's CPU. */
export async function openSingles({ host = true } = {}): Promise<SingleMachine[]> {
  const out: SingleMachine[] = (await openEngines()).map((engine) => {
    const machine = createCaseMachine(engine);
    return { name: engine.name, run: (single) => machine.run(singleCase(single)) };
  });
  const cpu = host ? openHostCpu() : undefined;
  if (cpu) out.push({ name: "host", run: (single) => {
    const outcome = cpu.run([singleCase(single)])[0]!;
    return { ...outcome, bytes: Uint8Array.from(outcome.bytes) };
  } });
  return out;
}

/** A register of an outcome. */
export const registerOf = (outcome: Outcome, name: GprName): bigint => outcome.gpr[GPR_NAMES.indexOf(name)]!;

const FLAG_BITS = { CF: 1n, PF: 4n, AF: 16n, ZF: 64n, SF: 128n, OF: 0x800n } as const;
export type FlagWord = keyof typeof FLAG_BITS;
/** "CF ZF" as bits. */
export const flagBits = (words: string): bigint => words.split(" ").filter((word) => word !== "").reduce((sum, word) => sum | FLAG_BITS[word as FlagWord], 0n);
/** The arithmetic flags of an outcome by name, those of `ignored` left out. */
export const flagWords = (outcome: Outcome, ignored = ""): string =>
  (Object.keys(FLAG_BITS) as FlagWord[]).filter((word) => (outcome.rflags & FLAG_BITS[word]) !== 0n && !ignored.includes(word)).join(" ");
