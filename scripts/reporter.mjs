// What `npm test` prints: Node's own "spec" report, which names every failure at its end, and a last line of counts.
import { spec as Spec } from "node:test/reporters";
import { PassThrough } from "node:stream";

export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 }, tests = new PassThrough({ objectMode: true }), spec = tests.pipe(new Spec());
  (async () => {
    for await (const event of events) {
      const { type, data } = event;
      if ((type === "test:pass" || type === "test:fail") && data.details.type !== "suite") {
        counts[type === "test:fail" ? "failed" : data.skip !== undefined ? "skipped" : "passed"]++;
      }
      if (!tests.write(event)) await new Promise((drained) => tests.once("drain", drained));
    }
    tests.end();
  })().catch((error) => tests.destroy(error));
  yield* spec;
  yield `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
