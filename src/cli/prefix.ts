// Several consoles on one terminal: whole lines, each with its virtual node's name in front.

/** Bytes that a guest may send to a terminal of its own but not to one that it shares: everything below a blank but tab, and escape sequences. */
const CONTROL = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]/g;

/** Collects text into lines. A line without its end is shown when the guest is done or when it grows over 1,000 characters. */
export function createPrefixer(prefix: string, print: (text: string) => void): { write(text: string): void; end(): void } {
  let line = "";
  const flush = () => {
    print(`${prefix} ${line.replace(CONTROL, "")}\n`);
    line = "";
  };
  return {
    write: (text) => {
      const parts = text.split("\n");
      parts.forEach((part, index) => {
        line += part;
        if (index < parts.length - 1 || line.length > 1000) flush();
      });
    },
    end: () => { if (line.replace(CONTROL, "") !== "") flush(); },
  };
}
