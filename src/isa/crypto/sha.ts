// SHA-1 and SHA-256. Rounds and the message words that depend on each other are helpers (engine/core/assembly/vector/sha.ts).
import type { Emit } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { shuffle } from "../sse/packed.ts";

/** dst = compute(dst, src, immediate). Unlike others these take memory at any address on the CPUs that we have compared with (AMD Zen 5). */
const sha = (mnemonic: string, title: string, row: string, compute: <V>(e: Emit<V>, a: V, b: V, control: () => V) => V): Instruction =>
  instruction(mnemonic, `SDM 2B, ${mnemonic.toUpperCase()}—${title}`, [`NP ${row}  ; sse`], (e, { dst, src, third }) =>
    e.storeVector(128, dst, compute(e, e.loadVector(128, dst), e.loadVector(128, src), () => e.load(8, third))));

/** SHA-256's σ0 of four words. */
function sigma0<V>(e: Emit<V>, a: V): V {
  const rotated = (by: number) => e.simd("v128.or", [e.simd("i32x4.shr_u", [a, e.int(by)]), e.simd("i32x4.shl", [a, e.int(32 - by)])]);
  return e.simd("v128.xor", [e.simd("v128.xor", [rotated(7), rotated(18)]), e.simd("i32x4.shr_u", [a, e.int(3)])]);
}

export const SHA: readonly Instruction[] = [
  sha("sha1rnds4", "Perform Four Rounds of SHA1 Operation", "0F 3A CC /r ib  xmm xmm/m128 immu8",
    (e, state, message, control) => e.call("sha1Rounds4", state, message, e.and(control(), e.int(3)))),
  sha("sha1nexte", "Calculate SHA1 State Variable E After Four Rounds", "0F 38 C8 /r  xmm xmm/m128", (e, a, b) => {
    const next = e.rotl(32, e.simd("i32x4.extract_lane", [a], [3]), e.int(30));
    return e.simd("i32x4.replace_lane", [b, e.add(32, next, e.simd("i32x4.extract_lane", [b], [3]))], [3]);
  }),
  sha("sha1msg1", "Perform an Intermediate Calculation for the Next Four SHA1 Message Dwords", "0F 38 C9 /r  xmm xmm/m128",
    (e, a, b) => e.simd("v128.xor", [a, shuffle(e, b, a, 8, [1, 2])])),
  sha("sha1msg2", "Perform a Final Calculation for the Next Four SHA1 Message Dwords", "0F 38 CA /r  xmm xmm/m128", (e, a, b) => e.call("sha1Message2", a, b)),
  sha("sha256rnds2", "Perform Two Rounds of SHA256 Operation", "0F 38 CB /r  xmm xmm/m128 xmm0",
    (e, a, b) => e.call("sha256Rounds2", a, b, e.xmm(0))),
  sha("sha256msg1", "Perform an Intermediate Calculation for the Next Four SHA256 Message Dwords", "0F 38 CC /r  xmm xmm/m128",
    (e, a, b) => e.simd("i32x4.add", [a, sigma0(e, shuffle(e, a, b, 4, [1, 2, 3, 4]))])),
  sha("sha256msg2", "Perform a Final Calculation for the Next Four SHA256 Message Dwords", "0F 38 CD /r  xmm xmm/m128", (e, a, b) => e.call("sha256Message2", a, b)),
];
