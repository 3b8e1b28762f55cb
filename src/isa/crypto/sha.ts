// SHA-1 and SHA-256. Rounds and the message words that depend on each other are helpers (engine/core/assembly/sha.ts).
import type { Emit } from "../emit.ts";
import type { Instruction } from "../instruction.ts";
import { packed, packedControlled, shuffle } from "../sse/packed.ts";

const row = (opcode: string) => [`NP ${opcode} /r  xmm xmm/m128  ; sse`];

/** SHA-256's σ0 of four words. */
function sigma0<V>(e: Emit<V>, a: V): V {
  const rotated = (by: number) => e.simd("v128.or", [e.simd("i32x4.shr_u", [a, e.int(by)]), e.simd("i32x4.shl", [a, e.int(32 - by)])]);
  return e.simd("v128.xor", [e.simd("v128.xor", [rotated(7), rotated(18)]), e.simd("i32x4.shr_u", [a, e.int(3)])]);
}

export const SHA: readonly Instruction[] = [
  packedControlled("sha1rnds4", "SDM 2B, SHA1RNDS4—Perform Four Rounds of SHA1 Operation", ["NP 0F 3A CC /r ib  xmm xmm/m128 immu8  ; sse"],
    (e, state, message, control) => e.call("sha1Rounds4", state, message, e.and(control, e.int(3)))),
  packed("sha1nexte", "SDM 2B, SHA1NEXTE—Calculate SHA1 State Variable E After Four Rounds", row("0F 38 C8"), (e, a, b) => {
    const next = e.rotl(32, e.simd("i32x4.extract_lane", [a], [3]), e.int(30));
    return e.simd("i32x4.replace_lane", [b, e.add(32, next, e.simd("i32x4.extract_lane", [b], [3]))], [3]);
  }),
  packed("sha1msg1", "SDM 2B, SHA1MSG1—Perform an Intermediate Calculation for the Next Four SHA1 Message Dwords", row("0F 38 C9"),
    (e, a, b) => e.simd("v128.xor", [a, shuffle(e, b, a, 8, [1, 2])])),
  packed("sha1msg2", "SDM 2B, SHA1MSG2—Perform a Final Calculation for the Next Four SHA1 Message Dwords", row("0F 38 CA"), (e, a, b) => e.call("sha1Message2", a, b)),
  packed("sha256rnds2", "SDM 2B, SHA256RNDS2—Perform Two Rounds of SHA256 Operation", ["NP 0F 38 CB /r  xmm xmm/m128 xmm0  ; sse"],
    (e, a, b) => e.call("sha256Rounds2", a, b, e.xmm(0))),
  packed("sha256msg1", "SDM 2B, SHA256MSG1—Perform an Intermediate Calculation for the Next Four SHA256 Message Dwords", row("0F 38 CC"),
    (e, a, b) => e.simd("i32x4.add", [a, sigma0(e, shuffle(e, a, b, 4, [1, 2, 3, 4]))])),
  packed("sha256msg2", "SDM 2B, SHA256MSG2—Perform a Final Calculation for the Next Four SHA256 Message Dwords", row("0F 38 CD"), (e, a, b) => e.call("sha256Message2", a, b)),
];
