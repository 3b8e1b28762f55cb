// The command line of `npm run bench`.
import { parseArgs } from "node:util";
import { ENGINE_NAMES } from "../dist/embed/protocol.js";
import { KITTEN } from "./machines.mjs";

export const USAGE = `usage: npm run bench -- [options]
  --quick             no operating system: millions of instructions per second of the programs that need none
  --parallel          two processors: what a second vCPU gives, hand-off, boot, virtual time
  --kitten            two cores of a Kitten: migration, futex, pipe beside the host's Linux; noise beside a Linux guest (docs/noise.svg with --plot)
  --only a,b          these programs or groups (integer, float, memory, system)
  --engines a,b       of ${[...ENGINE_NAMES, KITTEN].join(", ")} (all but oracle); kitten: processes of nvl exec
  --rounds N          interleaved rounds; medians count (5; 1 with --quick)
  --scale N           percent of each program's work (100)
  --timeout N         seconds that a program may take (300)
  --no-qemu           leave out qemu-system-x86_64; --no-qemu-user: qemu-x86_64; --no-boot: the boot of Debian
  --json FILE         everything measured, for programs
  --plot FILE         bars as SVG (docs/bench.svg after a complete run of at least 5 rounds)`;

const list = (text) => text?.split(",").map((word) => word.trim()).filter(Boolean);

/** @returns the options, or `{ message }` that says what is wrong with them */
export function readOptions(args) {
  let values;
  try {
    const text = { type: "string" }, flag = { type: "boolean" };
    ({ values } = parseArgs({ args, allowPositionals: false, options: {
      quick: flag, parallel: flag, kitten: flag, only: text, engines: text, rounds: text, scale: text, timeout: text, "no-qemu": flag, "no-qemu-user": flag, "no-boot": flag, json: text, plot: text, help: flag,
    } }));
  } catch (error) {
    return { message: error.message };
  }
  if (values.help) return { message: "" };
  const chosen = list(values.engines) ?? [...ENGINE_NAMES.filter((name) => name !== "oracle"), KITTEN], engines = chosen.filter((name) => name !== KITTEN);
  const unknown = engines.filter((name) => !ENGINE_NAMES.includes(name));
  if (unknown.length > 0) return { message: `no engine ${unknown.join(", ")}; there are ${[...ENGINE_NAMES, KITTEN].join(", ")}` };
  const numbers = { rounds: values.quick ? 1 : 5, scale: 100, timeout: 300 };
  for (const name of Object.keys(numbers)) {
    if (values[name] === undefined) continue;
    numbers[name] = Number(values[name]);
    if (!Number.isInteger(numbers[name]) || numbers[name] < 1) return { message: `--${name} takes a whole number above 0, not ${values[name]}` };
  }
  return {
    ...numbers, engines, withKitten: chosen.includes(KITTEN), only: list(values.only), quick: values.quick === true, parallel: values.parallel === true, kitten: values.kitten === true,
    qemu: !values["no-qemu"], qemuUser: !values["no-qemu-user"], boot: !values["no-boot"], json: values.json, plot: values.plot,
  };
}

/** The programs that `--only` names, by name or group. @returns `{ message }` when it names something else */
export function choosePrograms(programs, only) {
  const unknown = (only ?? []).filter((word) => !programs.some(({ name, group }) => word === name || word === group));
  if (unknown.length > 0) return { message: `no program or group ${unknown.join(", ")}; there are ${programs.map(({ name }) => name).join(", ")}` };
  return { chosen: programs.filter(({ name, group }) => !only || only.includes(name) || only.includes(group)) };
}
