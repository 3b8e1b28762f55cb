// Programs of Debian on Kitten and on the host's CPU, from the same folder as their root: the commands of debian-programs.ts, and what asks for
// processes, threads, sockets and a compiler.
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { assertSame, results, runNatively, script, type Commands } from "./compare.ts";
import { COMMANDS, programsRoot } from "./debian-programs.ts";

const python = (code: string) => `python3.11 -c '\n${code}\n'`;
const PROCESSES: Commands = {
  "pipes and jobs": "seq 1 2000 | grep 7 | sort -rn | head -5 | tr 7 x; for i in 1 2 3; do (exit $i); echo $?; done; (sleep 0.05; echo second) & echo first; wait; echo third; sh -c 'kill -TERM $$'; echo $?",
  "redirections": "cd /tmp && echo one > f && echo two >> f && cat < f && ls -l f | cut -c1-10 && ln -sf f g && readlink g && rm f g; cat g 2>&1; mkdir -p a/b/c && ls -R a; rm -r a; true",
  "python threads": python(`import threading, queue
q = queue.Queue()
threads = [threading.Thread(target=lambda i=i: q.put(sum(range(i * 1000)))) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(q.get() for _ in range(8)))`),
  "python subprocesses": python(`import subprocess, os
print(subprocess.run(["ls", "/usr"], capture_output=True, text=True).stdout.split(), subprocess.check_output("echo $((3 * 4)) | tr 1 9", shell=True), subprocess.call(["sh", "-c", "exit 7"]))
r, w = os.pipe(); pid = os.fork()
if pid == 0: os.write(w, b"child"); os._exit(3)
print(os.read(r, 100), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`),
  "python sockets": python(`import socket, threading, select
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
def serve():
    c, _ = s.accept(); c.sendall(c.recv(100)[::-1]); c.close()
t = threading.Thread(target=serve); t.start()
c = socket.create_connection(s.getsockname()); c.sendall(b"hello"); print(select.select([c], [], [], 5)[0] == [c], c.recv(100), c.recv(100)); t.join()
a, b = socket.socketpair(); a.send(b"x"); print(b.recv(9))`),
  "sqlite on a file": "rm -f /tmp/t.db; sqlite3 /tmp/t.db 'create table t(a); insert into t values (1), (2), (3);'; sqlite3 /tmp/t.db 'pragma integrity_check; select sum(a) from t; begin; delete from t; rollback; select count(*) from t'",
};

const LIMIT = "1G";
const runs = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;
if (!runs) test("programs of Debian on Kitten", { skip: "the host has to be x86-64 Linux, and the user root, who may chroot" }, () => {});
else {
  const root = await programsRoot(), main = fileURLToPath(new URL("../cli/main.js", import.meta.url)), all = { ...PROCESSES, ...COMMANDS };
  writeFileSync(path.join(root, "etc/kitten"), `export LC_ALL=C.UTF-8 PYTHONHASHSEED=0 HOME=/ PATH=/usr/bin:/bin:/usr/sbin\n${script("/bin/sh", all)}`);
  const host = results(runNatively("chroot", [root, "/bin/sh", "/etc/kitten"]));
  const kitten = results(runNatively(process.execPath, [main, "exec", "--root", root, "--memory", LIMIT, "/bin/sh", "/etc/kitten"]));
  for (const name of Object.keys(all)) test(`${name}: the same on Kitten and on the host`, () => assertSame(name, kitten, host));
}
