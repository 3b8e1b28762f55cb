// GDB's remote serial protocol, all-stop mode (GDB manual, Remote Protocol): vCPUs are threads, numbered from 1. Whoever carries the bytes
// gives them to `receive`, asks `state` what the guest shall do, and tells what happened to it. No I/O here, and no thread.

import { linearRip, STOPPED_BREAKPOINT, STOPPED_WATCHPOINT, type Watchpoint } from "../hal/debug.ts";
import type { VcpuState } from "../hal/state.ts";
import { linearMemory } from "./linear.ts";
import { monitor } from "./monitor.ts";
import { bytesOf, createPacketReader, hexOf, latin1, packet, PACKET_BYTES } from "./packet.ts";
import { readRegister, readRegisters, RBP, RIP, RSP, TARGET_XML, writeRegister, writeRegisters } from "./registers.ts";
import type { DebugTarget } from "./target.ts";

/** - held: the guest stands still; running: it runs freely; stepping: `proceed` executes its instructions */
export type StubState = "held" | "running" | "stepping";

export interface Stub {
  readonly state: StubState;
  /** A debugger has come: the guest is held. */
  connected(): void;
  /** It has gone, with or without a word: nothing stops the guest any more. */
  disconnected(): void;
  /** Bytes from the debugger. */
  receive(bytes: Uint8Array): void;
  /** While stepping: executes some instructions. */
  proceed(): void;
  /** A vCPU left with an exit "debug". */
  stopped(index: number): void;
  /** The guest has ended. */
  ended(status: number): void;
}

const SIGINT = 2, SIGTRAP = 5;
const FEATURES = ["swbreak+", "hwbreak+", "qXfer:features:read+", "qXfer:threads:read+", "QStartNoAckMode+", "vContSupported+"];
/** Watchpoint packets by type. */
const ACCESS: Readonly<Record<string, Watchpoint["access"]>> = { 2: "write", 3: "read", 4: "any" };
const REPLY_OF_ACCESS = { write: "watch", read: "rwatch", any: "awatch" } as const;
const MOST_WATCHPOINTS = 16;
/** Instructions between two looks at what the debugger says. */
const STEPS_AT_ONCE = 256;
const ERROR_ARGUMENT = "E16", ERROR_MEMORY = "E0e", OK = "OK", UNKNOWN = "";

const hexadecimal = (text: string): bigint | undefined => /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : undefined;

interface Stepping { index: number; from: bigint; to: bigint }

/** @param send takes what goes to the debugger
 * @param held the guest waits for a debugger from the start */
export function createStub(target: DebugTarget, send: (bytes: Uint8Array) => void, held = false): Stub {
  const memories = target.states.map((state) => linearMemory(state, target.memory));
  let state: StubState = held ? "held" : "running", stepping: Stepping | undefined;
  let read = createPacketReader(), acknowledges = true, last = "", current = 0, attached = false, physical = false;
  /** Breakpoints by address, software (0) and hardware (1) apart. */
  const breakpoints = [new Set<bigint>(), new Set<bigint>()];
  let watchpoints: Watchpoint[] = [];
  let stop = { index: 0, signal: SIGTRAP, why: "" };

  const reply = (text: string) => {
    last = text;
    send(packet(text));
  };
  const stopReply = () => {
    const vcpu = target.states[stop.index], registers = [RBP, RSP, RIP].map((number) => `${number.toString(16).padStart(2, "0")}:${hexOf(readRegister(vcpu, number)!)};`);
    return `T${stop.signal.toString(16).padStart(2, "0")}thread:${(stop.index + 1).toString(16)};${stop.why}${registers.join("")}`;
  };
  const hold = (index: number, signal: number, why = "") => {
    target.freeze(true);
    state = "held";
    stepping = undefined;
    stop = { index, signal, why };
    current = index;
  };
  const holdAndTell = (index: number, signal: number, why = "") => {
    hold(index, signal, why);
    if (attached) reply(stopReply());
  };
  const release = () => {
    target.freeze(false);
    state = "running";
    stepping = undefined;
  };
  const applyStops = () => target.setStops({ breakpoints: [...new Set([...breakpoints[0], ...breakpoints[1]])], watchpoints });
  const forget = () => {
    for (const set of breakpoints) set.clear();
    watchpoints = [];
    applyStops();
  };

  /** Why a vCPU that left with "debug" did so, as part of a stop reply. */
  const whyStopped = (vcpu: VcpuState): string => {
    const stopped = Number(vcpu.readField("stopped"));
    if (stopped === STOPPED_BREAKPOINT) return breakpoints[0].has(linearRip(vcpu)) ? "swbreak:;" : "hwbreak:;";
    const met = watchpoints[stopped - STOPPED_WATCHPOINT];
    return met ? `${REPLY_OF_ACCESS[met.access]}:${vcpu.readField("exitDetail").toString(16)};` : "";
  };
  const stopped = (index: number) => holdAndTell(index, SIGTRAP, whyStopped(target.states[index]));
  const step = (index: number, from = 1n, to = 0n) => {
    applyStops();
    target.freeze(false);
    state = "stepping";
    stepping = { index, from, to };
  };
  const proceed = () => {
    for (let left = STEPS_AT_ONCE; left > 0 && stepping; left--) {
      const { index, from, to } = stepping;
      const result = target.step(index);
      if (result === "waiting") return;
      if (result === "ended") return release();
      if (result !== "executed") return stopped(result.stopped);
      const rip = linearRip(target.states[index]);
      if (rip < from || rip >= to) return holdAndTell(index, SIGTRAP);
      if (breakpoints[0].has(rip) || breakpoints[1].has(rip)) return holdAndTell(index, SIGTRAP, breakpoints[0].has(rip) ? "swbreak:;" : "hwbreak:;");
    }
  };
  /** All vCPUs run; those that stand at a breakpoint get over it first. */
  const resume = () => {
    applyStops();
    target.freeze(false);
    state = "running";
    for (const [index, vcpu] of target.states.entries()) {
      const rip = linearRip(vcpu);
      if (!breakpoints[0].has(rip) && !breakpoints[1].has(rip)) continue;
      const result = target.step(index);
      if (typeof result === "object") return stopped(result.stopped);
    }
  };

  const threadOf = (text: string): number | undefined => {
    if (text === "0" || text === "-1") return current;
    const number = hexadecimal(text);
    return number !== undefined && number >= 1n && number <= BigInt(target.states.length) ? Number(number) - 1 : undefined;
  };
  /** `c`, `s`, `C05`, `S05`, each with an optional address to go on at. @returns an answer, if there is one */
  const simpleResume = (action: string, rest: string): string | undefined => {
    const address = /^[CS]$/.test(action) ? rest.split(";")[1] : rest;
    if (address) {
      const rip = hexadecimal(address);
      if (rip === undefined) return ERROR_ARGUMENT;
      target.states[current].write("rip", rip);
    }
    if (/^s$/i.test(action)) step(current);
    else resume();
    return undefined;
  };
  const vCont = (actions: readonly string[]): string | undefined => {
    if (actions.length === 0) return ERROR_ARGUMENT;
    for (const action of actions) {
      const [what, thread = "0"] = action.split(":"), index = threadOf(thread);
      const [, kind, from, to] = /^([cst]|[CS][0-9a-f]{2}|r)(?:([0-9a-f]+),([0-9a-f]+))?$/i.exec(what) ?? [];
      if (kind === undefined || index === undefined) return ERROR_ARGUMENT;
      if (kind === "r") {
        const first = hexadecimal(from ?? ""), end = hexadecimal(to ?? "");
        if (first === undefined || end === undefined) return ERROR_ARGUMENT;
        return void step(index, first, end);
      }
      if (/^s/i.test(kind)) return void step(index);
    }
    resume();
    return undefined;
  };

  const readMemory = (address: bigint, bytes: number): Uint8Array => {
    if (!physical) return memories[current].read(address, bytes);
    const gpa = Number(address);
    return target.memory.host(gpa, bytes) >= 0 ? target.memory.read(gpa, bytes) : new Uint8Array();
  };
  const writeMemory = (address: bigint, data: Uint8Array): boolean => {
    if (!physical) return memories[current].write(address, data, target.wrote);
    const gpa = Number(address);
    if (!target.memory.regions.some((region) => region.kind === "ram" && gpa >= region.gpa && gpa + data.length <= region.gpa + region.bytes)) return false;
    target.memory.write(gpa, data);
    target.wrote(gpa, data.length);
    return true;
  };
  const memoryCommand = (command: string, rest: string): string => {
    const colon = rest.indexOf(":"), head = colon < 0 ? rest : rest.slice(0, colon);
    const [address, length] = head.split(",").map(hexadecimal);
    if (address === undefined || length === undefined || length > BigInt(PACKET_BYTES)) return ERROR_ARGUMENT;
    if (command === "m") {
      const bytes = readMemory(address, Math.min(Number(length), PACKET_BYTES / 2));
      return bytes.length > 0 || length === 0n ? hexOf(bytes) : ERROR_MEMORY;
    }
    const data = command === "X" ? latin1(rest.slice(colon + 1)) : bytesOf(rest.slice(colon + 1));
    if (colon < 0 || !data || data.length !== Number(length)) return ERROR_ARGUMENT;
    return writeMemory(address, data) ? OK : ERROR_MEMORY;
  };

  const stopCommand = (command: string, rest: string): string => {
    const [type, addressText = "", kind = ""] = rest.split(";")[0].split(","), address = hexadecimal(addressText), bytes = hexadecimal(kind);
    if (address === undefined || bytes === undefined) return ERROR_ARGUMENT;
    const inserts = command === "Z";
    if (type === "0" || type === "1") {
      if (inserts) breakpoints[Number(type)].add(address);
      else breakpoints[Number(type)].delete(address);
      return OK;
    }
    const access = ACCESS[type];
    if (access === undefined) return UNKNOWN;
    if (bytes === 0n || bytes > 4096n) return ERROR_ARGUMENT;
    const others = watchpoints.filter((one) => one.address !== address || one.bytes !== Number(bytes) || one.access !== access);
    if (inserts && others.length === MOST_WATCHPOINTS) return ERROR_ARGUMENT;
    watchpoints = inserts ? [...others, { address, bytes: Number(bytes), access }] : others;
    return OK;
  };

  const threadsXml = () => ['<?xml version="1.0"?>', "<threads>", ...target.states.map((_, index) => `<thread id="${(index + 1).toString(16)}" core="${index}" name="vCPU ${index}"/>`), "</threads>", ""].join("\n");
  const transfer = (document: string, range: string): string => {
    const [offset, length] = range.split(",").map(hexadecimal);
    if (offset === undefined || length === undefined) return ERROR_ARGUMENT;
    const part = document.slice(Number(offset), Number(offset) + Math.min(Number(length), PACKET_BYTES / 2));
    return `${Number(offset) + part.length < document.length ? "m" : "l"}${part}`;
  };
  const runMonitor = (digits: string): string => {
    const command = bytesOf(digits);
    if (!command) return ERROR_ARGUMENT;
    const lines = monitor(String.fromCharCode(...command), { target, state: target.states[current], memory: memories[current] });
    for (let first = 0; first < lines.length; first += 64) send(packet(`O${hexOf(latin1(lines.slice(first, first + 64).map((line) => `${line}\n`).join("")))}`));
    return OK;
  };
  const query = (text: string): string => {
    const [name] = text.split(/[:,;]/, 1), rest = text.slice(name.length + 1);
    switch (name) {
      case "qSupported": return [`PacketSize=${PACKET_BYTES.toString(16)}`, ...FEATURES].join(";");
      case "qXfer": {
        const [object, action, annex, range] = rest.split(":");
        if (action !== "read") return UNKNOWN;
        if (object === "features") return annex === "target.xml" ? transfer(TARGET_XML, range ?? "") : "E00";
        return object === "threads" ? transfer(threadsXml(), range ?? "") : UNKNOWN;
      }
      case "qC": return `QC${(current + 1).toString(16)}`;
      case "qAttached": return "1";
      case "qfThreadInfo": return `m${target.states.map((_, index) => (index + 1).toString(16)).join(",")}`;
      case "qsThreadInfo": return "l";
      case "qThreadExtraInfo": return hexOf(latin1(`vCPU ${threadOf(rest) ?? "?"}`));
      case "qRcmd": return runMonitor(rest);
      case "qSymbol": return OK;
      case "qqemu.PhyMemMode": return physical ? "1" : "0";
      default: return UNKNOWN;
    }
  };
  const set = (text: string): string => {
    if (text === "QStartNoAckMode") {
      acknowledges = false;
      return OK;
    }
    const mode = /^Qqemu\.PhyMemMode:([01])$/.exec(text);
    if (!mode) return UNKNOWN;
    physical = mode[1] === "1";
    return OK;
  };

  /** @returns the answer; undefined when it comes later, or never */
  const execute = (text: string): string | undefined => {
    const command = text.slice(0, 1), rest = text.slice(1), vcpu = target.states[current];
    switch (command) {
      case "?": return stopReply();
      case "g": return hexOf(readRegisters(vcpu));
      case "G": {
        const bytes = bytesOf(rest);
        return bytes && writeRegisters(vcpu, bytes) ? OK : ERROR_ARGUMENT;
      }
      case "p": {
        const number = hexadecimal(rest), bytes = number === undefined ? undefined : readRegister(vcpu, Number(number));
        return bytes ? hexOf(bytes) : ERROR_ARGUMENT;
      }
      case "P": {
        const [number, digits] = rest.split("="), at = hexadecimal(number), bytes = bytesOf(digits ?? "");
        return at !== undefined && bytes && writeRegister(vcpu, Number(at), bytes) ? OK : ERROR_ARGUMENT;
      }
      case "m": case "M": case "X": return memoryCommand(command, rest);
      case "z": case "Z": return stopCommand(command, rest);
      case "c": case "s": case "C": case "S": return simpleResume(command, rest);
      case "H": {
        const index = threadOf(rest.slice(1));
        if (index === undefined) return ERROR_ARGUMENT;
        if (rest.startsWith("g")) current = index;
        return OK;
      }
      case "T": return threadOf(rest) === undefined ? ERROR_ARGUMENT : OK;
      case "q": return query(text);
      case "Q": return set(text);
      case "!": return OK;
      case "D":
        forget();
        release();
        attached = false;
        return OK;
      case "k":
        target.end();
        release();
        return undefined;
      case "v":
        if (text === "vCont?") return "vCont;c;C;s;S;r;t";
        if (text.startsWith("vCont;")) return vCont(text.slice(6).split(";").filter((part) => part !== ""));
        if (text.startsWith("vKill")) {
          reply(OK);
          target.end();
          release();
          return undefined;
        }
        return UNKNOWN;
      default: return UNKNOWN;
    }
  };

  return {
    get state() { return state; },
    connected: () => {
      read = createPacketReader();
      acknowledges = attached = true;
      physical = false;
      current = 0;
      hold(0, SIGTRAP);
    },
    disconnected: () => {
      attached = false;
      forget();
      release();
    },
    receive: (bytes) => {
      for (const event of read(bytes)) {
        switch (event.kind) {
          case "interrupt":
            if (state !== "held") holdAndTell(stepping?.index ?? current, SIGINT);
            break;
          case "damaged":
            if (acknowledges) send(latin1("-"));
            break;
          case "refused":
            if (acknowledges && last) send(packet(last));
            break;
          case "packet": {
            if (acknowledges) send(latin1("+"));
            const answer = execute(event.text);
            if (answer !== undefined) reply(answer);
          }
        }
      }
    },
    proceed, stopped,
    ended: (status) => {
      if (attached) reply(`W${(status & 0xff).toString(16).padStart(2, "0")}`);
      attached = false;
    },
  };
}
