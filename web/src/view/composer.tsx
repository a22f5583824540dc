// Where the next question is written. Enter sends, Shift+Enter begins a line, Escape stops the
// answer, "/" anywhere comes here.

import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../actions/page.js";
import { useKeys } from "./hooks.js";
import { Icon } from "./icons.js";

interface ComposerProps {
  busy: boolean;
  ready: boolean;
  onSend: (text: string) => void;
}

export function Composer({ busy, ready, onSend }: ComposerProps) {
  const { asker } = usePage();
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // A keyboard that covers half the screen is not for everybody who opens the page.
    if (matchMedia("(hover: hover)").matches) field.current?.focus({ preventScroll: true });
  }, []);
  useKeys((event) => {
    if (event.key === "Escape" && busy && document.querySelector("dialog[open]") === null) asker.stop();
    if (event.key === "/" && !isEditable(event.target) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      field.current?.focus();
    }
  });
  const send = () => {
    if (text.trim() === "" || busy || !ready) return;
    setText("");
    onSend(text.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="growing" data-text={`${text}\n`}>
        <textarea
          ref={field}
          rows={1}
          aria-label="Message"
          placeholder="Ask something"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKey}
        />
      </div>
      {busy ? (
        <button type="button" class="round" aria-label="Stop" title="Stop (Escape)" onClick={() => asker.stop()}>
          <Icon name="stop" />
        </button>
      ) : (
        <button
          type="submit"
          class="round"
          aria-label="Send"
          title="Send (Enter)"
          disabled={!ready || text.trim() === ""}
        >
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}

function isEditable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
