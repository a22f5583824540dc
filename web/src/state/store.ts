// A value that changes by actions and tells who listens, at most once a frame.

export interface Store<S, A> {
  get(): S;
  dispatch(action: A): void;
  /** @returns the way to stop listening */
  subscribe(listener: () => void): () => void;
}

/** @param later runs a function once, soon: requestAnimationFrame in the page. */
export function createStore<S, A>(
  reduce: (state: S, action: A) => S,
  initial: S,
  later: (task: () => void) => void = queueMicrotask,
): Store<S, A> {
  let state = initial;
  let due = false;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    dispatch(action) {
      const next = reduce(state, action);
      if (next === state) return;
      state = next;
      if (due) return;
      due = true;
      later(() => {
        due = false;
        for (const listener of [...listeners]) listener();
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
