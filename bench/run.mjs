// Runs a command and watches its lines by the host's clock.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const SIGNALS = ["SIGINT", "SIGTERM"];

/** Largest resident size of a process so far, where the host tells. */
function residentPeak(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Runs a command to its end.
 * @param onLine called with each line of its output and the seconds since its start
 * @param timeout seconds without a line after which it is killed
 * @returns seconds, the end of its output, the largest resident size, and whether it was killed */
export function run([command, args], { onLine = () => {}, timeout = 300 } = {}) {
  return new Promise((resolve, reject) => {
    const from = process.hrtime.bigint();
    const seconds = () => Number(process.hrtime.bigint() - from) / 1e9;
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const stop = () => child.kill("SIGKILL"), interrupted = () => { stop(); process.exit(130); };
    for (const signal of SIGNALS) process.once(signal, interrupted);
    let rest = "", stdout = "", stderr = "", peakBytes = 0, timedOut = false;
    const expire = () => { timedOut = true; stop(); };
    let watchdog = setTimeout(expire, timeout * 1000);
    const watch = setInterval(() => { peakBytes = Math.max(peakBytes, residentPeak(child.pid)); }, 100);
    child.stdout.on("data", (chunk) => {
      const now = seconds(), text = chunk.toString("latin1");
      stdout = (stdout + text).slice(-4000);
      const lines = (rest + text).split(/\r*\n/);
      rest = lines.pop();
      for (const line of lines) onLine(line, now);
      if (lines.length > 0) { clearTimeout(watchdog); watchdog = setTimeout(expire, timeout * 1000); }
    });
    child.stderr.on("data", (chunk) => { stderr = (stderr + chunk.toString()).slice(-20000); });
    const clean = () => { clearTimeout(watchdog); clearInterval(watch); for (const signal of SIGNALS) process.off(signal, interrupted); };
    child.on("error", (error) => { clean(); reject(error); });
    child.on("close", (status) => { clean(); resolve({ seconds: seconds(), stdout, stderr, peakBytes, timedOut, status }); });
  });
}

/** Runs a machine until all these programs have a result or a failure; one that fails does not take the ones after it along.
 * @returns by name `{ seconds, hostSeconds, checksum }` or `{ failure }`, and what the engine counted */
export async function runPrograms(machine, words, timeout) {
  const found = new Map(), counted = [], nameOf = (word) => word.split("@")[0];
  for (let rest = words; rest.length > 0;) {
    const batch = machine.takesAll ? rest : rest.slice(0, 1);
    let startedAt;
    const onLine = (line, now) => {
      const start = line.includes("START "), result = /RESULT (\S+) (\S+) ([0-9a-f]{16})/.exec(line), failed = /FAILED ([^\s@]+)\S* (\d+)/.exec(line);
      if (start) startedAt = now;
      if (result) found.set(result[1], { seconds: Number(result[2]), hostSeconds: now - startedAt, checksum: result[3] });
      if (failed) found.set(failed[1], { failure: `ended with status ${failed[2]}` });
    };
    const ended = await run(machine.command(batch), { onLine, timeout });
    counted.push(lastJson(ended.stderr)?.statistics);
    const missing = batch.filter((word) => !found.has(nameOf(word)));
    if (missing.length > 0) {
      const why = ended.timedOut ? `no result in ${timeout} s` : `the machine ended (status ${ended.status}): ${(ended.stderr || ended.stdout).trim().split("\n").slice(-2).join(" / ").slice(-300)}`;
      // if nothing started, the machine itself is at fault, and would be again
      for (const word of startedAt === undefined ? missing : missing.slice(0, 1)) found.set(nameOf(word), { failure: why });
    }
    rest = rest.filter((word) => !found.has(nameOf(word)));
  }
  return { found, counted: counted.filter(Boolean) };
}

/** The last line of a text as JSON, if it is that. */
export function lastJson(text) {
  try {
    return JSON.parse(text.trim().split("\n").at(-1));
  } catch {
    return undefined;
  }
}
