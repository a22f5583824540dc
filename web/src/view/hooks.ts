// The few hooks that more than one part of the page needs.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Store } from "../state/store.js";

/** What `select` makes of a store's state; the component is drawn anew when that changes. */
export function useStore<S, T>(store: Store<S, never>, select: (state: S) => T): T {
  const [, redraw] = useState({});
  const value = select(store.get());
  const shown = useRef(value);
  const latest = useRef(select);
  shown.current = value;
  latest.current = select;
  useEffect(() => {
    const look = () => {
      if (latest.current(store.get()) !== shown.current) redraw({});
    };
    look(); // something may have happened between drawing and listening
    return store.subscribe(look);
  }, [store]);
  return value;
}

/** The part of the address after "#". */
export function useHash(): string {
  const [hash, setHash] = useState(location.hash.slice(1));
  useEffect(() => {
    const onChange = () => setHash(location.hash.slice(1));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return hash;
}

/** Calls back for keys pressed anywhere on the page. */
export function useKeys(onKey: (event: KeyboardEvent) => void): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => latest.current(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}

export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
