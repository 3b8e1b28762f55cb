// Runs ten bytes of 64-bit code and prints what they left in the registers: node docs/examples/ten-bytes.mjs
import { createMachine } from "nvl";

const { memory, vcpu, start } = await createMachine();
memory.write(0x1_0000, Uint8Array.from([
  0x48, 0x01, 0xd8, //       add rax, rbx
  0x48, 0x0f, 0xaf, 0xc0, // imul rax, rax
  0x31, 0xdb, //             xor ebx, ebx
  0xf4, //                   hlt
]));
start("long", 0x1_0000, { rax: 3, rbx: 4 });
const exit = vcpu.run(1000);
console.log(`exit: ${exit.reason} after ${vcpu.retired()} instructions`);
for (const name of ["rax", "rbx", "rip", "rflags"]) console.log(`${name.padEnd(6)} 0x${vcpu.state.read(name).toString(16)}`);
