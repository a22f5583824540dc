// The system prompt of a conversation, folded away until it is wanted.

import { usePage } from "../actions/page.js";
import type { Conversation } from "../state/conversation.js";

export function SystemPrompt({ conversation }: { conversation: Conversation }) {
  const { conversations } = usePage();
  const { system, turns } = conversation;
  if (turns.length > 0 && system === "") return null;
  return (
    <details class="system" open={system !== ""}>
      <summary>System prompt</summary>
      <textarea
        aria-label="System prompt"
        rows={2}
        placeholder="How should it answer?"
        value={system}
        onInput={(event) => conversations.dispatch({ type: "system", text: event.currentTarget.value })}
      />
    </details>
  );
}
