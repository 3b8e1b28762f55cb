// Where returns lead: behind those calls whose function the return is reached from without leaving it. And jumps that share their comparisons.

export interface Call { heads: readonly number[]; site: number }

/** @param within by block, where it leads within its function: by jumps, and from a call to behind it
 * @returns by block, where a return in it may lead */
export function returnSites(within: readonly (readonly number[])[], calls: readonly Call[]): readonly ReadonlySet<number>[] {
  const sitesOf = new Map<number, number[]>();
  for (const { heads, site } of calls) for (const head of heads) {
    const list = sitesOf.get(head);
    if (list) list.push(site);
    else sitesOf.set(head, [site]);
  }
  const answer = within.map(() => new Set<number>());
  for (const [head, sites] of sitesOf) {
    const seen = new Set<number>([head]);
    for (const block of seen) { // which grows meanwhile
      for (const site of sites) answer[block].add(site);
      for (const next of within[block]) seen.add(next);
    }
  }
  return answer;
}

/** So many ways from jumps to blocks that they may lead to have comparisons of their own at each jump, which the host's branch prediction prefers. */
const MOST_WAYS = 128;

/** Jumps that may lead to the same places compare by a block in common where there are many of both: the code of an interpreter that jumps from
 * each of its operations to the next would go with the square of them.
 * @param jumpsTo by block, where it may lead by an address
 * @returns by jump, the number of the block that it goes to instead, and where those lead: their numbers come behind those of all blocks */
export function shareJumps(jumpsTo: readonly (readonly number[])[]): { by: ReadonlyMap<number, number>; targets: readonly (readonly number[])[] } {
  const groups = new Map<string, number[]>();
  jumpsTo.forEach((to, index) => {
    if (to.length === 0) return;
    const key = String(to), group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  });
  const by = new Map<number, number>(), targets: (readonly number[])[] = [];
  for (const group of groups.values()) {
    const to = jumpsTo[group[0]];
    if (group.length === 1 || group.length * to.length <= MOST_WAYS) continue;
    for (const index of group) by.set(index, jumpsTo.length + targets.length);
    targets.push(to);
  }
  return { by, targets };
}
