// What a model of hardware looks like from the bus, and what makes snapshots possible: all that a device remembers is `state`.

/** A device is made by a function from its wires (lines, clock, backend) to this. */
export interface Device {
  readonly id: string;
  /** Width of its registers. The bus splits wider accesses; of a register read narrower it takes the part; a narrower write arrives with
   * the other bytes zero. Offsets that arrive are multiples of this. */
  readonly accessBytes: 1 | 2 | 4;
  /** Everything it remembers, as plain data: numbers, booleans, arrays and objects of them. */
  readonly state: object;
  /** Drives its lines and sets its alarms as `state` says: at power-on and after a restore. */
  update(): void;
  /** Reserved offsets read as zero and ignore writes. */
  read(offset: number): number;
  write(offset: number, value: number): void;
  /** RESET, for a device that keeps something across it. Others get the state of power-on back. */
  reset?(): void;
}

type Saveable = Pick<Device, "state" | "update">;

/** A copy of what a device remembers. */
export function save(device: Saveable): object {
  return JSON.parse(JSON.stringify(device.state)) as object;
}

/** Makes a device remember what `saved` says. */
export function restore(device: Saveable, saved: object): void {
  Object.assign(device.state, JSON.parse(JSON.stringify(saved)));
  device.update();
}
