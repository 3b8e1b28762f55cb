// What a Kitten's thread and the thread that reads its input say to each other.

export interface InputData { fd: number; ring: SharedArrayBuffer; control: SharedArrayBuffer }
/** Words of `control`: bumped when something came; 1 at the end of input. */
export const INPUT_WAKE = 0, INPUT_ENDED = 1;
