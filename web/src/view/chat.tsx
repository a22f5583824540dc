// The chat: turns, and the place to write the next one.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { usePage } from "../actions/page.js";
import { current } from "../state/conversation.js";
import { Composer } from "./composer.js";
import { useStore } from "./hooks.js";
import { AnswerView, QuestionView } from "./message.js";
import { SystemPrompt } from "./system-prompt.js";
import { Welcome } from "./welcome.js";

export function Chat() {
  const { asker, connection, conversations, running, traces } = usePage();
  const conversation = useStore(conversations, current);
  const all = useStore(traces, (state) => state);
  const busy = useStore(running, (id) => id);
  const ready = useStore(connection, ({ state }) => state === "ready");
  const end = useRef<HTMLDivElement>(null);
  const following = useRef(true);

  // Follow the answer down, unless the reader has gone up.
  useEffect(() => {
    const look = () => {
      const { scrollHeight, clientHeight, scrollTop } = document.documentElement;
      following.current = scrollHeight - clientHeight - scrollTop < 80;
    };
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  useLayoutEffect(() => {
    if (following.current && conversation.turns.length > 0) end.current?.scrollIntoView({ block: "end" });
  }, [conversation, all]);

  const { turns } = conversation;
  const send = (text: string) => {
    following.current = true;
    void asker.ask(text);
  };
  return (
    <div class="chat">
      <h1 class="hidden">Chat</h1>
      {turns.length === 0 && <Welcome onAsk={send} />}
      <SystemPrompt conversation={conversation} />
      <section class="turns" aria-label="Conversation">
        {turns.map((turn, i) =>
          turn.role === "user" ? (
            <QuestionView key={turn.id} turn={turn} />
          ) : (
            <AnswerView key={turn.id} turn={turn} trace={all[turn.id] ?? null} last={i === turns.length - 1} />
          ),
        )}
      </section>
      <Composer key={conversation.id} busy={busy !== null} ready={ready} onSend={send} />
      <div ref={end} class="end" />
    </div>
  );
}
