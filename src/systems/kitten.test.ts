// The quick part of the tests with other people's software on Kitten: programs that this host has, each run on Kitten and natively.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../cli/main.js", import.meta.url)), runs = process.platform === "linux" && process.arch === "x64";
const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-kitten-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(path.join(folder, "hello.c"), `#include <stdio.h>\nint main(void) { printf("hello, world\\n"); return 3; }\n`);
writeFileSync(path.join(folder, "words"), "one two three\nfour five\nsix\n");

const PROGRAMS: Readonly<Record<string, string[]>> = {
  bash: ["bash", "-c", "sort -r words | tr a-z A-Z | head -2; for i in 1 2 3; do echo $((i * i)); done | (read a; read b; echo $b); (exit 5) & wait $!; echo $?; echo done > out; cat out; rm out; type -t cd; exit 4"],
  gcc: ["sh", "-c", "gcc -O1 -o hello hello.c && ./hello; echo $?; rm hello"],
  perl: ["perl", "-e", 'my %c; open my $f, "<", "words"; while (<$f>) { $c{$_}++ for split } print join(",", sort keys %c), "\\n"; print `echo from a child`; printf "%.15g\\n", sqrt 2'],
  python3: ["/usr/bin/python3", "-c", "import threading, subprocess\nr = []\nt = [threading.Thread(target=lambda i=i: r.append(i * i)) for i in range(4)]\n[x.start() for x in t]; [x.join() for x in t]\nprint(sorted(r), subprocess.check_output(['wc', '-w', 'words']).split())"],
};
for (const [name, [program, ...args]] of Object.entries(PROGRAMS)) {
  const missing = !runs || spawnSync(name === "gcc" ? "gcc" : program, ["--version"]).error !== undefined;
  test(`${name} on Kitten`, { skip: missing ? `no ${name} on x86-64 Linux` : false }, () => {
    const run = (command: string, words: string[]) => {
      const { status, stdout, stderr } = spawnSync(command, words, { cwd: folder, encoding: "utf8", timeout: 120_000, input: "" });
      return { status, stdout, stderr };
    };
    assert.deepEqual(run(process.execPath, [main, "exec", program, ...args]), run(program, args));
  });
}
