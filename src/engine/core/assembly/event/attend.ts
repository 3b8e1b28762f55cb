// What happens on the border between two instructions: exits, INIT, debug traps, NMI, interrupts, in the order of
// SDM 3A, Priority Among Concurrent Events.
import { At, C } from "../generated/layout";
import { clearAttention, setAttention, vcpu } from "../state";
import { IF, TF } from "../processor/flags";
import { deliver, injectInterrupt, injectTrap } from "./exception";
import { acknowledge } from "../bus";
import { debugTrap, instructionBreakpoint, SHADOW_MOV_SS, stepsForBreakpoints } from "./debug";
import { initialize } from "./reset";
import { readMail } from "../memory/peers";

const NMI_VECTOR: u32 = 2;

/** To be called on entry to run(), and on a border where `attention` is not 0; RIP and flags are in the state.
 * @returns an EXIT code, or EXIT_NONE: execution goes on at RIP, mode and TLB may have changed. While ATTENTION_STEP is set when this
 * returns, the caller executes exactly one instruction (one iteration of a repeated one) before it calls again. */
export function attend(): u32 {
  const attention = atomic.load<u32>(vcpu + At.attention);
  if (attention & C.ATTENTION_EXIT) {
    const code = load<u32>(vcpu, At.exitReason);
    clearAttention(C.ATTENTION_EXIT);
    store<u32>(vcpu, C.EXIT_NONE, At.exitReason);
    if (code != C.EXIT_HLT && code != C.EXIT_NONE) return code;
  }
  if (attention & C.ATTENTION_MAIL) readMail();
  store<u32>(vcpu, 0, At.withheld);
  if (attention & C.ATTENTION_SLICE) {
    clearAttention(C.ATTENTION_SLICE);
    return C.EXIT_BUDGET; // not all of it is used: run() goes on
  }
  if (attention & C.ATTENTION_KICK) {
    clearAttention(C.ATTENTION_KICK);
    return C.EXIT_KICK;
  }
  if (attention & C.ATTENTION_INIT) {
    clearAttention(C.ATTENTION_INIT);
    initialize();
  }
  const activity = load<u32>(vcpu, At.activity);
  if (activity == C.ACTIVITY_SHUTDOWN) return C.EXIT_SHUTDOWN;
  if (activity == C.ACTIVITY_WAIT_SIPI) return C.EXIT_HLT;

  const shadow = load<u32>(vcpu, At.shadow);
  if ((load<u32>(vcpu, At.blocking) & (C.BLOCKING_STEP | C.BLOCKING_DATA)) && shadow != SHADOW_MOV_SS) {
    debugTrap();
    wake();
    injectTrap();
  } else if (shadow) {
    // the instruction behind STI or MOV SS goes first, alone
    store<u32>(vcpu, 0, At.shadow);
    store<u32>(vcpu, shadow, At.withheld);
    setAttention(C.ATTENTION_STEP);
    arm();
    return C.EXIT_NONE;
  }
  // what comes first is interrupted by what follows, before its handler's first instruction, unless it masks that or is a triple fault
  if ((attention & C.ATTENTION_NMI) && !exiting() && !(load<u32>(vcpu, At.blocking) & C.BLOCKING_NMI)) {
    clearAttention(C.ATTENTION_NMI);
    store<u32>(vcpu, load<u32>(vcpu, At.blocking) | C.BLOCKING_NMI, At.blocking);
    wake();
    injectInterrupt(NMI_VECTOR);
  }
  if ((attention & C.ATTENTION_INTERRUPT) && !exiting() && (load<u32>(vcpu, At.flagRest) & <u32>IF)) {
    const vector = acknowledge();
    if (vector >= 0) {
      wake();
      injectInterrupt(vector);
    }
  }
  if (load<u32>(vcpu, At.activity) == C.ACTIVITY_HALTED) return C.EXIT_HLT;
  if (exiting()) return attend(); // a triple fault
  if (instructionBreakpoint()) {
    deliver();
    if (exiting()) return attend();
  }
  clearAttention(C.ATTENTION_STEP);
  arm();
  return C.EXIT_NONE;
}

/** Notes that the next instruction begins with TF, or must be looked at for breakpoints. */
function arm(): void {
  if (load<u32>(vcpu, At.flagRest) & <u32>TF) {
    store<u32>(vcpu, load<u32>(vcpu, At.blocking) | C.BLOCKING_STEP, At.blocking);
    setAttention(C.ATTENTION_STEP);
  } else if (stepsForBreakpoints()) setAttention(C.ATTENTION_STEP);
}

function exiting(): bool {
  return (atomic.load<u32>(vcpu + At.attention) & C.ATTENTION_EXIT) != 0;
}

function wake(): void {
  if (load<u32>(vcpu, At.activity) == C.ACTIVITY_HALTED) store<u32>(vcpu, C.ACTIVITY_RUNNING, At.activity);
}

/** HLT: waits until an interrupt, NMI or INIT (SDM 2A, HLT). */
export function halt(nextRip: u64): void {
  store<u64>(vcpu, nextRip, At.rip);
  store<u32>(vcpu, C.ACTIVITY_HALTED, At.activity);
  store<u32>(vcpu, 0, At.shadow); // STI before HLT shadows just HLT
  store<u32>(vcpu, C.EXIT_HLT, At.exitReason);
  setAttention(C.ATTENTION_EXIT);
}

/** PAUSE has been executed as often as the run allows. */
export function patienceEnds(nextRip: u64): void {
  store<u64>(vcpu, nextRip, At.rip);
  store<u32>(vcpu, C.EXIT_PAUSE, At.exitReason);
  setAttention(C.ATTENTION_EXIT);
}

/** SIPI: an application processor begins at vector × 4096 (SDM 3A, MP Initialization). Ignored unless it waits. */
export function startup(vector: u32): void {
  if (load<u32>(vcpu, At.activity) != C.ACTIVITY_WAIT_SIPI) return;
  store<u32>(vcpu, C.ACTIVITY_RUNNING, At.activity);
  store<u32>(vcpu + At.segSelector + 4 * C.SEG_CS, vector << 8);
  store<u64>(vcpu + At.segBase + 8 * C.SEG_CS, <u64>vector << 12);
  store<u64>(vcpu, 0, At.rip);
}
