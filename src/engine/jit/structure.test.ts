import assert from "node:assert/strict";
import test from "node:test";
import { structure, type ControlFlow, type Structure } from "./structure.ts";

/** Opens and closes what the structure says; every edge must find the place where it goes, as the start of an open loop or the end of an open scope. */
function check({ edges, entries }: ControlFlow): Structure {
  const shape = structure({ edges, entries });
  const open: { to: number; end: number }[] = [];
  const goes = (from: number, to: number) => {
    const place = shape.route(from, to);
    if (place === undefined) assert.ok(shape.entries.has(to), `${to} can be reached by the dispatcher`);
    else assert.ok(open.some((label) => label.to === place), `${from} to ${to}`);
  };
  shape.places.forEach((place, index) => {
    while (open.at(-1)?.end === index) open.pop();
    for (const { end, loop } of shape.scopes(index)) open.push({ to: loop ? index : end, end });
    for (let inner = 1; inner < open.length; inner++) assert.ok(open[inner].end <= open[inner - 1].end, "scopes are nested");
    for (const { end } of open) assert.ok(end > index, "what ended is closed");
    if ("loop" in place) for (const to of place.targets.values()) goes(-1, to);
    else for (const to of edges[place.block]) goes(place.block, to);
  });
  assert.equal(new Set(shape.order).size, shape.order.length);
  return shape;
}
const loopsOf = (shape: Structure) => shape.places.flatMap((_, index) => shape.scopes(index).filter(({ loop }) => loop).map(({ end }) => [index, end]));

test("a diamond has no loop, and each block once", () => {
  const shape = check({ edges: [[1, 2], [3], [3], []], entries: [] });
  assert.deepEqual(loopsOf(shape), []);
  assert.equal(shape.order.length, 4);
  assert.ok(shape.forward(1, 3) && shape.forward(2, 3));
});

test("an inner loop is a loop of its own without a dispatcher, what follows it is outside", () => {
  // 0: before, 1: outer header, 2: inner header, 3: behind the inner loop, 4: behind all
  const shape = check({ edges: [[1], [2, 4], [2, 3], [1], []], entries: [] });
  const [outer, inner] = loopsOf(shape);
  assert.deepEqual(shape.places[inner[0]], { block: 2 });
  assert.equal(inner[1] - inner[0], 1);
  // the inner header is an entry: the outer loop looks at its head
  assert.ok("loop" in shape.places[outer[0]]);
  assert.deepEqual(shape.places.at(-1), { block: 4 });
});

test("an edge into a loop beside its header is left to the dispatcher", () => {
  const shape = check({ edges: [[1, 2], [2], [1]], entries: [] });
  const cut = [[1, 2], [2, 1]].filter(([from, to]) => shape.route(from, to) === undefined);
  assert.equal(cut.length, 1);
});

test("random control flow", () => {
  let seed = 1;
  const below = (limit: number) => {
    seed = Math.imul(seed, 1103515245) + 12345 >>> 0;
    return (seed >>> 8) % limit;
  };
  for (let round = 0; round < 3000; round++) {
    const count = 1 + below(round < 1500 ? 8 : 40);
    const edges = Array.from({ length: count }, (_, from) => [...new Set(Array.from({ length: below(4) }, () => (below(3) ? Math.min(count - 1, Math.max(0, from + below(7) - 2)) : below(count))))]);
    const entries = Array.from({ length: below(3) }, () => below(count));
    const shape = check({ edges, entries });
    for (const entry of entries) assert.ok(shape.entries.has(entry));
    // what goes backwards without a dispatcher goes to a loop around it
    for (const from of shape.order) for (const to of edges[from]) if (shape.route(from, to) !== undefined && !shape.forward(from, to)) {
      const place = shape.route(from, to)!;
      assert.ok(shape.scopes(place).some(({ loop }) => loop));
    }
  }
});

test("an edge that was not told is refused", () => {
  const shape = structure({ edges: [[0], []], entries: [] });
  assert.throws(() => shape.route(0, 1), { code: "jit/edge" });
});
