// What the bench compares. A machine has `command(words)`, which runs programs given as NAME@PERCENT; `takesAll` when one run may take them all.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureTool } from "../scripts/tools.mjs";

const NVL = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
/** Not an engine: the programs as processes of `nvl exec`, by the JIT. */
export const KITTEN = "kitten";
/** Guest memory of the machines, in MiB. */
export const MEMORY = 512;
const COMMAND_LINE = "console=ttyS0,115200n8r panic=-1 quiet";

export const nvlCommand = (engine, ...args) => [process.execPath, [NVL, "run", "--engine", engine, "--stats", "--json", ...args]];
export const qemuCommand = (...args) => ["qemu-system-x86_64", ["-accel", "tcg", "-cpu", "max", "-smp", "1", "-display", "none", "-serial", "stdio", "-no-reboot", "-nodefaults", ...args]];

const version = (command, ...args) => (spawnSync(command, args, { encoding: "utf8" }).stdout ?? "").split("\n")[0].trim();

/** The host's programs that the bench needs, installed where that is possible: a version, or undefined with a line that says what is left out. */
export function findTools(options, say) {
  const find = (wanted, command, name, without) => {
    if (!wanted) return undefined;
    if (ensureTool(command, name)) return version(command, "--version");
    say(`no ${command} here (Debian package ${name}): ${without}`);
    return undefined;
  };
  return {
    gcc: find(true, "gcc", "gcc", "no programs, only the boot"),
    qemu: find(options.qemu, "qemu-system-x86_64", "qemu-system-x86", "nothing is compared with QEMU's TCG"),
    qemuUser: find(options.qemuUser && !options.quick, "qemu-x86_64", "qemu-user", "no column for it"),
  };
}

/** The kernel's command line by which the programs of `words` run. */
export const bootWords = (words) => `${COMMAND_LINE} bench=${words.join(",")}`;

/** The machines that can run here, the host first.
 * @param kernel path of a Linux kernel, or undefined: then only processes are compared */
export function createMachines({ native, initrd }, kernel, tools, { engines, withKitten }) {
  const machines = [{ name: "native", command: (words) => [native, words] }];
  // its exec starts the new program on the host's processor
  if (tools.qemuUser) machines.push({ name: "qemu-user", omits: ["fork-exec"], command: (words) => ["qemu-x86_64", [native, ...words]] });
  if (withKitten) machines.push({ name: KITTEN, command: (words) => [process.execPath, [NVL, "exec", "--memory", `${MEMORY}M`, native, ...words]] });
  if (!kernel) return machines;
  if (tools.qemu) machines.push({ name: "qemu", takesAll: true, command: (words) => qemuCommand("-m", `${MEMORY}`, "-kernel", kernel, "-initrd", initrd, "-append", bootWords(words)) });
  for (const engine of engines) {
    machines.push({ name: engine, engine, takesAll: true, command: (words) => nvlCommand(engine, "--kernel", kernel, "--initrd", initrd, "--memory", `${MEMORY}M`, "--append", bootWords(words)) });
  }
  return machines;
}
