/** The flag of V8 for branch hints, an experiment before Node.js 26: without them its code for loops keeps registers free for calls that seldom happen. */
export const BRANCH_HINTS = "--experimental-wasm-branch-hinting";
