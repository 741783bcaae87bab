// What this project uses of the WebAssembly JavaScript interface; TypeScript has it in the DOM library only.
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
    shared?: boolean;
  }
  /** Its buffer is a SharedArrayBuffer where the descriptor says `shared`. */
  class Memory<Buffer extends ArrayBufferLike = SharedArrayBuffer> {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: Buffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  type ModuleImports = Record<string, unknown>;
  class Instance {
    constructor(module: Module, imports: Record<string, ModuleImports>);
    readonly exports: Record<string, unknown>;
  }
}
