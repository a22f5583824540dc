// The page's beginning: state that is kept, the first look at the server, and the first picture.

import { render } from "preact";
import { createPage, PageContext } from "./actions/page.js";
import { startKeeping } from "./actions/stores.js";
import { App } from "./view/app.js";
import "./style/base.css";
import "./style/frame.css";
import "./style/chat.css";
import "./style/canvas.css";
import "./style/race.css";

const page = createPage();
startKeeping(page);
void page.connector.connect();
render(
  <PageContext.Provider value={page}>
    <App />
  </PageContext.Provider>,
  document.getElementById("app") as HTMLElement,
);
