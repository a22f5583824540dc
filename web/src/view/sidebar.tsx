// The side: the name, conversations, and which server answers.

import { useEffect, useRef } from "preact/hooks";
import { usePage } from "../actions/page.js";
import { newId } from "../actions/storage.js";
import { type Conversation, titleOf } from "../state/conversation.js";
import { factPhrases } from "../state/facts.js";
import { useStore } from "./hooks.js";
import { Icon } from "./icons.js";

interface SidebarProps {
  /** On narrow screens, where it lies over the page. */
  open: boolean;
  onClose: () => void;
  onSettings: () => void;
}

export function Sidebar({ open, onClose, onSettings }: SidebarProps) {
  const { conversations } = usePage();
  const { list, current } = useStore(conversations, (state) => state);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (open) panel.current?.querySelector("button")?.focus();
  }, [open]);
  const show = (action: () => void) => () => {
    action();
    location.hash = "chat";
    onClose();
  };
  return (
    <>
      {open && <button type="button" class="shade" tabIndex={-1} aria-hidden="true" onClick={onClose} />}
      <aside ref={panel} class={open ? "sidebar open" : "sidebar"} aria-label="Conversations and server">
        <div class="sidebar-head">
          <Wordmark />
          <button type="button" class="quiet narrow-only" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <button
          type="button"
          class="wide"
          onClick={show(() => conversations.dispatch({ type: "new", id: newId(), now: Date.now() }))}
        >
          <Icon name="plus" /> New chat
        </button>
        <ul class="conversations">
          {list.map((item) => (
            <ConversationItem
              key={item.id}
              item={item}
              current={item.id === current}
              onOpen={show(() => conversations.dispatch({ type: "open", id: item.id }))}
            />
          ))}
        </ul>
        <Server onSettings={onSettings} />
      </aside>
    </>
  );
}

function Wordmark() {
  return (
    <p class="wordmark">
      un<span class="wordmark-mask">m</span>ask
    </p>
  );
}

function ConversationItem(props: { item: Conversation; current: boolean; onOpen: () => void }) {
  const { conversations } = usePage();
  const title = titleOf(props.item);
  const { id } = props.item;
  return (
    <li>
      <button type="button" class="quiet" aria-current={props.current ? "true" : undefined} onClick={props.onOpen}>
        {title}
      </button>
      <button
        type="button"
        class="quiet delete"
        aria-label={`Delete “${title}”`}
        onClick={() => conversations.dispatch({ type: "delete", id, fresh: newId(), now: Date.now() })}
      >
        <Icon name="trash" />
      </button>
    </li>
  );
}

function Server({ onSettings }: { onSettings: () => void }) {
  const { backends, connection, connector } = usePage();
  const { list, current } = useStore(backends, (state) => state);
  const { state, facts, problem } = useStore(connection, (value) => value);
  const choose = (id: string) => {
    backends.dispatch({ type: "choose", id });
    void connector.connect();
  };
  return (
    <section class="server" aria-label="Server">
      {list.length > 1 && (
        <label>
          <span class="hidden">Server</span>
          <select value={current} onChange={(event) => choose(event.currentTarget.value)}>
            {list.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <div role="status">
        {state === "connecting" && <p class="muted">Connecting...</p>}
        {state === "failed" && <p class="danger">{problem?.message}</p>}
        {facts !== null && (
          <>
            <p>
              <strong>{facts.model}</strong>
            </p>
            <p class="muted">{factPhrases(facts).join(" · ")}</p>
          </>
        )}
      </div>
      {state === "failed" && (
        <p>
          <button type="button" onClick={() => void connector.connect()}>
            Try again
          </button>{" "}
          <button type="button" class="quiet" onClick={onSettings}>
            Servers
          </button>
        </p>
      )}
    </section>
  );
}
