// Helpers of SSE floating point: bodies in engine/core/assembly/float/fp-*.ts. Notation: ../helpers.ts
//
// Each computes under MXCSR, sets its sticky flags, and raises #XM (or #UD, by CR4.OSXMMEXCPT) for an exception that is not masked. The name is
// the operation and the manual's suffix (ps, pd: all lanes; ss, sd: lane 0, the rest from the first argument).

type Suffix = "Ps" | "Pd" | "Ss" | "Sd";
const SUFFIXES = ["Ps", "Pd", "Ss", "Sd"] as const satisfies Suffix[];

function suffixed<N extends string, S extends string, T extends Suffix>(names: readonly N[], suffixes: readonly T[], signature: S): Record<`fp${N}${T}`, S> {
  return Object.fromEntries(names.flatMap((name) => suffixes.map((suffix) => [`fp${name}${suffix}`, signature]))) as Record<`fp${N}${T}`, S>;
}

export const FP_HELPERS = {
  ...suffixed(["Add", "Mul", "Sub", "Min", "Div", "Max"], SUFFIXES, "vv:v!"),
  ...suffixed(["Sqrt"], SUFFIXES, "vv:v!"), // of the second argument
  ...suffixed(["Rcp", "Rsqrt"], ["Ps", "Ss"], "vv:v"), // of the second argument; no exceptions
  ...suffixed(["Cmp"], SUFFIXES, "vvi:v!"), // predicate
  ...suffixed(["Addsub", "Hadd", "Hsub"], ["Ps", "Pd"], "vv:v!"),
  ...suffixed(["Round"], SUFFIXES, "vvi:v!"), // of the second argument; the immediate
  ...suffixed(["Dp"], ["Ps", "Pd"], "vvi:v!"), // the immediate
  ...suffixed(["Comi", "Ucomi"], ["Ss", "Sd"], "vv:l!"), // ZF, PF and CF where RFLAGS has them
  // conversions; narrower results leave zeros above, scalar ones the rest of the first argument
  fpCvtps2pd: "v:v!", fpCvtpd2ps: "v:v!", fpCvtss2sd: "vv:v!", fpCvtsd2ss: "vv:v!",
  fpCvtdq2ps: "v:v!", fpCvtdq2pd: "v:v!", fpCvtpi2ps: "vv:v!",
  fpCvtsi2ss: "vl:v!", fpCvtsi2sd: "vl:v!", // a signed number
  fpCvtps2dq: "vi:v!", fpCvtpd2dq: "vi:v!", fpCvtps2pi: "vi:v!", // 1: truncate; to 2 numbers
  fpCvtss2si: "vii:l!", fpCvtsd2si: "vii:l!", // 1: truncate; bits of the result
} as const satisfies Record<string, string>;
