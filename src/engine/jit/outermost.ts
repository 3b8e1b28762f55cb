// Where to look for loops from. A region begins in whichever of its blocks became hot first, and that mostly is one of an innermost loop. Seen from
// there, the loops around it begin in that same block, and all of them are one. Compilers put the head of a loop before what is in it.

/** @param within by block, where it leads within its function; from a call that is behind it
 * @param places of the blocks, as addresses
 * @returns of the blocks from which block 0 is reached again, that which lies first */
export function outermostHead(within: readonly (readonly number[])[], places: readonly number[]): number {
  const reached = (edges: readonly (readonly number[])[]) => {
    const seen = new Set([0]);
    for (const block of seen) for (const next of edges[block]) seen.add(next); // it grows meanwhile
    return seen;
  };
  const sources: number[][] = within.map(() => []);
  within.forEach((list, from) => { for (const to of list) sources[to].push(from); });
  const forward = reached(within);
  let first = 0;
  for (const block of reached(sources)) if (forward.has(block) && places[block] < places[first]) first = block;
  return first;
}
