// The terminal's escape key: Ctrl-] then a letter is for us, everything else is for the guest.

const ESCAPE = 0x1d;

/** A filter over typed bytes that keeps the state between calls. `Ctrl-] Ctrl-]` sends one Ctrl-]. */
export function createEscape(commands: { quit(): void; pause(): void; help(): void }): (bytes: Uint8Array) => Uint8Array {
  let escaped = false;
  return (bytes) => {
    const passed: number[] = [];
    for (const byte of bytes) {
      if (!escaped && byte === ESCAPE) {
        escaped = true;
        continue;
      }
      if (!escaped) passed.push(byte);
      else if (byte === ESCAPE) passed.push(ESCAPE);
      else if (byte === 0x71 || byte === 0x51) commands.quit();
      else if (byte === 0x70 || byte === 0x50) commands.pause();
      else commands.help();
      escaped = false;
    }
    return Uint8Array.from(passed);
  };
}
