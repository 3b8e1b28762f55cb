// Rows that several integer instructions share.

/** Two upper-case hex digits. */
export const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, "0");

/** The rows of ADD, OR, ADC, SBB, AND, SUB, XOR and CMP, which differ in three bits of the opcode or in ModRM.reg: `digit`, 0..7.
 * @param attributes of every row; `lock` only of those that write memory */
export function arithmeticRows(digit: number, attributes = "", lock = ""): string[] {
  const opcode = (low: number) => hex(digit * 8 + low);
  return [
    `${opcode(0)} /r       r/m8  r8    ; ${attributes} ${lock}`,
    `${opcode(1)} /r       r/m*  r*    ; ${attributes} ${lock}`,
    `${opcode(2)} /r       r8    r/m8  ; ${attributes}`,
    `${opcode(3)} /r       r*    r/m*  ; ${attributes}`,
    `${opcode(4)} ib       al    imm8  ; ${attributes}`,
    `${opcode(5)} i*       *ax   imm*  ; ${attributes}`,
    `80 /${digit} ib   r/m8  imm8  ; ${attributes} ${lock}`,
    `81 /${digit} i*   r/m*  imm*  ; ${attributes} ${lock}`,
    `82 /${digit} ib   r/m8  imm8  ; no64 ${attributes} ${lock}`,
    `83 /${digit} ib   r/m*  imm8  ; ${attributes} ${lock}`,
  ];
}
