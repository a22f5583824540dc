// The frame: conversations at the side, chat or race in the middle, settings over it.

import { useEffect, useState } from "preact/hooks";
import { Chat } from "./chat.js";
import { useHash, useKeys } from "./hooks.js";
import { Icon } from "./icons.js";
import { RaceView } from "./race.js";
import { SettingsDialog } from "./settings.js";
import { Sidebar } from "./sidebar.js";

export function App() {
  const view = useHash() === "race" ? "race" : "chat";
  const [sidebar, setSidebar] = useState(false); // only asked on narrow screens
  const [settings, setSettings] = useState(false);
  useKeys((event) => {
    if (event.key === "Escape") setSidebar(false);
  });
  useEffect(() => {
    document.title = view === "race" ? "Race - unmask" : "unmask";
  }, [view]);
  return (
    <div class="app">
      <button type="button" class="skip" onClick={() => document.getElementById("content")?.focus()}>
        Skip to the content
      </button>
      <Sidebar open={sidebar} onClose={() => setSidebar(false)} onSettings={() => setSettings(true)} />
      <div class="page" inert={sidebar}>
        <header class="bar">
          <button
            type="button"
            class="quiet narrow-only"
            aria-label="Conversations"
            aria-expanded={sidebar}
            onClick={() => setSidebar(true)}
          >
            <Icon name="menu" />
          </button>
          <nav aria-label="Views">
            <a href="#chat" aria-current={view === "chat" ? "page" : undefined}>
              Chat
            </a>
            <a href="#race" aria-current={view === "race" ? "page" : undefined}>
              Race
            </a>
          </nav>
          <button type="button" class="quiet" onClick={() => setSettings(true)}>
            <Icon name="settings" /> Settings
          </button>
        </header>
        <main id="content" tabIndex={-1}>
          {view === "race" ? <RaceView /> : <Chat />}
        </main>
      </div>
      <SettingsDialog open={settings} onClose={() => setSettings(false)} />
    </div>
  );
}
