// The K/V page pool and the prefix cache over it.
//
// A page is 32 positions of K/V inside the backend; here it is only a number. Every page is
// in exactly one place: the free list, a running sequence, or the tree. The tree's path from a
// root spells token ids, 32 to a node, so a walk finds the longest cached prefix of whole
// pages. Sequences hold references on the nodes they read; a node without references may be
// evicted, least recently used first. A sequence that holds a node holds all its ancestors,
// and releases deepest first, so the oldest unreferenced node never has children.

import { type KeptVisibility, pageSize } from "../backend/types.js";

export interface Node {
  readonly page: number;
  readonly key: string;
  readonly parent: Node | Root;
  readonly children: Map<string, Node>;
  references: number;
}

interface Root {
  readonly children: Map<string, Node>;
}

export class PagePool {
  readonly total: number;
  readonly #free: number[] = [];
  /** K/V depend on the mask they were computed under, so each mask has its own tree. */
  readonly #roots: Record<KeptVisibility, Root> = { causal: { children: new Map() }, block: { children: new Map() } };
  /** Unreferenced nodes, least recently used first. */
  readonly #evictable = new Set<Node>();
  #nodes = 0;

  constructor(total: number) {
    this.total = total;
    for (let page = total - 1; page >= 0; page--) this.#free.push(page);
  }

  get free(): number {
    return this.#free.length;
  }

  /** Pages held by the tree, referenced or not. */
  get cached(): number {
    return this.#nodes;
  }

  /** Pages that an allocation could get right now. */
  get available(): number {
    return this.#free.length + this.#evictable.size;
  }

  /** Takes `count` pages, evicting from the tree as needed; null (and nothing taken) when there are not enough. */
  take(count: number): number[] | null {
    if (count > this.available) return null;
    while (this.#free.length < count) this.#evict();
    return count === 0 ? [] : this.#free.splice(-count);
  }

  give(pages: Iterable<number>): void {
    for (const page of pages) this.#free.push(page);
  }

  /**
   * The longest cached prefix of whole pages of tokens[0, limit), referenced for the caller.
   * @param grain tokens that see each other, a multiple of 32: a page is that of the whole of them, or another one
   */
  match(mask: KeptVisibility, tokens: readonly number[], limit: number, grain = pageSize): Node[] {
    const path: Node[] = [];
    let at: Root | Node = this.#roots[mask];
    for (let end = pageSize; end <= limit; end += pageSize) {
      const node: Node | undefined = at.children.get(keyOf(tokens, end, grain));
      if (node === undefined) break;
      path.push(node);
      at = node;
    }
    for (const node of path) this.#hold(node);
    return path;
  }

  /**
   * Freezes a full page of a sequence: `path` is what the sequence holds so far and the page is
   * that of tokens[path.length * 32, +32). When the same prefix is cached already, the page goes
   * back to the pool and the cached one takes its place: equal inputs give equal bits.
   * @param grain as for match
   */
  freeze(mask: KeptVisibility, path: Node[], tokens: readonly number[], page: number, grain = pageSize): Node {
    const parent = path.length === 0 ? this.#roots[mask] : path[path.length - 1];
    const key = keyOf(tokens, (path.length + 1) * pageSize, grain);
    let node = parent.children.get(key);
    if (node === undefined) {
      node = { page, key, parent, children: new Map(), references: 1 };
      parent.children.set(key, node);
      this.#nodes++;
    } else {
      this.#hold(node);
      this.#free.push(page);
    }
    path.push(node);
    return node;
  }

  /** Lets go of a path that `match` and `freeze` built. */
  release(path: readonly Node[]): void {
    for (let i = path.length - 1; i >= 0; i--) {
      const node = path[i];
      if (--node.references === 0) this.#evictable.add(node);
    }
  }

  #hold(node: Node): void {
    if (node.references++ === 0) this.#evictable.delete(node);
  }

  #evict(): void {
    const node = this.#evictable.values().next().value as Node;
    this.#evictable.delete(node);
    node.parent.children.delete(node.key);
    this.#nodes--;
    this.#free.push(node.page);
  }
}

/** All tokens that those of the page that ends at `end` see beside the pages before: its grain, as a map key. */
function keyOf(tokens: readonly number[], end: number, grain: number): string {
  const start = Math.floor((end - 1) / grain) * grain;
  return tokens.slice(start, start + grain).join();
}

/** Pages that hold `positions` positions. */
export function pagesFor(positions: number): number {
  return Math.ceil(positions / pageSize);
}
