// Interrupt lines: wires with a level. Devices assert and release; whether an edge or the level counts is the controller's business.

/** `set(true)` asserts. Setting the level that it has already does nothing. */
export interface IrqLine {
  set(level: boolean): void;
}

/** A line that leads nowhere. */
export const UNCONNECTED: IrqLine = { set() {} };

/** Several devices on one line: it is asserted while any of them asserts.
 * @returns a function that makes one more input; it begins released */
export function wiredOr(line: IrqLine): () => IrqLine {
  let asserted = 0;
  return () => {
    let level = false;
    const set = (next: boolean) => {
      if (next !== level) asserted += next ? 1 : -1;
      level = next;
      line.set(asserted > 0); // even if nothing changed: after a reset or restore the controller may not know
    };
    return { set };
  };
}

/** One output that drives several lines. */
export function fanOut(...lines: readonly IrqLine[]): IrqLine {
  return { set: (level) => { for (const line of lines) line.set(level); } };
}
