// What an engine has to reach, and whether it does.
import { geometricMean } from "./statistics.mjs";

const ALL = ["integer", "float", "memory", "system"];
const slowest = (values) => Math.min(...values);

/** Of the rows of `groups`, `summary` of a ratio: `speed` over QEMU's TCG (more is better), `time` over native or over the other's boot (less is better). */
export const TARGETS = [
  { what: "whole bench, speed over QEMU", of: "speed", groups: ALL, summary: geometricMean, must: 2.5, aim: 4 },
  { what: "integer, speed over QEMU", of: "speed", groups: ["integer"], summary: geometricMean, must: 1.8, aim: 2.6 },
  { what: "floating point, speed over QEMU", of: "speed", groups: ["float"], summary: geometricMean, must: 5, aim: 8 },
  { what: "slowest program, speed over QEMU", of: "speed", groups: ALL, summary: slowest, must: 0.8, aim: 1 },
  { what: "whole bench, time over native", of: "time", groups: ALL, summary: geometricMean, must: 3.5, aim: 2.5 },
  { what: "Debian boot, time over QEMU", of: "boot", must: 2, aim: 1 },
  { what: "system, speed over QEMU", of: "speed", groups: ["system"], summary: geometricMean, must: 0.8, aim: 1.5 },
];

/** What Kitten has to reach: speed over QEMU in user mode, time over native. */
const COMPUTE = ["integer", "float", "memory"];
export const KITTEN_TARGETS = [
  { what: "compute programs, speed over QEMU in user mode", of: "speed", reference: "qemu-user", groups: COMPUTE, summary: geometricMean, must: 2.5, aim: 4 },
  { what: "integer, time over native", of: "time", groups: ["integer"], summary: geometricMean, must: 2.2, aim: 1.6 },
  { what: "floating point, time over native", of: "time", groups: ["float"], summary: geometricMean, must: 3, aim: 2 },
];

/** @param rows programs with `group` and `seconds` by machine
 * @returns per target `{ what, of, found, must, aim, passes, reachesAim, programs, measured }` */
export function judge(engine, rows, boots) {
  return (engine === "kitten" ? KITTEN_TARGETS : TARGETS).map(({ what, of, reference = "qemu", groups, summary, must, aim }) => {
    const within = rows.filter(({ group }) => groups?.includes(group));
    const values = of === "boot" ? [boots?.[engine]?.seconds / boots?.qemu?.seconds] : within.map(({ seconds }) => (of === "speed" ? seconds[reference] / seconds[engine] : seconds[engine] / seconds.native));
    const measured = values.filter(Number.isFinite);
    const found = measured.length === 0 ? NaN : summary ? summary(measured) : measured[0];
    const reaches = (limit) => (of === "speed" ? found >= limit : found <= limit);
    return { what, of, found, must, aim, passes: reaches(must), reachesAim: reaches(aim), programs: values.length, measured: measured.length };
  });
}
