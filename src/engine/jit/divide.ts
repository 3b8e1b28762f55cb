// Which of the blocks that indirect jumps may lead to (targets.ts) are meant by which: calls lead to functions, and the cases of a switch in a loop
// are where its jump is reached from again. Without this each call of a pointer would lead into the cases of all switches of its region, and each
// switch into functions: control flow of which no loops can be made.

/** @param within by block, where it leads within its function, but for indirect jumps
 * @param jumps blocks that end with such a jump: it may lead to any target, as far as is known
 * @returns where each of them leads, and where indirect calls do */
export function divideTargets(within: readonly (readonly number[])[], jumps: readonly number[], targets: readonly number[]): { jumpsTo: ReadonlyMap<number, readonly number[]>; callsTo: readonly number[] } {
  const reached = targets.map((target) => {
    const seen = new Set([target]);
    for (const block of seen) for (const next of jumps.includes(block) ? [...within[block], ...targets] : within[block]) seen.add(next); // it grows meanwhile
    return seen;
  });
  const some = (list: readonly number[]) => (list.length > 0 ? list : targets);
  return {
    jumpsTo: new Map(jumps.map((jump) => [jump, some(targets.filter((_, index) => reached[index].has(jump)))])),
    callsTo: some(targets.filter((_, index) => !jumps.some((jump) => reached[index].has(jump)))),
  };
}
