// The settings: how answers are decoded and sampled, and which servers there are.

import { useEffect, useRef } from "preact/hooks";
import { usePage } from "../actions/page.js";
import { divisors } from "../state/facts.js";
import { noSettings } from "../state/settings.js";
import { NumberField, SelectField } from "./fields.js";
import { useStore } from "./hooks.js";
import { Icon } from "./icons.js";
import { ServersForm } from "./servers.js";

export function SettingsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { settings } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="settings" aria-labelledby="settings-title" closedby="any" onClose={onClose}>
      <div class="sheet">
        <header>
          <h2 id="settings-title">Settings</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {open && <DecodingFields />}
        {open && <SamplingFields />}
        {open && <ServersForm />}
        <p>
          <button type="button" onClick={() => settings.dispatch(noSettings)}>
            Use the server's defaults
          </button>
        </p>
        <p class="muted">
          Keys: <kbd>/</kbd> to write, <kbd>Enter</kbd> to send, <kbd>Shift</kbd> <kbd>Enter</kbd> for a new line,{" "}
          <kbd>Escape</kbd> to stop. What you write stays in this browser and goes to the chosen server only.
        </p>
      </div>
    </dialog>
  );
}

const modeWords = {
  verified: "verified: drafted, then checked",
  iterative: "iterative: surest first, one bar",
  adaptive: "adaptive: from the left, as far as all are sure",
  greedy: "greedy: a sub-block in one pass",
  autoregressive: "autoregressive: one token at a time",
} as const;

function DecodingFields() {
  const { connection, settings } = usePage();
  const facts = useStore(connection, (state) => state.facts);
  const set = useStore(settings, (state) => state);
  if (facts === null || facts.defaults === null || facts.decodeModes.length < 2) return null;
  const { defaults, decodeModes, blockLength } = facts;
  return (
    <fieldset>
      <legend>Decoding</legend>
      <SelectField
        label="Mode"
        value={set.decodeMode}
        fallback={`${defaults.decodeMode} (server's default)`}
        options={decodeModes.map((mode) => [mode, modeWords[mode] ?? mode] as const)}
        onChange={(decodeMode) => settings.dispatch({ decodeMode })}
      />
      <NumberField
        label="Threshold"
        hint="Confidence above which iterative fills a position, and adaptive several together: lower is faster."
        value={set.threshold}
        fallback={String(defaults.threshold)}
        least={0.01}
        most={1}
        step={0.05}
        onChange={(threshold) => settings.dispatch({ threshold })}
      />
      {blockLength !== null && (
        <SelectField
          label="Sub-block"
          value={set.smallBlockSize}
          fallback={`${defaults.smallBlockSize} (server's default)`}
          options={divisors(blockLength).map((size) => [size, `${size} positions`] as const)}
          onChange={(smallBlockSize) => settings.dispatch({ smallBlockSize })}
        />
      )}
    </fieldset>
  );
}

function SamplingFields() {
  const { connection, settings } = usePage();
  const facts = useStore(connection, (state) => state.facts);
  const set = useStore(settings, (state) => state);
  const longest = facts?.contextLength ?? null;
  return (
    <fieldset>
      <legend>Sampling</legend>
      <NumberField
        label="Temperature"
        value={set.temperature}
        fallback={facts?.defaults ? "0" : "default"}
        least={0}
        most={2}
        step={0.1}
        onChange={(temperature) => settings.dispatch({ temperature })}
      />
      <NumberField
        label="top_p"
        value={set.topP}
        fallback={facts?.defaults ? "1" : "default"}
        least={0.01}
        most={1}
        step={0.05}
        onChange={(topP) => settings.dispatch({ topP })}
      />
      <NumberField
        label="Seed"
        value={set.seed}
        fallback="random"
        least={0}
        most={2 ** 32 - 1}
        whole
        onChange={(seed) => settings.dispatch({ seed })}
      />
      <NumberField
        label="Most tokens"
        hint={longest === null ? undefined : `The context holds ${longest} tokens, the conversation included.`}
        value={set.maxTokens}
        fallback={facts?.defaults ? String(facts.defaults.maxTokens) : "default"}
        least={1}
        most={longest ?? 2 ** 31 - 1}
        whole
        onChange={(maxTokens) => settings.dispatch({ maxTokens })}
      />
    </fieldset>
  );
}
