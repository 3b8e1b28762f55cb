// Writes initramfs archives: the "new ASCII" cpio format (kernel documentation: initramfs buffer format).

export type CpioEntry =
  | { path: string; kind: "file"; mode: number; content: Uint8Array }
  | { path: string; kind: "directory"; mode: number }
  | { path: string; kind: "symlink"; target: string }
  | { path: string; kind: "character-device"; mode: number; major: number; minor: number };

const TYPE_BITS = { file: 0o100000, directory: 0o040000, symlink: 0o120000, "character-device": 0o020000 } as const;
const text = new TextEncoder();

/** An archive of these entries, in order; parents must come before their children. Owner is root, times are zero, so that equal input gives equal bytes. */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const put = (part: Uint8Array) => {
    const padded = new Uint8Array(Math.ceil(part.length / 4) * 4);
    padded.set(part);
    parts.push(padded);
    bytes += padded.length;
  };
  const record = (inode: number, path: string, mode: number, content: Uint8Array, device: readonly [number, number]) => {
    const name = text.encode(`${path}\0`);
    const links = inode === 0 ? 0 : 1;
    const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, ...device, name.length, 0];
    const header = `070701${fields.map((value) => value.toString(16).padStart(8, "0")).join("")}`;
    const head = new Uint8Array(header.length + name.length);
    head.set(text.encode(header));
    head.set(name, header.length);
    put(head);
    put(content);
  };
  entries.forEach((entry, index) => {
    const content = entry.kind === "file" ? entry.content : entry.kind === "symlink" ? text.encode(entry.target) : new Uint8Array();
    const permissions = entry.kind === "symlink" ? 0o777 : entry.mode;
    record(index + 1, entry.path.replace(/^\//, ""), TYPE_BITS[entry.kind] | permissions, content, entry.kind === "character-device" ? [entry.major, entry.minor] : [0, 0]);
  });
  record(0, "TRAILER!!!", 0, new Uint8Array(), [0, 0]);
  const archive = new Uint8Array(Math.ceil(bytes / 512) * 512);
  let at = 0;
  for (const part of parts) { archive.set(part, at); at += part.length; }
  return archive;
}

/** The directories above these paths, parents first. */
export function parentDirectories(paths: readonly string[]): CpioEntry[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const segments = path.split("/").filter(Boolean).slice(0, -1);
    segments.forEach((_, depth) => folders.add(segments.slice(0, depth + 1).join("/")));
  }
  return [...folders].sort().map((path) => ({ path, kind: "directory", mode: 0o755 }));
}
