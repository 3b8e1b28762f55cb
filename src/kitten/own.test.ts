// What Linux has not, or what its processes cannot be asked for again and again: Linux 6.18 does not give back all of the time that tasks of SCHED_DEADLINE had, so that it soon admits none;
// the expected lines about parameters and errors are what it answered.

import assert from "node:assert/strict";
import test from "node:test";
import { programRunner, skip } from "./programs/testing.ts";

const { compile, kitten } = programRunner(120_000);

const DEADLINES = `too short EINVAL
no deadline EINVAL
more than the deadline EINVAL
deadline behind the period EINVAL
negative EINVAL
unknown flag EINVAL
flags EINVAL
nowhere EINVAL EFAULT
short struct E2BIG
nobody ESRCH
set 0
get 0 48 6 0 0 0 2000000 10000000 10000000
get too little EINVAL, flags EINVAL
policy 6
fork EAGAIN
affinity EBUSY
unset 0 6
reset on fork 0
child's policy 0
one for each core: admitted
one more EBUSY
in another's place 0
when they are gone 0
ten periods of 20 ms: as long
a tenth of the time: no more than that
beside others: both go on
done
`;
const XEMEM = `again EEXIST
unknown ENOENT
too large ENOMEM
no name EINVAL
nowhere EFAULT
child: 16384 bytes, hello
read only: fault
made writable: -1 EACCES
executable: -1 EACCES
detached 0, once more -1
parent: fc
removed 0, then ENOENT
kept: hello
`;
const SMARTMAP = `rank 1: stack 7, byte 200
stack 101, data 1 51, sum 528482304, own 1
write of it by the kernel: 10000
unmapped: fault
child: 9
gone with rank 1
`;
const CASES: readonly (readonly [name: string, cores: number, engine: string, expected: string, options?: readonly string[]])[] = [
  ["deadlines", 1, "jit", DEADLINES], ["deadlines", 2, "jit", DEADLINES], ["deadlines", 1, "interp", DEADLINES],
  ["yield", 1, "jit", "1, first 1 of 1\noneself 0, nobody ESRCH, of another process ESRCH\n"],
  ["xemem", 1, "jit", XEMEM], ["xemem", 2, "interp", XEMEM],
  ["smartmap", 1, "jit", SMARTMAP, ["--ranks", "2"]], ["smartmap", 2, "jit", SMARTMAP, ["--ranks", "2"]],
];

for (const [name, cores, engine, expected, options = []] of CASES) test(`${name} (${engine}, cores: ${cores})`, { skip }, () => {
  assert.deepEqual(kitten(compile(`own/${name}`, "static", ["-static"]), cores, engine, ...options), { status: 0, stdout: expected, stderr: "" });
});
