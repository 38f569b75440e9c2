/**
 * Random calls on a small tree, compared with a model of the tree in memory: the files and the open
 * handles must agree after each call. There are few names, so that each is made, moved, deleted and
 * made again, and handles stay open across renames and deletes. SEED in the environment chooses the
 * walk; a failure prints it.
 */
import assert from 'node:assert/strict';
import { Random, testSeed } from '../../../support/random.ts';
import type { Case, Scene } from '../case.ts';
import { access, disposition, option, renameFlag, status, statusName } from '../driver/nt.ts';
import type { Handle } from '../driver/program.ts';

const steps = 1500;
const names = ['a', 'b', 'cc', 'desktop.ini'];
const maxDepth = 3;
const maxOpen = 8;
const maxFileBytes = 20_000;
const rights = access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE | access.DELETE;

interface Node {
  readonly isDirectory: boolean;
  content: Buffer;
  /** The children by their folded names. */
  readonly children: Map<string, Node>;
}

/**
 * The result of a path's walk: the directory that would hold the name, or the status of a failure.
 */
interface Found {
  readonly status: number;
  readonly parent?: Node;
  readonly key: string;
  readonly node?: Node | undefined;
}

const makeNode = (isDirectory: boolean): Node => ({
  isDirectory,
  content: Buffer.alloc(0),
  children: new Map(),
});

class Walk {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #ignoresCase: boolean;
  readonly #root: Node = makeNode(true);
  readonly #open: { handle: Handle; node: Node }[] = [];
  /** The calls so far, for the report of a failure. */
  readonly log: string[] = [];

  constructor(scene: Scene, random: Random, ignoresCase: boolean) {
    this.#scene = scene;
    this.#random = random;
    this.#ignoresCase = ignoresCase;
  }

  #fold(name: string): string {
    return this.#ignoresCase ? name.toUpperCase() : name;
  }

  #find(parts: readonly string[]): Found {
    let parent = this.#root;
    for (const part of parts.slice(0, -1)) {
      const next = parent.children.get(this.#fold(part));
      if (next === undefined) return { status: status.OBJECT_PATH_NOT_FOUND, key: '' };
      if (!next.isDirectory) return { status: status.NOT_A_DIRECTORY, key: '' };
      parent = next;
    }
    const key = this.#fold(parts.at(-1) as string);
    return { status: status.SUCCESS, parent, key, node: parent.children.get(key) };
  }

  #path(): string[] {
    const depth = this.#random.between(1, maxDepth);
    return Array.from({ length: depth }, () => {
      const name = this.#random.pick(names);
      return this.#ignoresCase && this.#random.chance(0.4) ? name.toUpperCase() : name;
    });
  }

  #full(parts: readonly string[]): string {
    return this.#scene.path(parts.join('\\'));
  }

  #note(text: string, answer: number): void {
    this.log.push(`${text} -> ${statusName(answer)}`);
    if (this.log.length > 25) this.log.shift();
  }

  #expect(what: string, answer: number, expected: number): void {
    this.#note(what, answer);
    assert.equal(statusName(answer), statusName(expected), what);
  }

  async step(): Promise<void> {
    const kind = this.#random.below(100);
    if (kind < 22) return this.#createFile();
    if (kind < 34) return this.#createDirectory();
    if (kind < 48) return this.#rename();
    if (kind < 60) return this.#remove();
    if (kind < 72) return this.#write();
    if (kind < 84) return this.#read();
    if (kind < 92) return this.#list();
    if (kind < 97) return this.#closeOne();
    this.#scene.driver.advance(this.#random.below(1500));
  }

  async #createFile(): Promise<void> {
    const parts = this.#path();
    const found = this.#find(parts);
    const { CREATE, OPEN, OPEN_IF, OVERWRITE_IF } = disposition;
    const wanted = this.#random.pick([CREATE, OPEN, OPEN_IF, OVERWRITE_IF]);
    const answer = await this.#scene.win.open(this.#full(parts), {
      access: rights,
      disposition: wanted,
      options: option.NON_DIRECTORY_FILE,
    });
    let expected = found.status;
    const { node, parent, key } = found;
    if (expected === status.SUCCESS) {
      if (node?.isDirectory) expected = status.FILE_IS_A_DIRECTORY;
      else if (node !== undefined && wanted === CREATE) expected = status.OBJECT_NAME_COLLISION;
      else if (node === undefined && wanted === OPEN) expected = status.OBJECT_NAME_NOT_FOUND;
    }
    this.#expect(`create ${wanted} ${parts.join('\\')}`, answer.status, expected);
    if (answer.handle === undefined) return;
    const file = node ?? makeNode(false);
    parent?.children.set(key, file);
    if (wanted === OVERWRITE_IF) file.content = Buffer.alloc(0);
    if (this.#open.length < maxOpen) this.#open.push({ handle: answer.handle, node: file });
    else await answer.handle.close();
  }

  async #createDirectory(): Promise<void> {
    const parts = this.#path();
    const found = this.#find(parts);
    const answer = await this.#scene.win.tryOpen(this.#full(parts), {
      disposition: disposition.CREATE,
      options: option.DIRECTORY_FILE,
    });
    let expected = found.status;
    if (expected === status.SUCCESS && found.node !== undefined) {
      expected = status.OBJECT_NAME_COLLISION;
    }
    this.#expect(`mkdir ${parts.join('\\')}`, answer, expected);
    if (answer === status.SUCCESS) found.parent?.children.set(found.key, makeNode(true));
  }

  /** Renames with POSIX semantics: open files do not prevent them. */
  async #rename(): Promise<void> {
    const from = this.#path();
    const to = this.#path();
    const replaces = this.#random.chance(0.6);
    const flags = renameFlag.POSIX | (replaces ? renameFlag.REPLACE : 0);
    const { win } = this.#scene;
    const answer = await win.move(this.#full(from), this.#full(to), flags, true);
    const what = `rename ${from.join('\\')} ${to.join('\\')}${replaces ? ' over' : ''}`;
    const expected = this.#renamed(this.#find(from), this.#find(to), from, to, replaces);
    // A rename that is impossible for two reasons may answer either status.
    if (expected === undefined) {
      this.#note(what, answer);
      assert.notEqual(answer, status.SUCCESS, what);
      return;
    }
    this.#expect(what, answer, expected);
  }

  /** Renames in the model. Answers the status; undefined: any failure. */
  #renamed(
    source: Found,
    target: Found,
    from: readonly string[],
    to: readonly string[],
    replaces: boolean,
  ): number | undefined {
    if (source.status !== status.SUCCESS) return source.status;
    if (source.node === undefined) return status.OBJECT_NAME_NOT_FOUND;
    if (target.status !== status.SUCCESS) return target.status;
    const { node } = source;
    const old = target.node;
    const folded = (parts: readonly string[]): string => parts.map((p) => this.#fold(p)).join('\\');
    if (`${folded(to)}\\`.startsWith(`${folded(from)}\\`) && folded(to) !== folded(from)) {
      return undefined;
    }
    if (old !== undefined && old !== node) {
      // An open file below it refuses the rename first, with another status.
      if (old.isDirectory && (!replaces || old.children.size > 0)) return undefined;
      if (!replaces) return status.OBJECT_NAME_COLLISION;
      if (old.isDirectory !== node.isDirectory) return undefined;
    }
    source.parent?.children.delete(source.key);
    target.parent?.children.set(target.key, node);
    return status.SUCCESS;
  }

  async #remove(): Promise<void> {
    const parts = this.#path();
    const found = this.#find(parts);
    const answer = await this.#scene.win.remove(this.#full(parts));
    let expected = found.status;
    if (expected === status.SUCCESS) {
      if (found.node === undefined) expected = status.OBJECT_NAME_NOT_FOUND;
      else if (found.node.children.size > 0) expected = status.DIRECTORY_NOT_EMPTY;
    }
    this.#expect(`remove ${parts.join('\\')}`, answer, expected);
    if (answer === status.SUCCESS) found.parent?.children.delete(found.key);
  }

  async #write(): Promise<void> {
    if (this.#open.length === 0) return;
    const { handle, node } = this.#random.pick(this.#open);
    const offset = this.#random.below(maxFileBytes);
    const bytes = this.#random.bytes(this.#random.between(1, 6000));
    const answer = await handle.write(offset, bytes);
    this.#expect(`write ${handle.file.node.name}`, answer.status, status.SUCCESS);
    const size = Math.max(node.content.length, offset + bytes.length);
    const content = Buffer.alloc(size);
    node.content.copy(content);
    bytes.copy(content, offset);
    node.content = content;
  }

  /** Reads through an open handle, or by a name. */
  async #read(): Promise<void> {
    if (this.#open.length > 0 && this.#random.chance(0.5)) {
      const { handle, node } = this.#random.pick(this.#open);
      const bytes = await handle.readAll(this.#random.between(1000, 70_000));
      this.#note(`read ${handle.file.node.name}: ${bytes.length}`, 0);
      assert.ok(bytes.equals(node.content), `what ${handle.file.node.name} has`);
      assert.equal((await handle.freshInfo()).fileSize, node.content.length, 'its size');
      return;
    }
    const parts = this.#path();
    const { node } = this.#find(parts);
    if (node === undefined || node.isDirectory) return;
    const bytes = await this.#scene.win.readFile(this.#full(parts));
    this.#note(`read ${parts.join('\\')}: ${bytes.length}`, 0);
    assert.ok(bytes.equals(node.content), `what ${parts.join('\\')} has`);
  }

  async #list(): Promise<void> {
    const parts = this.#random.chance(0.3) ? [] : this.#path();
    const node = parts.length === 0 ? this.#root : this.#find(parts).node;
    if (node === undefined || !node.isDirectory) return;
    const path = parts.length === 0 ? this.#scene.dir : this.#full(parts);
    const listed = await this.#scene.win.list(path);
    this.#note(`list ${parts.join('\\')}: ${listed.join(' ')}`, 0);
    const folded = listed.map((name) => this.#fold(name)).sort();
    assert.deepEqual(folded, [...node.children.keys()].sort(), `what ${path} has`);
  }

  async #closeOne(): Promise<void> {
    if (this.#open.length === 0) return;
    const [closed] = this.#open.splice(this.#random.below(this.#open.length), 1);
    this.#note(`close ${closed?.handle.file.node.name}`, 0);
    await closed?.handle.close();
  }

  async closeAll(): Promise<void> {
    while (this.#open.length > 0) await this.#closeOne();
  }

  /** Compares the whole tree with the one that Linux sees. */
  async checkLinux(): Promise<void> {
    const { linux, linuxDir } = this.#scene;
    const check = async (node: Node, path: string): Promise<void> => {
      const listed = await linux.readdir(path);
      const folded = listed.map((name) => this.#fold(name)).sort();
      assert.deepEqual(folded, [...node.children.keys()].sort(), path);
      for (const name of listed) {
        const child = node.children.get(this.#fold(name)) as Node;
        if (child.isDirectory) await check(child, `${path}/${name}`);
        else assert.ok((await linux.readFile(`${path}/${name}`)).equals(child.content), name);
      }
    };
    await check(this.#root, linuxDir);
  }
}

async function walk(scene: Scene, seed: number, ignoresCase: boolean): Promise<void> {
  const one = new Walk(scene, new Random(seed), ignoresCase);
  let at = 0;
  try {
    for (; at < steps; at++) await one.step();
    await one.closeAll();
    await scene.driver.settle();
    await one.checkLinux();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`SEED=${seed}, step ${at}: ${text}\n${one.log.join('\n')}`, { cause: error });
  }
}

const rule = 'every file stays itself, whatever happens to names';
const walks = [0, 1, 2];

export const randomWalk: readonly Case[] = walks.flatMap((number): Case[] => [
  {
    name: `a random walk of ${steps} calls, number ${number + 1}`,
    rule,
    run: (scene) => walk(scene, testSeed() + number, false),
  },
  {
    name: `case-insensitive: a random walk of ${steps} calls, number ${number + 1}`,
    rule,
    on: 'insensitive',
    run: (scene) => walk(scene, testSeed() + number, true),
  },
]);
