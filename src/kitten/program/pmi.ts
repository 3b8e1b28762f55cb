// A process manager for parallel programs: the other end of PMI's wire protocol, version 1, as MPICH's "simple PMI" client speaks it over the
// descriptor that PMI_FD names: lines `cmd=NAME key=value …`, each with one line as answer (MPICH, src/pmi/src/pmi_v1.c). It keeps a book of
// names and values for all ranks, and a barrier.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, POLL, S } from "../../abi/linux/files.ts";
import { namelessInode } from "../file/pipe.ts";
import { wake, type OpenFile } from "../file/inode.ts";
import type { Kitten } from "../kitten.ts";

const SPACE_NAME = "kvs_0", NAME_MOST = 256, KEY_MOST = 64, VALUE_MOST = 1024, LINE_MOST = 4096, ENTRIES_MOST = 100_000;

export interface Pmi {
  /** The end of one rank, as an open file. */
  open(rank: number): OpenFile;
}

/** @param abort a rank asked for the end of all, or went away without a word */
export function createPmi(k: Kitten, ranks: number, abort: (status: number) => void): Pmi {
  // all ranks are on this node: that is what shared memory needs to know
  const book = new Map<string, string>([["PMI_process_mapping", `(vector,(0,1,${ranks}))`]]);
  const answers: ((line: string) => void)[] = [];
  const waiting = new Set<number>();

  const handle = (rank: number, line: string, state: { begun: boolean }): string | undefined => {
    const words = new Map([...line.matchAll(/([^\s=]+)=(\S*)/g)].map(([, name, value]) => [name, value]));
    switch (words.get("cmd")) {
      case "init":
        state.begun = true;
        return "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0";
      case "get_maxes": return `cmd=maxes kvsname_max=${NAME_MOST} keylen_max=${KEY_MOST} vallen_max=${VALUE_MOST}`;
      case "get_appnum": return "cmd=appnum appnum=0";
      case "get_universe_size": return `cmd=universe_size size=${ranks}`;
      case "get_my_kvsname": return `cmd=my_kvsname kvsname=${SPACE_NAME}`;
      case "put": {
        const key = words.get("key") ?? "", fits = book.size < ENTRIES_MOST && key.length <= KEY_MOST;
        if (fits) book.set(key, words.get("value") ?? "");
        return fits ? "cmd=put_result rc=0 msg=success" : "cmd=put_result rc=-1 msg=no_room";
      }
      case "get": {
        const value = book.get(words.get("key") ?? "");
        return value === undefined ? `cmd=get_result rc=-1 msg=key_${words.get("key")}_not_found value=unknown` : `cmd=get_result rc=0 msg=success value=${value}`;
      }
      case "barrier_in":
        waiting.add(rank);
        if (waiting.size === ranks) {
          waiting.clear();
          for (const answer of answers) answer("cmd=barrier_out");
        }
        return undefined;
      case "finalize":
        state.begun = false;
        return "cmd=finalize_ack";
      case "abort":
        state.begun = false;
        abort(Number(words.get("exitcode") ?? 1) & 0xff);
        return undefined;
      case "lookup_name":
      case "publish_name":
      case "unpublish_name":
      case "spawn": return `cmd=${words.get("cmd")}_result rc=-1 msg=not_supported`;
    }
    return undefined;
  };
  return {
    open(rank) {
      const state = { begun: false }, waiters: OpenFile["waiters"] = new Set();
      let pending = "", out = new Uint8Array();
      const answer = (line: string) => {
        const bytes = new TextEncoder().encode(`${line}\n`), more = new Uint8Array(out.length + bytes.length);
        more.set(out);
        more.set(bytes, out.length);
        out = more;
        wake(waiters);
      };
      answers[rank] = answer;
      return {
        inode: namelessInode(k, "socket", S.socket | 0o777, k), flags: O.readWrite, path: "socket:[pmi]", users: 1, position: 0, seekable: false, waiters,
        read: (into) => {
          const count = Math.min(into.length, out.length);
          into.set(out.subarray(0, count));
          out = out.subarray(count);
          return count || (into.length === 0 ? 0 : -ERRNO.EAGAIN);
        },
        write: (from) => {
          pending += new TextDecoder("latin1").decode(from);
          const lines = pending.split("\n");
          pending = lines.pop()!;
          for (const line of lines) {
            const reply = handle(rank, line, state);
            if (reply) answer(reply);
          }
          if (pending.length > LINE_MOST) pending = "";
          return from.length;
        },
        poll: () => (out.length > 0 ? POLL.in | POLL.rdnorm : 0) | POLL.out | POLL.wrnorm,
        close: () => { if (state.begun) abort(1); },
      };
    },
  };
}
