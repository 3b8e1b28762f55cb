// The host end of a serial line. Output goes to a sink in batches, never blocks the guest and is never lost; input waits in a bounded queue
// whose writer is told how much was taken and when there is room again.

/** The device's side. */
export interface ConsolePort {
  write(byte: number): void;
  /** Bytes that can be read. */
  available(): number;
  /** The next input byte, -1 when there is none. */
  read(): number;
  /** `wake` is called whenever input arrives; one listener. */
  onInput(wake: () => void): void;
}

export interface Console extends ConsolePort {
  /** Offers input. @returns how many bytes were taken: less than all when the queue is full */
  feed(bytes: Uint8Array): number;
  /** `resume` is called when a full queue has room again. */
  onRoom(resume: () => void): void;
  /** Passes collected output to the sink: whoever runs the guest calls it between runs. */
  flush(): void;
}

export interface ConsoleOptions {
  /** Most bytes of input that wait. */
  inputBytes?: number;
  /** Output is passed on at this many bytes even without `flush`. */
  batchBytes?: number;
}

/** @param sink gets output; the array is its own to keep */
export function createConsole(sink: (bytes: Uint8Array) => void, { inputBytes = 65536, batchBytes = 4096 }: ConsoleOptions = {}): Console {
  const output = new Uint8Array(batchBytes);
  let collected = 0;
  const input = new Uint8Array(inputBytes);
  let first = 0, waiting = 0, refused = false;
  let wake = () => {}, resume = () => {};

  const flush = () => {
    if (collected === 0) return;
    const batch = output.slice(0, collected);
    collected = 0;
    sink(batch);
  };
  const write = (byte: number) => {
    output[collected++] = byte;
    if (collected === batchBytes) flush();
  };
  const feed = (bytes: Uint8Array) => {
    const taken = Math.min(bytes.length, inputBytes - waiting);
    for (let index = 0; index < taken; index++) input[(first + waiting + index) % inputBytes] = bytes[index];
    waiting += taken;
    refused = taken < bytes.length;
    if (taken > 0) wake();
    return taken;
  };
  const read = () => {
    if (waiting === 0) return -1;
    const byte = input[first];
    first = (first + 1) % inputBytes;
    waiting--;
    if (refused && waiting <= inputBytes / 2) { // not at every byte
      refused = false;
      resume();
    }
    return byte;
  };
  return {
    write, flush, feed, read, available: () => waiting,
    onInput: (listener) => { wake = listener; }, onRoom: (listener) => { resume = listener; },
  };
}
