// What a region has no use for: blocks that are hardly ever executed, unless they are on a way round by which one that is executed often comes
// back to itself. So an error path goes, and the outer one of two loops stays, however few rounds it has made by now.

/** @param edges where each block leads; all of the region can be reached from `first`
 * @returns blocks that stay, in their order */
export function prune(first: number, edges: ReadonlyMap<number, readonly number[]>, isCold: (block: number) => boolean): number[] {
  const reachable = (from: number, through: (block: number) => boolean) => {
    const seen = new Set<number>(), waiting = [from];
    for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
      for (const next of edges.get(block)!) {
        if (!edges.has(next) || seen.has(next) || !through(next)) continue;
        seen.add(next);
        waiting.push(next);
      }
    }
    return seen;
  };
  const blocks = [...edges.keys()], cold = new Set(blocks.filter((block) => block !== first && isCold(block)));
  if (cold.size === 0) return blocks;
  const known = new Map<number, Set<number>>();
  const reach = (from: number) => {
    const before = known.get(from) ?? reachable(from, () => true);
    known.set(from, before);
    return before;
  };
  for (const block of cold) for (const next of reach(block)) {
    if (cold.has(next) || !reach(next).has(block)) continue;
    cold.delete(block);
    break;
  }
  const stay = reachable(first, (block) => !cold.has(block)).add(first);
  return blocks.filter((block) => stay.has(block));
}
