// Emits every form into an `Emit` that executes nothing and checks the rules of a meaning (emit.ts): operands that exist, values of the right
// kind, helpers and SIMD operations as they are declared, nothing used outside the `when` that made it, and no state changed before a fault.

import assert from "node:assert/strict";
import test from "node:test";
import type { Emit, Operand } from "./emit.ts";
import { FORMS, type Form } from "./forms.ts";
import { HELPERS, helperSignature, type HelperName } from "./helpers.ts";
import { perform } from "./perform.ts";
import { SIMD_OPS, type SimdOp } from "./simd.ts";

/** A value: what it is, and the `when`s within which it exists. */
interface Value { readonly kind: "int" | "vector" | "nothing"; readonly scope: readonly number[] }

function check(form: Form): string[] {
  const wrong: string[] = [];
  const say = (what: string) => { if (!wrong.includes(what)) wrong.push(what); };
  let scope: readonly number[] = [], scopes = 0, computing = false;
  /** what has been changed so far on the way here; undefined: this way has ended */
  let changed: string | undefined = "", ended = false;

  const make = (kind: Value["kind"]): Value => ({ kind, scope });
  const int = () => make("int");
  const take = (kind: "int" | "vector", ...values: readonly (Value | undefined)[]) => {
    if (ended) say("goes on after the instruction has ended");
    for (const value of values) {
      if (value?.kind !== kind) say(`${value?.kind ?? "undefined"} where ${kind} is needed`);
      else if (value.scope.some((id, index) => scope[index] !== id)) say("a value made inside `when` leaves it");
    }
  };
  const faults = (what: string) => {
    if (computing) say(`${what} inside update`);
    if (changed) say(`${what} can fault after ${changed}`);
  };
  const change = (what: string) => {
    if (computing) say(`${what} inside update`);
    if (changed === "") changed = what;
  };
  const operand = (value: Operand, ...kinds: Operand["kind"][]) => {
    if (!form.operands.includes(value as never)) say(`uses an operand that the row does not have`);
    if (kinds.length > 0 && !kinds.includes(value.kind)) say(`operand ${value.slot} is ${value.kind}, not ${kinds.join(" or ")}`);
    return value.kind === "mem";
  };
  const end = () => { ended = true; };
  /** Runs `body` inside a scope of its own. */
  const within = (body: () => void) => {
    const [outer, before] = [scope, changed];
    scope = [...scope, ++scopes];
    body();
    const after = { changed, ended };
    [scope, changed, ended] = [outer, before, false];
    return after;
  };

  const own: Partial<Emit<Value>> = {
    load: (_width, source) => { if (operand(source, "reg", "mem", "imm")) faults("load"); take("int"); return int(); },
    store: (_width, target, value) => {
      take("int", value);
      if (operand(target, "reg", "mem")) faults("store");
      change(`store to operand ${target.slot}`);
    },
    update: (_width, target, compute) => {
      if (operand(target, "reg", "mem")) faults("update");
      computing = true;
      take("int", compute(int()));
      computing = false;
      change(`update of operand ${target.slot}`);
      return int();
    },
    updateLinear: (_width, linear, compute) => {
      take("int", linear);
      faults("updateLinear");
      computing = true;
      take("int", compute(int()));
      computing = false;
      change("updateLinear");
      return int();
    },
    registerNumber: (value) => { operand(value, "sreg", "creg", "dreg"); return int(); },
    effectiveAddress: (value) => { operand(value, "mem"); return int(); },
    linearAddress: (value) => { operand(value, "mem"); faults("linearAddress"); return int(); },
    loadLinear: (_width, linear) => { take("int", linear); faults("loadLinear"); return int(); },
    storeLinear: (_width, linear, value) => { take("int", linear, value); faults("storeLinear"); change("storeLinear"); },
    linear: (segment, offset) => { take("int", segment, offset); faults("linear"); return int(); },
    setReg: (_width, number, value) => { take("int", value); change(`register ${number}`); },
    setHighByte: (number, value) => { take("int", value); change(`high byte ${number}`); },
    push: (_width, value) => { take("int", value); faults("push"); change("push"); },
    pop: () => { faults("pop"); change("pop"); return int(); },
    when: (condition, yes, no) => {
      take("int", condition);
      const a = within(yes), b = no ? within(no) : { changed, ended: false };
      ended = a.ended && b.ended;
      changed = a.ended ? b.changed : b.ended ? a.changed : a.changed || b.changed;
    },
    setFlags: (_rule, _width, a, b, result) => { take("int", a, b, result); change("flags"); },
    setFlag: (_flag, value) => { take("int", value); change("flags"); },
    setFlagBits: (value) => { take("int", value); change("flags"); },
    relativeTarget: (_width, target) => { operand(target, "rel"); return int(); },
    jumpRelative: (_width, target) => { operand(target, "rel"); end(); },
    branch: (condition, _width, target) => { take("int", condition); operand(target, "rel"); end(); },
    jump: (target) => { take("int", target); faults("jump"); end(); },
    leave: () => end(),
    repeat: (condition) => { take("int", condition); end(); },
    spin: () => { if (scope.length > 0) say("a spin-wait hint is conditional"); },
    raise: (vector, code) => { if (code !== undefined) take("int", code); faults(`raise ${vector}`); end(); },
    call: (helper, ...values) => {
      if (!(helper in HELPERS)) {
        say(`no helper is called ${helper}`);
        return int();
      }
      const { args, result, faults: canFault } = helperSignature(helper as HelperName);
      if (args.length !== values.length) say(`${helper} takes ${args.length} arguments, not ${values.length}`);
      args.forEach((kind, index) => take(kind === "v" ? "vector" : "int", values[index]));
      if (canFault) faults(helper);
      return make(result === "" ? "nothing" : result === "v" ? "vector" : "int");
    },
    loadVector: (_bits, source) => { if (operand(source, "xmm", "mm", "mem", "reg")) faults("loadVector"); return make("vector"); },
    storeVector: (_bits, target, value) => {
      take("vector", value);
      if (operand(target, "xmm", "mm", "mem", "reg")) faults("storeVector");
      change(`storeVector to operand ${target.slot}`);
    },
    xmm: () => make("vector"),
    setXmm: (number, value) => { take("vector", value); change(`xmm${number}`); },
    vector: () => make("vector"),
    simd: (op, values, lanes) => {
      const shape = (SIMD_OPS as Record<string, readonly [number, string]>)[op as SimdOp];
      if (shape === undefined) {
        say(`no SIMD operation is called ${op}`);
        return make("vector");
      }
      const [inputs, output] = shape[1].split(":");
      if (inputs.length !== values.length) say(`${op} takes ${inputs.length} values, not ${values.length}`);
      [...inputs].forEach((kind, index) => take(kind === "v" ? "vector" : "int", values[index]));
      const wanted = op.endsWith("shuffle") ? 16 : /_lane/.test(op) ? 1 : 0, count = Number(/x(\d+)/.exec(op)?.[1] ?? 0);
      if ((lanes?.length ?? 0) !== wanted) say(`${op} takes ${wanted} lanes`);
      if (lanes?.some((lane) => lane < 0 || lane >= (wanted === 16 ? 32 : count))) say(`${op} has no lane ${lanes.join(" ")}`);
      return make(output === "v" ? "vector" : "int");
    },
  };
  // everything else takes integers, widths and names, and makes an integer
  const e = new Proxy(own, {
    get: (target, name) => target[name as keyof typeof target] ?? ((...values: unknown[]) => {
      take("int", ...values.filter((value): value is Value => typeof value === "object"));
      return int();
    }),
  }) as Emit<Value>;
  perform(e, form);
  return wrong;
}

/** Where a change before a possible fault is meant, and why that leaves no trace. */
const MEANT: readonly (readonly [form: RegExp, what: RegExp, why: string])[] = [
  [/^pop o\d\d m/, /after pop$/, "RSP is put back while the store may fault: its address may depend on the new RSP"],
  [/^call /, /^jump can fault after push$/, "the target is looked at before"],
  [/^ret /, /^(jump|raise #GP) can fault after pop$/, "a target that is not canonical puts RSP back"],
  [/^popf /, /^popFlags can fault after pop$/, "only in virtual-8086 mode, which is not supported"],
];

test("every meaning keeps the rules", () => {
  const meant = (form: Form, what: string) => MEANT.some(([name, fault]) => name.test(form.name) && fault.test(what));
  const wrong = FORMS.flatMap((form) => check(form).filter((what) => !meant(form, what)).map((what) => `${form.name}: ${what}`));
  assert.deepEqual(wrong, []);
});
