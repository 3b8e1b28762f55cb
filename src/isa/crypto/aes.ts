// AES-NI. A round is a helper (engine/core/assembly/vector/aes.ts): 256-entry tables are no business of emitted code.
import type { HelperName } from "../helpers.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { packed, packedUnary, xmmRows } from "../sse/packed.ts";

const ROUNDS: readonly [mnemonic: string, opcode: string, helper: HelperName, title: string][] = [
  ["aesenc", "0F 38 DC", "aesEncrypt", "AESENC—Perform One Round of an AES Encryption Flow"],
  ["aesenclast", "0F 38 DD", "aesEncryptLast", "AESENCLAST—Perform Last Round of an AES Encryption Flow"],
  ["aesdec", "0F 38 DE", "aesDecrypt", "AESDEC—Perform One Round of an AES Decryption Flow"],
  ["aesdeclast", "0F 38 DF", "aesDecryptLast", "AESDECLAST—Perform Last Round of an AES Decryption Flow"],
];

export const AES: readonly Instruction[] = [
  ...ROUNDS.map(([mnemonic, opcode, helper, title]) => packed(mnemonic, `SDM 2A, ${title}`, xmmRows(opcode), (e, state, key) => e.call(helper, state, key))),
  packedUnary("aesimc", "SDM 2A, AESIMC—Perform the AES InvMixColumn Transformation", xmmRows("0F 38 DB"), (e, a) => e.call("aesInverseMixColumns", a)),
  instruction("aeskeygenassist", "SDM 2A, AESKEYGENASSIST—AES Round Key Generation Assist", ["66 0F 3A DF /r ib  xmm xmm/m128 immu8  ; sse"],
    (e, { dst, src, third }) => e.storeVector(128, dst, e.call("aesKeyAssist", e.loadVector(128, src, "aligned"), e.load(8, third)))),
];
