// The servers that the page can talk to: the one it came from, and any the user adds.

export interface Backend {
  id: string;
  name: string;
  /** "" is the server that the page came from. */
  url: string;
  apiKey: string;
}

export interface Backends {
  list: readonly Backend[];
  current: string;
}

export const ownServer: Backend = { id: "own", name: "This server", url: "", apiKey: "" };

export type BackendAction =
  | { type: "add"; id: string; url: string; apiKey: string }
  | { type: "key"; id: string; apiKey: string }
  | { type: "choose"; id: string }
  | { type: "remove"; id: string };

export function reduceBackends(state: Backends, action: BackendAction): Backends {
  switch (action.type) {
    case "add": {
      const { id, url, apiKey } = action;
      return { list: [...state.list, { id, name: new URL(url).host, url, apiKey }], current: id };
    }
    case "key": {
      const list = state.list.map((item) => (item.id === action.id ? { ...item, apiKey: action.apiKey } : item));
      return { ...state, list };
    }
    case "choose":
      return state.list.some(({ id }) => id === action.id) ? { ...state, current: action.id } : state;
    case "remove": {
      if (action.id === ownServer.id) return state;
      const list = state.list.filter(({ id }) => id !== action.id);
      return { list, current: state.current === action.id ? ownServer.id : state.current };
    }
  }
}

export function currentBackend(state: Backends): Backend {
  return state.list.find(({ id }) => id === state.current) ?? ownServer;
}

/** Null when the text is an address; otherwise what is wrong with it. */
export function addressProblem(text: string): string | null {
  if (!URL.canParse(text)) return "Give a whole address, such as http://127.0.0.1:8080.";
  const { protocol } = new URL(text);
  return protocol === "http:" || protocol === "https:" ? null : "Give an address that begins with http:// or https://.";
}
