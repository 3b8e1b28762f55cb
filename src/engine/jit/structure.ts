// Control flow without jumps: an order of the blocks of a region, and the loops and scopes of WebAssembly in which every edge is a branch.
// Natural loops become loops, what forward edges lead to ends a scope. An edge into a loop beside its header (irreducible control flow),
// and whoever comes from outside, go through a dispatcher that looks at the number of an entry: the region's own, or that of each loop
// around the entry. Loops without entries but their header have none. The dispatcher is that of the innermost loop around both ends of the edge.

import { NvlError } from "../../base/error.ts";

/** What a region looks like. Blocks are numbers from 0 on. */
export interface ControlFlow {
  /** where each block leads */
  edges: readonly (readonly number[])[];
  /** blocks that shall be reached from outside; loop headers are added */
  entries: Iterable<number>;
  /** Loops are found from here: 0 if it is not said. */
  root?: number;
}

/** A place in the order: a block, or the dispatcher of a loop, or of all (`loop` -1). */
export type Place = { block: number } | { loop: number; targets: ReadonlyMap<number, number> };

export interface Structure {
  places: readonly Place[];
  /** blocks in their order */
  order: readonly number[];
  /** number of each block that can be entered, from 1 on */
  entries: ReadonlyMap<number, number>;
  /** Place to branch to for an edge; undefined: only the dispatcher of all leads there. From a dispatcher: -1. */
  route(from: number, to: number): number | undefined;
  /** Does a dispatcher lead there, by the number of the entry? */
  dispatched(from: number, to: number): boolean;
  /** Does this edge go on in the order? All others may repeat. */
  forward(from: number, to: number): boolean;
  /** What begins before a place, the outermost first; each ends before place `end`. */
  scopes(place: number): readonly Scope[];
  /** Is this an entry to which the dispatcher of a loop leads? */
  passed(block: number): boolean;
  /** The outer ones first. */
  loops: readonly Loop[];
}
export interface Scope { end: number; loop: boolean }
/** Its places are those from `start` on before `end`. */
export interface Loop { header: number; parent: Loop | undefined; blocks: ReadonlySet<number>; number: number; start: number; end: number }

/** Reverse postorder of what is reachable from the roots, the last root first. */
function reversePostorder(count: number, roots: readonly number[], edges: (node: number) => Iterable<number>): number[] {
  const seen = new Uint8Array(count), order: number[] = [];
  const visit = (node: number) => {
    seen[node] = 1;
    for (const next of edges(node)) if (!seen[next]) visit(next);
    order.push(node);
  };
  for (const root of roots) if (!seen[root]) visit(root);
  return order.reverse();
}

/** Immediate dominators under a root of all roots (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm). -1: only that one. */
function dominators(order: readonly number[], roots: ReadonlySet<number>, sources: readonly (readonly number[])[]): (a: number, b: number) => boolean {
  const rank = new Int32Array(sources.length).fill(-1), above = new Int32Array(sources.length).fill(-2);
  order.forEach((node, index) => { rank[node] = index; });
  const meet = (a: number, b: number) => {
    while (a !== b) {
      if (a < 0 || b < 0) return -1;
      if (rank[a] > rank[b]) a = above[a];
      else b = above[b];
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const node of order) {
      let best = roots.has(node) ? -1 : -2;
      for (const source of sources[node]) {
        if (rank[source] < 0 || above[source] === -2) continue;
        best = best === -2 ? source : meet(best, source);
      }
      if (best === above[node]) continue;
      above[node] = best;
      changed = true;
    }
  }
  return (a, b) => {
    while (b >= 0 && rank[b] > rank[a]) b = above[b];
    return a === b;
  };
}

export function structure({ edges, entries: wanted, root = 0 }: ControlFlow): Structure {
  const count = edges.length;
  // what nothing leads to is a root, too
  const roots = [root], reached = new Uint8Array(count);
  const reach = (node: number) => {
    const waiting = [node];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (reached[next]) continue;
      reached[next] = 1;
      waiting.push(...edges[next]);
    }
  };
  reach(root);
  for (const node of wanted) if (!reached[node]) {
    roots.push(node);
    reach(node);
  }
  const preorder = reversePostorder(count, roots.toReversed(), (node) => edges[node].toReversed());
  const rank = new Int32Array(count).fill(-1);
  preorder.forEach((node, index) => { rank[node] = index; });
  const sources: number[][] = edges.map(() => []);
  for (const from of preorder) for (const to of edges[from]) sources[to].push(from);
  const dominates = dominators(preorder, new Set(roots), sources);

  // an edge backwards to what need not have been passed is left to the dispatcher
  const cut = new Set<number>(), key = (from: number, to: number) => from * count + to;
  const extra = new Set<number>(roots);
  const headers = new Map<number, Set<number>>();
  for (const from of preorder) for (const to of edges[from]) {
    if (rank[to] > rank[from]) continue;
    if (!dominates(to, from)) {
      cut.add(key(from, to));
      extra.add(to);
      continue;
    }
    // a natural loop: what comes to its end without passing the header
    const blocks = headers.get(to) ?? new Set([to]), waiting = [from];
    headers.set(to, blocks);
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (blocks.has(node)) continue;
      blocks.add(node);
      for (const source of sources[node]) waiting.push(source);
    }
  }
  for (const node of wanted) if (rank[node] >= 0) extra.add(node);
  for (const header of headers.keys()) extra.add(header);

  // loops, outer ones first; `within` is the innermost of each block
  const loops: Loop[] = [...headers].map(([header, blocks]) => ({ header, blocks, parent: undefined, number: 0, start: 0, end: 0 }));
  loops.sort((a, b) => b.blocks.size - a.blocks.size);
  const within: (Loop | undefined)[] = new Array(count);
  loops.forEach((loop, number) => {
    loop.number = number;
    loop.parent = within[loop.header];
    for (const block of loop.blocks) within[block] = loop;
  });
  const chain = (node: number) => {
    const list: Loop[] = [];
    for (let loop = within[node]; loop; loop = loop.parent) list.unshift(loop);
    return list;
  };
  // entries that are no header of the outermost loop around them: each loop that they are within passes them on
  const numbers = new Map<number, number>();
  for (const node of preorder) if (extra.has(node)) numbers.set(node, numbers.size + 1);
  const rootTargets = new Map<number, number>(), hops = new Map<Loop, Map<number, number>>();
  for (const [node, number] of numbers) {
    const passed = chain(node).filter(({ header }) => header !== node);
    let targets = rootTargets;
    for (const loop of passed) {
      targets.set(number, loop.header);
      targets = hops.get(loop) ?? new Map<number, number>();
      hops.set(loop, targets);
    }
    targets.set(number, node);
  }

  // the order: within each loop, an inner one is as one block
  const places: Place[] = [], landing = new Int32Array(count).fill(-1), at = new Int32Array(count).fill(-1), order: number[] = [];
  const memberOf = (node: number, scope: Loop | undefined): number | undefined => {
    let inner: Loop | undefined;
    for (let loop = within[node]; loop !== scope; loop = loop.parent) {
      if (!loop) return undefined; // outside
      inner = loop;
    }
    return inner ? inner.header : node;
  };
  const lay = (scope: Loop | undefined, first: readonly number[]) => {
    const inner = new Map<number, Loop>();
    for (const loop of loops) if (loop.parent === scope) inner.set(loop.header, loop);
    const successors = (member: number): number[] => {
      const list: number[] = [];
      for (const node of inner.get(member)?.blocks ?? [member]) for (const to of edges[node]) {
        if (to === scope?.header || cut.has(key(node, to))) continue;
        const next = memberOf(to, scope);
        if (next !== undefined && next !== member) list.push(next);
      }
      return list.sort((a, b) => rank[b] - rank[a]);
    };
    for (const member of reversePostorder(count, first, successors)) {
      const loop = inner.get(member);
      if (!loop || loop === scope) {
        landing[member] = landing[member] < 0 ? places.length : landing[member];
        at[member] = places.length;
        places.push({ block: member });
        order.push(member);
        continue;
      }
      const start = places.length;
      landing[member] = start;
      const targets = hops.get(loop);
      if (targets) places.push({ loop: loop.number, targets });
      lay(loop, [...new Set(targets?.values() ?? [])].map((node) => memberOf(node, loop)!).filter((node) => node !== loop.header).concat(loop.header));
      loop.start = start;
      loop.end = places.length;
    }
  };
  places.push({ loop: -1, targets: rootTargets });
  lay(undefined, [...new Set(rootTargets.values())].map((node) => memberOf(node, undefined)!).filter((node) => node !== memberOf(root, undefined)).concat(memberOf(root, undefined)!));

  const dispatched = (from: number, to: number) => cut.has(key(from, to));
  const route = (from: number, to: number) => {
    if (dispatched(from, to)) return chain(to).findLast(({ blocks }) => blocks.has(from))?.start;
    if (landing[to] < 0) throw new NvlError("jit/edge", "an edge that the control flow does not have", { context: { from, to } });
    return landing[to];
  };
  const forward = (from: number, to: number) => !cut.has(key(from, to)) && landing[to] > at[from];

  // scopes: each target of forward edges ends one that begins before the first of them, and not within what ends earlier
  const top = new Map<number, number>(), firstSource = new Map<number, number>();
  const note = (from: number, to: number) => {
    if (to > from) firstSource.set(to, Math.min(firstSource.get(to) ?? from, from));
  };
  places.forEach((place, index) => {
    if ("block" in place) {
      for (const to of edges[place.block]) if (!cut.has(key(place.block, to))) note(index, landing[to]);
    } else for (const to of place.targets.values()) note(index, landing[to]);
  });
  const begins = new Map<number, Scope[]>();
  const open = (start: number, scope: Scope) => {
    const list = begins.get(start);
    if (list) list.push(scope);
    else begins.set(start, [scope]);
  };
  for (const { start, end } of loops) {
    open(start, { end, loop: true });
    top.set(end, Math.min(top.get(end) ?? start, start));
  }
  for (const end of [...firstSource.keys()].sort((a, b) => a - b)) {
    let start = firstSource.get(end)!;
    for (let place = end; place > start; place--) start = Math.min(start, top.get(place) ?? start);
    open(start, { end, loop: false });
    top.set(end, Math.min(top.get(end) ?? start, start));
  }
  for (const list of begins.values()) list.sort((a, b) => b.end - a.end || Number(a.loop) - Number(b.loop));
  return { places, order, loops, entries: numbers, route, dispatched, forward, passed: (block) => numbers.has(block) && chain(block).some(({ header }) => header !== block), scopes: (place) => begins.get(place) ?? [] };
}
