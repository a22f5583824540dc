// A button that copies a text and says that it did.

import { useState } from "preact/hooks";
import { Icon } from "./icons.js";

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState<"" | "Copied" | "Not allowed">("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Not allowed"); // no clipboard: an address that is neither https nor this computer
    }
    setTimeout(() => setSaid(""), 1500);
  };
  return (
    <button type="button" class="quiet" aria-label={label} onClick={() => void copy()}>
      <Icon name={said === "Copied" ? "check" : "copy"} /> <span aria-live="polite">{said || "Copy"}</span>
    </button>
  );
}
