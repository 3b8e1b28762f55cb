// Debian's gdb with Debian's kernel on two vCPUs: it comes while the guest runs, stops it in system calls, interrupts and at data, restarts it,
// and goes; the guest notices nothing.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import test from "node:test";
import { startNode } from "../embed/node.ts";
import { oneZone } from "../nvl/plan.ts";
import type { EngineName } from "../embed/protocol.ts";
import { pullDebian } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";

const image = findImage("debian") ?? await pullDebian((line) => console.error(line));
const skip = spawnSync("gdb", ["--version"]).status === 0 ? false : "no gdb here";
const SYMBOLS = ["__x64_sys_newuname", "do_nanosleep", "jiffies_64", "sysvec_apic_timer_interrupt", "start_kernel", "memset", "do_idle"] as const;
const LIMIT_MS = 240_000;

/** Boots; `say` types, `until` waits for text on the console. */
async function boot(engine: EngineName, vcpus: number, { commandLine = "", virtual = false, wait = false } = {}) {
  let text = "", address = "";
  const decoder = new TextDecoder(), memoryBytes = 256 << 20;
  const [node] = await startNode({ nodeName: "test", totalMemoryBytes: memoryBytes, virtualNodes: [{
    name: "guest", zones: oneZone(Array.from({ length: vcpus }, (_, index) => index), memoryBytes), debug: { gdb: { host: "127.0.0.1", port: 0 }, wait }, ...(virtual && { virtualTime: { seed: 0 } }),
    boot: { kernel: path.join(image.folder, image.kernel), initrds: image.initrds.map((name) => path.join(image.folder, name)), commandLine: `console=ttyS0,115200n8r panic=1 quiet nokaslr ${commandLine}`, files: {} },
  }] }, engine, {
    output: (_, bytes) => { text += decoder.decode(bytes, { stream: true }).replaceAll("\r", ""); },
    debugging: (_, at) => { address = at; },
  });
  while (address === "") await new Promise((resolve) => setTimeout(resolve, 5));
  const say = (line: string) => { node.write(new TextEncoder().encode(`${line}\n`)); };
  const until = async (pattern: RegExp) => {
    for (const endMs = performance.now() + LIMIT_MS; performance.now() < endMs && !pattern.test(text);) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.match(text, pattern);
    return text;
  };
  return { node, address, say, until };
}

function gdb(commands: readonly string[]): Promise<string> {
  const child = spawn("gdb", ["-nx", "-batch", ...["set pagination off", ...commands].flatMap((command) => ["-ex", command])], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { said += chunk; });
  const limit = setTimeout(() => child.kill(), LIMIT_MS);
  return new Promise((resolve) => { child.on("close", () => { clearTimeout(limit); resolve(said); }); });
}

let listed: Promise<string> | undefined;
/** Where the kernel's symbols are, as GDB writes locations: the same in every boot without KASLR. */
async function symbols(): Promise<(name: (typeof SYMBOLS)[number]) => string> {
  listed ??= (async () => {
    const { node, say, until } = await boot("jit", 1);
    await until(/NVL init/);
    say(`grep -wE '${SYMBOLS.join("|")}' /proc/kallsyms; echo LIST''ED; poweroff -f`);
    const text = await until(/LISTED/);
    await node.ended;
    return text;
  })();
  const text = await listed;
  return (name) => `*0x${new RegExp(`([0-9a-f]{16}) \\w ${name}$`, "m").exec(text)![1]}`;
}

for (const engine of ["interp", "jit"] as const) test(`gdb and Debian's kernel (${engine})`, { skip }, async () => {
  const { node, address, say, until } = await boot(engine, 2);
  await until(/NVL init/);
  say(`(while :; do uname >/dev/null; usleep 20000; done) & taskset -p 2 $!`);
  const at = await symbols();
  await until(/pid \d+'s new/);
  const said = await gdb([
    `target remote ${address}`, "info threads", `break ${at("__x64_sys_newuname")}`, "continue", "printf \"number %lu cpl %d\\n\", $rax, $cs & 3", "stepi 2", "finish", "delete",
    `break ${at("do_nanosleep")}`, "continue", "continue", "delete",
    `watch *(unsigned long *)${at("jiffies_64").slice(1)}`, "continue", "continue", "delete",
    `break ${at("sysvec_apic_timer_interrupt")} thread 2`, "continue", "printf \"timer on vCPU %d\\n\", $_thread - 1", "stepi 20", "delete",
    `hbreak ${at("start_kernel")}`, "monitor reset", "continue", "printf \"again %#lx\\n\", $pc", "delete", `break ${at("memset")}`, "ignore 6 100", "continue", "info breakpoints", "delete", "detach",
  ]);
  const hex = (name: (typeof SYMBOLS)[number]) => `0x${at(name).slice(3)}`;
  assert.match(said, /Thread 1 "vCPU 0"[^]*Thread 2 "vCPU 1"/);
  assert.match(said, new RegExp(`Breakpoint 1, ${hex("__x64_sys_newuname")}`));
  assert.match(said, /number 63 cpl 0/);
  assert.equal(said.match(new RegExp(`Breakpoint 2, ${hex("do_nanosleep")}`, "g"))?.length, 2);
  const values = [...said.matchAll(/Old value = (\d+)\s+New value = (\d+)/g)].map(([, before, after]) => Number(after) - Number(before));
  assert.ok(values.length === 2 && values.every((ticks) => ticks > 0), `jiffies: ${values.join()}`); // several at once after sleep
  assert.match(said, /timer on vCPU 1/);
  assert.match(said, new RegExp(`again ${hex("start_kernel")}`));
  assert.match(said, /breakpoint already hit 101 times/);
  await until(/NVL init[^]*NVL init[^]*# /);
  say("cat /proc/cpuinfo | grep -c ^processor; dmesg | grep -ci -e 'unstable' -e 'soft lockup' -e 'stall'; poweroff -f");
  const end = await until(/NVL init[^]*NVL init[^]*\n2\n0\n/);
  const { outcome, statistics } = await node.ended;
  assert.deepEqual([outcome.kind, statistics.resets], ["power-off", 1], end.slice(-500));
});

test("a deterministic boot of two vCPUs is the same to the last bit with a debugger in it", { skip }, async () => {
  const at = await symbols(), options = { commandLine: "rdinit=/none init=/none", virtual: true };
  const fingerprint = async (...commands: string[]) => {
    const { node, address } = await boot("jit", 2, { ...options, wait: commands.length > 0 });
    const [said, { statistics }] = await Promise.all([commands.length > 0 ? gdb([`target remote ${address}`, ...commands]) : "", node.ended]);
    return { said, fingerprint: statistics.fingerprint };
  };
  const undisturbed = await fingerprint();
  const debugged = await fingerprint(
    `hbreak ${at("do_idle")}`, "continue 30", `break ${at("sysvec_apic_timer_interrupt")}`, "continue", "continue 200", "stepi 3", "delete",
    `watch *(unsigned long *)${at("jiffies_64").slice(1)}`, "continue", "continue", "delete", "continue");
  assert.match(debugged.said, /Thread 1 [^]*Thread 2 [^]*New value[^]*New value[^]*exited with code 01/);
  assert.match(undisturbed.fingerprint ?? "", /^[0-9a-f]{64}$/);
  assert.equal(debugged.fingerprint, undisturbed.fingerprint);
});
