// Where returns lead: behind those calls whose function the return is reached from without leaving it.

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
