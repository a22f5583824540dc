// The servers: choosing one, adding one, giving a key.

import { useState } from "preact/hooks";
import { usePage } from "../actions/page.js";
import { newId } from "../actions/storage.js";
import { addressProblem, currentBackend, ownServer } from "../state/backends.js";
import { useStore } from "./hooks.js";
import { Icon } from "./icons.js";

export function ServersForm() {
  const { backends, connector } = usePage();
  const { list } = useStore(backends, (state) => state);
  const chosen = useStore(backends, currentBackend);
  return (
    <fieldset class="servers">
      <legend>Server</legend>
      <ul>
        {list.map(({ id, name, url }) => (
          <li key={id}>
            <label>
              <input
                type="radio"
                name="server"
                checked={id === chosen.id}
                onChange={() => {
                  backends.dispatch({ type: "choose", id });
                  void connector.connect();
                }}
              />
              {name} {url !== "" && <span class="muted">{url}</span>}
            </label>
            {id !== ownServer.id && (
              <button
                type="button"
                class="quiet"
                aria-label={`Remove ${name}`}
                onClick={() => {
                  backends.dispatch({ type: "remove", id });
                  if (id === chosen.id) void connector.connect();
                }}
              >
                <Icon name="trash" />
              </button>
            )}
          </li>
        ))}
      </ul>
      <form onSubmit={(event) => event.preventDefault()}>
        <label class="field">
          <span>API key</span>
          <input
            key={chosen.id}
            type="password"
            autocomplete="off"
            placeholder="none"
            value={chosen.apiKey}
            onChange={(event) => {
              backends.dispatch({ type: "key", id: chosen.id, apiKey: event.currentTarget.value.trim() });
              void connector.connect();
            }}
          />
        </label>
      </form>
      <AddServer />
    </fieldset>
  );
}

function AddServer() {
  const { backends, connector } = usePage();
  const [url, setUrl] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const add = (event: Event) => {
    event.preventDefault();
    const wrong = addressProblem(url.trim());
    setProblem(wrong);
    if (wrong !== null) return;
    backends.dispatch({ type: "add", id: newId(), url: url.trim(), apiKey: "" });
    setUrl("");
    void connector.connect();
  };
  return (
    <form class="add-server" onSubmit={add} noValidate>
      <label>
        <span>Add an OpenAI-compatible server</span>
        <input
          type="url"
          placeholder="http://127.0.0.1:8080"
          value={url}
          aria-invalid={problem !== null}
          onInput={(event) => setUrl(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Add</button>
      {problem !== null && (
        <p class="danger" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
