// epoll(7): interests and which of them may be ready. A file that tells makes its interest a candidate; waiting looks at candidates only.

import { ERRNO } from "../../abi/linux/errno.ts";
import { POLL } from "../../abi/linux/files.ts";
import type { Kitten } from "../kitten.ts";
import type { Process } from "../task/task.ts";
import { wake, type OpenFile } from "./inode.ts";
import { namelessInode } from "./pipe.ts";

export const EPOLL = { et: 0x8000_0000, oneshot: 0x4000_0000, ctlAdd: 1, ctlDel: 2, ctlMod: 3 } as const;
interface Interest { fd: number; file: OpenFile; events: number; data: bigint; ready: boolean; off: boolean; tell(): void }
export interface Epoll extends OpenFile {
  control(operation: number, fd: number, file: OpenFile, events: number, data: bigint): number;
  /** Events that are there, at most so many. */
  collect(most: number): { events: number; data: bigint }[];
}
const MOST_DEPTH = 5;

export function createEpoll(k: Kitten, owner: Process): Epoll {
  const interests = new Map<string, Interest>(), names = new Map<OpenFile, number>();
  let files = 0;
  const nameOf = (fd: number, file: OpenFile) => {
    let name = names.get(file);
    if (name === undefined) names.set(file, name = ++files);
    return `${fd}:${name}`;
  };
  const drop = (name: string, interest: Interest) => {
    interest.file.waiters.delete(interest.tell);
    interests.delete(name);
    names.delete(interest.file);
  };
  const happening = ({ file, events, off }: Interest) => off ? 0 : file.poll() & (events | POLL.err | POLL.hup);
  /** Candidates that something happens with. */
  const sweep = (visit: (interest: Interest, events: number) => boolean) => {
    for (const [name, interest] of interests) {
      if (interest.file.users <= 0) drop(name, interest);
      else if (interest.ready) {
        const events = happening(interest);
        if (events === 0) interest.ready = false;
        else if (!visit(interest, events)) return;
      }
    }
  };
  /** Whether `from` leads back to this file. */
  const reaches = (from: OpenFile, depth: number): boolean => from === epoll || (depth < MOST_DEPTH && "watched" in from && (from.watched as () => OpenFile[])().some((file) => reaches(file, depth + 1)));
  const epoll: Epoll & { watched(): OpenFile[] } = {
    inode: namelessInode(k, "eventpoll", 0o600, owner), flags: 2, path: "anon_inode:[eventpoll]", users: 1, position: 0, seekable: false, waiters: new Set(),
    read: () => -ERRNO.EINVAL, write: () => -ERRNO.EINVAL, watched: () => [...interests.values()].map(({ file }) => file),
    poll: () => {
      let any = 0;
      sweep(() => {
        any = POLL.in | POLL.rdnorm;
        return false;
      });
      return any;
    },
    close: () => { for (const [name, interest] of interests) drop(name, interest); },
    control: (operation, fd, file, events, data) => {
      const name = nameOf(fd, file), known = interests.get(name);
      switch (operation) {
        case EPOLL.ctlAdd: {
          if (known) return -ERRNO.EEXIST;
          if (file === epoll) return -ERRNO.EINVAL;
          if (file.seekable) return -ERRNO.EPERM;
          if (reaches(file, 0)) return -ERRNO.ELOOP;
          const interest: Interest = { fd, file, events, data, ready: true, off: false, tell: () => {
            interest.ready = true;
            wake(epoll.waiters);
          } };
          interests.set(name, interest);
          file.waiters.add(interest.tell);
          if (happening(interest)) wake(epoll.waiters);
          return 0;
        }
        case EPOLL.ctlMod:
          if (!known) return -ERRNO.ENOENT;
          Object.assign(known, { events, data, ready: true, off: false });
          if (happening(known)) wake(epoll.waiters);
          return 0;
        case EPOLL.ctlDel:
          if (!known) return -ERRNO.ENOENT;
          drop(name, known);
          return 0;
      }
      return -ERRNO.EINVAL;
    },
    collect: (most) => {
      const out: { events: number; data: bigint }[] = [];
      sweep((interest, events) => {
        out.push({ events, data: interest.data });
        if (interest.events & EPOLL.et) interest.ready = false;
        if (interest.events & EPOLL.oneshot) interest.off = true;
        return out.length < most;
      });
      return out;
    },
  };
  return epoll;
}
