// The page as one object: its state and everything that can be done. Views get it by usePage().

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { Asker } from "./ask.js";
import { Connector } from "./connect.js";
import { Racer } from "./run-race.js";
import { createStores, type Stores } from "./stores.js";

export interface Page extends Stores {
  connector: Connector;
  asker: Asker;
  racer: Racer;
}

export function createPage(): Page {
  const stores = createStores();
  const connector = new Connector(stores);
  return { ...stores, connector, asker: new Asker(stores, connector), racer: new Racer(stores, connector) };
}

export const PageContext = createContext<Page | null>(null);

/** The page that a view is part of. */
export function usePage(): Page {
  return useContext(PageContext) as Page; // main.tsx draws nothing outside of one
}
