// What every Host offers beyond ECMAScript, so that the lower floors compile with neither Node.js nor DOM types.

declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array | ArrayBuffer);
    static imports(module: Module): { module: string; name: string; kind: string }[];
    static exports(module: Module): { name: string; kind: string }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, any>;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: SharedArrayBuffer;
    grow(pages: number): number;
  }
  class Table {
    readonly length: number;
    get(index: number): unknown;
    set(index: number, value: unknown): void;
    grow(by: number): number;
  }
  class Global {
    constructor(descriptor: { value: string; mutable?: boolean }, value: unknown);
    value: any;
  }
  class RuntimeError extends Error {}
  function compile(bytes: Uint8Array | ArrayBuffer): Promise<Module>;
}
