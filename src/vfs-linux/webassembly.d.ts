/**
 * The part of WebAssembly's JavaScript interface that is used here, JSPI (Suspending, promising)
 * included: TypeScript has it only among the types of browsers.
 */
declare namespace WebAssembly {
  type ImportValue = Memory | Table | Global | Suspending | ((...args: never[]) => unknown);
  type ModuleImports = Record<string, ImportValue>;
  type Imports = Record<string, ModuleImports>;
  type Exports = Record<string, unknown>;

  class Module {
    private constructor();
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }
  class Instance {
    private constructor();
    readonly exports: Exports;
  }
  class Memory {
    constructor(limits: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Table {
    private constructor();
    readonly length: number;
  }
  class Global {
    private constructor();
    readonly value: unknown;
  }
  /** An import that may answer with a promise: the calling coroutine sleeps until it is settled. */
  class Suspending {
    constructor(fn: (...args: never[]) => unknown);
    private readonly suspending: true;
  }

  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
  function instantiate(module: Module, imports: Imports): Promise<Instance>;
  /** An export that runs as a coroutine: it may be suspended, and answers with a promise. */
  function promising(fn: (...args: never[]) => unknown): (...args: never[]) => Promise<unknown>;
}
