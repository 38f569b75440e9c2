/**
 * Reads the interface's constants (native/arch/wasm/bridge/abi.c) out of a kernel image and prints
 * them as TypeScript. The image is instantiated, but not booted.
 */

interface ImageExports {
  wasm_abi: WebAssembly.Global;
  wasm_errname(errno: number): number;
}

const errnoMax = 4095;

/** Every import of the image, as a function that must not be called. */
function inertImports(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    const group = imports[from];
    if (kind === 'function') {
      group[name] = () => {
        throw new Error(`${name} is not called before boot`);
      };
    } else if (kind === 'memory') {
      group[name] = new WebAssembly.Memory({ initial: 1024, maximum: 1024 });
    }
  }
  return imports;
}

function print(constants: Map<string, number>, errnos: Map<string, number>): string {
  const lines = [
    '/**',
    ' * The interface between the kernel image and this program: written by `npm run kernel` out of',
    ' * the image itself. Not to be edited. "struct.member" is an offset in bytes.',
    ' */',
    '',
    'export const abi = {',
  ];
  for (const [name, value] of constants) {
    lines.push(`  ${/^\w+$/.test(name) ? name : `'${name}'`}: ${value},`);
  }
  lines.push('} as const;', '', '/** Linux errno numbers by name. */', 'export const errno = {');
  for (const [name, value] of errnos) lines.push(`  ${name}: ${value},`);
  lines.push('} as const;', '');
  return lines.join('\n');
}

/** The text of src/vfs-linux/abi.gen.ts for this image. */
export async function emitAbi(image: Uint8Array<ArrayBuffer>): Promise<string> {
  const module = await WebAssembly.compile(image);
  const imports = inertImports(module);
  const instance = await WebAssembly.instantiate(module, imports);
  const exports = instance.exports as unknown as ImageExports;
  const memory = imports['env']?.['memory'] as WebAssembly.Memory;
  const view = new DataView(memory.buffer);
  const text = (address: number): string => {
    let end = address;
    while (view.getUint8(end) !== 0) end++;
    return new TextDecoder().decode(new Uint8Array(memory.buffer, address, end - address));
  };
  const constants = new Map<string, number>();
  for (let entry = exports.wasm_abi.value as number; ; entry += 16) {
    const name = view.getUint32(entry, true);
    if (name === 0) break;
    constants.set(text(name), Number(view.getBigInt64(entry + 8, true)));
  }
  const errnos = new Map<string, number>();
  for (let number = 1; number <= errnoMax; number++) {
    const name = exports.wasm_errname(number);
    if (name !== 0) errnos.set(text(name), number);
  }
  return print(constants, errnos);
}
