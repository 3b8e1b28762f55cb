// The line discipline of a terminal (termios(3)): what is typed becomes lines, signals and echo, what programs write becomes what the screen gets.
// It knows bytes and settings; who reads, who is signalled and where output goes are its wires.

export interface Termios { input: number; output: number; control: number; local: number; line: number; characters: Uint8Array }
export const INPUT = { strip: 0x20, ignoreBreak: 1, newlineToReturn: 0x40, ignoreReturn: 0x80, returnToNewline: 0x100, flow: 0x400, utf8: 0x4000 } as const;
export const OUTPUT = { process: 1, newlineToReturn: 4, returnToNewline: 8, noReturnAtStart: 0x10, newlineReturns: 0x20, tabs: 0x1800 } as const;
export const LOCAL = { signals: 1, canonical: 2, echo: 8, echoErase: 0x10, echoKill: 0x20, echoNewline: 0x40, noFlush: 0x80, stopOutput: 0x100, echoControl: 0x200, echoKillErase: 0x800, extended: 0x8000 } as const;
/** Places in `characters`. */
export const CHARACTER = { interrupt: 0, quit: 1, erase: 2, kill: 3, end: 4, time: 5, least: 6, start: 8, stop: 9, suspend: 10, endLine: 11, reprint: 12, eraseWord: 14, literal: 15, endLine2: 16 } as const;
export const CHARACTERS = 19;

/** Cooked, 38400 baud, the usual keys: what Linux gives a new terminal. */
export function freshTermios(): Termios {
  const characters = new Uint8Array(CHARACTERS);
  characters.set([3, 0x1c, 0x7f, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0x12, 0xf, 0x17, 0x16]);
  return { input: INPUT.returnToNewline | INPUT.flow | INPUT.utf8, output: OUTPUT.process | OUTPUT.newlineToReturn, control: 0xbf, line: 0, characters,
    local: LOCAL.signals | LOCAL.canonical | LOCAL.echo | LOCAL.echoErase | LOCAL.echoKill | LOCAL.echoControl | LOCAL.echoKillErase | LOCAL.extended };
}

export interface Wires {
  /** Echo goes there, already as the screen wants it. */
  echo(bytes: Uint8Array): void;
  /** A key that is a signal. */
  signal(which: "interrupt" | "quit" | "suspend"): void;
  /** Something can be read. */
  readable(): void;
  /** ^S and ^Q. */
  flow(stopped: boolean): void;
}
export interface LineDiscipline {
  termios: Termios;
  /** Takes what was typed. */
  type(bytes: Uint8Array): void;
  /** Bytes, 0 at the end of input, or undefined: nothing yet. */
  read(into: Uint8Array): number | undefined;
  /** Bytes that a read would find. */
  available(): number;
  canRead(): boolean;
  /** What the screen gets for `bytes`, at most `room` of it, and how many of `bytes` that takes. */
  render(bytes: Uint8Array, room: number): { shown: Uint8Array; taken: number };
  /** Throws away what was typed and not read. */
  flush(): void;
  /** New settings; lines that are begun can be read when there are no lines any more. */
  set(termios: Termios): void;
}

const NEWLINE = 10, RETURN = 13, TAB = 9, BACKSPACE = 8, SPACE = 32;
/** Bytes that may wait: a line of Linux has no more. */
const MOST = 65536, MOST_LINE = 4095;
const isContinuation = (byte: number) => (byte & 0xc0) === 0x80;

export function createLineDiscipline(wires: Wires): LineDiscipline {
  /** What can be read: in canonical mode lines (one without bytes is the end of input), else pieces. */
  let ready: Uint8Array[] = [], readyBytes = 0;
  /** The line that is being typed. */
  let line: number[] = [];
  let literal = false, stopped = false, column = 0;

  const has = (place: number, byte: number) => byte !== 0 && discipline.termios.characters[place] === byte;
  const render: LineDiscipline["render"] = (bytes, room) => {
    const { output } = discipline.termios, out: number[] = [];
    if (!(output & OUTPUT.process)) return { shown: bytes.slice(0, room), taken: Math.min(room, bytes.length) };
    let taken = 0;
    for (; taken < bytes.length; taken++) {
      const byte = bytes[taken], before = out.length;
      if (byte === NEWLINE && output & OUTPUT.newlineToReturn) out.push(RETURN, NEWLINE);
      else if (byte === RETURN && output & OUTPUT.returnToNewline) out.push(NEWLINE);
      else if (byte === RETURN && output & OUTPUT.noReturnAtStart && column === 0) continue;
      else if (byte === TAB && (output & OUTPUT.tabs) === OUTPUT.tabs) for (let to = 8 - column % 8; to > 0; to--) out.push(SPACE);
      else out.push(byte);
      if (out.length > room) {
        out.length = before;
        break;
      }
      if (byte === NEWLINE || byte === RETURN) column = 0;
      else if (byte === TAB) column += 8 - column % 8;
      else if (byte === BACKSPACE) column = Math.max(0, column - 1);
      else if (byte >= SPACE && !isContinuation(byte)) column++;
    }
    return { shown: Uint8Array.from(out), taken };
  };
  const show = (bytes: readonly number[]) => wires.echo(render(Uint8Array.from(bytes), Infinity).shown);
  /** A byte as echo shows it: control characters as ^X. */
  const visible = (byte: number): number[] =>
    (byte < SPACE && byte !== TAB && byte !== NEWLINE) || byte === 0x7f ? discipline.termios.local & LOCAL.echoControl ? [0x5e, byte ^ 0x40] : [byte] : [byte];
  const echo = (byte: number) => {
    const { local } = discipline.termios;
    if (local & LOCAL.echo) show(visible(byte));
    else if (byte === NEWLINE && local & LOCAL.echoNewline) show([NEWLINE]);
  };
  const hand = (bytes: readonly number[]) => {
    ready.push(Uint8Array.from(bytes));
    readyBytes += bytes.length;
  };
  /** Takes the last character, of several bytes perhaps, out of the line. */
  const eraseOne = () => {
    const last = line.pop()!;
    let byte = last;
    if (discipline.termios.input & INPUT.utf8) while (isContinuation(byte) && line.length > 0) byte = line.pop()!;
    const { local } = discipline.termios;
    if (!(local & LOCAL.echo)) return;
    if (local & LOCAL.echoErase) for (let index = byte === TAB ? 1 : visible(byte).length; index > 0; index--) show([BACKSPACE, SPACE, BACKSPACE]);
    else show(visible(discipline.termios.characters[CHARACTER.erase]));
  };
  const typeCanonical = (byte: number) => {
    const { local } = discipline.termios, extended = (local & LOCAL.extended) !== 0;
    if (has(CHARACTER.erase, byte)) {
      if (line.length > 0) eraseOne();
    } else if (has(CHARACTER.kill, byte)) {
      if (local & LOCAL.echoKillErase && local & LOCAL.echoErase) while (line.length > 0) eraseOne();
      else {
        line = [];
        echo(byte);
        if (local & LOCAL.echoKill) show([NEWLINE]);
      }
    } else if (extended && has(CHARACTER.eraseWord, byte)) {
      const isWord = (each: number) => each > SPACE;
      while (line.length > 0 && !isWord(line[line.length - 1])) eraseOne();
      while (line.length > 0 && isWord(line[line.length - 1])) eraseOne();
    } else if (extended && has(CHARACTER.reprint, byte)) {
      echo(byte);
      show([NEWLINE, ...line.flatMap(visible)]);
    } else if (has(CHARACTER.end, byte)) {
      hand(line);
      line = [];
    } else if (byte === NEWLINE || has(CHARACTER.endLine, byte) || has(CHARACTER.endLine2, byte)) {
      hand([...line, byte]);
      line = [];
      echo(byte);
    } else addToLine(byte);
  };
  const addToLine = (byte: number) => {
    if (line.length >= MOST_LINE) return;
    line.push(byte);
    echo(byte);
  };
  const typeOne = (given: number, pieces: number[]) => {
    const { input, local } = discipline.termios;
    let byte = input & INPUT.strip ? given & 0x7f : given;
    const canonical = (local & LOCAL.canonical) !== 0;
    if (literal) {
      literal = false;
      if (canonical) addToLine(byte);
      else pieces.push(byte);
      return;
    }
    if (local & LOCAL.extended && canonical && has(CHARACTER.literal, byte)) {
      literal = true;
      if (local & LOCAL.echo && local & LOCAL.echoControl) wires.echo(Uint8Array.of(0x5e, BACKSPACE));
      return;
    }
    if (input & INPUT.flow) {
      if (has(CHARACTER.stop, byte) || (stopped && has(CHARACTER.start, byte))) {
        stopped = has(CHARACTER.stop, byte);
        return wires.flow(stopped);
      }
      if (has(CHARACTER.start, byte)) return;
    }
    if (local & LOCAL.signals) {
      const which = has(CHARACTER.interrupt, byte) ? "interrupt" : has(CHARACTER.quit, byte) ? "quit" : has(CHARACTER.suspend, byte) ? "suspend" : undefined;
      if (which) {
        if (!(local & LOCAL.noFlush)) {
          discipline.flush();
          pieces.length = 0;
        }
        if (stopped) wires.flow(stopped = false);
        echo(byte);
        return wires.signal(which);
      }
    }
    if (byte === RETURN) {
      if (input & INPUT.ignoreReturn) return;
      if (input & INPUT.returnToNewline) byte = NEWLINE;
    } else if (byte === NEWLINE && input & INPUT.newlineToReturn) byte = RETURN;
    if (canonical) typeCanonical(byte);
    else {
      pieces.push(byte);
      echo(byte);
    }
  };
  const discipline: LineDiscipline = {
    termios: freshTermios(),
    type(bytes) {
      const pieces: number[] = [];
      for (const byte of bytes) if (readyBytes + pieces.length < MOST) typeOne(byte, pieces);
      if (pieces.length > 0) hand(pieces);
      if (ready.length > 0) wires.readable();
    },
    read(into) {
      const [first] = ready;
      if (!first) return undefined;
      if (discipline.termios.local & LOCAL.canonical) {
        const count = Math.min(first.length, into.length);
        into.set(first.subarray(0, count));
        if (count === first.length) ready.shift();
        else ready[0] = first.subarray(count);
        readyBytes -= count;
        return count;
      }
      let count = 0;
      while (ready.length > 0 && count < into.length) {
        const part = ready[0].subarray(0, into.length - count);
        into.set(part, count);
        count += part.length;
        if (part.length === ready[0].length) ready.shift();
        else ready[0] = ready[0].subarray(part.length);
      }
      readyBytes -= count;
      return count === 0 ? undefined : count;
    },
    available: () => discipline.termios.local & LOCAL.canonical ? ready[0]?.length ?? 0 : readyBytes,
    canRead() {
      const { local, characters } = discipline.termios;
      return local & LOCAL.canonical ? ready.length > 0 : readyBytes >= (characters[CHARACTER.time] === 0 ? Math.max(1, characters[CHARACTER.least]) : 1);
    },
    render,
    flush() {
      [ready, line, readyBytes] = [[], [], 0];
    },
    set(termios) {
      const before = discipline.termios.local & LOCAL.canonical;
      discipline.termios = termios;
      if (before && !(termios.local & LOCAL.canonical)) {
        ready = ready.filter((piece) => piece.length > 0);
        if (line.length > 0) hand(line);
        line = [];
        if (readyBytes > 0) wires.readable();
      }
      if (stopped && !(termios.input & INPUT.flow)) wires.flow(stopped = false);
    },
  };
  return discipline;
}
